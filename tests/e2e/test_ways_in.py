"""Every way into the gate of a new project gives the same answer, on a good tree and on each broken one."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from .conftest import Shell

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sh scripts")

PACKAGE = "src/my_project"
SLUG = f"{PACKAGE}/slug.py"
WAYS: dict[str, tuple[str, ...]] = {
    "task": ("task", "ci"),
    "script": ("./scripts/local_ci.sh",),
    "runtime": ("uv", "run", "atomci", "run", "local_ci"),
    "push": ("git", "push", "--quiet", "origin", "HEAD:refs/heads/topic"),
}


def append(text: str) -> Callable[[Path], None]:
    def edit(root: Path) -> None:
        path = root / SLUG
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")

    return edit


def break_a_test(root: Path) -> None:
    (root / "tests/unit/test_broken.py").write_text(
        "def test_sum() -> None:\n    assert 1 + 1 == 3\n", encoding="utf-8"
    )


# What is broken, and what the gate must say about it: the file, the line, the rule.
BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "lint": (
        append("\n\ndef quiet() -> None:\n    unused = 1\n"),
        rf"{SLUG}:\d+:\d+: error: .*unused.* \[F841\]",
    ),
    "format": (
        append("\n\nQUOTES   =  'single'\n"),
        rf"{SLUG}:\d+:\d+: error: black would reformat this \[unformatted\]",
    ),
    "type": (
        append('\n\nNUMBER: int = "text"\n'),
        rf"{SLUG}:\d+:\d+: error: Incompatible types.* \[assignment\]",
    ),
    "test": (
        break_a_test,
        r"tests/unit/test_broken\.py:2:1: error: assert .*\[tests/unit/test_broken\.py::test_sum\]",
    ),
    "coverage": (
        append(
            "\n\ndef uncovered(number: int) -> int:\n"
            + "".join(f"    number = number * 2 + {n}\n" for n in range(20))
            + "    return -number\n"
        ),
        rf"{SLUG}:\d+:1: error: not covered: lines .* \[uncovered\]",
    ),
}
# What one run finds at once: all of static analysis, which stops the tests; and of those the first that fails.
AT_ONCE = {"static": ("lint", "format", "type"), "test": ("test",), "coverage": ("coverage",)}


def break_all(root: Path, kinds: Iterable[str]) -> list[str]:
    """Break these things; what the gate must say about each."""
    for kind in kinds:
        BROKEN[kind][0](root)
    return [BROKEN[kind][1] for kind in kinds]


def test_every_way_in_is_green_on_a_good_tree(project: Shell) -> None:
    project.ok("git", "commit", "--quiet", "--allow-empty", "-m", "something to push")
    for name, words in WAYS.items():
        said = project.ok(*words)
        assert "local_ci: green" in said, name
    # What the task is given goes on to the command: without atoms there would be some that don't hold yet.
    project.ok("task", "check", "--", "atom_014", "atom_016")
    assert project.ok("git", "status", "--porcelain") == ""
    assert "refs/heads/topic" in project.ok("git", "ls-remote", "origin")


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("setup", "bootstrap: green"),
        ("test", "unit: green"),
        ("check", "run_ruff_lint"),
        ("fix", "files left unchanged"),
    ],
)
def test_task_and_script_do_the_same(project: Shell, verb: str, said: str) -> None:
    for words in (("task", verb), (f"./scripts/{verb}.sh",)):
        append("\n\n\n")(project.folder)
        done = project.run(*words)
        assert said in done.stdout, (words, done.stdout)
        assert (done.returncode == 0) is (verb != "check"), (words, done.stdout)  # no gate has run here
        spoilt = project.ok("git", "status", "--porcelain") != ""
        assert spoilt is (verb != "fix"), words
        project.ok("git", "checkout", "--quiet", ".")


def test_a_save_runs_the_unit_tests_that_it_reaches(project: Shell, tmp_path: Path) -> None:
    said = tmp_path / "said.txt"
    with said.open("wb") as out:
        watch = subprocess.Popen(
            ["task", "watch", "--", "--all"],
            cwd=project.folder,
            env=project.env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        for step, wanted in (
            (None, r"  green +\d+ tests?, all"),
            (break_a_test, r"  red +1 of \d+ tests.*1 failed"),
        ):
            if step:
                step(project.folder)
            for _ in range(600):
                text = said.read_text(encoding="utf-8", errors="replace")
                if re.search(wanted, text):
                    break
                assert watch.poll() is None, text
                time.sleep(0.1)
            else:
                pytest.fail(text)
        assert "by the system's notices" in text
    finally:
        os.killpg(watch.pid, signal.SIGKILL)
        watch.wait()


@pytest.mark.parametrize("kinds", AT_ONCE.values(), ids=AT_ONCE)
def test_every_way_in_is_red_and_names_the_findings(project: Shell, kinds: tuple[str, ...]) -> None:
    findings = break_all(project.folder, kinds)
    project.ok("git", "add", "--all")
    project.ok("git", "commit", "--quiet", "--no-verify", "-m", "broken")
    for name, words in WAYS.items():
        done = project.run(*words)
        if name == "task":  # go-task has an exit code of its own for a command that failed
            assert done.returncode != 0
            assert re.search(r"exit status 1$", done.stdout, re.MULTILINE), done.stdout
        else:
            assert done.returncode == 1, (name, done.stdout)
        for finding in findings:
            assert re.search(finding, done.stdout), f"{name}\n{done.stdout}"
    assert "refs/heads/topic" not in project.ok("git", "ls-remote", "origin")


@pytest.mark.parametrize("kind", ["lint", "format"])
def test_the_commit_hook_stops_what_the_gate_would_stop(project: Shell, kind: str) -> None:
    BROKEN[kind][0](project.folder)
    project.ok("git", "add", "--all")
    done = project.run("git", "commit", "--quiet", "-m", "broken")
    assert done.returncode == 1, done.stdout


def test_a_broken_tool_is_neither_red_nor_green(project: Shell) -> None:
    mypy = project.folder / ".venv/bin/mypy"
    mypy.unlink()
    done = project.run("uv", "run", "--no-sync", "atomci", "run", "local_ci")
    assert done.returncode == 3, done.stdout
    assert "mypy isn't in" in done.stdout
