"""A pytest plugin (`-p atomci.testing.selection.plugin`) that leaves out the tests whose last result stands.

They are named in a file, one node id a line; all others run, also those that nobody knew of. Kept to the
standard library, since it runs inside the tests' process.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from pathlib import Path

import pytest

from atomci.testing.pytest_runs import LEFT_OUT_VARIABLE
from atomci.testing.session import CENSUS, Census, from_the_root

__all__ = ["pytest_collection_modifyitems"]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, None, None]:
    """Around all others, which may know the suite only as a whole."""
    yield
    left_out = set(json.loads(Path(os.environ[LEFT_OUT_VARIABLE]).read_bytes())["left_out"])
    others = [item for item in items if from_the_root(config, item.nodeid) in left_out]
    if not others:
        return
    if isinstance(census := config.pluginmanager.getplugin(CENSUS), Census):
        census.set_aside(others)
    config.hook.pytest_deselected(items=others)
    gone = set(map(id, others))
    items[:] = [item for item in items if id(item) not in gone]
