#!/usr/bin/env pwsh
# Repairs what ruff and black can, as `task fix` does. Arguments go to black.
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $false
# `pwsh -File` splits --deselect=a.py::b at its colon; the command line of the process has it whole.
$line = [Environment]::GetCommandLineArgs().Where({ $_ -like '*fix.ps1' }, 'SkipUntil')
$words = @($line | Select-Object -Skip 1)
if (((-join $words) -replace ':') -ne ((-join $args) -replace ':')) { $words = $args }
Push-Location -LiteralPath (Join-Path $PSScriptRoot '..')
try {
    uv run --frozen ruff check --fix --exit-zero
    $code = $LASTEXITCODE
    if ($code -eq 0) {
        uv run --frozen black . @words
        $code = $LASTEXITCODE
    }
}
finally {
    Pop-Location
}
exit $code
