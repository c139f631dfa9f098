"""A pytest plugin (`-p atomci.testing.sharding.plugin`) that runs a portion of the suite: one shard of it, or
all but the slow tests. What it took and what it left out is written to a file.

It is told by variables, whose names division.py holds. Kept to the standard library, since it runs inside
the tests' process.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from atomci.testing.session import CENSUS, Census, from_the_root
from atomci.testing.sharding.division import (
    DURATIONS_VARIABLE,
    REPORT_VARIABLE,
    SHARD_VARIABLE,
    SLOW,
    WITHOUT_VARIABLE,
    costs_of,
    divide,
)

__all__ = ["pytest_collection_modifyitems"]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, None, None]:
    """Around all others, so that markers are set and what the project itself deselects is gone."""
    yield
    unwanted = os.environ.get(WITHOUT_VARIABLE, "")
    ids = {item: from_the_root(config, item.nodeid) for item in items}
    left_out = {ids[item] for item in items if unwanted and item.get_closest_marker(unwanted)}
    suite = [ids[item] for item in items if ids[item] not in left_out]
    chosen = _chosen(suite)
    slow = {ids[item] for item in items if item.get_closest_marker(SLOW)}
    _report(config, suite, chosen, left_out, slow)
    others = [item for item in items if ids[item] not in chosen]
    if isinstance(census := config.pluginmanager.getplugin(CENSUS), Census):
        census.set_aside(others)
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if ids[item] in chosen]


def _chosen(suite: list[str]) -> set[str]:
    index, _, count = os.environ.get(SHARD_VARIABLE, "").partition("/")
    if not count:
        return set(suite)
    try:
        seconds = json.loads(Path(os.environ[DURATIONS_VARIABLE]).read_bytes())["tests"]
    except (OSError, KeyError):
        seconds = {}
    return set(divide(costs_of(suite, seconds), int(count))[int(index) - 1])


def _report(
    config: pytest.Config, suite: list[str], chosen: set[str], left_out: set[str], slow: set[str]
) -> None:
    # Every worker of xdist collects the same; one of them tells.
    worker: Any = getattr(config, "workerinput", None)
    if worker is not None and worker["workerid"] != "gw0":
        return
    markers = [str(line).partition(":")[0].partition("(")[0].strip() for line in config.getini("markers")]
    told = {
        "suite": sorted(set(suite)),
        "ids": sorted(chosen),
        "left_out": sorted(left_out),
        "slow": sorted(slow),
        "markers": markers,
    }
    # A lone surrogate in a parameter can't be written as UTF-8.
    text = json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")
    Path(os.environ[REPORT_VARIABLE]).write_bytes(text)
