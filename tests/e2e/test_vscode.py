"""What .vscode/ promises, against the real output of real runs in a terminal."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pyte
import pytest

from .conftest import Shell, environment
from .test_ways_in import AT_ONCE, BROKEN, append

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a pseudo-terminal")

# What the source of the pipeline lists under "VS Code with extensions", by their ids in the marketplace; PowerShell's
# only comes where it is asked for.
LISTED = {
    "Python": "ms-python.python",
    "Pylance": "ms-python.vscode-pylance",
    "GitHub Copilot": "github.copilot",
    "Error Lens": "usernamehw.errorlens",
    "Coverage Gutters": "ryanluker.vscode-coverage-gutters",
    "YAML": "redhat.vscode-yaml",
    "GitLens": "eamodio.gitlens",
    "Pre-commit Helper": "elagil.pre-commit-helper",
    "Better Comments": "aaron-bond.better-comments",
    "Todo Tree": "gruntfuggly.todo-tree",
}
WIDTH, HEIGHT = 80, 24


class Problem(NamedTuple):
    """A row of the Problems panel."""

    file: str
    line: int
    column: int
    severity: str
    message: str
    code: str | None


def read(project: Shell, name: str) -> dict[str, Any]:
    path = project.folder / ".vscode" / name
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def task(project: Shell, label: str) -> dict[str, Any]:
    (found,) = [task for task in read(project, "tasks.json")["tasks"] if task["label"] == label]
    return dict(found)


def printed(project: Shell, command: str) -> bytes:
    """What a command writes to a terminal of 80 columns that knows colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
    env = {**project.env, "TERM": "xterm-256color", "COLORTERM": "truecolor", "TERM_PROGRAM": "vscode"}
    process = subprocess.Popen(
        ["sh", "-c", command], cwd=project.folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    data = b""
    while True:
        try:
            block = os.read(ours, 65536)
        except OSError:  # Linux says so where the other end is closed
            break
        if not block:
            break
        data += block
    os.close(ours)
    process.wait(60)
    return data


def lines_of(data: bytes) -> list[str]:
    """What stands on the screen in the end.

    VS Code hands its matchers the lines of xterm's buffer without colours, and one that was wrapped as a
    whole; a screen that is wide enough wraps none.
    """
    screen = pyte.Screen(2000, 400)
    pyte.ByteStream(screen).feed(data)
    lines = [line.rstrip() for line in screen.display]
    assert lines[-1] == ""
    return [line for line in lines if line]


def problems(lines: list[str], matcher: dict[str, Any]) -> list[Problem]:
    """What VS Code makes of lines: its SingleLineMatcher, which trims texts, and calls a note info."""
    assert matcher["fileLocation"] == ["relative", "${workspaceFolder}"]
    pattern = matcher["pattern"]
    found = []
    for line in lines:
        if match := re.search(pattern["regexp"], line, re.ASCII):
            row = {name: match[group] for name, group in pattern.items() if name != "regexp"}
            severity = {"note": "info"}.get(row["severity"], row["severity"])
            place = row["file"].strip(" "), int(row["line"]), int(row["column"])
            found.append(Problem(*place, severity, row["message"].strip(" "), row["code"]))
    return found


def findings(project: Shell) -> list[Problem]:
    """What the last run found, from its own record of events."""
    last = max((project.folder / "artifacts/runs").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    events = [json.loads(line) for line in (last / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    return [
        Problem(
            row["path"],
            row["line"],
            row.get("column", 1),
            {"note": "info"}.get(row.get("level", "error"), row.get("level", "error")),
            " ".join(row["message"].split()),
            row["rule"],
        )
        for event in events
        if event["event"] == "atom_finished"
        for row in event.get("findings", ())
    ]


def failing(text: str) -> Callable[[Path], None]:
    def edit(root: Path) -> None:
        (root / "tests/unit/test_broken.py").write_text(text, encoding="utf-8")

    return edit


PARAMETRISED = """\
import pytest


@pytest.mark.parametrize("row", [["a b", [1]]], ids=["a [odd] name"])
def test_row(row: list[object]) -> None:
    assert row == [["x"], "y"]
"""
LONG = f'\n\nWORDS: list[int] = [{", ".join(repr("word" * 9) for _ in range(2))}]\n'
# What is broken at once, and the rules of which there must be problems.
# mypy's note, which is no finding, must not become one.
NOTED = append("\n\nreveal_type(1 + 1)\n")
STATIC = (*(BROKEN[kind][0] for kind in AT_ONCE["static"]), append(LONG), NOTED)
BROKEN_TEST = "tests/unit/test_broken.py"
KINDS: dict[str, tuple[tuple[Callable[[Path], None], ...], set[str]]] = {
    "static": (STATIC, {"F841", "unformatted", "assignment", "list-item"}),
    "test": ((BROKEN["test"][0],), {f"{BROKEN_TEST}::test_sum"}),
    "a test with parameters": (
        (failing(PARAMETRISED),),
        {f"{BROKEN_TEST}::test_row[a [odd] name]"},
    ),
    "coverage": ((BROKEN["coverage"][0],), {"uncovered"}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_matchers_read_what_a_red_run_prints(project: Shell, kind: str) -> None:
    edits, rules = KINDS[kind]
    for edit in edits:
        edit(project.folder)
    run = task(project, "gate")
    data = printed(project, run["command"])
    lines = lines_of(data)
    assert b"\x1b[" in data, "a terminal has colours"
    assert any(": red in " in line for line in lines), lines
    wanted = findings(project)
    assert {problem.code for problem in wanted} >= rules, lines
    # Each finding, and no other line.
    assert sorted(problems(lines, run["problemMatcher"])) == sorted(wanted), lines


def test_a_green_run_has_no_problems(project: Shell) -> None:
    for run in read(project, "tasks.json")["tasks"]:
        lines = lines_of(printed(project, run["command"]))
        assert any(": green in " in line for line in lines), lines
        assert problems(lines, run["problemMatcher"]) == []


@pytest.fixture
def shipped(made: Path, home: Path) -> Shell:
    """The project that clones are made of, for tests that only read it."""
    return Shell(made, environment(home))


@pytest.mark.parametrize(
    ("line", "message", "code"),
    [
        (
            "a.py:1:2: error: assert [1] == [2] [tests/a.py::t[a b]]",
            "assert [1] == [2]",
            "tests/a.py::t[a b]",
        ),
        ("a.py:1:2: error: assert x[0] == 1 [tests/a.py::t[[1]]]", "assert x[0] == 1", "tests/a.py::t[[1]]"),
        ('a.py:1:2: error: has type "list[int]" [assignment]', 'has type "list[int]"', "assignment"),
        ("a.py:1:2: error: see [this] thing", "see [this] thing", None),
    ],
)
def test_the_last_bracket_is_the_code(shipped: Shell, line: str, message: str, code: str | None) -> None:
    for run in read(shipped, "tasks.json")["tasks"]:
        found = problems([f"        {line}"], run["problemMatcher"])
        assert found == [Problem("a.py", 1, 2, "error", message, code)]


def test_the_extensions_are_those_of_the_source(shipped: Shell) -> None:
    recommended = {name.lower() for name in read(shipped, "extensions.json")["recommendations"]}
    assert {name: place for name, place in LISTED.items() if place not in recommended} == {}


def test_everything_that_can_be_launched_is_there(project: Shell) -> None:
    python = str(project.folder / ".venv/bin/python")
    variables = {"${workspaceFolder}": str(project.folder), "${file}": "tests/unit/test_slug.py"}
    entries = read(project, "launch.json")["configurations"]
    assert {entry["type"] for entry in entries} == {"debugpy"}
    for entry in entries:
        words = [variables.get(word, word) for word in entry.get("args", [])]
        project.ok(python, "-m", entry["module"], *words)


def test_the_settings_name_what_is_there(project: Shell) -> None:
    settings = read(project, "settings.json")
    assert (project.folder / settings["python.defaultInterpreterPath"].split("/", 1)[1]).is_dir()
    for path in [*settings["python.testing.pytestArgs"], *settings["python.analysis.extraPaths"]]:
        assert (project.folder / path).is_dir(), path
    # Coverage Gutters shows what a run of the unit tests leaves.
    project.ok("uv", "run", "--frozen", "atomci", "run", "unit")
    folder = project.folder / settings["coverage-gutters.coverageBaseDir"]
    assert all((folder / name).is_file() for name in settings["coverage-gutters.coverageFileNames"])
