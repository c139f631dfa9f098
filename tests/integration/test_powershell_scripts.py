"""The rendered scripts and their tests in a real PowerShell, with programs that stand in for uv and the environment."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from powershell import PowerShell

from atomci.bootstrap.profile import works_with
from atomci.testing import pester

FOLDER = "work [1]"
# Notes its folder, its name and its arguments, and ends as it is told.
STAND_IN = """\
#!/bin/sh
{ printf '%s\\0' "$PWD" "${0##*/}" "$@"; echo; } >> "$SAID"
exit "$ENDS"
"""
COMMANDS = {
    "setup": ["sync", "run --frozen atomci run bootstrap"],
    "check": ["run --frozen atomci check"],
    "fix": ["run --frozen ruff check --fix --exit-zero", "run --frozen black ."],
    "test": ["run --frozen atomci run unit"],
    "local_ci": ["run --frozen atomci run local_ci"],
}
WORDS = ["--keep-going", "two words", "a'b"]
# Each script of both projects with each way to end, called as one script calls another, and without its program.
CALLS = """\
$PSNativeCommandUseErrorActionPreference = $true
foreach ($script in $args) {
    foreach ($ends in 0, 1, 3) {
        $env:ENDS = $ends
        $env:SAID = "$script.$ends"
        & $script --keep-going 'two words' "a'b"
        [System.IO.File]::WriteAllText("$env:SAID.code", "$LASTEXITCODE $PWD")
    }
}
$env:PATH = ''
foreach ($script in $args -like '*/uv/*') {
    try { & $script } catch { [System.IO.File]::WriteAllText("$script.absent", "$_") }
}
"""
# What scripts/test.sh hands on as it is.
ODD_WORDS = [
    "--deselect=tests/a.py::test_b",
    "-p:x",
    "-k",
    "a and b",
    "tests/a.py::b[x:y]",
    "-x:",
    "--",
    "-q:y",
    "",
]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins have a #! line")
Projects = dict[str, Path]


@pytest.fixture(scope="module")
def projects(
    answer_sets: dict[str, dict[str, Any]],
    rendered: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Projects:
    """One with tests in PowerShell for each manager, by its name, in a folder whose name is a pattern."""
    root = tmp_path_factory.mktemp("projects")
    made = {}
    for manager in ("uv", "pip-tools"):
        answers = (name for name, chosen in answer_sets.items() if has_powershell(chosen, manager))
        made[manager] = shutil.copytree(rendered(next(answers)), root / manager / FOLDER)
    for program in (root / "tools/uv", root / "tools/sh", made["pip-tools"] / ".venv/bin/python"):
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(STAND_IN, encoding="utf-8")
        program.chmod(0o755)
    return made


def has_powershell(answers: dict[str, Any], manager: str) -> bool:
    chosen = manager == answers.get("dependency_manager", "uv")
    return chosen and works_with({"integrations": [], **answers}, "powershell")


def own(project: Path) -> dict[str, bytes]:
    """A project's PowerShell, by path."""
    files = [*project.rglob("*.ps1"), *project.rglob("*.psd1")]
    return {path.relative_to(project).as_posix(): path.read_bytes() for path in files}


def test_every_project_of_a_manager_has_the_same_powershell(
    answer_sets: dict[str, dict[str, Any]], rendered: Callable[[str], Path], projects: Projects
) -> None:
    """So that one speaks for all kinds."""
    for name, answers in answer_sets.items():
        manager = answers.get("dependency_manager", "uv")
        if has_powershell(answers, manager):
            assert own(rendered(name)) == own(projects[manager]), name


