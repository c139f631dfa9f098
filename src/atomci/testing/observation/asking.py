"""Who asked something of the system in the tests' process, of which file, and how much of it.

Kept to the standard library, since the observer runs there.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from types import FrameType
from typing import Any

__all__ = [
    "HARMLESS",
    "IMPORTING",
    "OF_SOURCES",
    "REMOVING",
    "TERMINAL",
    "TOOLS",
    "asked_by",
    "is_loading",
    "is_once_more",
    "is_there",
    "place_of",
    "wants_entries",
    "wants_the_whole",
]

# Their own reads aren't the tests'.
TOOLS = (
    "_pytest", "pytest", "pluggy", "coverage", "pytest_cov", "xdist", "execnet", "unittest", "atomci.testing",
    "atomci.artifacts.redaction", "atomci.artifacts.secrets",
)  # fmt: skip
# They ask the system what it is, never a project's files.
HARMLESS = ("platform", "ctypes.util", "uuid", "sysconfig", "_osx_support")
# They call the system's libraries for the terminal, or for numbers of the machine.
TERMINAL = ("colorama", "click", "rich", "prompt_toolkit", "psutil", "numpy")
# They look after the lines of modules, which are read anyway.
OF_SOURCES = ("linecache", "inspect", "traceback", "tokenize", "warnings")
# It opens what it removes by the numbers of the folders above, so that the names alone say nothing.
REMOVING = ("shutil",)
IMPORTING = ("_frozen_importlib_external", "importlib._bootstrap_external")

_OURS = ("atomci.testing.observation.observer", "atomci.testing.observation.interception", __name__)
_PATHS = ("genericpath", "posixpath", "ntpath")
_BETWEEN = (
    *_OURS, "os", "_collections_abc", "collections.abc", "subprocess", "ctypes",
    "pathlib", "glob", *_PATHS,
)  # fmt: skip
# Of a file they go by its kind and size alone, of an entry by its kind.
_PARTLY = ("os", "glob", "shutil", "tempfile", "zipimport", "pathlib", "importlib", *IMPORTING, *_PATHS)
_WHOLLY = ("getmtime", "getatime", "getctime", "samefile", "owner", "group")
# The functions themselves, which tell nobody.
_LSTAT, _READLINK = os.lstat, os.readlink


def place_of(path: Any, folder: Any = None) -> str | None:
    """The absolute path, of an open file's number too where the system tells; None where it doesn't."""
    if isinstance(path, int):
        return _path_of_number(path)
    name = os.fsdecode(path)
    if os.path.isabs(name):
        return name
    above = os.getcwd() if folder is None else _path_of_number(folder)
    return None if above is None else os.path.join(above, name)


def is_there(path: Any) -> bool:
    """Whether there is such a file, and be it a link that leads nowhere."""
    try:
        _LSTAT(path)
    except OSError:
        return False
    return True


def asked_by(modules: tuple[str, ...]) -> bool:
    """Whether one of these modules asked; those that only pass a question on aren't counted."""
    frame: FrameType | None = sys._getframe(2)
    name = ""
    while frame is not None:
        name = _module_of(frame)
        if not _is_one_of(name, _BETWEEN):
            break
        frame = frame.f_back
    return _is_one_of(name, modules)


def is_once_more() -> bool:
    """Whether the audit hook that asks was told of this start before: from 3.13 on, subprocess begins most
    programs by os.posix_spawn, and both tell.
    """
    return _module_of(sys._getframe(3)) == "subprocess"


def is_loading(module: str) -> bool:
    """Whether the module is being imported by whoever asks."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if _module_of(frame) == module and frame.f_code.co_name == "<module>":
            return True
        frame = frame.f_back
    return False


def wants_the_whole() -> bool:
    """Whether who asks for a file's state may go by its times, owner or links too."""
    frame = _asking()
    while frame is not None and _is_one_of(_module_of(frame), ("pathlib",)):
        if frame.f_code.co_name in _WHOLLY:
            return True
        if frame.f_code.co_name not in ("stat", "lstat"):
            return False
        frame = frame.f_back
    if frame is None or _is_one_of(_module_of(frame), _PARTLY):
        return frame is not None and frame.f_code.co_name in _WHOLLY
    return True


def wants_entries() -> bool:
    """Whether who lists a folder may ask each entry for its state."""
    frame = _asking()
    return frame is not None and not _is_one_of(_module_of(frame), _PARTLY)


def _asking() -> FrameType | None:
    """The first frame that isn't the observer's."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and _module_of(frame) in _OURS:
        frame = frame.f_back
    return frame


def _module_of(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


@cache  # asked thousands of times of a few hundred modules
def _is_one_of(name: str, modules: tuple[str, ...]) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def _path_of_number(number: int) -> str | None:
    try:
        if sys.platform == "darwin":
            import fcntl

            name = os.fsdecode(fcntl.fcntl(number, fcntl.F_GETPATH, bytes(1024)).rstrip(b"\0"))
        else:
            name = _READLINK(f"/proc/self/fd/{number}")
    except OSError:
        return None
    return name if os.path.isabs(name) else None
