"""A pytest plugin (`-p atomci.testing.observation.observer`): it notes what the tests' process reads, lists,
asks of its environment, starts and connects to.

Python tells its audit hooks of each file that is opened, each folder that is listed, each program and each
connection. Environment variables are seen by a mapping that counts, and whether a file is there by functions
in place of os.stat and those like it. What compiled code does by itself is not seen; which there is, is
told. One JSON file for each process goes to the folder named by ATOMCI_OBSERVED. Kept to the standard
library, since it runs inside the tests' process.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import site
import sys
import sysconfig
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import pytest

from atomci.testing.observation.asking import (
    HARMLESS,
    IMPORTING,
    OF_SOURCES,
    REMOVING,
    TERMINAL,
    TOOLS,
    asked_by,
    is_loading,
    is_once_more,
    is_there,
    place_of,
    wants_entries,
    wants_the_whole,
)
from atomci.testing.observation.interception import take_over

__all__ = ["FOLDER", "Observer", "Told", "pytest_configure", "tell"]

_FOLDER_VARIABLE = "ATOMCI_OBSERVED"
_LOCAL = (None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0", "::")  # noqa: S104  # nothing binds to them
_ENVIRONMENT = re.compile(r"/proc/(self|thread-self|\d+)/environ")
_WORDS = re.compile(r"[\s'\"=;|&<>()]+")
_CODE = (".py", ".pyc", ".pyi", ".so", ".pyd", ".pth")
_WRITING = os.O_WRONLY | os.O_RDWR
_Arguments = tuple[Any, ...]


class Told(Protocol):
    """Who wants to know each time, also of what was seen before."""

    def touched(self, path: str) -> None:
        """A file was read, or asked for; a folder that was listed ends in a separator."""

    def knows(self, path: str) -> bool:
        """Whether this was told where the process is now."""

    def started(self, program: str, words: Sequence[str] = ()) -> None:
        """A program was started, or, without words, the process was copied."""

    def executes(self, code: object) -> None:
        """Code is about to run that isn't called, such as a module's."""

    def traces(self) -> None:
        """Somebody set a trace function."""


class Observer:
    """Takes down what is seen from its making on, each thing once; `test` is the one that runs."""

    def __init__(self) -> None:
        self.active = True
        self.test = ""
        self.start = os.getcwd()
        self.started_at = time.time_ns()
        self.read: dict[str, None] = {}
        """Files that were opened, or asked whether they are there."""
        self.texts: dict[str, None] = {}
        """Those that were opened, and not to import them."""
        self.states: dict[str, None] = {}
        """Those of which their times, owner or links may count too."""
        self.entries: dict[str, None] = {}
        """Folders of which each entry may have been asked for its state."""
        self.written: dict[str, None] = {}
        """Those that were made before anything was asked of them."""
        self.rewritten: dict[str, None] = {}
        """Those that were read first."""
        self.wrote: dict[str, str] = {}
        """Files below the folder where it was made that were changed in any way, each with its first test."""
        self.databases: dict[str, None] = {}
        """Those that were there; nobody sees whether they are written."""
        self.listed: dict[str, None] = {}
        self.searched: dict[str, None] = {}
        """Folders that Python, pytest or coverage listed, to find modules."""
        self.collected: tuple[str, ...] = ()
        """Where pytest looks for tests, which need not be modules."""
        self.variables: dict[str, None] = {}
        self.every_variable = False
        self.early: dict[str, None] = {}
        """Modules, by their files, that were there before it, so that nobody saw what they read."""
        self.libraries: dict[str, str] = {}
        """Those of the system that were loaded by ctypes, each with its test."""
        self.programs: dict[str, str] = {}
        """Each with the test that started it first."""
        self.connections: dict[str, str] = {}
        self.told: Told | None = None
        self._libraries = tuple(library + os.sep for library in _libraries())
        self._own_sockets: list[weakref.ref[Any]] = []
        self._handlers: Mapping[str, Callable[[_Arguments], None]] = {
            "exec": self._exec,
            "open": self._open,
            "os.listdir": self._list,
            "os.scandir": self._scan,
            "os.mkdir": self._make,
            "os.chmod": self._mode,
            "os.remove": self._remove,
            "os.rename": self._rename,
            "sqlite3.connect": self._database,
            "ctypes.dlopen": self._load,
            "subprocess.Popen": self._program,
            "os.system": self._program,
            "os.exec": self._program,
            "os.posix_spawn": self._spawn,
            "os.spawn": self._program,
            "os.startfile": self._program,
            "os.fork": self._fork,
            "os.forkpty": self._fork,
            "sys.settrace": self._settrace,
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

    def begin(self) -> None:
        """Take down what was there before: modules, and folders that Python looked into for them."""
        for name, file in _modules():
            if not name.startswith("atomci"):
                self.early[file] = None
        self.searched.update(dict.fromkeys(path for path in sys.path_importer_cache if os.path.isdir(path)))

    def variable(self, name: str) -> None:
        """A variable of the environment was asked for."""
        if self.active and name not in self.variables and not asked_by(TOOLS):
            self.variables[name] = None

    def asked(self, path: Any, folder: Any = None, *, state: bool = False) -> None:
        """Somebody asked whether a file is there, or for more of its state."""
        # Most questions are asked again, and most others are of files that nobody counts.
        if type(path) is str and (self._is_known(path) or (state and self._is_of_a_library(path))):
            return
        with contextlib.suppress(Exception):
            place = place_of(path, folder) if self.active else None
            if place is None:
                return
            self._tell(place, TOOLS + OF_SOURCES)
            if place in self.states or place in self.written:
                return
            whole = state and wants_the_whole()
            if (place in self.read and not whole) or asked_by(TOOLS + OF_SOURCES):
                return
            self.read[place] = None
            if whole:
                self.states[place] = None

    def opened_below(self, folder: Any, path: Any, flags: int) -> None:
        """A file was opened by its name in a folder that has a number."""
        with contextlib.suppress(Exception):
            place = place_of(path, folder) if self.active else None
            if place is not None and not asked_by(REMOVING):
                self._open((place, "r" if not flags & _WRITING else "r+", flags))

    def all_variables(self) -> None:
        """All of them were."""
        if self.active and not self.every_variable:
            self.every_variable = not asked_by(TOOLS)

    def as_dict(self) -> dict[str, object]:
        """What was seen, and what tells the project's files from others."""
        paths = sysconfig.get_paths()
        return {
            "started_at": self.started_at,
            "libraries": _libraries(),
            "standard": sorted({paths["stdlib"], paths["platstdlib"], *_EXTENSIONS}),
            "temporary": tempfile.gettempdir(),
            "read": list(self.read),
            "texts": list(self.texts),
            "states": list(self.states),
            "entries": list(self.entries),
            "imported": sorted({file for _, file in _modules()}),
            "early": list(self.early),
            "rewritten": list(self.rewritten),
            "wrote": self.wrote,
            "databases": list(self.databases),
            "listed": list(self.listed),
            "searched": list(self.searched),
            "variables": list(self.variables),
            "every_variable": self.every_variable,
            "programs": self.programs,
            "connections": self.connections,
            "loaded": self.libraries,
            "modules": sorted({name.partition(".")[0] for name in list(sys.modules)}),
            "compiled": {file: name for name, file in _modules() if file.endswith(_COMPILED)},
            "spawned": any(name in sys.modules for name in _SPAWNING),
            "compiled_to": sys.pycache_prefix or "",
        }

    def _exec(self, arguments: _Arguments) -> None:
        if self.told is not None:
            self.told.executes(arguments[0])

    def _settrace(self, _: _Arguments) -> None:
        if self.told is not None:
            self.told.traces()

    def _open(self, arguments: _Arguments) -> None:
        path, mode, flags = arguments
        if isinstance(path, int):
            return
        if (place := place_of(path)) is None or (mode is None and asked_by(REMOVING)):
            return
        writes = flags & _WRITING if isinstance(flags, int) else False
        keeps = mode[:2] == "r+" or mode[:3] in ("rb+", "r+b") if isinstance(mode, str) else False
        if (not writes or keeps) and place not in self.written:
            self.read[place] = None
            # What isn't code is data, also where Python's own importers read it for somebody.
            importing = IMPORTING if place.endswith(_CODE) else ()
            self._tell(place, importing + TOOLS + OF_SOURCES)
            if place not in self.texts and not asked_by(IMPORTING + TOOLS + OF_SOURCES):
                self.texts[place] = None
            if _ENVIRONMENT.fullmatch(place):
                self.all_variables()
        if writes:
            self._change(place)

    def _make(self, arguments: _Arguments) -> None:
        path, _, folder = arguments
        if not is_there(path):  # asked to make one that is there, the system refuses
            self._alter(path, folder)

    def _remove(self, arguments: _Arguments) -> None:
        path, folder = arguments
        if is_there(path):
            self._alter(path, folder)
        elif folder == -1:
            self.asked(path)

    def _mode(self, arguments: _Arguments) -> None:
        path, _, folder = arguments
        self._alter(path, folder)

    def _rename(self, arguments: _Arguments) -> None:
        from_path, to_path, from_folder, to_folder = arguments
        self._alter(from_path, from_folder)
        self._alter(to_path, to_folder)

    def _alter(self, path: Any, folder: int) -> None:
        """A path from the folder with that number isn't known; those are of trees that are removed."""
        if folder == -1 and (place := place_of(path)) is not None:
            self._change(place)

    def _change(self, place: str) -> None:
        (self.rewritten if place in self.read else self.written)[place] = None
        self._write(place)

    def _write(self, place: str) -> None:
        if place not in self.wrote and _is_below(place, (self.start,)) and not asked_by(TOOLS):
            self.wrote[place] = self.test

    def _list(self, arguments: _Arguments) -> None:
        folder = arguments[0] if arguments[0] is not None else "."
        if isinstance(folder, int) and asked_by(REMOVING):
            return
        if (place := place_of(folder)) is not None:
            by_python = asked_by(IMPORTING + TOOLS) and not _is_below(place, self.collected)
            (self.searched if by_python else self.listed)[place] = None
            self._tell(place + os.sep, IMPORTING + TOOLS + ("importlib.metadata",))

    def _scan(self, arguments: _Arguments) -> None:
        self._list(arguments)
        if wants_entries() and not asked_by(TOOLS + REMOVING):
            place = place_of(arguments[0] if arguments[0] is not None else ".")
            if place is not None:
                self.entries[place] = None

    def _load(self, arguments: _Arguments) -> None:
        if not (is_loading("ctypes") or asked_by(TOOLS + HARMLESS + TERMINAL)):
            name = arguments[0]
            shown = "the process itself" if name is None else os.path.basename(os.fsdecode(name))
            self.libraries.setdefault(shown, self.test)

    def _database(self, arguments: _Arguments) -> None:
        name = os.fsdecode(arguments[0])
        if name.startswith("file:"):
            name = name[5:].partition("?")[0]
        if name and name != ":memory:" and (place := place_of(name)) is not None:
            there = is_there(place) and place not in self.written
            (self.databases if there else self.written)[place] = None
            self._tell(place)
            self._write(place)

    def _program(self, arguments: _Arguments) -> None:
        if asked_by(TOOLS + HARMLESS):
            return
        name = arguments[1] if len(arguments) > 1 and arguments[0] is None else arguments[0]
        words = name if isinstance(name, list | tuple) and name else [name]
        program = os.path.basename(os.fsdecode(words[0]))
        self.programs.setdefault(program, self.test)
        if self.told is not None:
            self.told.started(program, self._words_of(arguments) or [program])
        self._named(arguments)

    def _spawn(self, arguments: _Arguments) -> None:
        if not is_once_more():
            self._program(arguments)

    def _words_of(self, arguments: _Arguments) -> list[str]:
        words = (
            arguments[1] if len(arguments) > 1 and isinstance(arguments[1], list | tuple) else arguments[:1]
        )
        return [os.fsdecode(word) for word in words]

    def _named(self, arguments: _Arguments) -> None:
        """The program's own file, and those that it is given by their paths, from where it runs."""
        parts = [part if isinstance(part, list | tuple) else [part] for part in arguments[:2]]
        texts = [
            os.fsdecode(word)
            for part in parts
            for word in part
            if isinstance(word, str | bytes | os.PathLike)
        ]
        folder = _folder_of(arguments)
        for word in dict.fromkeys(texts):
            for name in dict.fromkeys((word, *_WORDS.split(word))):
                if len(name) > 1 and os.path.isabs(name):
                    self.asked(name)
                elif name and is_there(place := os.path.join(folder, name)):
                    self.asked(place)
        shutil.which(texts[0])  # which asks for the files that would come first, too

    def _fork(self, arguments: _Arguments) -> None:
        self.programs.setdefault("a fork of itself", self.test)
        if self.told is not None:
            self.told.started("a fork of itself")

    def _is_known(self, path: str) -> bool:
        """Whether nothing is new about it."""
        if path not in self.states:
            return False
        return self.told is None or not _is_below(path, (self.start,)) or self.told.knows(path)

    def _is_of_a_library(self, path: str) -> bool:
        return path.startswith(self._libraries) and os.pardir not in path

    def _tell(self, place: str, but: tuple[str, ...] = ()) -> None:
        """Of what lies below the folder where it was made, and nobody of these asked for."""
        if self.told is None or self.told.knows(place):
            return
        inside = place if os.pardir not in place else os.path.normpath(place) + os.sep
        if not inside.startswith(self.start + os.sep):
            return
        if not (but and asked_by(but)):
            self.told.touched(place)

    def _bind(self, arguments: _Arguments) -> None:
        self._own_sockets.append(weakref.ref(arguments[0]))

    def _connect(self, arguments: _Arguments) -> None:
        _, address = arguments
        if isinstance(address, tuple) and address[0] in _LOCAL and address[1] in set(self._own_ports()):
            return
        if isinstance(address, str | bytes) and address in set(self._own_names()):
            return
        if self.told is not None and asked_by(("multiprocessing.forkserver",)):
            self.told.started("a fork server")  # an earlier test may have started it
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


