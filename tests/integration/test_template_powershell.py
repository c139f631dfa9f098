"""The PowerShell files parse, and pass their tests: by pwsh where there is one, else by what stands in for it.

Which one it was stands in the name of each test; the other one is skipped or not, and says why.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Parser

from atomci.testing import pester

ROOT = Path(__file__).parents[2]
STAND_INS = ROOT / "tests/e2e/stand_ins"
PWSH = shutil.which("pwsh")
PARSE = """\
$failed = 0
foreach ($path in $args) {
    $problems = $null
    [void][System.Management.Automation.Language.Parser]::ParseFile($path, [ref]$null, [ref]$problems)
    foreach ($problem in $problems) { "${path}:$($problem.Extent.StartLineNumber)"; $failed = 1 }
}
exit $failed
"""
REAL = pytest.param("pwsh", marks=pytest.mark.skipif(PWSH is None, reason="pwsh isn't on PATH"))
BROKEN = [
    "function f {\n  if (1) {\n}\n",
    "try { 1 }\nfinally 2\n",
    "'not closed\n",
    "foreach ($x of $y) { 1 }\n",
]


def faults_by_pwsh(paths: list[Path], folder: Path) -> list[str]:
    script = folder / "parse.ps1"
    script.write_text(PARSE, encoding="utf-8")
    words = [str(PWSH), "-NoProfile", "-NonInteractive", "-File", str(script), *map(str, paths)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout.splitlines()


def faults_by_grammar(paths: list[Path], _folder: Path) -> list[str]:
    parser = Parser(Language(tree_sitter_powershell.language()))
    return [str(path) for path in paths if parser.parse(path.read_bytes()).root_node.has_error]


FAULTS: dict[str, Callable[[list[Path], Path], list[str]]] = {
    "pwsh": faults_by_pwsh,
    "tree-sitter": faults_by_grammar,
}


@pytest.mark.parametrize("by", [REAL, "tree-sitter"])
def test_every_powershell_file_parses(by: str, every_project: list[Path], tmp_path: Path) -> None:
    ours = [pester.DRIVER, *ROOT.glob("scripts/*.ps1")]
    theirs = [path for project in every_project for path in project.rglob("*.ps1")]
    assert len(ours) == 5
    assert len(theirs) > len(every_project)

    assert FAULTS[by]([*ours, *theirs], tmp_path) == []


@pytest.mark.parametrize("by", [REAL, "tree-sitter"])
@pytest.mark.parametrize("text", BROKEN)
def test_a_file_that_does_not_parse_is_found(by: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "broken.ps1").write_text(text, encoding="utf-8")

    assert FAULTS[by]([tmp_path / "broken.ps1"], tmp_path)


@pytest.fixture
def run_pester(rendered: Callable[[str], Path], tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Runs the atom in a project and gives what `--json` said of it: `run_pester("pwsh", edit)`."""

    def run(by: str, edit: Callable[[Path], None] = lambda _: None) -> dict[str, Any]:
        project = shutil.copytree(rendered("strict"), tmp_path / "my-project")
        edit(project)
        subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
        folders = [os.environ["PATH"]] if by == "pwsh" else [str(STAND_INS), os.environ["PATH"]]
        done = subprocess.run(
            [sys.executable, "-m", "atomci", "run", "pester", "--json"],
            cwd=project,
            env=os.environ | {"PATH": os.pathsep.join(folders)},
            capture_output=True,
            text=True,
            check=False,
        )
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        (row,) = [row for row in rows if row["event"] == "atom_finished"]
        if by == "pwsh" and "isn't installed" in row["reason"]:
            pytest.skip(row["reason"])
        return dict(row)

    return run


def lose_the_exit_code(project: Path) -> None:
    script = project / "scripts/local_ci.ps1"
    text = script.read_text(encoding="utf-8")
    assert "exit $code\n" in text
    script.write_text(text.replace("exit $code\n", ""), encoding="utf-8")


STAND_IN = pytest.param(
    "stand-in", marks=pytest.mark.skipif(sys.platform == "win32", reason="the stand-in has a #! line")
)


@pytest.mark.parametrize("by", [REAL, STAND_IN])
def test_the_script_passes_the_tests_that_ship_with_it(
    by: str, run_pester: Callable[..., dict[str, Any]]
) -> None:
    row = run_pester(by)

    assert (row["status"], row["examined"]) == ("pass", 3), row


@pytest.mark.parametrize("by", [REAL, STAND_IN])
def test_a_script_that_loses_the_exit_code_fails_them(
    by: str, run_pester: Callable[..., dict[str, Any]]
) -> None:
    row = run_pester(by, lose_the_exit_code)

    assert row["status"] == "fail", row
    assert [finding["path"] for finding in row["findings"] if finding["tool"] == "Pester"] == [
        "tests/scripts/local_ci.Tests.ps1"
    ]
