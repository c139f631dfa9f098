"""What users do to the files that a template changes: each a function of two renders, old and new."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

from sync_world import Content
from template_histories import commit_of

__all__ = ["CHANGES", "Renders", "is_binary", "superseded"]

Files = dict[str, bytes]
Change = Callable[["Renders"], dict[str, Content]]
ANSWERS_FILE = ".copier-answers.yml"
# Read by `atomci update` itself, so it has to stay what it is.
SETTINGS = "pyproject.toml"
_COMMIT = re.compile(r"\b[0-9a-f]{40}\b")
_VERSION = re.compile(rf"(?<![\w.])v?\d+(?:\.\d+)+(?![\w.])|{_COMMIT.pattern}")
_PIN = re.compile(r"(?:==|rev: v?|# v)(\d+(?:\.\d+)*)")


@dataclass(frozen=True)
class Renders:
    """What a project was rendered as, and what the template makes of it next; links are left out."""

    base: Files
    theirs: Files
    every: bool = False
    """Whether files count as changed that the template left alone, for want of others."""

    @cached_property
    def changed(self) -> list[str]:
        """Files that the template changes in place."""
        both = sorted(self.base.keys() & self.theirs.keys() - {ANSWERS_FILE})
        return [path for path in both if self.every or self.base[path] != self.theirs[path]]

    @property
    def hit(self) -> set[str]:
        """Every path that the template does something to."""
        return {*self.changed, *self.gone, *self.new}

    @cached_property
    def gone(self) -> list[str]:
        """Files that the template renames or drops."""
        return sorted(self.base.keys() - self.theirs.keys())

    @cached_property
    def new(self) -> list[str]:
        """Files that the template adds, under new names too."""
        return sorted(self.theirs.keys() - self.base.keys())

    @cached_property
    def text(self) -> list[str]:
        """Files of text that the template changes, renames or drops."""
        return [path for path in (*self.changed, *self.gone) if not is_binary(self.base[path])]

    def successor(self, path: str) -> str | None:
        """The name of a file in the new render: where the template renamed it, that with most of its lines."""
        if path in self.theirs:
            return path
        lines = set(self.base.get(path, b"").splitlines())
        shared = {new: len(lines & set(self.theirs[new].splitlines())) for new in self.new}
        best = max(shared, key=lambda new: shared[new], default=None)
        return best if best is not None and shared[best] * 2 > len(lines) else None

    def with_a_line(self, path: str) -> bytes:
        """The old render with a line of the user's, as far as can be from what the template changes."""
        rows = self.base[path].splitlines(keepends=True)
        after = self.theirs.get(self.successor(path) or "", b"").splitlines(keepends=True)
        quiet = SequenceMatcher(None, rows, after, autojunk=False).find_longest_match()
        place = quiet.a + quiet.size // 2 if quiet.size else len(rows) // 2
        return b"".join([*rows[:place], mine(path, "a line") + end_of_line(rows), *rows[place:]])


def is_binary(content: bytes) -> bool:
    """As git tells it."""
    return b"\0" in content


def mine(path: str, what: str) -> bytes:
    """A line that only the user can have written; a comment in most languages."""
    return f"# mine: {what} of {path}".encode()


def end_of_line(rows: list[bytes]) -> bytes:
    return b"\r\n" if rows and rows[0].endswith(b"\r\n") else b"\n"


def none(renders: Renders) -> dict[str, Content]:
    """Nothing."""
    return {}


def edit(renders: Renders) -> dict[str, Content]:
    """Adds a line, away from what the template changes."""
    return {path: renders.with_a_line(path) for path in renders.text}


def edit_the_same_line(renders: Renders) -> dict[str, Content]:
    """Replaces the first line that the template changes; in a file that it drops, any line."""
    found: dict[str, Content] = {}
    for path in renders.text:
        rows = renders.base[path].splitlines(keepends=True)
        after = renders.theirs.get(renders.successor(path) or "", b"").splitlines(keepends=True)
        spans = [
            span
            for span in SequenceMatcher(None, rows, after, autojunk=False).get_opcodes()
            if span[0] != "equal"
        ]
        if spans:
            _, start, stop, *_ = spans[0]
            rows[start : max(stop, start)] = [mine(path, "another line") + end_of_line(rows)]
            found[path] = b"".join(rows)
    return found


