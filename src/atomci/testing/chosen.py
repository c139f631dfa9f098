"""A pytest plugin (`-p atomci.testing.chosen`): some tests come first, and of some files only those run.

The choice is a JSON file named by ATOMCI_CHOSEN: `first` are node ids, and after them
files; `only` are files, `left_out` node ids. Kept to the standard
library, since it runs inside the tests' process, and in each worker of xdist.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from atomci.testing.session import CENSUS, Census, from_the_root

__all__ = ["CHOSEN_VARIABLE", "pytest_collection_modifyitems"]

CHOSEN_VARIABLE = "ATOMCI_CHOSEN"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Stable: what isn't named keeps its order."""
    if CHOSEN_VARIABLE not in os.environ:
        return
    chosen = json.loads(Path(os.environ[CHOSEN_VARIABLE]).read_text(encoding="utf-8"))
    first, only, left_out = set(chosen["first"]), set(chosen["only"]), set(chosen["left_out"])
    ids = {id(item): from_the_root(config, item.nodeid) for item in items}
    aside = [item for item in items if _is_aside(ids[id(item)], first, only, left_out)]
    if isinstance(census := config.pluginmanager.getplugin(CENSUS), Census):
        census.set_aside(aside)
    left = {id(item) for item in aside}
    kept = [item for item in items if id(item) not in left]
    items[:] = sorted(kept, key=lambda item: _rank(ids[id(item)], first))


def _is_aside(nodeid: str, first: set[str], only: set[str], left_out: set[str]) -> bool:
    return nodeid in left_out or (nodeid.partition("::")[0] in only and nodeid not in first)


def _rank(nodeid: str, first: set[str]) -> int:
    return 0 if nodeid in first else 1 if nodeid.partition("::")[0] in first else 2
