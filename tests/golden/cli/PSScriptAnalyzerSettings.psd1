# The rules of PSScriptAnalyzer, for `task pester`, for editors and for `Invoke-ScriptAnalyzer -Settings`.
@{
    ExcludeRules = @(
        # UTF-8 without a BOM, as .editorconfig says: PowerShell 7 reads a script so. It is for Windows PowerShell 5.
        'PSUseBOMForUnicodeEncodedFile'
    )
}
