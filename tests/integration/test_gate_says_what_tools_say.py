"""Whatever configures ruff, black and mypy: the gate says what they say when someone types them in the root.

Each configuration is a small tree. By hand there, a tool gives its exit code; its places come from something that
the gate doesn't read: ruff's short lines, what black changes in a copy, mypy's JSON.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import count
from pathlib import Path

import pytest
from static_trees import ODD, TREES, UNEXAMINED, Tree

from atomci.analysis.table import TOOLS
from atomci.engine.inputs.files import Inputs
from atomci.tools.process import Children, Command, Completed

Place = tuple[str, int, str]
_PROGRAMS = Path(sys.executable).parent
_MOMENTS = count(1_000_000, 10)


@dataclass(frozen=True)
class Root:
    """A project's root, as a tool's adapter sees it."""

    root: Path
    processors: None = None

    def files(self, *globs: str) -> list[str]:
        return Inputs(self.root).matching(globs)

    def tool(self, name: str) -> str:
        return str(_PROGRAMS / name)

    def run(self, command: Command) -> Completed:
        return Children().run(command, self.root)

    def typed(self, *words: str) -> Completed:
        """What someone gets who types this here."""
        return self.run(Command((self.tool(words[0]), *words[1:])))


@dataclass(frozen=True)
class ByHand:
    """What a tool says to someone: its exit code, what it points at, its last words."""

    code: int
    places: set[Place]
    last: str = ""


def ruff_by_hand(root: Root) -> ByHand:
    done = root.typed("ruff", "check", "--no-fix", "--no-fix-only")
    short = root.typed("ruff", "check", "--no-fix", "--no-fix-only", "--output-format=concise").stdout
    lines = re.findall(r"^(.+?)(?::cell \d+)?:(\d+):\d+: ([\w-]+)", short, re.MULTILINE)
    return ByHand(done.code, {(path, int(line), rule) for path, line, rule in lines}, done.last_line)


def black_by_hand(root: Root) -> ByHand:
    done = root.typed("black", "--check", ".")
    return ByHand(done.code, set(_reformatted(root, "black")) if done.code else set(), done.last_line)


def ruff_format_by_hand(root: Root) -> ByHand:
    done = root.typed("ruff", "format", "--check")
    return ByHand(
        done.code, set(_reformatted(root, "ruff", "format")) if done.code else set(), done.last_line
    )


def mypy_by_hand(root: Root, *named: str) -> ByHand:
    done = root.typed("mypy", *named)
    rows = [
        json.loads(row)
        for row in root.typed("mypy", *named, "--output=json").stdout.split("\n")
        if row[:1] == "{"
    ]
    errors = [row for row in rows if row["severity"] == "error"]
    places = {(_from(root.root, row["file"]), max(row["line"], 1), row["code"] or "mypy") for row in errors}
    return ByHand(done.code, places, done.last_line)


def _reformatted(root: Root, *formatter: str) -> Iterator[Place]:
    """What the formatter would change, by letting it: each file with the first line that isn't as it was."""
    copy = Root(root.root.with_name("copy"))
    shutil.copytree(root.root, copy.root)
    said = copy.typed(*formatter, ".").stderr
    for path in sorted(file for file in root.root.rglob("*") if file.is_file()):
        name = path.relative_to(root.root).as_posix()
        # Universal newlines, and no other separator, as editors count.
        old, new = (re.split("\r\n|\r|\n", _text(base / name)) for base in (root.root, copy.root))
        if old != new and path.suffix != ".ipynb" and (root.root / name).suffix in (".py", ".pyi", ".md"):
            changes = [
                code
                for code in SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
                if code[0] != "equal"
            ]
            yield name, changes[0][1] + 1, "unformatted"
    for path, line in re.findall(
        r"^error: (?:cannot parse:|Failed to parse) (.+?):(\d+):", said, re.MULTILINE
    ):
        yield _from(copy.root, path), int(line), "unparsable"


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


def _from(root: Path, path: str) -> str:
    return Path(root, path).relative_to(root).as_posix()


HANDS: dict[str, Callable[[Root], ByHand]] = {
    "ruff": ruff_by_hand,
    "black": black_by_hand,
    "ruff-format": ruff_format_by_hand,
    "mypy": mypy_by_hand,
}


@pytest.fixture(scope="module", autouse=True)
def own_caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Caches and a home of their own. mypy's holds typeshed, which all trees share; they differ in times.

    One worker is enough for black: it says the same, and starting more costs as much as all else.
    """
    folder = tmp_path_factory.mktemp("caches")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MYPY_CACHE_DIR", "BLACK_CACHE_DIR", "RUFF_CACHE_DIR", "XDG_CONFIG_HOME"):
            patch.setenv(name, str(folder / name.lower()))
        patch.setenv("BLACK_NUM_WORKERS", "1")
        for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "MYPY_FORCE_COLOR", "NO_COLOR"):
            patch.delenv(name, raising=False)
        yield


def grown(tree: Tree, folder: Path) -> Root:
    """The tree on disk, written long ago: mypy's cache needs no second to pass."""
    moment = next(_MOMENTS)
    root = folder / "root"
    for name, text in tree.files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8") if isinstance(text, str) else text)
        os.utime(path, (moment, moment))
    (root / ".git").mkdir()  # no tool looks for settings above it
    return Root(root)


@pytest.mark.parametrize("name", TREES)
def test_the_gate_says_what_the_tool_says(name: str, tmp_path: Path) -> None:
    tree = TREES[name]
    root = grown(tree, tmp_path)
    before = {path: path.read_bytes() for path in root.root.rglob("*") if path.is_file()}
    reading = TOOLS[tree.tool].examine(root, None)
    assert {path: path.read_bytes() for path in before} == before, "looking changed it"
    by_hand = mypy_by_hand(root, *tree.named) if tree.named else HANDS[tree.tool](root)
    if tree.examined is None:
        assert by_hand.code != 0
        assert by_hand.last in reading.broken
        assert not reading.findings
        return
    assert reading.broken == ""
    assert {(f.path, f.line, f.rule) for f in reading.findings} == by_hand.places | tree.places
    assert bool(reading.findings) is tree.red
    assert reading.examined == tree.examined
    if tree.examined != UNEXAMINED:
        assert (by_hand.code != 0) is tree.red


@pytest.mark.parametrize("name", ODD)
def test_no_variable_changes_what_the_gate_reads(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = ODD[name]
    root = grown(tree, tmp_path)
    plain = HANDS[name](root)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("CLICOLOR_FORCE", "1")
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1:backslashreplace")
    monkeypatch.setenv("RUFF_OUTPUT_FORMAT", "github")
    monkeypatch.setenv("RUFF_OUTPUT_FILE", str(tmp_path / "elsewhere"))
    reading = TOOLS[name].examine(root, None)
    assert reading.broken == ""
    assert {(f.path, f.line, f.rule) for f in reading.findings} == plain.places != set()
    assert reading.examined == 1
