# Runs PSScriptAnalyzer and Pester over the given files and writes one JSON document (schema atomci/pester/1,
# PesterRun in artifacts/schemas.py). What is printed is read by nobody.
#
#   pwsh -NoProfile -NonInteractive -File pester.ps1 artifacts/tests/pester.json FILE...

[CmdletBinding()]
param(
    [Parameter(Mandatory, Position = 0)]
    [string] $ResultPath,

    [Parameter(Mandatory, Position = 1, ValueFromRemainingArguments)]
    [string[]] $SourcePath
)

# No Set-StrictMode and no $ErrorActionPreference here: the tests would run under them.

function Find-InstalledModule {
    [CmdletBinding()]
    param([string] $Name, [version] $Oldest)
    Get-Module -ListAvailable -Name $Name |
        Where-Object { $_.Version -ge $Oldest } |
        Sort-Object -Property Version -Descending |
        Select-Object -First 1
}

function Limit-Text {
    [CmdletBinding()]
    param([string] $Text)
    if ($Text.Length -gt 20000) { $Text.Substring(0, 20000) } else { $Text }
}

# The line where a file stops being PowerShell, 0 where it is.
function Get-SyntaxErrorLine {
    [CmdletBinding()]
    param([string] $Path)
    if (-not $Path) { return 0 }
    $tokens = $null
    $problems = $null
    [void] [System.Management.Automation.Language.Parser]::ParseFile($Path, [ref] $tokens, [ref] $problems)
    if ($problems) { $problems[0].Extent.StartLineNumber } else { 0 }
}

function ConvertTo-Row {
    [CmdletBinding()]
    param($Item, [string] $Path, [int] $Line, [string] $Name, [string] $Result)
    $messages = foreach ($record in $Item.ErrorRecord) {
        if ($record.DisplayErrorMessage) { $record.DisplayErrorMessage } else { "$record" }
    }
    $stacks = foreach ($record in $Item.ErrorRecord) {
        if ($record.DisplayStackTrace) { $record.DisplayStackTrace } else { $record.ScriptStackTrace }
    }
    @{
        path    = $Path
        line    = $Line
        name    = $Name
        result  = $Result
        seconds = $Item.Duration.TotalSeconds
        message = Limit-Text ($messages -join "`n")
        stack   = Limit-Text ($stacks -join "`n")
    }
}

function Invoke-Analyzer {
    [CmdletBinding()]
    param([string[]] $Path)
    $options = @{ ErrorAction = 'Stop' }
    if (Test-Path -LiteralPath 'PSScriptAnalyzerSettings.psd1') {
        $options.Settings = (Resolve-Path -LiteralPath 'PSScriptAnalyzerSettings.psd1').ProviderPath
    }
    foreach ($file in $Path) {
        $file = [System.Management.Automation.WildcardPattern]::Escape($file)
        foreach ($found in Invoke-ScriptAnalyzer -Path $file @options) {
            @{
                path     = "$($found.ScriptPath)"
                line     = [int] $found.Line
                column   = [int] $found.Column
                rule     = "$($found.RuleName)"
                severity = "$($found.Severity)"
                message  = Limit-Text $found.Message
            }
        }
    }
}

function Invoke-TestFile {
    [CmdletBinding()]
    param([string[]] $Path)
    $configuration = [PesterConfiguration] @{
        Run    = @{
            Path     = [string[]] ($Path | ForEach-Object { [System.Management.Automation.WildcardPattern]::Escape($_) })
            PassThru = $true
        }
        Output = @{ Verbosity = 'None' }
    }
    Invoke-Pester -Configuration $configuration | Select-Object -Last 1
}

$target = [System.IO.Path]::GetFullPath($ResultPath, $PWD.ProviderPath)
$pester = Find-InstalledModule -Name Pester -Oldest 5.0.0
$analyzer = Find-InstalledModule -Name PSScriptAnalyzer -Oldest 1.18.0
$document = [ordered] @{
    schema      = 'atomci/pester/1'
    root        = $PWD.ProviderPath
    powershell  = "$($PSVersionTable.PSVersion)"
    pester      = if ($pester) { "$($pester.Version)" } else { $null }
    analyzer    = if ($analyzer) { "$($analyzer.Version)" } else { $null }
    result      = ''
    diagnostics = @()
    broken      = @()
    tests       = @()
}

if ($analyzer) {
    Import-Module -ModuleInfo $analyzer -ErrorAction Stop
    $document.diagnostics = @(Invoke-Analyzer -Path $SourcePath)
}

$testPath = @($SourcePath | Where-Object { $_ -like '*.Tests.ps1' })
if ($pester -and $testPath) {
    Import-Module -ModuleInfo $pester -ErrorAction Stop
    $run = Invoke-TestFile -Path $testPath
    if (-not $run) { throw 'Invoke-Pester returned no result' }
    $document.result = "$($run.Result)"
    $document.broken = @(
        foreach ($container in $run.FailedContainers) {
            if (-not $container.ErrorRecord) { continue }
            $file = if ($container.Item.FullName) { $container.Item.FullName } else { "$($container.Item)" }
            $start = Get-SyntaxErrorLine $file
            ConvertTo-Row $container -Path $file -Line $start -Name '' -Result 'Failed'
        }
        foreach ($block in $run.FailedBlocks) {
            if (-not $block.ErrorRecord) { continue }
            $start = $block.ScriptBlock.StartPosition.StartLine
            ConvertTo-Row $block -Path $block.ScriptBlock.File -Line $start -Name ($block.Path -join '.') -Result 'Failed'
        }
    )
    $document.tests = @(
        foreach ($test in $run.Tests) {
            $start = $test.ScriptBlock.StartPosition.StartLine
            ConvertTo-Row $test -Path $test.ScriptBlock.File -Line $start -Name $test.ExpandedPath -Result $test.Result
        }
    )
}

$json = ConvertTo-Json -InputObject $document -Depth 5
[void] [System.IO.Directory]::CreateDirectory([System.IO.Path]::GetDirectoryName($target))
[System.IO.File]::WriteAllText($target, $json, [System.Text.UTF8Encoding]::new($false))
exit 0
