"""A pytest plugin (`-p atomci.testing.observation.functions`): it notes which functions of the project each
test runs, and, by the observer's help, what it reads, lists and starts.

What runs while a module is imported belongs to the module; what a fixture of a class, a module or the session
runs belongs to each test that gets it. One JSON file for each process goes to the folder `functions` of the
observer's notes. Kept to the standard library, since it runs inside the tests' process.
"""

from __future__ import annotations

import ast
import json
import os
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from types import CodeType, FrameType
from typing import Any

import pytest

from atomci.testing.observation import observer
from atomci.testing.observation.carried import Carried
from atomci.testing.observation.covered import Covered
from atomci.testing.observation.quick import quickest
from atomci.testing.observation.starts import Starts, has_processes
from atomci.testing.observation.stretches import Stretch
from atomci.testing.observation.suites import FunctionSuite, by_function
from atomci.testing.session import from_the_root

__all__ = [
    "Follower",
    "gather",
    "pytest_configure",
    "pytest_runtest_protocol",
    "pytest_sessionfinish",
    "pytest_sessionstart",
    "pytest_unconfigure",
]

_MODULE = "<module>"
_SUITES_VARIABLE = "ATOMCI_SUITES"
# A project may lie below the folder of the system's own Python, but not below its library.
_PREFIXES = (sys.prefix + os.sep, os.path.dirname(os.__file__) + os.sep)
_NOT_OURS = (os.sep + "site-packages" + os.sep, os.sep + ".git" + os.sep, os.sep + "__pycache__" + os.sep)


