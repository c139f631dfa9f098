#!/usr/bin/env pwsh
# Makes the environment, installs the hooks, checks this machine, as `task setup` does. Arguments go to atomci.
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $false
# `pwsh -File` splits --deselect=a.py::b at its colon; the command line of the process has it whole.
$line = [Environment]::GetCommandLineArgs().Where({ $_ -like '*setup.ps1' }, 'SkipUntil')
$words = @($line | Select-Object -Skip 1)
if (((-join $words) -replace ':') -ne ((-join $args) -replace ':')) { $words = $args }
Push-Location -LiteralPath (Join-Path $PSScriptRoot '..')
try {
    uv sync
    $code = $LASTEXITCODE
    if ($code -eq 0) {
        uv run --frozen atomci run bootstrap @words
        $code = $LASTEXITCODE
    }
}
finally {
    Pop-Location
}
exit $code
