"""What a result depends on: named, hashed, and compared with how it is now."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from msgspec.structs import replace

from atomci.artifacts.handed.runs import Observed
from atomci.artifacts.json_text import json_of
from atomci.engine.inputs.files import ABSENT, Inputs, matches

__all__ = ["EVERY_VARIABLE", "Dependencies", "Surroundings", "Watch", "hash_of_text", "key_of"]

# File systems' clocks lag behind by a tick, which is 10 ms where it is long.
_TICK = 0.02
EVERY_VARIABLE = "*"
"""Stands for all environment variables but those that say nothing but where and how one works."""

_ESCAPED = re.compile(r"\\x([89a-f][0-9a-f])")
_OF_A_SESSION = re.compile(
    r"_|SHLVL|PWD|OLDPWD|COLUMNS|LINES|WINDOWID|COLORTERM|HOSTNAME|INVOCATION_ID|JOURNAL_STREAM|LS_COLORS|PS1"
    r"|(ATOMCI|PYTEST|COVERAGE|COV_CORE|TERM|SSH|XDG_SESSION|VSCODE|DBUS|GPG|GIT|PRE_COMMIT|GITHUB|RUNNER)(_.*)?"
)


@dataclass(frozen=True)
class Dependencies:
    """What an atom's result depends on, by name; paths are POSIX, relative to the root or absolute."""

    globs: tuple[str, ...] = ()
    """Of the files that git doesn't ignore, and of artifacts."""
    on_disk: tuple[str, ...] = ()
    """Of all files, ignored ones too."""
    files: tuple[str, ...] = ()
    """One by one, also where there is none."""
    texts: tuple[str, ...] = ()
    """Those that were opened, and not to import them."""
    states: tuple[str, ...] = ()
    """Those of which times, owner and links count too."""
    folders: tuple[str, ...] = ()
    """For the names that they hold."""
    searched: tuple[str, ...] = ()
    """For the modules that they hold."""
    variables: tuple[str, ...] = ()
    widened: str = ""
    """Why this is more than what is seen to be read."""
    unkept: str = ""
    """Why no later run may take the result over."""


@dataclass(frozen=True)
class Surroundings:
    """How things are now: where files are looked up, what else is known, and what is nobody's input."""

    inputs: Inputs
    facts: Mapping[str, str]
    """What isn't a file, such as the installed packages, each with its hash."""
    but: tuple[str, ...] = ()
    """Globs of what the atom itself writes."""

    def observe(self, names: Dependencies) -> Observed:
        """The names with their hashes."""
        paths = dict.fromkeys((*names.files, *self._matching(names.globs, names.on_disk)))
        return Observed(
            facts=dict(self.facts),
            variables={name: _variable(name) for name in names.variables},
            files={_told(path): self.inputs.hash_of(path) for path in paths},
            texts=tuple(map(_told, names.texts)),
            states={_told(path): self.inputs.state_of(path) for path in names.states},
            folders={_told(path): self.inputs.names_in(path) for path in names.folders},
            searched={_told(path): self.inputs.modules_in(path) for path in names.searched},
            globs=names.globs,
            on_disk=names.on_disk,
            widened=names.widened,
            unkept=names.unkept,
        )

    def difference(self, then: Observed) -> str:
        """The first thing that isn't as it was, in words; empty when all is."""
        return next(chain(self._other_facts(then), self._other_files(then)), "")

    def changed_files(self, then: Observed) -> frozenset[str] | None:
        """Which files that it rests on are other now; None where anything else is other too."""
        folders = (then.folders, self.inputs.names_in), (then.searched, self.inputs.modules_in)
        moved = any(
            now(_path(path)) != known for known_of, now in folders for path, known in known_of.items()
        )
        if moved or next(self._other_facts(then), ""):
            return None
        files = (then.files, self.inputs.hash_of), (then.states, self.inputs.state_of)
        return frozenset(
            path for known_of, now in files for path, known in known_of.items() if now(_path(path)) != known
        )

    def _other_facts(self, then: Observed) -> Iterator[str]:
        for name in dict.fromkeys((*then.facts, *self.facts)):
            if then.facts.get(name) != self.facts.get(name):
                yield f"{name} changed"
        for name, known in then.variables.items():
            if _variable(name) != known:
                yield (
                    "an environment variable changed"
                    if name == EVERY_VARIABLE
                    else f"the variable {name} changed"
                )

    def _other_files(self, then: Observed) -> Iterator[str]:
        for path, known in then.files.items():
            if (now := self.inputs.hash_of(_path(path))) != known:
                yield f"{path} {'is new' if known == ABSENT else 'is gone' if now == ABSENT else 'changed'}"
        for known_of, now_of, says in (
            (then.states, self.inputs.state_of, "{} has other times, another owner or other links"),
            (then.folders, self.inputs.names_in, "the folder {} has other files now"),
            (then.searched, self.inputs.modules_in, "the folder {} has other modules now"),
        ):
            yield from (says.format(path) for path, known in known_of.items() if now_of(_path(path)) != known)
        for path in map(_told, self._matching(then.globs, then.on_disk)):
            if path not in then.files:
                yield f"{path} is new"

    def _matching(self, globs: tuple[str, ...], on_disk: tuple[str, ...]) -> Iterator[str]:
        for path in self.inputs.matching(globs):
            if not matches(path, self.but):
                yield path
        for path in self.inputs.on_disk() if on_disk else ():
            if matches(path, on_disk) and not matches(path, self.but):
                yield path


