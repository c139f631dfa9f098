#!/usr/bin/env pwsh
# Repairs what ruff and black can, as `task fix` does. Arguments go to black.
$ErrorActionPreference = 'Stop'
Push-Location (Join-Path $PSScriptRoot '..')
try {
    # Without a POSIX shell: the environment is made by `sh scripts/in_venv.sh`, here it is only used.
    $folder = if (Test-Path .venv/Scripts) { '.venv/Scripts' } else { '.venv/bin' }
    & "$folder/python" -m ruff check --fix --exit-zero
    $code = $LASTEXITCODE
    if ($code -eq 0) {
        & "$folder/python" -m black . @args
        $code = $LASTEXITCODE
    }
}
finally {
    Pop-Location
}
exit $code
