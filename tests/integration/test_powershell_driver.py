"""pester.ps1 in a real PowerShell, with both versions of Pester that are supported."""

from __future__ import annotations

import shutil
from collections import defaultdict
from pathlib import Path

import pytest
from pester_shapes import EMPTY, ODD, PROJECT, VERSIONS, Wanted, found, matches, place
from powershell import PowerShell

from atomci.artifacts.handed.schemas import Finding
from atomci.artifacts.handed.testing import PesterRun
from atomci.testing import pester

# Shapes of which the recordings have none: text, and what is to be found. The first is no file of tests.
MORE: dict[str, tuple[str, Wanted]] = {
    "shared.ps1": ("Describe 'shared' {\n  It 'is green' { 1 | Should -Be 1 }\n}\n", []),
    "Sourced.Tests.ps1": ('. "$PSScriptRoot/shared.ps1"\n', []),
    "Ends.Tests.ps1": (
        "exit 0\nDescribe 'd' { It 'i' { 1 | Should -Be 2 } }\n",
        [(1, "Ends.Tests.ps1", EMPTY)],
    ),
    "Breaks.Tests.ps1": ("break\nDescribe 'd' { It 'i' { 1 } }\n", [(1, "Breaks.Tests.ps1", EMPTY)]),
    "Late.Tests.ps1": (
        "Describe 'd' {\n  It 'i' { 1 }\n  throw 'late'\n}\n",
        [(3, "Late.Tests.ps1", "RuntimeException: late")],
    ),
    "Discovers.Tests.ps1": (
        "BeforeDiscovery { throw 'down' }\nDescribe 'd' { It 'i' { 1 } }\n",
        [(1, "Discovers.Tests.ps1", "RuntimeException: down")],
    ),
    "Inherits.Tests.ps1": (
        "class Mine : DefinedElsewhere { }\nDescribe 'd' { It 'i' { 1 } }\n",
        [(1, "Inherits.Tests.ps1", "Unable to find type [DefinedElsewhere].")],
    ),
    # Their names are expanded when they begin to run.
    "Each.Tests.ps1": (
        "Describe 'of <_>' -ForEach 1, 2 {\n  BeforeAll { throw 'down' }\n  It 'i' { 1 }\n}\n",
        [
            (2, "::of <_>", "RuntimeException: down; 2 tests did not run"),
            (2, "::of <_>", "RuntimeException: down"),
        ],
    ),
    "Inner.Tests.ps1": (
        "Describe 'of <_>' -ForEach 1, 2 {\n  Context 'in' {\n    BeforeAll { if ($_ -eq 2) { throw 'down' } }\n"
        "    It 'i' { 1 }\n  }\n}\n",
        [(3, "::of 2.in", "RuntimeException: down; 1 test did not run")],
    ),
}


def test_each_shape_of_a_test_file_ends_as_it_did_when_it_was_recorded(
    powershell: PowerShell, shapes: Path
) -> None:
    run = driven(powershell, shapes, "pester-6.2.0", "analyzer")

    if run.pester not in VERSIONS:
        pytest.skip(f"the machine's PowerShell has Pester {run.pester}, of which nothing was recorded")
    assert_verdicts(run, shapes, run.pester)


def test_and_so_with_the_older_pester_and_no_analyzer(powershell: PowerShell, shapes: Path) -> None:
    if powershell.modules is None:
        pytest.skip("the machine's PowerShell has the modules that it has")
    run = driven(powershell, shapes, "pester-5.7.1")

    assert_verdicts(run, shapes, "5.7.1")
    assert run.analyzer is None
    # Every file is parsed, whatever is installed.
    assert {(Path(row.path).name, row.line) for row in run.diagnostics} == {
        ("Syntax.Tests.ps1", n) for n in (1, 5)
    }


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    """The project with all of them."""
    folder = tmp_path / "shapes [1]"
    shutil.copytree(PROJECT, folder)
    (folder / ODD).parent.mkdir()
    (folder / "tests/odd/OddNames.Tests.ps1").rename(folder / ODD)
    (folder / "tests/more").mkdir()
    for path, (text, _) in MORE.items():
        (folder / "tests/more" / path).write_text(text, encoding="utf-8")
    return folder


def files_of(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.ps1"))


def driven(powershell: PowerShell, folder: Path, *modules: str) -> PesterRun:
    done = powershell.run(
        pester.DRIVER, "result/run.json", *files_of(folder), cwd=folder, env=powershell.environment(*modules)
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return pester.read_run(folder / "result/run.json")


def assert_verdicts(run: PesterRun, folder: Path, version: str) -> None:
    files = files_of(folder)
    findings: dict[str, list[Finding]] = defaultdict(list)
    for finding in pester.tests_of(run, files, files).findings:
        findings[finding.rule.partition("::")[0]].append(finding)
    wanted = {place(shape): rows for shape, rows in found(version).items()}
    wanted |= {f"tests/more/{name}": rows for name, (_, rows) in MORE.items()}
    assert set(findings) <= set(wanted)
    for path, rows in wanted.items():
        assert matches(findings[path], rows, path), (path, findings[path])