@dataclass
class Watch:
    """What an atom depends on, from before it starts until it has ended."""

    now: Surroundings
    names: Dependencies
    before: Observed = field(init=False)
    _times: dict[str, tuple[int, ...]] = field(init=False)
    _started: int = field(init=False)

    def __post_init__(self) -> None:
        self.before = self.now.observe(self.names)
        self._times = {path: self.now.inputs.times_of(_path(path)) for path in _tree(self.before.files)}
        self._started = time.time_ns()

    def wait_for_the_clock(self) -> None:
        """Until what is changed from now on has a later time than what was changed before."""
        time.sleep(max(0.0, _TICK - (time.time_ns() - self._started) / 1e9))

    def ended(self, names: Dependencies) -> Observed:
        """What it did depend on, and what of it changed meanwhile, also where it is back as it was."""
        observed = self.now.observe(names)
        changed = self.now.difference(self.before) or next(self._touched(observed), "")
        return replace(observed, unsettled=f"{changed} while it ran") if changed else observed

    def _touched(self, observed: Observed) -> Iterator[str]:
        for path in _tree(observed.files):
            times = self.now.inputs.times_of(_path(path))
            if path in self._times:
                if times != self._times[path]:
                    yield f"{path} changed"
            elif any(when > self._started for when in times[:2]):
                yield f"{path} changed"


def key_of(observed: Observed) -> str:
    """The hash of all of it, in hex."""
    return hashlib.blake2b(json_of(observed), digest_size=20).hexdigest()


def hash_of_text(*words: str) -> str:
    """In hex."""
    text = "\0".join(words).encode("utf-8", "surrogateescape")
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def _tree(paths: Iterable[str]) -> Iterator[str]:
    """What isn't an artifact: those are written by atoms before this one."""
    return (path for path in paths if not path.startswith("artifacts/"))


def _told(path: str) -> str:
    """A name that isn't UTF-8 as text that can be written; others as they are."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _path(told: str) -> str:
    """The name again."""
    return _ESCAPED.sub(lambda byte: chr(0xDC00 + int(byte[1], 16)), told)


def _variable(name: str) -> str:
    """So short that a secret can't be guessed from it."""
    if name == EVERY_VARIABLE:
        rows = (f"{key}={value}" for key, value in os.environ.items() if not _OF_A_SESSION.fullmatch(key))
        return hash_of_text(*sorted(rows))[:8]
    value = os.environ.get(name)
    if value is None:
        return ABSENT
    return hashlib.blake2b(value.encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()
