"""What keeps the real PSScriptAnalyzer from looking is told, and never taken for nothing found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from powershell import PowerShell

from atomci.testing import pester

SCRIPT = "Write-Host 'é'\n"
RULES = {"PSAvoidUsingWriteHost", "PSUseBOMForUnicodeEncodedFile"}
MODULE = """\
<#
.DESCRIPTION
Breaks.
#>
function Measure-Broken {
    [CmdletBinding()]
    [OutputType([Microsoft.Windows.PowerShell.ScriptAnalyzer.Generic.DiagnosticRecord[]])]
    param([System.Management.Automation.Language.ScriptBlockAst] $ScriptBlockAst)
    throw 'the rule broke'
}
Export-ModuleMember -Function Measure-Broken
"""
# By name: settings, what is told of them, which rules were found all the same.
SETTINGS: dict[str, tuple[str | None, str, set[str]]] = {
    "none": (None, "", RULES),
    "good": ("@{ ExcludeRules = @('PSUseBOM*') }", "", RULES - {"PSUseBOMForUnicodeEncodedFile"}),
    "included": ("@{ IncludeRules = @('PSAvoid*') }", "", {"PSAvoidUsingWriteHost"}),
    "misspelled": ("@{ Severty = @('Error') }", "severty is not a valid key", set()),
    "unparsable": ("@{ Severity = ", "does not contain a hashtable", set()),
    "empty": ("", "does not contain a hashtable", set()),
    "severity": ("@{ Severity = @('Eror') }", "Requested value 'Eror' was not found", set()),
    "no rule": ("@{ IncludeRules = @('PSNoSuch') }", "names the rule PSNoSuch, which isn't there", set()),
    "one rule": (
        "@{ IncludeRules = @('PSNoSuch', 'PSAvoidUsingWriteHost') }",
        "names the rule PSNoSuch, which isn't there",
        {"PSAvoidUsingWriteHost"},
    ),
    "no such rule to set up": (
        "@{ Rules = @{ PSNoSuch = @{ Enable = $true } } }",
        "names the rule PSNoSuch, which isn't there",
        RULES,
    ),
    "no path": ("@{ CustomRulePath = @('./no/such.psm1') }", "Cannot find path", set()),
    "no module": (
        "@{ CustomRulePath = @('./a.ps1'); IncludeDefaultRules = $true }",
        "Cannot find rule",
        RULES,
    ),
    "path without a rule": (
        "@{ CustomRulePath = @('./none.psm1') }",
        "Cannot find ScriptAnalyzer rules in the specified path",
        set(),
    ),
    "not the default ones": (
        "@{ CustomRulePath = @('./fine.psm1'); IncludeRules = @('Measure-F*', 'PSAvoidUsingWriteHost') }",
        "names the rule PSAvoidUsingWriteHost, which isn't there",
        set(),
    ),
    "fine": ("@{ CustomRulePath = @('./fine.psm1'); IncludeDefaultRules = $true }", "", RULES),
    "own rule": (
        "@{ CustomRulePath = @('./own.psm1'); IncludeDefaultRules = $true; IncludeRules = @('Measure-B*', 'PS*') }",
        "the rule broke",
        RULES,
    ),
    "options": (
        "@{ Rules = @{ PSUseCompatibleSyntax = @{ Enable = $true; TargetVersions = @('x') } } }",
        "Invalid version string: x",
        RULES,
    ),
}
# The part of the driver that looks, in each folder; one process is enough.
LOOK = """\
param([string] $Driver)
foreach ($folder in Get-ChildItem -Directory) {
    Push-Location -LiteralPath $folder.FullName
    $said = & $Driver -Analyze - 'a.ps1' 'b.ps1' | Out-String
    Pop-Location
    @{ name = $folder.Name; said = ConvertFrom-Json $said } | ConvertTo-Json -Depth 6 -Compress -EscapeHandling EscapeNonAscii
}
"""


@pytest.fixture(scope="module")
def looked(powershell: PowerShell, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the driver wrote, by name of the settings."""
    root = tmp_path_factory.mktemp("settings")
    (root / "look.ps1").write_text(LOOK, encoding="utf-8")
    for name, (settings, *_) in SETTINGS.items():
        (root / name).mkdir()
        (root / name / "a.ps1").write_text(SCRIPT, encoding="utf-8")
        (root / name / "b.ps1").write_text("if ( {\n", encoding="utf-8")
        (root / name / "own.psm1").write_text(MODULE, encoding="utf-8")
        fine = MODULE.replace("Broken", "Fine").replace("throw", "$null =")
        (root / name / "fine.psm1").write_text(fine, encoding="utf-8")
        (root / name / "none.psm1").write_text("function Get-Nothing { 1 }\n", encoding="utf-8")
        if settings is not None:
            (root / name / "PSScriptAnalyzerSettings.psd1").write_text(settings, encoding="utf-8")
    done = powershell.run(
        root / "look.ps1", str(pester.DRIVER), cwd=root, env=powershell.environment("analyzer")
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == len(SETTINGS), done.stderr
    if rows[0]["said"]["analyzer"] is None:
        pytest.skip("the machine's PowerShell has no PSScriptAnalyzer")
    return {row["name"]: row["said"] for row in rows}


@pytest.mark.parametrize("name", SETTINGS)
def test_what_keeps_the_analyzer_from_looking_is_told_in_its_own_words(
    name: str, looked: dict[str, Any]
) -> None:
    _, problem, rules = SETTINGS[name]

    assert {row["rule"] for row in looked[name]["diagnostics"] if row["severity"] != "ParseError"} == rules
    problems = looked[name]["problems"]
    assert len(problems) == bool(problem), problems
    assert problem in "".join(problems)


def test_a_file_that_does_not_parse_is_found_whatever_the_settings_leave_out(looked: dict[str, Any]) -> None:
    for name, said in looked.items():
        found = {row["line"] for row in said["diagnostics"] if row["severity"] == "ParseError"}
        assert found == {1, 2}, name


# An analyzer that breaks twice over the first file and then finds something, and always over the second one.
MOODY = """\
$script:asked = 0
function Invoke-ScriptAnalyzer {
    [CmdletBinding()]
    param([string] $Path)
    $script:asked++
    if ($Path -eq 'b.ps1' -or $script:asked -le 2) { Write-Error 'Collection was modified.'; return }
    [pscustomobject] @{ RuleName = 'PSFound'; Severity = 'Warning'; Message = $Path; ScriptPath = $Path; Extent = $null }
}
"""


def test_a_rule_that_breaks_now_and_then_is_given_another_try(powershell: PowerShell, tmp_path: Path) -> None:
    if powershell.modules is None:
        pytest.skip("the machine's PowerShell has the modules that it has")
    module = tmp_path / "modules/PSScriptAnalyzer"
    module.mkdir(parents=True)
    (module / "PSScriptAnalyzer.psm1").write_text(MOODY, encoding="utf-8")
    manifest = "@{ ModuleVersion = '1.99'; RootModule = 'PSScriptAnalyzer.psm1'; FunctionsToExport = '*' }\n"
    (module / "PSScriptAnalyzer.psd1").write_text(manifest, encoding="utf-8")
    for name in "ab":
        (tmp_path / f"{name}.ps1").write_text("1\n", encoding="utf-8")

    env = powershell.environment() | {"PSModulePath": str(tmp_path / "modules")}
    done = powershell.run(pester.DRIVER, "-Analyze", "-", "a.ps1", "b.ps1", cwd=tmp_path, env=env)

    said = json.loads(done.stdout)
    assert [row["message"] for row in said["diagnostics"]] == ["a.ps1"]
    assert said["problems"] == ["Collection was modified."]
