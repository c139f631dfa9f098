"""A pytest plugin (`-p atomci.testing.observer`) that notes what the tests' process reads, lists, asks of its
environment, starts and connects to.

Python tells its audit hooks of each file that is opened, each folder that is listed, each program and each
connection. Environment variables are seen by a mapping that counts, and whether a file is there by functions
in place of os.stat, os.lstat and os.access. What C libraries do by themselves is not seen. One JSON file for
each process goes to the folder named by ATOMCI_OBSERVED. Kept to the standard library, since it runs inside
the tests' process.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import site
import sys
import sysconfig
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any

import pytest

__all__ = ["Observer", "pytest_configure"]

_FOLDER_VARIABLE = "ATOMCI_OBSERVED"
# Their own reads aren't the tests'.
_TOOLS = (
    "_pytest", "pytest", "pluggy", "coverage", "pytest_cov", "xdist", "execnet", "unittest", "atomci.testing",
    "atomci.artifacts.redaction",
)  # fmt: skip
_BETWEEN = (
    __name__, "os", "_collections_abc", "collections.abc", "subprocess",
    "genericpath", "posixpath", "ntpath", "pathlib",
)  # fmt: skip
# They ask the system what it is, never a project's files.
_HARMLESS = ("platform", "ctypes.util", "uuid", "sysconfig", "_osx_support")
# They look after the lines of modules, which are read anyway.
_OF_SOURCES = ("linecache", "inspect", "traceback", "tokenize", "warnings")
# It opens what it removes by the numbers of the folders above, so that the names alone say nothing.
_REMOVING = ("shutil",)
_IMPORTING = ("_frozen_importlib_external", "importlib._bootstrap_external")
_LOCAL = (None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0", "::")  # noqa: S104  # nothing binds to them
_WRITING = os.O_WRONLY | os.O_RDWR
_Arguments = tuple[Any, ...]


class Observer:
    """Takes down what is seen from its making on, each thing once; `test` is the one that runs."""

    def __init__(self) -> None:
        self.active = True
        self.test = ""
        self.started_at = time.time_ns()
        self.read: dict[str, None] = {}
        """Files that were opened, or asked whether they are there."""
        self.written: dict[str, None] = {}
        """Those that were made before anything was asked of them."""
        self.rewritten: dict[str, None] = {}
        """Those that were read first."""
        self.databases: dict[str, None] = {}
        """Those that were there; nobody sees whether they are written."""
        self.listed: dict[str, None] = {}
        self.searched: dict[str, None] = {}
        """Folders that Python, pytest or coverage listed, to find modules."""
        self.collected: tuple[str, ...] = ()
        """Where pytest looks for tests, which need not be modules."""
        self.variables: dict[str, None] = {}
        self.every_variable = False
        self.programs: dict[str, str] = {}
        """Each with the test that started it first."""
        self.connections: dict[str, str] = {}
        self._own_sockets: list[weakref.ref[Any]] = []
        self._handlers: Mapping[str, Callable[[_Arguments], None]] = {
            "open": self._open,
            "os.listdir": self._list,
            "os.scandir": self._list,
            "os.mkdir": self._make,
            "os.remove": self._remove,
            "os.rename": self._rename,
            "sqlite3.connect": self._database,
            "subprocess.Popen": self._program,
            "os.system": self._program,
            "os.exec": self._program,
            "os.posix_spawn": self._program,
            "os.spawn": self._program,
            "os.startfile": self._program,
            "os.fork": self._fork,
            "os.forkpty": self._fork,
            "socket.bind": self._bind,
            "socket.connect": self._connect,
            "socket.getaddrinfo": self._look_up,
            "socket.gethostbyname": self._look_up,
        }

    def hook(self, event: str, arguments: _Arguments) -> None:
        """For sys.addaudithook; it never raises."""
        handler = self._handlers.get(event)
        if handler is not None and self.active:
            with contextlib.suppress(Exception):
                handler(arguments)

    def variable(self, name: str) -> None:
        """A variable of the environment was asked for."""
        if self.active and name not in self.variables and not _asked_by(_TOOLS):
            self.variables[name] = None

    def asked(self, path: Any) -> None:
        """Somebody asked whether a file is there, or of what kind it is."""
        with contextlib.suppress(Exception):
            place = _place(path)
            if not self.active or place is None or place in self.read or place in self.written:
                return
            if not _asked_by(_TOOLS + _OF_SOURCES):
                self.read[place] = None

    def all_variables(self) -> None:
        """All of them were."""
        if self.active and not self.every_variable:
            self.every_variable = not _asked_by(_TOOLS)

    def as_dict(self) -> dict[str, object]:
        """What was seen, and what tells the project's files from others."""
        paths = sysconfig.get_paths()
        libraries = [paths["stdlib"], paths["platstdlib"], *site.getsitepackages()]
        libraries += [sys.prefix] if sys.prefix != sys.base_prefix else []
        libraries += [path for path in sys.path if path.endswith(".zip")]
        return {
            "started_at": self.started_at,
            "libraries": sorted(set(libraries)),
            "temporary": tempfile.gettempdir(),
            "read": list(self.read),
            "rewritten": list(self.rewritten),
            "databases": list(self.databases),
            "listed": list(self.listed),
            "searched": list(self.searched),
            "variables": list(self.variables),
            "every_variable": self.every_variable,
            "programs": self.programs,
            "connections": self.connections,
            "modules": sorted({name.partition(".")[0] for name in list(sys.modules)}),
            "spawned": any(name in sys.modules for name in _SPAWNING),
            "compiled_to": sys.pycache_prefix or "",
        }

    def _open(self, arguments: _Arguments) -> None:
        path, mode, flags = arguments
        if (place := _place(path)) is None or (mode is None and _asked_by(_REMOVING)):
            return
        writes = flags & _WRITING if isinstance(flags, int) else False
        keeps = mode[:2] == "r+" or mode[:3] in ("rb+", "r+b") if isinstance(mode, str) else False
        if (not writes or keeps) and place not in self.written:
            self.read[place] = None
        if writes:
            self._change(place)

    def _make(self, arguments: _Arguments) -> None:
        path, _, folder = arguments
        if not _is_there(path):  # asked to make one that is there, the system refuses
            self._alter(path, folder)

    def _remove(self, arguments: _Arguments) -> None:
        path, folder = arguments
        if _is_there(path):
            self._alter(path, folder)
        elif folder == -1:
            self.asked(path)

    def _rename(self, arguments: _Arguments) -> None:
        from_path, to_path, from_folder, to_folder = arguments
        self._alter(from_path, from_folder)
        self._alter(to_path, to_folder)

    def _alter(self, path: Any, folder: int) -> None:
        """A path from the folder with that number isn't known; those are of trees that are removed."""
        if folder == -1 and (place := _place(path)) is not None:
            self._change(place)

    def _change(self, place: str) -> None:
        (self.rewritten if place in self.read else self.written)[place] = None

    def _list(self, arguments: _Arguments) -> None:
        place = _place(arguments[0] if arguments[0] is not None else ".")
        if place is not None:
            by_python = _asked_by(_IMPORTING + _TOOLS) and not _is_below(place, self.collected)
            (self.searched if by_python else self.listed)[place] = None

    def _database(self, arguments: _Arguments) -> None:
        name = os.fsdecode(arguments[0])
        if name.startswith("file:"):
            name = name[5:].partition("?")[0]
        if name and name != ":memory:" and (place := _place(name)) is not None:
            there = _is_there(place) and place not in self.written
            (self.databases if there else self.written)[place] = None

    def _program(self, arguments: _Arguments) -> None:
        if _asked_by(_TOOLS + _HARMLESS):
            return
        name = arguments[1] if len(arguments) > 1 and arguments[0] is None else arguments[0]
        words = name if isinstance(name, list | tuple) and name else [name]
        self.programs.setdefault(os.path.basename(os.fsdecode(words[0])), self.test)

    def _fork(self, arguments: _Arguments) -> None:
        self.programs.setdefault("a fork of itself", self.test)

    def _bind(self, arguments: _Arguments) -> None:
        self._own_sockets.append(weakref.ref(arguments[0]))

    def _connect(self, arguments: _Arguments) -> None:
        _, address = arguments
        if isinstance(address, tuple) and address[0] in _LOCAL and address[1] in set(self._own_ports()):
            return
        if isinstance(address, str | bytes) and address in set(self._own_names()):
            return
        shown = f"{address[0]}:{address[1]}" if isinstance(address, tuple) else repr(address)
        self.connections.setdefault(shown, self.test)

    def _look_up(self, arguments: _Arguments) -> None:
        host = arguments[0]
        name = os.fsdecode(host) if isinstance(host, bytes) else host
        if name not in _LOCAL:
            self.connections.setdefault(str(name), self.test)

    def _own_names(self) -> Iterator[Any]:
        for reference in self._own_sockets:
            with contextlib.suppress(OSError):
                if (own := reference()) is not None:
                    yield own.getsockname()

    def _own_ports(self) -> Iterator[int]:
        return (name[1] for name in self._own_names() if isinstance(name, tuple))


