"""Follows a Python program that a test started: which code of the project it runs, and what it reads.

Python imports a module of this name when it starts. It follows where ATOMCI_FOLLOW holds a test's key, a
newline, and the folder for the notes; else it does nothing. Whatever sitecustomize would be there without it
runs as well. It imports nothing that Python itself hasn't at its start, since programs may look at what they
imported. A process that dies leaves empty notes, so that nobody takes what it did for known.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # else it would import what a program may not want
    from types import CodeType as _Code
    from typing import Any as _Any

VARIABLE = "ATOMCI_FOLLOW"
START = "start.txt"
"""Names the project's root, in the folder for the notes."""
_HERE = os.path.dirname(os.path.abspath(__file__))
_IMPORTING = ("importlib._bootstrap_external", "_frozen_importlib_external")
_OF_SOURCES = ("linecache", "tokenize", "inspect", "traceback", "warnings")
_NOT_OURS = (os.sep + "site-packages" + os.sep, os.sep + ".git" + os.sep, os.sep + "__pycache__" + os.sep)
_CODE = (".py", ".pyc", ".pyi", ".so", ".pyd", ".pth")
_STARTING = ("subprocess.Popen", "os.posix_spawn", "os.spawn")
_FORKING = ("os.fork", "os.forkpty")
_FORK = "a fork of itself"


class _Profiled:
    """Python's profiler, of this thread; the others are called back."""

    def __init__(self) -> None:
        import _lsprof

        self._profiler = _lsprof.Profiler(subcalls=False, builtins=False)
        self._codes: dict[_Code, None] = {}
        self._profiler.enable(False, False)

    def ran(self) -> list[_Code] | None:
        profiler: object = sys.getprofile()
        there = profiler is self._profiler
        self._profiler.disable()
        found = [entry.code for entry in self._profiler.getstats() if not isinstance(entry.code, str)]
        return [*found, *self._codes] if there else None

    @property
    def of_threads(self) -> _Any:
        codes = self._codes

        def follow(frame: _Any, event: str, _: object) -> None:
            if event == "call":
                codes[frame.f_code] = None

        return follow


class _CalledBack:
    """By a function that Python calls: other means are not there, or refuse programs their own."""

    def __init__(self) -> None:
        codes: dict[_Code, None] = {}

        def follow(frame: _Any, event: str, _: object) -> None:
            if event == "call":
                codes[frame.f_code] = None

        self._codes, self._follow = codes, follow
        sys.setprofile(follow)

    def ran(self) -> list[_Code] | None:
        there = sys.getprofile() is self._follow
        sys.setprofile(None)
        return list(self._codes) if there else None

    @property
    def of_threads(self) -> _Any:
        return self._follow


class _Monitored:
    """By sys.monitoring, of all threads."""

    def __init__(self, tool: int) -> None:
        monitoring: _Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
        codes: dict[_Code, None] = {}
        events = monitoring.events

        def ran(code: _Code, _: int) -> object:
            codes[code] = None
            return monitoring.DISABLE

        self._codes, self._tool = codes, tool
        self._events = events.PY_START | events.PY_RESUME
        monitoring.use_tool_id(tool, "atomci")
        monitoring.register_callback(tool, events.PY_START, ran)
        monitoring.register_callback(tool, events.PY_RESUME, ran)
        monitoring.set_events(tool, self._events)

    def ran(self) -> list[_Code] | None:
        monitoring: _Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
        there = monitoring.get_tool(self._tool) == "atomci"
        there = there and monitoring.get_events(self._tool) == self._events
        if there:
            monitoring.free_tool_id(self._tool)
        return list(self._codes) if there else None

    of_threads = None
    """It sees them anyway."""


def _quickest() -> _Profiled | _CalledBack | _Monitored:
    if sys.version_info >= (3, 13):
        free = [tool for tool in (4, 3) if sys.monitoring.get_tool(tool) is None]
        return _Monitored(free[0])  # without one it can't be followed
    return _Profiled() if sys.version_info < (3, 12) else _CalledBack()


