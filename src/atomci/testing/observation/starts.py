"""What the tests' process starts, and how Python programs among it know that they are to be followed.

They find observation/child/sitecustomize.py on their module path, and a key in their environment; it belongs
to the test, or to the fixture of several tests, that is running. Kept to the standard library, since it runs
inside the tests' process.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Sequence

__all__ = ["FOLLOW_VARIABLE", "Starts", "has_processes"]

FOLLOW_VARIABLE = "ATOMCI_FOLLOW"
"""Spelt there once more, since a program imports nothing of ours."""
_CHILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "child")
_PATH = "PYTHONPATH"


class Starts:
    """Of one process. `folder` is where programs leave their notes, `start` the folder whose code counts."""

    def __init__(self, folder: str, start: str) -> None:
        self.all: list[tuple[str, tuple[str, ...]]] = []
        """Each with the key that held, and its words."""
        self._folder, self._start = folder, start
        self._environment = os.environ  # a test may put another in its place
        self._numbers = itertools.count(1)
        self._key = ""
        self._is_ready = False

    def add(self, words: Sequence[str]) -> int | None:
        """A program is being started; its number, or None where nobody is told of what it does."""
        if not self._key:
            return None
        self.all.append((self._key, tuple(words)))
        return len(self.all) - 1

    def enter(self) -> tuple[str, str]:
        """A new key, from now on; and the one that held before."""
        self._make_ready()
        before = self._key
        self._set(f"{os.getpid()}-{next(self._numbers)}")
        return self._key, before

    def leave(self, before: str) -> None:
        """Back to that key."""
        self._set(before)

    def _set(self, key: str) -> None:
        self._key = key
        if key:
            self._environment[FOLLOW_VARIABLE] = f"{key}\n{self._folder}"
        else:
            self._environment.pop(FOLLOW_VARIABLE, None)

    def _make_ready(self) -> None:
        """Before the first test: a process that runs none has its programs look at nothing."""
        if self._is_ready:
            return
        self._is_ready = True
        os.makedirs(self._folder, exist_ok=True)
        with open(os.path.join(self._folder, "start.txt"), "w", encoding="utf-8") as file:
            file.write(self._start)
        self._environment[_PATH] = os.pathsep.join(filter(None, (_CHILD, os.environ.get(_PATH))))


def has_processes() -> bool:
    """Whether some of `multiprocessing` are there, such as a pool's, which may run code of any test."""
    known = getattr(sys.modules.get("multiprocessing.process"), "_children", ())
    return any(getattr(getattr(one, "_popen", None), "returncode", 0) is None for one in list(known))
