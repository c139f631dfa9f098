"""The PowerShell files parse, and pass their tests: by a real PowerShell, and by what stands in for it elsewhere."""

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
from powershell import PowerShell
from tree_sitter import Language, Parser

from atomci.testing import pester

ROOT = Path(__file__).parents[2]
STAND_INS = ROOT / "tests/e2e/stand_ins"
PARSE = """\
$failed = 0
foreach ($path in $args) {
    $problems = $null
    [void][System.Management.Automation.Language.Parser]::ParseFile($path, [ref]$null, [ref]$problems)
    foreach ($problem in $problems) { "${path}:$($problem.Extent.StartLineNumber)"; $failed = 1 }
}
exit $failed
"""
BROKEN = [
    "function f {\n  if (1) {\n}\n",
    "try { 1 }\nfinally 2\n",
    "'not closed\n",
    "foreach ($x of $y) { 1 }\n",
]


def faults_by_grammar(paths: list[Path]) -> list[str]:
    parser = Parser(Language(tree_sitter_powershell.language()))
    return [str(path) for path in paths if parser.parse(path.read_bytes()).root_node.has_error]


@pytest.fixture
def ours(every_project: list[Path]) -> list[Path]:
    """The driver, this repository's scripts and those of every project."""
    own = [pester.DRIVER, *ROOT.glob("scripts/*.ps1")]
    theirs = [path for project in every_project for path in project.rglob("*.ps1")]
    assert len(own) == 5
    assert len(theirs) > len(every_project)
    return [*own, *theirs]


@pytest.fixture
def broken(tmp_path: Path) -> list[Path]:
    """Files that are no PowerShell."""
    paths = [tmp_path / f"broken-{number}.ps1" for number in range(len(BROKEN))]
    for path, text in zip(paths, BROKEN, strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def test_every_powershell_file_parses_and_broken_ones_are_found(ours: list[Path], broken: list[Path]) -> None:
    assert faults_by_grammar([*ours, *broken]) == [str(path) for path in broken]


def test_the_real_parser_says_the_same(
    powershell: PowerShell, ours: list[Path], broken: list[Path], tmp_path: Path
) -> None:
    script = tmp_path / "parse.ps1"
    script.write_text(PARSE, encoding="utf-8")

    done = powershell.run(script, *map(str, [*ours, *broken]), cwd=tmp_path, env=powershell.environment())

    found = {line.rpartition(":")[0] for line in done.stdout.splitlines()}
    assert (done.returncode, found) == (1, set(map(str, broken))), done.stderr


RunPester = Callable[..., dict[str, Any]]


@pytest.fixture
def run_pester(rendered: Callable[[str], Path], tmp_path: Path) -> RunPester:
    """Runs the atom in a project and gives what `--json` said of it: `run_pester(environment, edit)`."""

    def run(env: dict[str, str], edit: Callable[[Path], None] = lambda _: None) -> dict[str, Any]:
        project = shutil.copytree(rendered("strict"), tmp_path / "my-project")
        edit(project)
        subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
        done = subprocess.run(
            [sys.executable, "-m", "atomci", "run", "pester", "--json"],
            cwd=project,
            env={name: value for name, value in env.items() if name != "CI"},
            capture_output=True,
            text=True,
            check=False,
        )
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        (row,) = [row for row in rows if row["event"] == "atom_finished"]
        return dict(row)

    return run


def lose_the_exit_code(project: Path) -> None:
    script = project / "scripts/local_ci.ps1"
    text = script.read_text(encoding="utf-8")
    assert "exit $code\n" in text
    script.write_text(text.replace("exit $code\n", ""), encoding="utf-8")


STAND_IN = os.environ | {"PATH": os.pathsep.join([str(STAND_INS), os.environ["PATH"]])}
needs_sh = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in has a #! line")


def test_the_scripts_pass_the_tests_that_ship_with_them(
    powershell: PowerShell, run_pester: RunPester
) -> None:
    row = run_pester(powershell.environment("pester-5.7.1", "analyzer"))

    if row["status"] == "skipped":
        pytest.skip(row["reason"])
    assert (row["status"], row["examined"], row["unit"], row["reason"]) == ("pass", 10, "tests", ""), row


@needs_sh
def test_and_so_they_do_with_what_stands_in_for_powershell(run_pester: RunPester) -> None:
    row = run_pester(STAND_IN)

    assert (row["status"], row["examined"]) == ("pass", 4), row


@needs_sh
def test_a_script_that_loses_the_exit_code_fails_them(run_pester: RunPester) -> None:
    row = run_pester(STAND_IN, lose_the_exit_code)

    assert row["status"] == "fail", row
    assert [finding["path"] for finding in row["findings"] if finding["tool"] == "Pester"] == [
        "tests/scripts/local_ci.Tests.ps1"
    ]
