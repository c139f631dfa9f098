#!/usr/bin/env pwsh
# Unit tests with coverage, as `task test` runs them. Arguments go to atomci.
$ErrorActionPreference = 'Stop'
Push-Location (Join-Path $PSScriptRoot '..')
try {
    # Without a POSIX shell: the environment is made by `sh scripts/in_venv.sh`, here it is only used.
    $folder = if (Test-Path .venv/Scripts) { '.venv/Scripts' } else { '.venv/bin' }
    & "$folder/python" -m atomci run unit @args
    $code = $LASTEXITCODE
}
finally {
    Pop-Location
}
exit $code
