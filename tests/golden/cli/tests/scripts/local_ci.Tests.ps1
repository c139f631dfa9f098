BeforeAll {
    $script = Join-Path $PSScriptRoot '..' '..' 'scripts' 'local_ci.ps1'
}

Describe 'local_ci.ps1' {
    It 'parses' {
        $problems = $null
        [void][System.Management.Automation.Language.Parser]::ParseFile($script, [ref]$null, [ref]$problems)
        $problems | Should -BeNullOrEmpty
    }

    It 'runs the gate' {
        Get-Content -Raw $script | Should -Match 'atomci run local_ci'
    }

    It 'hands on the exit code' {
        Get-Content -Raw $script | Should -Match 'exit \$code'
    }
}
