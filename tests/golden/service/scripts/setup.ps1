#!/usr/bin/env pwsh
# Makes the environment, installs the hooks, checks this machine, as `task setup` does. Arguments go to atomci.
$ErrorActionPreference = 'Stop'
Push-Location (Join-Path $PSScriptRoot '..')
try {
    uv sync
    $code = $LASTEXITCODE
    if ($code -eq 0) {
        uv run --frozen atomci run bootstrap @args
        $code = $LASTEXITCODE
    }
}
finally {
    Pop-Location
}
exit $code
