#!/usr/bin/env pwsh
# The gate: what the pre-push hook, `task ci` and CI run. Arguments go to atomci.
$ErrorActionPreference = 'Stop'
Push-Location (Join-Path $PSScriptRoot '..')
try {
    # Without a POSIX shell: the environment is made by `sh scripts/in_venv.sh`, here it is only used.
    $folder = if (Test-Path .venv/Scripts) { '.venv/Scripts' } else { '.venv/bin' }
    & "$folder/python" -m atomci run local_ci @args
    $code = $LASTEXITCODE
}
finally {
    Pop-Location
}
exit $code
