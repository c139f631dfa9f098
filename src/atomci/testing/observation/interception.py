"""What tells the observer of questions that no audit hook tells: of variables, and of files' states.

Kept to the standard library, since it runs in the tests' process.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType
from typing import Any, ClassVar, Protocol

__all__ = ["Listener", "take_over"]


class Listener(Protocol):
    """Who is told."""

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """An event of the audit hooks."""

    def variable(self, name: str) -> None:
        """A variable of the environment was asked for."""

    def all_variables(self) -> None:
        """All of them were."""

    def asked(self, path: Any, folder: Any = None, *, state: bool = False) -> None:
        """Somebody asked whether a file is there, or for its state; `folder` is a number."""

    def opened_below(self, folder: Any, path: Any, flags: int) -> None:
        """A file was opened by its name in a folder that has a number."""


class _Counting(type(os.environ)):  # type: ignore[misc]
    """os.environ and os.environb, which tell of each variable that they are asked for."""

    listener: ClassVar[Listener]

    def __getitem__(self, name: Any) -> Any:
        if isinstance(name, str | bytes):
            self.listener.variable(os.fsdecode(name))
        return super().__getitem__(name)

    def __iter__(self) -> Iterator[Any]:
        self.listener.all_variables()
        names: Iterator[Any] = super().__iter__()
        return names


def _telling(function: Callable[..., Any], observer: Listener) -> Callable[..., Any]:
    """The same function of a path, and the observer is told."""

    state = function.__name__ in ("stat", "lstat", "fstat", "samefile")

    @functools.wraps(function)
    def told(path: Any, *words: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        observer.asked(path, options.get("dir_fd"), state=state)
        return function(path, *words, **options)

    return _known_as(function, told)


def _opening(function: Callable[..., int], observer: Listener) -> Callable[..., int]:
    """os.open; the audit hooks aren't told in which folder."""

    @functools.wraps(function)
    def told(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        __tracebackhide__ = True
        if dir_fd is not None:
            observer.opened_below(dir_fd, path, flags)
        return function(path, flags, mode, dir_fd=dir_fd)

    return _known_as(function, told)


def _known_as(function: Callable[..., Any], told: Callable[..., Any]) -> Callable[..., Any]:
    """Python knows by these sets which functions take what."""
    for known in (os.supports_dir_fd, os.supports_effective_ids, os.supports_fd, os.supports_follow_symlinks):
        if function in known:
            known.add(told)
    return told


def take_over(observer: Listener) -> None:
    """Put what tells in the place of what doesn't."""
    _Counting.listener = observer
    sys.addaudithook(observer.hook)
    for variables in (os.environ, getattr(os, "environb", os.environ)):
        variables.__class__ = _Counting  # the object stays, which others hold
    for name in ("stat", "lstat", "fstat", "access", "readlink"):
        setattr(os, name, _telling(getattr(os, name), observer))
    for name in ("exists", "lexists", "isfile", "isdir", "islink", "samefile"):
        if isinstance(function := getattr(os.path, name), BuiltinFunctionType):  # of newer Pythons on Windows
            setattr(os.path, name, _telling(function, observer))
    os.open = _opening(os.open, observer)
