#!/usr/bin/env pwsh
# Makes the environment, installs the hooks, checks this machine, as `task setup` does. Arguments go to atomci.
$ErrorActionPreference = 'Stop'
Push-Location (Join-Path $PSScriptRoot '..')
try {
    # sh comes with Git for Windows, in its bin folder.
    sh scripts/in_venv.sh atomci run bootstrap @args
    $code = $LASTEXITCODE
}
finally {
    Pop-Location
}
exit $code