class Follower:
    """Follows one process. `start` is the folder whose code counts; `programs` is where those that it starts
    leave their notes, and `suites` says whether parts of functions are told, which costs.
    """

    def __init__(self, start: str, programs: str = "", *, suites: bool = False) -> None:
        self.start = os.path.realpath(start) + os.sep
        self.ended = False
        self.now = Stretch()
        """Where the process is."""
        self.outside = self.now
        """What runs in no test and no import, such as hooks that collect."""
        self.tests: dict[str, Stretch] = {}
        self.lost: dict[str, None] = {}
        """Tests that put another in the profiler's place."""
        self.modules: dict[str, Stretch] = {}
        self.importers: dict[str, dict[str, None]] = {}
        self.covered = Covered(self.start)
        self._starts = Starts(programs, self.start)
        self._carried = Carried(self._path_of)
        self._fixtures: dict[int, tuple[Any, Stretch]] = {}
        self._imports: list[tuple[FrameType, str, Stretch]] = []
        self._files: dict[str, str] = {}
        self._suites_of: dict[str, Mapping[str, list[FunctionSuite]]] = {}
        self._codes: dict[int, CodeType] = {}
        """Those that are known of where the process is, and all that aren't the project's."""
        self._follow = self._following()
        # But while modules of the project are imported, what is called is taken down more quickly.
        self._quick = quickest()
        self._is_quick = False
        self._tracer = self._quick.lines(lambda code: bool(self.file_of(code))) if suites else None

    def begin(self) -> None:
        """Follow this thread and all that are started from now on."""
        threading.setprofile(self._follow)
        sys.setprofile(self._follow)
        self._be_quick(True)

    def end(self) -> None:
        """Stop."""
        self.ended = True
        self._be_quick(False)
        if self.is_there():
            sys.setprofile(None)
            threading.setprofile(None)

    def is_there(self) -> bool:
        """Whether nobody took its place."""
        if self._is_quick:
            return self._quick.is_there()
        return sys.getprofile() is self._follow

    def _following(self) -> Callable[[FrameType, str, object], None]:
        """For sys.setprofile, which calls it millions of times."""
        codes, imports = self._codes, self._imports
        meet, leave = self._meet, self._leave_import

        def follow(frame: FrameType, event: str, _: object) -> None:
            if event == "call":
                code = frame.f_code
                if id(code) not in codes:
                    meet(frame, code)
            elif imports and event == "return" and frame is imports[-1][0]:
                leave()

        return follow

    def executes(self, code: object) -> None:
        """A module is about to run, whose functions are told from those of others: not in C."""
        if self._is_quick and isinstance(code, CodeType) and code.co_name == _MODULE and self.file_of(code):
            self._be_quick(False)

    def traces(self) -> None:
        """Somebody set a trace function."""
        if self._tracer is not None:
            self._tracer.taken()

    def _be_quick(self, quick: bool) -> None:
        if quick is self._is_quick:
            return
        if quick:
            sys.setprofile(None)
            self._quick.begin()
        else:
            self._take(self._quick.end())
            sys.setprofile(self._follow)
        self._is_quick = quick
        self._trace()

    def _trace(self) -> None:
        """In tests, but not while they import, which is slow as it is."""
        if self._tracer is None:
            return
        if self._is_quick and self.now is not self.outside:
            self._tracer.go(self.now.lines)
        else:
            self._tracer.end()

    def gather(self) -> None:
        """Take over what was taken down since."""
        if self._is_quick:
            self._take(self._quick.end())
            self._quick.begin()

    def _take(self, ran: Iterable[CodeType]) -> None:
        files, codes = self._files, self.now.codes
        for code in ran:  # most are of libraries, and of files that are known
            if files.get(code.co_filename, "?") and self.file_of(code):
                codes[id(code)] = code

    def go(self, place: Stretch) -> None:
        """Leave the place where the process is for another one."""
        self.gather()
        self.now.cover(self.covered.take())
        for number in self.now.codes:
            self._codes.pop(number, None)  # another thread may have been first
        self._know(place)
        self.now = place
        self._trace()

    def _know(self, place: Stretch) -> None:
        """What ran there needn't be met again, but where lines are known: another thread may run others."""
        if self._tracer is None:
            self._codes.update(place.codes)
        else:
            lines = place.lines
            self._codes.update(
                (number, code) for number, code in place.codes.items() if lines.of(number) is None
            )

    def touched(self, path: str) -> None:
        """A file was opened, or asked for; a folder that was listed ends in a separator."""
        self.now.read[path] = None

    def knows(self, path: str) -> bool:
        """Whether this was told where the process is now."""
        return path in self.now.read

    def started(self, program: str, words: Sequence[str] = ()) -> None:
        """A program was started, or, without words, the process was copied."""
        number = self._starts.add(words) if words else None
        if number is None:
            self.now.started[program] = None
        else:
            self.now.starts[number] = None

    def run_test(self, nodeid: str, fixtures: list[Any]) -> Generator[None, object, object]:
        """A context in which a test runs; what its fixtures ran before is its own too."""
        before = self.now
        key, key_before = self._starts.enter()
        self.go(Stretch(keys={key: None}, carried=self._carried.now()))
        if has_processes():
            self.started("processes that an earlier test or fixture left")
        try:
            return (yield)
        finally:
            self._starts.leave(key_before)
            if not self.is_there():
                self.lost[nodeid] = None
            self._be_quick(False)
            here = self.now
            self.go(before)
            self.begin()
            for fixture in fixtures:
                if (known := self._fixtures.get(id(fixture))) is not None:
                    here.take(known[1])
            self.tests.setdefault(nodeid, Stretch()).take(here)

    def set_up(self, fixture: Any) -> Generator[None, object, object]:
        """A context in which a fixture is made that several tests get."""
        before = self.now
        key, key_before = self._starts.enter()
        self.go(Stretch(keys={key: None}))
        try:
            return (yield)
        finally:
            self._starts.leave(key_before)
            here = self.now
            self.go(before)
            self._fixtures.setdefault(id(fixture), (fixture, Stretch()))[1].take(here)
            before.take(here)
            self._know(here)

    def file_of(self, code: CodeType) -> str:
        """The path from the start of the file that the code is of; empty where it isn't the project's."""
        return self._path_of(code.co_filename)

    def _path_of(self, name: str) -> str:
        if name not in self._files:
            # To follow links costs more than all else, and few of the many files are the project's.
            place = "" if _is_others(name) else os.path.realpath(name)
            own = place.startswith(self.start) and not _is_others(place)
            self._files[name] = place[len(self.start) :].replace(os.sep, "/") if own else ""
        return self._files[name]

    def _meet(self, frame: FrameType, code: CodeType) -> None:
        self._codes[id(code)] = code  # held, so that no other gets its number
        if not (file := self.file_of(code)):
            return
        self.now.codes[id(code)] = code
        self.now.lines.given_up.add(id(code))  # another thread, or what isn't traced
        if code.co_name == _MODULE:
            importers = self.importers.setdefault(file, {})
            if importer := self._nearest(frame.f_back):
                importers[importer] = None
            self._imports.append((frame, file, self.now))
            self.go(Stretch({id(code): code}))

    def _leave_import(self) -> None:
        _, file, before = self._imports.pop()
        here = self.now
        self.go(before)
        self.modules.setdefault(file, Stretch()).take(here)
        if before is not self.outside:  # what imports belong to tests too that ask for them while they run
            before.take(here)
            self._know(here)
        if not self._imports:
            self._be_quick(True)

    def _nearest(self, frame: FrameType | None) -> str:
        while frame is not None:
            if file := self.file_of(frame.f_code):
                return file
            frame = frame.f_back
        return ""

    def _names(self, place: Stretch) -> Iterator[tuple[str, str]]:
        """Functions by file and name, and their suites that ran: `NAME#2.1`; `NAME#` where nobody knows."""
        blocks: dict[tuple[str, str], list[int]] = {}
        for number, code in place.codes.items():
            if file := self.file_of(code):
                blocks.setdefault((file, _block(code)), []).append(number)
        for (file, name), numbers in blocks.items():
            yield file, name
            if not (suites := self._suites(file).get(name)):
                continue
            known = [place.lines.of(number) for number in numbers]
            if None in known:
                yield file, f"{name}#"
                continue
            lines = {line for one in known for line in one or ()}
            for suite in suites:
                if any(suite.first <= line <= suite.last for line in lines):
                    yield file, f"{name}#{suite.path}"

    def _suites(self, file: str) -> Mapping[str, list[FunctionSuite]]:
        if file not in self._suites_of:
            try:
                with open(self.start + file, "rb") as source:
                    self._suites_of[file] = by_function(ast.parse(source.read()))
            except (OSError, ValueError, SyntaxError, RecursionError):
                self._suites_of[file] = {}
        return self._suites_of[file]

    def as_dict(self) -> dict[str, object]:
        """What was seen, with the functions by their file and the name of the outermost one."""
        numbers: dict[tuple[str, str], int] = {}

        def told(place: Stretch) -> dict[str, object]:
            own = sorted(set(self._names(place)))
            ran = [numbers.setdefault(name, len(numbers)) for name in own]
            covered = {file: f"{bits:x}" for file, bits in place.covered.items()}
            return {
                "ran": ran,
                "read": list(place.read),
                "started": list(place.started),
                "starts": list(place.starts),
                "keys": list(place.keys),
                "carried": place.carried if place.carried is None else sorted(place.carried),
                "covered": covered,
            }

        return {
            "start": self.start,
            "process": os.getpid(),
            "starts": self._starts.all,
            "tests": {nodeid: told(place) for nodeid, place in self.tests.items()},
            "modules": {file: told(place) for file, place in self.modules.items()},
            "outside": told(self.outside),
            "importers": {file: list(found) for file, found in self.importers.items()},
            "lost": list(self.lost),
            "blocks": [list(name) for name in numbers],
            **self.covered.as_dict(),
        }


