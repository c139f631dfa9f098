Describe '<_>.ps1' -ForEach 'setup', 'local_ci', 'test', 'fix', 'check' {
    It 'parses' {
        $file = "$PSScriptRoot/../../scripts/$_.ps1"
        $problems = $null
        [void] [System.Management.Automation.Language.Parser]::ParseFile($file, [ref] $null, [ref] $problems)
        $problems | Should -BeNullOrEmpty
    }
}

# The script runs in a folder of its own. What stands in for uv writes down where and with what.
Describe 'local_ci.ps1' {
    BeforeAll {
        $project = Join-Path $TestDrive 'work [1]'
        $tools = "$TestDrive/tools"
        $standIn = "$tools/uv.ps1"
        $script = "$project/scripts/local_ci.ps1"
        foreach ($folder in $tools, "$project/scripts") {
            [void] [System.IO.Directory]::CreateDirectory($folder)
        }
        [System.IO.File]::Copy("$PSScriptRoot/../../scripts/local_ci.ps1", $script)
        [System.IO.File]::WriteAllLines($standIn, [string[]] @(
                'Set-Content -LiteralPath $env:STAND_IN_SAYS -Value (@($PWD.Path) + $args)'
                'exit $env:STAND_IN_ENDS'
            ))
        $path = $env:PATH
        $env:PATH = $tools
        $env:STAND_IN_SAYS = Join-Path $TestDrive 'said.txt'
        $env:STAND_IN_ENDS = 0
    }

    AfterAll {
        $env:PATH = $path
        Remove-Item -LiteralPath 'Env:STAND_IN_SAYS', 'Env:STAND_IN_ENDS'
    }

    It 'runs the gate in the project, with its arguments' {
        & $script --keep-going 'two words'
        $said = Get-Content -LiteralPath $env:STAND_IN_SAYS
        $said[0] | Should -Be $project
        $said[1..9] -join '|' | Should -Be 'run|--frozen|atomci|run|local_ci|--keep-going|two words'
    }

    It 'ends with <_> where the gate does' -ForEach 0, 1, 3 {
        $env:STAND_IN_ENDS = $_
        & $script
        # $LASTEXITCODE alone may be that of the gate itself; $? is the script's own.
        $ended = $?, $LASTEXITCODE
        $ended | Should -Be ($_ -eq 0), $_
    }

    It 'is red without uv' {
        Remove-Item -LiteralPath $standIn
        { & $script } | Should -Throw -ExceptionType ([System.Management.Automation.CommandNotFoundException])
    }
}