class _Process:
    """This one, from now until it ends."""

    def __init__(self, folder: str, key: str) -> None:
        with open(os.path.join(folder, START), encoding="utf-8") as file:
            self._start = file.read()
        self._key, self._cwd = key, os.getcwd()
        self._read: dict[str, None] = {}
        self._starts: list[list[str]] = []
        self._unseen: dict[str, None] = {}
        self._active = True
        self._parent = os.getppid()
        own = (name for name in self._files_of_modules() if name.startswith(self._start))
        self._early = [name for name in own if not _is_others(name)]
        self._number = os.getpid()
        self._notes = os.path.join(folder, f"{key}@{self._number}-{id(self):x}.json")
        with open(self._notes, "xb"):
            pass
        self._code = _quickest()

    def begin(self) -> None:
        import atexit

        self._take_over("stat", "lstat", "access", "readlink")
        if self._code.of_threads is not None:
            _follow_threads(self._code.of_threads)
        sys.addaudithook(self._hook)
        atexit.register(self._end)

    def _take_over(self, *names: str) -> None:
        for name in names:
            function = getattr(os, name)
            telling = self._telling(function)
            for known in (os.supports_dir_fd, os.supports_effective_ids, os.supports_fd):
                if function in known:
                    known.add(telling)
            if function in os.supports_follow_symlinks:
                os.supports_follow_symlinks.add(telling)
            setattr(os, name, telling)

    def _telling(self, function: _Any) -> _Any:
        def told(path: _Any, *words: _Any, **options: _Any) -> _Any:
            if self._active and type(path) is not int and options.get("dir_fd") is None:
                self._touch(path)
            return function(path, *words, **options)

        told.__name__ = told.__qualname__ = function.__name__
        told.__doc__ = function.__doc__
        return told

    def _touch(self, path: _Any, end: str = "") -> None:
        try:
            name = os.path.join(os.getcwd(), os.fsdecode(path)) + end
        except (OSError, TypeError, ValueError):
            return
        # Links and dots stay, since both together lead elsewhere than without the dots.
        inside = name if os.pardir not in name else os.path.normpath(name) + end
        if inside.startswith(self._start) and not _is_others(name):
            self._read[name] = None

    def _hook(self, event: str, arguments: tuple[_Any, ...]) -> None:
        if not self._active or os.getpid() != self._number:
            return
        try:
            if event == "open":
                if not isinstance(arguments[0], int) and not self._is_import(arguments[0]):
                    self._touch(arguments[0])
            elif event in ("os.listdir", "os.scandir"):
                if not isinstance(arguments[0], int) and not self._is_of(_IMPORTING, 2):
                    self._touch("." if arguments[0] is None else arguments[0], os.sep)
            elif event == "sqlite3.connect":
                self._touch(arguments[0])
            else:
                self._other(event, arguments)
        except Exception:  # what the program does goes on
            self._unseen["what can't be told"] = None

    def _other(self, event: str, arguments: tuple[_Any, ...]) -> None:
        if event == "os.posix_spawn" and self._is_of(("subprocess",), 3):
            return  # it told already
        if event in _STARTING:
            words = arguments[1]
            words = [words] if isinstance(words, str | bytes) else [os.fsdecode(word) for word in words]
            self._starts.append([os.fsdecode(word) for word in words])
        elif event == "os.system":
            self._starts.append(["sh", "-c", os.fsdecode(arguments[0])])
        elif event in _FORKING:
            self._unseen[_FORK] = None
        elif event == "ctypes.dlopen" and arguments[0] is not None:
            self._unseen[os.path.basename(os.fsdecode(arguments[0]))] = None

    def _is_import(self, path: _Any) -> bool:
        """Whether Python opens code to run it, or shows lines of it."""
        return os.fsdecode(path).endswith(_CODE) and self._is_of(_IMPORTING + _OF_SOURCES, 3)

    def _is_of(self, modules: tuple[str, ...], depth: int) -> bool:
        try:
            frame = sys._getframe(depth)
        except ValueError:
            return False
        return str(frame.f_globals.get("__name__", "")) in modules

    def _files_of_modules(self) -> list[str]:
        files = (getattr(module, "__dict__", {}).get("__file__") for module in list(sys.modules.values()))
        return [os.path.abspath(file) for file in files if isinstance(file, str)]

    def _ran(self) -> list[list[str]] | None:
        """Functions by file and name; None where somebody took the follower's place."""
        codes = self._code.ran()
        if codes is None:
            return None
        found: dict[tuple[str, str], None] = dict.fromkeys((name, "") for name in self._early)
        places: dict[str, str] = {}
        for code in codes:
            name = getattr(code, "co_filename", "<")
            if name not in places:
                places[name] = "" if name.startswith("<") else os.path.realpath(os.path.join(self._cwd, name))
            if places[name].startswith(self._start) and not _is_others(places[name]):
                block = code.co_qualname.partition(".<locals>")[0]
                found[places[name], "" if "<" in block else block] = None
        return [[name, block] for name, block in found]

    def _end(self) -> None:
        if os.getpid() != self._number:  # a copy of the process
            return
        self._active = False
        ran = self._ran()
        if ran is None:
            return
        import json  # not before the program has ended

        told = {
            "key": self._key,
            "process": self._number,
            "parent": self._parent,
            "words": sys.orig_argv,
            "start": self._start,
            "ran": ran,
            "read": list(self._read),
            "starts": self._starts,
            "unseen": list(self._unseen),
            "compiled": {
                file: name.partition(".")[0]
                for name, module in list(sys.modules.items())
                if isinstance(file := getattr(module, "__dict__", {}).get("__file__"), str)
                and file.endswith((".so", ".pyd"))
            },
            "standard": [os.path.dirname(os.__file__)],
            "modules": sorted({name.partition(".")[0] for name in list(sys.modules)}),
        }
        with open(self._notes, "wb") as file:
            file.write(json.dumps(told).encode())


def _follow_threads(follow: _Any) -> None:
    """Those that begin from now on."""
    import _thread

    start: _Any = _thread.start_new_thread

    def begin(function: _Any, arguments: _Any, words: _Any = None) -> _Any:
        def followed(*arguments: _Any, **words: _Any) -> None:
            sys.setprofile(follow)
            function(*arguments, **words)

        return start(followed, arguments, words or {})

    _thread.start_new_thread = begin
    if "threading" in sys.modules:
        sys.modules["threading"]._start_new_thread = begin  # type: ignore[attr-defined]


def _is_others(path: str) -> bool:
    return path.startswith(sys.prefix + os.sep) or any(part in path for part in _NOT_OURS)


def _next_one() -> None:
    """Runs the sitecustomize that would have been there."""
    found = (
        finder.find_spec(__name__, None, None) for finder in sys.meta_path if hasattr(finder, "find_spec")
    )
    spec = next((one for one in found if one is not None), None)
    if spec is not None and spec.loader is not None and spec.origin != __file__:
        spec.loader.exec_module(sys.modules[__name__])


def _leave_the_path() -> None:
    sys.path[:] = [place for place in sys.path if os.path.abspath(place) != _HERE]


if __name__ == "sitecustomize":
    _leave_the_path()
    _key, _, _folder = os.environ.get(VARIABLE, "").partition("\n")
    if _folder and sys.version_info >= (3, 11):
        try:  # noqa: SIM105  # that would import
            _Process(_folder, _key).begin()
        except Exception:  # noqa: S110  # it isn't followed, and whoever reads the notes sees that
            pass
    _next_one()
