"""pytest in a process that was started ahead: it imports packages of other people, then waits for its words.

Run as `python -m atomci.testing.standby LINE NAME,...`. One request comes over LINE, a named pipe; the
names are modules that the project's files import. When the request is there, what was imported must still be
what a new process would import; otherwise the process begins anew, in its own place, without them:

- no module that is loaded has changed, and no folder of modules has;
- every name is still imported by the project;
- no file that was read meanwhile has changed, and the project's folder has no new names.

A module that reads or imports the project's files while it is imported isn't imported ahead, nor is one of a
plugin of pytest. Kept to the standard library and pytest, since it is the tests' process.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

__all__ = ["main"]

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
    line, names = words[0], [name for name in words[1].split(",") if name]
    descriptor = os.open(line, os.O_RDONLY)
    left_out = set(filter(None, os.environ.pop(_WITHOUT, "").split(",")))
    ready = _Ready([name for name in names if name not in left_out])
    bad = ready.prepare()
    if bad:
        os.close(descriptor)
        os.environ[_WITHOUT] = ",".join(sorted({*left_out, bad}))
        _begin_anew([line, words[1]])
    with open(descriptor, encoding="utf-8") as stream:  # noqa: PTH123  # there is no path to open
        request = json.loads(stream.readline())
    if ready.is_stale(set(request["names"])):
        file = Path(f"{line}.request")
        file.write_text(json.dumps(request), encoding="utf-8")
        _begin_anew([_AT_ONCE, str(file)])
    return _run(request)


def _begin_anew(words: list[str]) -> None:
    os.execv(sys.executable, [sys.executable, "-m", "atomci.testing.standby", *words])  # noqa: S606


def _run(request: dict[str, Any]) -> int:
    import pytest

    os.environ.update(request["env"])
    sys.argv = [str(Path(pytest.__file__).with_name("__main__.py")), *request["words"]]
    try:
        return int(pytest.main(request["words"]))
    finally:
        own = sorted(path for path in map(_file_of, list(sys.modules.values())) if path and _is_own(path))
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
        loaded = filter(None, map(_file_of, list(sys.modules.values())))
        self._files |= {path: _state(path) for path in loaded}
        return ""

    def is_stale(self, names: set[str]) -> bool:
        """Whether a new process might import something else."""
        if not set(self._names) <= names or set(os.listdir(self._root)) - self._listed:  # noqa: PTH208
            return True
        return any(_state(path) != known for path, known in (*self._folders.items(), *self._files.items()))


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if _State.noting and event == "open" and isinstance(arguments[0], str):
        _OPENED.append(arguments[0])


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
