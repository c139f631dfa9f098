#!/usr/bin/env pwsh
# Unit tests with coverage, as `task test` runs them. Arguments go to atomci.
$ErrorActionPreference = 'Stop'
Push-Location (Join-Path $PSScriptRoot '..')
try {
    uv run --frozen atomci run unit @args
    $code = $LASTEXITCODE
}
finally {
    Pop-Location
}
exit $code