# The functions themselves, which tell nobody.
_LSTAT = os.lstat
_SPAWNING = ("multiprocessing.popen_spawn_posix", "multiprocessing.popen_forkserver")


class _Counting(type(os.environ)):  # type: ignore[misc]
    """os.environ, which tells of each variable that it is asked for."""

    def __getitem__(self, name: str) -> str:
        if _OBSERVER is not None and isinstance(name, str):
            _OBSERVER.variable(name)
        value: str = super().__getitem__(name)
        return value

    def __iter__(self) -> Iterator[str]:
        if _OBSERVER is not None:
            _OBSERVER.all_variables()
        names: Iterator[str] = super().__iter__()
        return names


def _telling(function: Callable[..., Any], observer: Observer) -> Callable[..., Any]:
    """The same function of a path, and the observer is told."""

    @functools.wraps(function)
    def told(path: Any, *words: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        if options.get("dir_fd") is None:
            observer.asked(path)
        return function(path, *words, **options)

    # Python knows by these sets which functions take what.
    for known in (os.supports_dir_fd, os.supports_effective_ids, os.supports_fd, os.supports_follow_symlinks):
        if function in known:
            known.add(told)
    return told


# From the import of this plugin on, since a conftest reads before pytest is configured.
_OBSERVER = Observer() if os.environ.get(_FOLDER_VARIABLE) else None
if _OBSERVER is not None:
    sys.addaudithook(_OBSERVER.hook)
    os.environ.__class__ = _Counting  # the object stays, which others hold
    for _name in ("stat", "lstat", "access"):
        setattr(os, _name, _telling(getattr(os, _name), _OBSERVER))


def pytest_configure(config: pytest.Config) -> None:
    """Watch which test runs, and write all down at the end; a controller of workers runs no test itself."""
    if _OBSERVER is not None:
        start = str(config.invocation_params.dir)
        _OBSERVER.collected = tuple(os.path.join(start, arg.partition("::")[0]) for arg in config.args)
        config.pluginmanager.register(_Session(_OBSERVER), "atomci-observer")


class _Session:
    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._observer.test = nodeid

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        self._observer.active = False
        folder = os.environ.get(_FOLDER_VARIABLE, "")
        os.makedirs(folder, exist_ok=True)
        text = json.dumps(self._observer.as_dict(), ensure_ascii=True)
        with open(os.path.join(folder, f"{os.getpid()}.json"), "w", encoding="ascii") as file:
            file.write(text)


def _place(path: Any) -> str | None:
    """The absolute path, None for an open file's number."""
    if isinstance(path, int):
        return None
    name = os.fsdecode(path)
    return name if os.path.isabs(name) else os.path.join(os.getcwd(), name)


def _is_there(path: Any) -> bool:
    try:
        _LSTAT(path)
    except OSError:
        return False
    return True


def _is_below(path: str, tops: Sequence[str]) -> bool:
    return any(path == top or path.startswith(top + os.sep) for top in tops)


def _asked_by(modules: Sequence[str]) -> bool:
    """Whether one of these modules asked; those that only pass a question on aren't counted."""
    frame: FrameType | None = sys._getframe(2)
    name = ""
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name not in _BETWEEN:
            break
        frame = frame.f_back
    return any(name == module or name.startswith(f"{module}.") for module in modules)
