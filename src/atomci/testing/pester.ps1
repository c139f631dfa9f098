# Runs PSScriptAnalyzer and Pester over the given files, at once, and writes one JSON document (schema
# atomci/pester/1, PesterRun in artifacts/handed/testing.py). What is printed is read by nobody.
#
#   pwsh -NoProfile -NonInteractive -File pester.ps1 artifacts/tests/pester.json FILE...
#
# The analyzer looks in a process of its own, with -Analyze, and prints its part as JSON: it isn't made for two callers in
# one process, and tests may call it too.

[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [string] $ResultPath,

    [Parameter(Position = 1, ValueFromRemainingArguments)]
    [string[]] $SourcePath,

    [switch] $Analyze
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

# What keeps a file from being PowerShell. A type that another file defines is unknown until that one is loaded.
function Get-SyntaxError {
    [CmdletBinding()]
    param([string] $Path)
    $tokens = $null
    $problems = $null
    [void] [System.Management.Automation.Language.Parser]::ParseFile($Path, [ref] $tokens, [ref] $problems)
    $problems | Where-Object { $_.ErrorId -ne 'TypeNotFound' }
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

function ConvertTo-Diagnostic {
    [CmdletBinding()]
    param([string] $Path, $Extent, [string] $Rule, [string] $Severity, [string] $Message)
    @{
        path     = $Path
        line     = if ($Extent) { [int] $Extent.StartLineNumber } else { 0 }
        column   = if ($Extent) { [int] $Extent.StartColumnNumber } else { 0 }
        rule     = $Rule
        severity = $Severity
        message  = Limit-Text $Message
    }
}

# What the settings name and the analyzer doesn't have: it says nothing of it, and looks for nothing.
function Find-UnknownRule {
    [CmdletBinding()]
    param([string] $Path)
    $settings = Import-PowerShellDataFile -LiteralPath $Path -SkipLimitCheck -ErrorAction Stop
    $name = Split-Path -Leaf $Path
    $own = @()
    if ($settings.CustomRulePath) {
        $recurse = [bool] $settings.RecurseCustomRulePath
        $own = @(Get-ScriptAnalyzerRule -CustomRulePath $settings.CustomRulePath -RecurseCustomRulePath:$recurse)
    }
    $named = @($settings.IncludeRules) + @($settings.Rules.Keys) | Where-Object { $_ }
    if (-not $named) { return }
    # With rules of one's own, the default ones are only looked at when they are asked for.
    $known = if (-not $own -or $settings.IncludeDefaultRules) { $own + @(Get-ScriptAnalyzerRule) } else { $own }
    foreach ($rule in $named) {
        if (-not ($known.RuleName -like $rule) -and -not ($known.RuleName -like "*\$rule")) {
            "$name names the rule $rule, which isn't there"
        }
    }
}

# What the analyzer finds in a file, and as text what keeps it from looking; it tells that as an error that doesn't end it,
# or as a warning.
function Invoke-Analyzer {
    [CmdletBinding()]
    param([string] $Path, [hashtable] $Options)
    $Path = [System.Management.Automation.WildcardPattern]::Escape($Path)
    try {
        foreach ($said in Invoke-ScriptAnalyzer -Path $Path @Options -ErrorAction Continue 2>&1 3>&1) {
            if ($said.RuleName) { $said }
            elseif ("$said" -notmatch 'TypeNotFound') { "$said" }
        }
    }
    catch { "$_" }
}

# Rules share state without locks, so now and then one breaks that doesn't the next time: a few files may be looked at again.
function Invoke-PatientAnalyzer {
    [CmdletBinding()]
    param([string[]] $Path)
    $options = @{}
    if (Test-Path -LiteralPath 'PSScriptAnalyzerSettings.psd1') {
        $options.Settings = (Resolve-Path -LiteralPath 'PSScriptAnalyzerSettings.psd1').ProviderPath
    }
    $spare = 4
    $broken = $false
    foreach ($file in $Path) {
        do {
            $said = @(Invoke-Analyzer -Path $file -Options $options)
            $failed = [bool] ($said | Where-Object { $_ -is [string] })
            $again = $failed -and $spare-- -gt 0
        } while ($again)
        $said
        $broken = $broken -or $failed
    }
    if ($options.Settings -and -not $broken) {
        try { Find-UnknownRule $options.Settings } catch { "$_" }
    }
}

function Get-Analysis {
    [CmdletBinding()]
    param([string[]] $Path)
    $analyzer = Find-InstalledModule -Name PSScriptAnalyzer -Oldest 1.18.0
    $said = @()
    if ($analyzer) {
        Import-Module -ModuleInfo $analyzer -ErrorAction Stop
        $said = @(Invoke-PatientAnalyzer -Path $Path)
    }
    [ordered] @{
        analyzer    = if ($analyzer) { "$($analyzer.Version)" } else { $null }
        problems    = @($said | Where-Object { $_ -is [string] } | Select-Object -Unique | ForEach-Object { Limit-Text $_ })
        diagnostics = @(
            foreach ($file in $Path) {
                $file = (Resolve-Path -LiteralPath $file).ProviderPath
                foreach ($problem in Get-SyntaxError $file) {
                    ConvertTo-Diagnostic $file $problem.Extent $problem.ErrorId 'ParseError' $problem.Message
                }
            }
            foreach ($found in $said | Where-Object { $_.RuleName -and $_.Severity -ne 'ParseError' }) {
                ConvertTo-Diagnostic $found.ScriptPath $found.Extent $found.RuleName $found.Severity $found.Message
            }
        )
    }
}

function Start-Analysis {
    [CmdletBinding()]
    param([string[]] $Path)
    $start = [System.Diagnostics.ProcessStartInfo]::new()
    $start.FileName = (Get-Command -Name pwsh -CommandType Application -TotalCount 1).Source
    $start.WorkingDirectory = $PWD.ProviderPath
    $start.RedirectStandardOutput = $true
    $words = '-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-File', $PSCommandPath, '-Analyze', '-'
    foreach ($word in @($words) + $Path) { $start.ArgumentList.Add($word) }
    $process = [System.Diagnostics.Process]::Start($start)
    @{ Process = $process; Output = $process.StandardOutput.ReadToEndAsync() }
}

function Receive-Analysis {
    [CmdletBinding()]
    param($Analysis)
    $said = $Analysis.Output.GetAwaiter().GetResult()
    $Analysis.Process.WaitForExit()
    if ($Analysis.Process.ExitCode -ne 0) { throw "the analysis ended with exit code $($Analysis.Process.ExitCode)" }
    ConvertFrom-Json $said -AsHashtable
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

if ($Analyze) {
    Get-Analysis -Path $SourcePath | ConvertTo-Json -Depth 5 -EscapeHandling EscapeNonAscii
    exit 0
}

$target = [System.IO.Path]::GetFullPath($ResultPath, $PWD.ProviderPath)
$analysis = Start-Analysis -Path $SourcePath
$pester = Find-InstalledModule -Name Pester -Oldest 5.0.0
$document = [ordered] @{
    schema      = 'atomci/pester/1'
    root        = $PWD.ProviderPath
    powershell  = "$($PSVersionTable.PSVersion)"
    pester      = if ($pester) { "$($pester.Version)" } else { $null }
    analyzer    = $null
    result      = ''
    problems    = @()
    diagnostics = @()
    found       = @()
    broken      = @()
    tests       = @()
}

$testPath = @($SourcePath | Where-Object { $_ -like '*.Tests.ps1' })
if ($pester -and $testPath) {
    Import-Module -ModuleInfo $pester -ErrorAction Stop
    $run = Invoke-TestFile -Path $testPath
    if (-not $run) { throw 'Invoke-Pester returned no result' }
    $document.result = "$($run.Result)"
    $document.found = @($run.Containers | Where-Object { $_.TotalCount -gt 0 } | ForEach-Object { "$($_.Item)" })
    $document.broken = @(
        foreach ($container in $run.FailedContainers) {
            if (-not $container.ErrorRecord) { continue }
            $file = if ($container.Item.FullName) { $container.Item.FullName } else { "$($container.Item)" }
            $start = if ($file) { @(Get-SyntaxError $file)[0].Extent.StartLineNumber }
            ConvertTo-Row $container -Path $file -Line $start -Name '' -Result 'Failed'
        }
        foreach ($block in $run.FailedBlocks) {
            if (-not $block.ErrorRecord) { continue }
            $start = $block.ScriptBlock.StartPosition.StartLine
            $name = if ($block.ExpandedPath) { $block.ExpandedPath } else { $block.Path -join '.' }
            ConvertTo-Row $block -Path $block.ScriptBlock.File -Line $start -Name $name -Result 'Failed'
        }
    )
    $document.tests = @(
        foreach ($test in $run.Tests) {
            $start = $test.ScriptBlock.StartPosition.StartLine
            # The name of a test that never ran isn't expanded, that of its block may be.
            $ran = $test.Result -ne 'Failed' -or $test.ErrorRecord
            $name = if ($ran) { $test.ExpandedPath } else { "$($test.Block.ExpandedPath).$($test.Name)" }
            ConvertTo-Row $test -Path $test.ScriptBlock.File -Line $start -Name $name -Result $test.Result
        }
    )
}

$analyzed = Receive-Analysis $analysis
foreach ($key in 'analyzer', 'problems', 'diagnostics') { $document.$key = $analyzed.$key }

$json = ConvertTo-Json -InputObject $document -Depth 5
[void] [System.IO.Directory]::CreateDirectory([System.IO.Path]::GetDirectoryName($target))
[System.IO.File]::WriteAllText($target, $json, [System.Text.UTF8Encoding]::new($false))
exit 0