def rename(renders: Renders) -> dict[str, Content]:
    """Moves the file to another folder and adds a line, so that there is something to lose."""
    paths = [path for path in renders.text if path != SETTINGS]
    gone: dict[str, Content] = dict.fromkeys(paths)
    return gone | {f"moved/{path}": renders.with_a_line(path) for path in paths}


def delete(renders: Renders) -> dict[str, Content]:
    """Deletes the file."""
    return {path: None for path in (*renders.changed, *renders.gone) if path != SETTINGS}


def swap_binaries(renders: Renders) -> dict[str, Content]:
    """Replaces every binary, changed by the template or not. Without any binary, texts become binaries."""
    paths = [path for path, content in renders.base.items() if is_binary(content)]
    paths = paths or [path for path in renders.text if path != SETTINGS]
    return {path: b"\x89MINE\0" + path.encode() + bytes(range(255, 0, -1)) * 3 for path in paths}


def crlf(renders: Renders) -> dict[str, Content]:
    """Changes the line endings, and adds a line."""
    found: dict[str, Content] = {}
    for path in renders.text:
        text = renders.with_a_line(path)
        unix = text.replace(b"\r\n", b"\n")
        found[path] = unix.replace(b"\n", b"\r\n") if text == unix else unix
    return found


def reformat(renders: Renders) -> dict[str, Content]:
    """Changes the spacing, as a formatter with other settings would, and adds a line."""
    wide = re.compile(rb"(?<=\S) (?=\S)")
    return {path: wide.sub(b"  ", renders.with_a_line(path)) for path in renders.text}


def bump_pins(renders: Renders) -> dict[str, Content]:
    """Changes every pinned version: one to a newer version than the template's, the next to an older one."""
    found: dict[str, Content] = {}
    chosen: dict[str, str] = {}
    for path in renders.text:
        rows = renders.base[path].decode("latin-1").splitlines(keepends=True)
        for at, row in enumerate(rows):
            if pin := _PIN.search(row):
                version = "99.0.0" if len(chosen) % 2 == 0 else f"{pin[1]}.1"
                version = chosen.setdefault(_VERSION.sub("*", row), version)
                bumped = row[: pin.start(1)] + version + row[pin.end(1) :]
                rows[at] = _COMMIT.sub(commit_of(version), bumped)
        text = "".join(rows).encode("latin-1")
        if text != renders.base[path]:
            found[path] = text
    return found


def rewrite(renders: Renders) -> dict[str, Content]:
    """Replaces the whole text."""
    return {path: b"".join(mine(path, f"line {n}") + b"\n" for n in range(1, 61)) for path in renders.text}


def new_files(renders: Renders) -> dict[str, Content]:
    """Adds files: with a name that the template adds too, beside files that it changes, and elsewhere."""
    beside = [f"{path}.mine" for path in renders.text]
    paths = [path for path in renders.new if not is_binary(renders.theirs[path])]
    return {path: mine(path, "all") + b"\n" for path in (*paths, *beside, "mine/notes.md")}


CHANGES: dict[str, Change] = {
    "none": none,
    "edit": edit,
    "edit the same line": edit_the_same_line,
    "rename": rename,
    "delete": delete,
    "binary swap": swap_binaries,
    "CRLF": crlf,
    "reformat": reformat,
    "pin bump": bump_pins,
    "full rewrite": rewrite,
    "new files": new_files,
}


def superseded(lost: bytes, there: Iterable[bytes]) -> bool:
    """Whether the same line is there with higher versions in it, which is how two moves of a pin are merged."""
    text = _unspaced(lost)
    if not _VERSION.search(text):
        return False
    masked = _VERSION.sub("*", text)
    return any(
        _VERSION.sub("*", other) == masked and _numbers(other) > _numbers(text)
        for other in map(_unspaced, there)
    )


def _unspaced(line: bytes) -> str:
    return " ".join(line.decode("latin-1").split())


def _numbers(text: str) -> list[list[int]]:
    """The versions of a line, without the ids of commits."""
    found = [version for version in _VERSION.findall(text) if len(version) < 40]
    return [[int(part) for part in version.removeprefix("v").split(".")] for version in found]
