#!/usr/bin/env pwsh
# Does each part of the pipeline hold, with evidence, as `task check` says. Arguments go to atomci.
$ErrorActionPreference = 'Stop'
Push-Location (Join-Path $PSScriptRoot '..')
try {
    # Without a POSIX shell: the environment is made by `sh scripts/in_venv.sh`, here it is only used.
    $folder = if (Test-Path .venv/Scripts) { '.venv/Scripts' } else { '.venv/bin' }
    & "$folder/python" -m atomci check @args
    $code = $LASTEXITCODE
}
finally {
    Pop-Location
}
exit $code