def _folder_of(arguments: _Arguments) -> str:
    """Where a program starts; only subprocess tells that it is elsewhere."""
    folder = arguments[2] if len(arguments) == _OF_SUBPROCESS else None
    return os.path.join(
        os.getcwd(), os.fsdecode(folder) if isinstance(folder, str | bytes | os.PathLike) else ""
    )


_OF_SUBPROCESS = 4
"""Arguments of its event: the file, the words, the folder and the environment."""


def _libraries() -> list[str]:
    """Folders of Python's own modules and of those that were installed."""
    paths = sysconfig.get_paths()
    found = [paths["stdlib"], paths["platstdlib"], *site.getsitepackages()]
    found += [sys.prefix] if sys.prefix != sys.base_prefix else []
    return sorted({*found, *(path for path in sys.path if path.endswith(".zip"))})


_COMPILED = (".so", ".pyd")
# Where Python keeps its own compiled modules beside its library.
_EXTENSIONS = (os.path.join(sys.base_prefix, "DLLs"),) if os.name == "nt" else ()
_SPAWNING = ("multiprocessing.popen_spawn_posix", "multiprocessing.popen_forkserver")


def _modules() -> Iterator[tuple[str, str]]:
    """The outermost package of each module that is there, and the module's file."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__dict__", {}).get("__file__")
        if isinstance(file, str):
            yield name.partition(".")[0], os.path.abspath(file)


# From the import of this plugin on, since a conftest reads before pytest is configured.
FOLDER = os.environ.get(_FOLDER_VARIABLE, "")  # a test may empty the environment
_OBSERVER = Observer() if FOLDER else None
if _OBSERVER is not None:
    _OBSERVER.begin()
    take_over(_OBSERVER)


def tell(told: Told) -> None:
    """Have somebody told of all that is seen from now on."""
    if _OBSERVER is not None:
        _OBSERVER.told = told


def pytest_configure(config: pytest.Config) -> None:
    """Watch which test runs, and write all down at the end; a controller of workers runs no test itself."""
    if _OBSERVER is not None:
        start = str(config.invocation_params.dir)
        _OBSERVER.collected = tuple(os.path.join(start, arg.partition("::")[0]) for arg in config.args)
        config.pluginmanager.register(_Session(_OBSERVER), "atomci-observer")


class _Session:
    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._notes = os.path.join(FOLDER, f"{os.getpid()}.json")
        os.makedirs(FOLDER, exist_ok=True)
        # A process that dies leaves this, and then nobody takes the others' notes for all there are.
        with open(self._notes, "w", encoding="ascii"):
            pass

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._observer.test = nodeid

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """xdist ends a worker ten seconds after it said that it finished, which it does after this."""
        if hasattr(session.config, "workerinput"):
            self.pytest_unconfigure()

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        if not self._observer.active:
            return
        self._observer.active = False
        text = json.dumps(self._observer.as_dict(), ensure_ascii=True)
        with open(self._notes, "w", encoding="ascii") as file:
            file.write(text)


def _is_below(path: str, tops: Sequence[str]) -> bool:
    return any(path == top or path.startswith(top + os.sep) for top in tops)
