#!/usr/bin/env pwsh
# The gate: what the pre-push hook, `task ci` and CI run. Arguments go to atomci.
$ErrorActionPreference = 'Stop'
Push-Location (Join-Path $PSScriptRoot '..')
try {
    uv run --frozen atomci run local_ci @args
    $code = $LASTEXITCODE
}
finally {
    Pop-Location
}
exit $code