def _is_others(path: str) -> bool:
    """Whether its name alone says that it isn't the project's."""
    return path.startswith(("<", *_PREFIXES)) or any(part in path for part in _NOT_OURS)


def _block(code: CodeType) -> str:
    """The function, or the method with its class, in which code is; empty for what runs on import."""
    name = code.co_qualname.partition(".<locals>")[0]
    return "" if "<" in name else name


# From the import of this plugin on, since a conftest's imports count.
_FOLDER = observer.FOLDER
_PROGRAMS = os.path.join(_FOLDER, "functions", "programs")
_FOLLOWER = Follower(os.getcwd(), _PROGRAMS, suites=_SUITES_VARIABLE in os.environ) if _FOLDER else None
if _FOLLOWER is not None:
    observer.tell(_FOLLOWER)
    _FOLLOWER.begin()


def gather() -> None:
    """Take over what ran so far, which takes the longer the more it was."""
    if _FOLLOWER is not None:
        _FOLLOWER.gather()


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """A process that dies leaves an empty file, so that nobody takes the others' notes for all there are."""
    if _FOLLOWER is not None:
        os.makedirs(os.path.dirname(_notes()), exist_ok=True)
        with open(_notes(), "w", encoding="ascii"):
            pass


@pytest.hookimpl(trylast=True)
def pytest_sessionstart() -> None:
    """In a worker of xdist, the coverage that counts has begun by now."""
    if _FOLLOWER is not None:
        _FOLLOWER.covered.ready = True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """From the first set-up to the last tear-down."""
    if _FOLLOWER is None:
        return (yield)
    definitions = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    shared = [one for found in definitions.values() for one in found]
    return (yield from _FOLLOWER.run_test(from_the_root(item.config, item.nodeid), shared))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
    """Of fixtures that live longer than a test."""
    if _FOLLOWER is None or fixturedef.scope == "function":
        return (yield)
    return (yield from _FOLLOWER.set_up(fixturedef))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """xdist ends a worker ten seconds after it said that it finished, which it does after this."""
    if hasattr(session.config, "workerinput"):
        pytest_unconfigure()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Write all down, once."""
    if _FOLLOWER is not None and not _FOLLOWER.ended:
        _FOLLOWER.end()
        _FOLLOWER.now.cover(_FOLLOWER.covered.take())
        text = json.dumps(_FOLLOWER.as_dict(), ensure_ascii=True)
        with open(_notes(), "w", encoding="ascii") as file:
            file.write(text)


def _notes() -> str:
    return os.path.join(_FOLDER, "functions", f"{os.getpid()}.json")
