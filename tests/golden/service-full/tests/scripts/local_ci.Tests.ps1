BeforeAll {
    $script = Join-Path $PSScriptRoot '..' '..' 'scripts' 'local_ci.ps1'
}

Describe '<_>.ps1' -ForEach 'setup', 'local_ci', 'test', 'fix', 'check' {
    It 'parses' {
        $file = Join-Path $PSScriptRoot '..' '..' 'scripts' "$_.ps1"
        $problems = $null
        [void][System.Management.Automation.Language.Parser]::ParseFile($file, [ref]$null, [ref]$problems)
        $problems | Should -BeNullOrEmpty
    }
}

Describe 'local_ci.ps1' {
    It 'runs the gate' {
        Get-Content -Raw $script | Should -Match 'atomci run local_ci'
    }

    It 'hands on the exit code' {
        Get-Content -Raw $script | Should -Match 'exit \$code'
    }
}
