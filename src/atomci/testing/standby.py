"""pytest in a process that was started ahead: it imports packages of other people, then waits for its words.

Run as `python -m atomci.testing.standby LINE NAME,... [WORD...]`. One request comes over LINE, a named pipe;
the names are modules that the project's files import. With words, pytest begins with them: it reads its
settings, loads its plugins, and waits before it loads a conftest; the request's words stand in for them.
When the request is there, what was imported must still be what a new process would import; otherwise the
process begins anew, in its own place, without all that:

- no module that is loaded has changed, and no folder of modules has;
- every name is still imported by the project;
- no file that was read meanwhile has changed, and the project's folder has no new names.

A module that reads or imports the project's files while it is imported isn't imported ahead, nor is one of a
plugin of pytest, which loads these itself. Where a plugin is the project's own, pytest doesn't begin. Kept to
the standard library and pytest, since it is the tests' process.
"""

from __future__ import annotations

import contextlib
import copy
import gc
import importlib
import importlib.metadata
import json
import os
import stat
import sys
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any, NoReturn

__all__ = ["answers_of", "main"]

_AT_ONCE = "--now"
_WITHOUT = "ATOMCI_STANDBY_WITHOUT"
_OPENED: list[str] = []
"""Paths that were opened while modules were imported."""


class _State:
    """Whether opened files are noted."""

    noting = False


def main(words: list[str]) -> int:
    """Its exit code is pytest's."""
    if words[0] == _AT_ONCE:
        return _run(json.loads(Path(words[1]).read_text(encoding="utf-8")))
    line, names, ahead = words[0], [name for name in words[1].split(",") if name], words[2:]
    descriptor = os.open(line, os.O_RDONLY)
    left_out = set(filter(None, os.environ.pop(_WITHOUT, "").split(",")))
    ready = _Ready([name for name in names if name not in left_out])
    bad = ready.prepare()
    if bad:
        os.close(descriptor)
        os.environ[_WITHOUT] = ",".join(sorted({*left_out, bad}))
        _begin_anew(words)
    request = _Request(line, descriptor)
    if ahead:
        return _run_held(ahead, ready, request, words)
    return _run(request.awaited(ready))


class _Request:
    """What is asked for over the line."""

    def __init__(self, line: str, descriptor: int) -> None:
        self._line, self._descriptor = line, descriptor

    def awaited(self, ready: _Ready) -> dict[str, Any]:
        """Wait for it; where something isn't as it was, begin anew."""
        with open(self._descriptor, encoding="utf-8") as stream:  # noqa: PTH123  # there is no path to open
            told: dict[str, Any] = json.loads(stream.readline())
        if ready.is_stale(set(told["names"])):
            self.begin_anew(told)
        return told

    def begin_anew(self, told: dict[str, Any]) -> NoReturn:
        """With all that is known, and nothing imported."""
        file = Path(f"{self._line}.request")
        file.write_text(json.dumps(told), encoding="utf-8")
        _begin_anew([_AT_ONCE, str(file)])


def _begin_anew(words: list[str]) -> NoReturn:
    os.execv(sys.executable, [sys.executable, "-m", "atomci.testing.standby", *words])  # noqa: S606


def answers_of(line: Path) -> Path:
    """The pipe over which pytest's exit code is told as soon as it is known."""
    return line.with_suffix(".back")


def _run(request: dict[str, Any]) -> int:
    import pytest

    _take(request)
    return _told(request, os.getpid(), lambda: int(pytest.main(request["words"])))


def _told(request: dict[str, Any], process: int, run: Callable[[], int]) -> int:
    """The exit code, which is told before the interpreter ends, as that takes its time."""
    code = None
    try:
        code = run()
        return code
    finally:
        if request and os.getpid() == process:  # a test forked, and the copy went on
            _tell_modules(request)
            if code is not None:
                _answer(Path(request["back"]), code)


def _answer(back: Path, code: int) -> None:
    with contextlib.suppress(OSError):  # whoever asked is gone
        descriptor = os.open(back, os.O_WRONLY | os.O_NONBLOCK)
        os.write(descriptor, f"{code}\n".encode())
        os.close(descriptor)


