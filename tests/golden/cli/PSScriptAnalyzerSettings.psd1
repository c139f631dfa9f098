# What PSScriptAnalyzer looks for, in `task pester` and in editors. `Invoke-ScriptAnalyzer -Settings` takes it too.
@{
    ExcludeRules = @(
        # UTF-8 without a BOM, as .editorconfig says: PowerShell 7 reads a script so. It is for Windows PowerShell 5.
        'PSUseBOMForUnicodeEncodedFile'
    )
}