def test_a_new_project_is_green_and_a_script_that_loses_the_exit_code_is_not(
    powershell: PowerShell, projects: Projects
) -> None:
    root = projects["uv"].parents[1]
    lost = shutil.copytree(projects["uv"], root / "lost" / FOLDER)
    script = lost / "scripts/local_ci.ps1"
    script.write_text(script.read_text(encoding="utf-8").replace("exit $code\n", ""), encoding="utf-8")
    shutil.copy(lost / "PSScriptAnalyzerSettings.psd1", root)
    (lost / "scripts/fix.ps1").write_text("# é\nWrite-Output 'ü'\n$unused = 1\n", encoding="utf-8")
    files = sorted(path.relative_to(root).as_posix() for path in root.glob("*/*/[st]*/**/*.ps1"))

    env = powershell.environment("pester-6.2.0", "analyzer")
    done = powershell.run(pester.DRIVER, "result.json", *files, cwd=root, env=env)

    assert done.returncode == 0, done.stderr
    run = pester.read_run(root / "result.json")
    if run.pester is None or run.analyzer is None:
        pytest.skip("the machine's PowerShell has no Pester or no PSScriptAnalyzer")
    assert run.problems == ()
    found = pester.tests_of(run, files, files)
    assert Counter(row.outcome for row in found.results) == {"passed": 3 * 10 - 2, "failed": 2}
    assert {(row.path.partition("/")[0], row.rule.partition("::")[2]) for row in found.findings} == {
        ("lost", f"local_ci.ps1.ends with {code} where the gate does") for code in (1, 3)
    }
    assert {(row.path.rpartition("/")[2], row.rule) for row in pester.diagnostics(run)} == {
        ("fix.ps1", "PSUseDeclaredVarsMoreThanAssignments"),
        ("local_ci.ps1", "PSUseDeclaredVarsMoreThanAssignments"),
    }


@pytest.fixture(scope="module")
def called(powershell: PowerShell, projects: Projects) -> Projects:
    """The projects after CALLS."""
    root = projects["uv"].parents[1]
    (root / "calls.ps1").write_text(CALLS, encoding="utf-8")
    env = powershell.environment()
    env["PATH"] = f"{root / 'tools'}:{env['PATH']}"
    scripts = [str(path) for project in projects.values() for path in project.glob("scripts/*.ps1")]
    done = powershell.run(root / "calls.ps1", *scripts, cwd=root, env=env)
    assert done.returncode == 0, done.stderr
    return projects


@pytest.mark.parametrize("verb", COMMANDS)
@pytest.mark.parametrize("manager", ["uv", "pip-tools"])
def test_a_script_hands_on_its_words_and_how_it_ended(manager: str, verb: str, called: Projects) -> None:
    project = called[manager]
    wanted = [[project, *words] for words in lines(manager, verb)]
    wanted[-1] += WORDS

    for ends in (0, 1, 3):
        said = project / f"scripts/{verb}.ps1.{ends}"
        assert heard(said) == (wanted if ends == 0 else wanted[:1] if len(wanted) > 1 else wanted), ends
        # It comes back to the caller's folder, and never ends by an error of the caller's kind.
        assert Path(f"{said}.code").read_text(encoding="utf-8") == f"{ends} {project.parents[1]}"


def lines(manager: str, verb: str) -> list[list[str]]:
    """The programs that a script starts, with their words."""
    if manager == "uv":
        return [["uv", *line.split()] for line in COMMANDS[verb]]
    if verb == "setup":
        return [["sh", "scripts/in_venv.sh", "atomci", "run", "bootstrap"]]
    return [["python", "-m", *line.split()[2:]] for line in COMMANDS[verb]]


def heard(said: Path) -> list[list[Path | str]]:
    """Folder, program and words of each call that a stand-in noted."""
    calls = [line.split("\0")[:-1] for line in said.read_text(encoding="utf-8").split("\n")[:-1]]
    return [[Path(folder), *words] for folder, *words in calls]


@pytest.mark.parametrize("verb", COMMANDS)
def test_without_uv_a_script_is_red_and_names_it(verb: str, called: Projects) -> None:
    said = (called["uv"] / f"scripts/{verb}.ps1.absent").read_text(encoding="utf-8")

    assert said.startswith("The term 'uv' is not recognized")


def test_words_with_colons_arrive_as_those_of_the_shell_script(
    powershell: PowerShell, projects: Projects, tmp_path: Path
) -> None:
    project = projects["uv"]
    env = {**powershell.environment(), "ENDS": "3"}
    env["PATH"] = f"{project.parents[1] / 'tools'}:{env['PATH']}"
    by_shell, by_powershell = tmp_path / "sh", tmp_path / "ps1"
    shell = ["/bin/sh", str(project / "scripts/test.sh"), *ODD_WORDS]
    subprocess.run(shell, cwd=tmp_path, env={**env, "SAID": str(by_shell)}, check=False)

    done = powershell.run(
        project / "scripts/test.ps1", *ODD_WORDS, cwd=tmp_path, env={**env, "SAID": str(by_powershell)}
    )

    assert done.returncode == 3, done.stderr
    assert heard(by_powershell) == heard(by_shell)
    assert heard(by_shell)[0][-len(ODD_WORDS) :] == ODD_WORDS