def _run_held(ahead: list[str], ready: _Ready, line: _Request, words: list[str]) -> int:
    """pytest, which waits for the request as soon as its own plugins are there."""
    import pytest

    asked: dict[str, Any] = {}

    class Held:
        @pytest.hookimpl(wrapper=True, tryfirst=True)
        def pytest_load_initial_conftests(
            self, early_config: pytest.Config, parser: pytest.Parser, args: list[str]
        ) -> Generator[None, object, object]:
            """Before any conftest, and before what is printed is captured."""
            if any(map(_is_own, _files_of_modules())) or args[-len(ahead) :] != ahead:
                _begin_anew(words[:2])
            ready.note_files()
            _rest()
            asked.update(line.awaited(ready))
            _take(asked)
            args[-len(ahead) :] = asked["words"]
            known = parser.parse_known_args(args, namespace=copy.copy(early_config.option))
            known.confcutdir = early_config.known_args_namespace.confcutdir
            early_config.known_args_namespace = known
            return (yield)

    sys.argv = [_program(), *ahead]
    held = [Held()]
    return _told(asked, os.getpid(), lambda: int(pytest.main([*ahead], plugins=held)))  # it adds to its list


def _rest() -> None:
    """What costs time once is done while nobody waits: later collections of garbage pass over all this."""
    following = sys.modules.get("atomci.testing.observation.functions")
    if following is not None:
        following.gather()
    gc.collect()
    gc.freeze()


def _take(request: dict[str, Any]) -> None:
    os.environ.update(request["env"])
    sys.argv = [_program(), *request["words"]]


def _program() -> str:
    import pytest

    return str(Path(pytest.__file__).with_name("__main__.py"))


def _tell_modules(request: dict[str, Any]) -> None:
    own = sorted(path for path in _files_of_modules() if _is_own(path))
    Path(request["modules"]).write_text(json.dumps(own), encoding="utf-8")


class _Ready:
    """What was imported ahead, and what that rests on."""

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._root = os.getcwd()  # noqa: PTH109
        self._listed = set(os.listdir(self._root))  # noqa: PTH208
        self._folders = {path: _state(path) for path in sys.path}
        self._files: dict[str, tuple[int, ...]] = {}

    def prepare(self) -> str:
        """Import pytest and the names; the one that mustn't be imported ahead, empty where all may."""
        sys.addaudithook(_note)
        for name in ("pytest", "_pytest.assertion.rewrite", "_pytest.terminal", "atomci.artifacts.redaction"):
            importlib.import_module(name)
        plugins = _of_plugins()
        for name in self._names:
            before = set(sys.modules)
            _OPENED.clear()
            _State.noting = True
            try:
                importlib.import_module(name)
            except BaseException:  # noqa: S110  # the tests will say so
                pass
            finally:
                _State.noting = False
            new = set(sys.modules) - before
            files = [path for path in map(_file_of, map(sys.modules.get, new)) if path]
            opened = [os.path.join(self._root, path) for path in _OPENED]  # noqa: PTH118
            if any(map(_is_own, (*files, *opened))) or any(one.partition(".")[0] in plugins for one in new):
                return name
            self._files |= {path: _state(path) for path in opened}
        self.note_files()
        return ""

    def note_files(self) -> None:
        """Those of all modules that are there."""
        self._files |= {path: _state(path) for path in _files_of_modules() if path not in self._files}

    def is_stale(self, names: set[str]) -> bool:
        """Whether a new process might import something else."""
        if not set(self._names) <= names or set(os.listdir(self._root)) - self._listed:  # noqa: PTH208
            return True
        return any(_state(path) != known for path, known in (*self._folders.items(), *self._files.items()))


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if _State.noting and event == "open" and isinstance(arguments[0], str):
        _OPENED.append(arguments[0])


def _files_of_modules() -> list[str]:
    return [path for path in map(_file_of, list(sys.modules.values())) if path]


def _file_of(module: Any) -> str:
    file = getattr(module, "__file__", None)
    return file if isinstance(file, str) else ""


def _is_own(path: str) -> bool:
    """Whether it is a file of the project: below its folder, and not of an environment there."""
    root = os.getcwd()  # noqa: PTH109
    below = path.startswith(root + os.sep) and not path.startswith(sys.prefix + os.sep)
    return below and "site-packages" not in Path(path).parts


def _state(path: str) -> tuple[int, ...]:
    try:
        found = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError):
        return ()
    lasting = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
    if not lasting or path.startswith(("/proc/", "/sys/")):
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _of_plugins() -> set[str]:
    """Top names of the packages that pytest rewrites when it imports them: those of its plugins."""
    return set(_tops(importlib.metadata.entry_points(group="pytest11")))


def _tops(points: Iterable[Any]) -> Iterable[str]:
    for point in points:
        yield point.value.partition(":")[0].partition(".")[0]
        for file in (point.dist.files or ()) if point.dist else ():
            top = file.parts[0]
            if top.endswith(".py") or (len(file.parts) > 1 and "." not in top):
                yield top.removesuffix(".py")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
