#!/usr/bin/env pwsh
# Repairs what ruff and black can, as `task fix` does. Arguments go to black.
$ErrorActionPreference = 'Stop'
Push-Location (Join-Path $PSScriptRoot '..')
try {
    uv run --frozen ruff check --fix --exit-zero
    $code = $LASTEXITCODE
    if ($code -eq 0) {
        uv run --frozen black . @args
        $code = $LASTEXITCODE
    }
}
finally {
    Pop-Location
}
exit $code
