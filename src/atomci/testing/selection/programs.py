"""What Python programs that tests started ran and read, by the notes that they left themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

import msgspec

from atomci.decoding import decoded
from atomci.testing.observation.observed import unknown_compiled
from atomci.testing.selection.places import Places

__all__ = ["FollowedProgram", "ProgramNotes", "Start", "Used", "name_of", "read_programs"]

Start = tuple[str, tuple[str, ...]]
"""A key, and the words of a program."""


class FollowedProgram(msgspec.Struct, frozen=True):
    """One process's notes, as observation/child/sitecustomize.py writes them."""

    key: str
    process: int
    parent: int
    words: tuple[str, ...]
    start: str
    ran: tuple[tuple[str, str], ...]
    read: tuple[str, ...]
    starts: tuple[tuple[str, ...], ...]
    unseen: tuple[str, ...]
    compiled: dict[str, str]
    modules: tuple[str, ...]
    standard: tuple[str, ...] = ()


@dataclass
class Used:
    """What ran, by file and name; what was read; what was started and couldn't be followed. `apart` says
    whether some of it ran in programs. `carried` are classes that had objects when it began, as
    `PATH::NAME`; None where nobody knows.
    """

    ran: set[tuple[str, str]] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    started: set[str] = field(default_factory=set)
    apart: bool = False
    carried: set[str] | None = None

    def carry(self, classes: Iterable[str]) -> None:
        """These had objects, too."""
        self.carried = {*(self.carried or ()), *classes}

    def take(self, other: Used) -> None:
        """Count what is the other's as its own."""
        self.ran |= other.ran
        self.read |= other.read
        self.started |= other.started
        self.apart = self.apart or other.apart


@dataclass(frozen=True)
class ProgramNotes:
    """Of all programs. A start is followed where a program of these words, with this key and of this process
    says what it did.
    """

    programs: Sequence[FollowedProgram]
    died: frozenset[str] = frozenset()
    """Keys of those that left their notes empty."""

    def by_key(self) -> dict[str, Used]:
        """What each key's programs used, with what they started."""
        found: dict[str, Used] = defaultdict(Used)
        for key in self.died:
            found[key].started.add("a program that didn't come to its end")
        for one in self.programs:
            found[one.key].take(_used_by(one))
        for one in self.programs:
            starts = [(one.key, words) for words in one.starts]
            lost = self.unfollowed(one.process, starts)
            found[one.key].started.update(name_of(starts[number][1]) for number in lost)
        return dict(found)

    def unfollowed(self, process: int, starts: Sequence[Start]) -> set[int]:
        """The numbers of those starts of a process of which nobody says what became."""
        own = [one for one in self.programs if one.parent == process]
        lost = set()
        for number, (key, words) in enumerate(starts):
            same = (one for one in own if one.key == key and _is_called(one.words, words))
            if (one := next(same, None)) is None:
                lost.add(number)
            else:
                own.remove(one)
        return lost


def name_of(words: Sequence[str]) -> str:
    """What people call a program."""
    return PurePath(words[0]).name


def _is_called(own: Sequence[str], words: Sequence[str]) -> bool:
    """A script comes after the interpreter and its options in its own words, which are else the same."""
    rest = list(words[1:])
    return len(own) >= len(words) and list(own[len(own) - len(rest) :]) == rest


def _used_by(one: FollowedProgram) -> Used:
    ran: set[tuple[str, str]] = set()
    for path, block in one.ran:
        ran.add((_below(one.start, path), block))
        if block:
            ran.add((_below(one.start, path), f"{block}#"))  # nobody knows which parts of it
    places = Places(one.start)
    read = {name for path in one.read for name in places.of(path)}
    opening = unknown_compiled(one.compiled, one.standard, one.modules)
    return Used(ran, read, {*one.unseen, *opening}, apart=True)


def _below(start: str, path: str) -> str:
    return path.removeprefix(start).replace("\\", "/")


def read_programs(folder: Path) -> ProgramNotes:
    """All that are there. What can't be read counts as of a program that died."""
    programs, died = [], set()
    for file in _files(folder):
        try:
            programs.append(decoded(file.read_bytes(), FollowedProgram))
        except (OSError, msgspec.DecodeError):
            died.add(file.name.partition("@")[0])
    return ProgramNotes(programs, frozenset(died))


def _files(folder: Path) -> Iterable[Path]:
    return sorted(folder.glob("*@*.json"))
