"""What a pytest session collected and what it left out, counted in each process that collects.

Kept to the standard library, since it runs inside the tests' process.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

import pytest

__all__ = ["CENSUS", "NOTHING", "Census", "from_the_root", "narrowing"]

CENSUS = "atomci-census"
"""The name of the plugin."""
NOTHING: Final[dict[str, Any]] = {
    "collected": 0,
    "selected": [],
    "deselected": 0,
    "dropped": 0,
    "ignored": [],
    "unmatched": {},
}
"""What is counted of a session that collects nothing itself."""
_NARROWING = {
    "-k": "keyword",
    "-m": "markexpr",
    "--deselect": "deselect",
    "--lf": "lf",
    "--sw": "stepwise",
    "--collect-only": "collectonly",
    "--setup-only": "setuponly",
    "--setup-plan": "setupplan",
}
_ENTRIES_LOOKED_AT = 2000
_NAMES_KEPT = 100


def from_the_root(config: pytest.Config, nodeid: str) -> str:
    """A node id whose path counts from the folder where pytest was started, which is the project's root.

    pytest counts from the folder of the settings file that it reads, such as tests/pytest.ini.
    """
    file, mark, rest = nodeid.partition("::")
    start = config.invocation_params.dir
    if config.rootpath == start:
        return nodeid
    return os.path.relpath(config.rootpath / file, start).replace(os.sep, "/") + mark + rest


def narrowing(config: pytest.Config) -> list[str]:
    """The options in force that leave tests out, as one types them."""
    said = []
    for flag, name in _NARROWING.items():
        value = getattr(config.option, name, None)
        values = value if isinstance(value, list) else [value]
        said += [flag if one is True else f'{flag} "{one}"' for one in values if one]
    return said


class Census:
    """A pytest plugin: one in a session without workers, one in each worker of xdist."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._items: list[pytest.Item] = []
        self._deselected: list[pytest.Item] = []
        self._aside: list[pytest.Item] = []
        self._ignored: dict[str, None] = {}
        self.unmatched: dict[str, str] = {}
        """Names in quarantine that no test has, which another plugin finds."""

    def set_aside(self, items: Iterable[pytest.Item]) -> None:
        """What atomci itself leaves to another run, and says so elsewhere."""
        self._aside += items

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Before anyone can take it away."""
        self._items.append(item)

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Taken away, and said so."""
        self._deselected += items

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_ignore_collect(self, collection_path: Path) -> Generator[None, object, object]:
        """collect_ignore, --ignore, norecursedirs, and whatever a conftest's own hook says."""
        ignored = yield
        if ignored and len(self._ignored) < _NAMES_KEPT and self._holds_tests(collection_path):
            place = os.path.relpath(collection_path, self._config.invocation_params.dir)
            self._ignored[place.replace(os.sep, "/")] = None
        return ignored

    def counted(self, session: pytest.Session) -> dict[str, Any]:
        """Plain data on all of it, when the tests are about to run."""
        selected = {id(item) for item in session.items}
        aside = {id(item) for item in self._aside} - selected
        deselected = {id(item) for item in self._deselected} - selected - aside
        known = selected | aside | deselected
        dropped = [item.nodeid for item in self._items if id(item) not in known]
        last_failed = getattr(self._config.pluginmanager.getplugin("lfplugin"), "_skipped_files", 0)
        return {
            "collected": len({id(item) for item in self._items} | selected) - len(aside),
            "selected": [item.nodeid for item in session.items],
            "deselected": len(deselected),
            "dropped": len(dropped),
            "ignored": [
                *self._ignored,
                *([f"{last_failed} files that --lf passes over"] if last_failed else []),
            ],
            "unmatched": self.unmatched,
        }

    def _holds_tests(self, path: Path) -> bool:
        """Whether it is, or holds, a file that would be looked at otherwise; one of too many counts."""
        if path.name == "__pycache__" or (path / "pyvenv.cfg").is_file():
            return False
        if not path.is_dir():
            return self._is_test_file(path.name)
        looked_at = 0
        for _, folders, files in os.walk(path):
            folders[:] = [name for name in folders if name != "__pycache__"]
            looked_at += len(folders) + len(files)
            if looked_at > _ENTRIES_LOOKED_AT or any(map(self._is_test_file, files)):
                return True
        return False

    def _is_test_file(self, name: str) -> bool:
        patterns = self._config.getini("python_files")
        return name.endswith(".py") and any(fnmatch(name, pattern.rpartition("/")[2]) for pattern in patterns)
