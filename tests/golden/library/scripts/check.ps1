#!/usr/bin/env pwsh
# Does each part of the pipeline hold, with evidence, as `task check` says. Arguments go to atomci.
$ErrorActionPreference = 'Stop'
Push-Location (Join-Path $PSScriptRoot '..')
try {
    uv run --frozen atomci check @args
    $code = $LASTEXITCODE
}
finally {
    Pop-Location
}
exit $code
