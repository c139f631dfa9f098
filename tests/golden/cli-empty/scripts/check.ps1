#!/usr/bin/env pwsh
# Does each part of the pipeline hold, with evidence, as `task check` says. Arguments go to atomci.
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $false
# `pwsh -File` splits --deselect=a.py::b at its colon; the command line of the process has it whole.
$line = [Environment]::GetCommandLineArgs().Where({ $_ -like '*check.ps1' }, 'SkipUntil')
$words = @($line | Select-Object -Skip 1)
if (((-join $words) -replace ':') -ne ((-join $args) -replace ':')) { $words = $args }
Push-Location -LiteralPath (Join-Path $PSScriptRoot '..')
try {
    uv run --frozen atomci check @words
    $code = $LASTEXITCODE
}
finally {
    Pop-Location
}
exit $code
