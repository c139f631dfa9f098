#!/usr/bin/env pwsh
# The gate: what the pre-push hook, `task ci` and CI run. Arguments go to atomci.
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $false
# `pwsh -File` splits --deselect=a.py::b at its colon; the command line of the process has it whole.
$line = [Environment]::GetCommandLineArgs().Where({ $_ -like '*local_ci.ps1' }, 'SkipUntil')
$words = @($line | Select-Object -Skip 1)
if (((-join $words) -replace ':') -ne ((-join $args) -replace ':')) { $words = $args }
Push-Location -LiteralPath (Join-Path $PSScriptRoot '..')
try {
    uv run --frozen atomci run local_ci @words
    $code = $LASTEXITCODE
}
finally {
    Pop-Location
}
exit $code
