"""Where a script, task, hook or job calls the gate, `atomci run TARGET...`, and by what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from atomci.bootstrap.managers.protocol import Way

__all__ = ["Call", "calls_in", "in_locked_environment", "program_of"]

_CALL = re.compile(r"(?<![\w.-])atomci\s+run\b(?P<words>[^\n;|&#<>]*)(?=(?P<then>\|\|?)?(?P<rest>[^\n]*))")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$", re.MULTILINE)
_WITH_VALUE = {"--since", "--shard", "--shards-from", "--jobs", "-j", "--project"}
_TARGET = re.compile(r"[a-z]\w*")

_IN_VENV = re.compile(r"\.venv/(?:bin|Scripts)/")


@dataclass(frozen=True)
class Call:
    """One call. `line` counts from 1; `defect` says why it can't make the caller red."""

    line: int
    targets: tuple[str, ...]
    defect: str = ""


def calls_in(text: str) -> Iterator[Call]:
    """Every `atomci run` outside comments, in order; backslashes at line ends join lines."""
    # Replaced by as many characters as were there, so that offsets tell lines of the text as given.
    code = _COMMENT.sub(lambda comment: " " * len(comment[0]), text).replace("\\\n", "  ")
    for match in _CALL.finditer(code):
        targets, options = _words(match["words"])
        yield Call(text.count("\n", 0, match.start()) + 1, targets, _defect(match, options))


def program_of(command: str) -> tuple[str, ...]:
    """A command's words behind the way to the lock's environment: of `uv run ruff`, ruff."""
    program = _way_and_program(command)[1]
    return program[2:] if program[:2] == ("python", "-m") else program


def in_locked_environment(command: str) -> bool:
    """Whether a command runs what the lock installed: by the manager's way in, or from .venv/bin/."""
    way, _ = _way_and_program(command)
    return way is not None and way.locked


def _way_and_program(command: str) -> tuple[Way | None, tuple[str, ...]]:
    from atomci.bootstrap.managers.protocol import Way
    from atomci.bootstrap.managers.table import MANAGERS

    words = tuple(command.split())
    for manager in MANAGERS.values():
        if (way := manager.way_in(words)) is not None:
            return way, words[way.words :]
    if words and _IN_VENV.match(words[0].removeprefix("./")):
        return Way(1, locked=True), (words[0].rpartition("/")[2], *words[1:])
    return None, words


def _words(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    targets, options = [], []
    words = iter(text.split())
    for word in words:
        if word.startswith("-"):
            options.append(word)
            if word in _WITH_VALUE:
                next(words, None)
        elif _TARGET.fullmatch(word):
            targets.append(word)
    return tuple(targets), tuple(options)


def _defect(match: re.Match[str], options: tuple[str, ...]) -> str:
    if "--dry-run" in options:
        return "--dry-run runs nothing"
    if match["then"] and "exit" not in match["rest"]:
        return f"`{match['then']}{match['rest']}` hides its exit code"
    return ""
