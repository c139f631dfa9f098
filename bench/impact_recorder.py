"""A pytest plugin that impact.py lends a project: which tests were selected, began and failed, as JSON Lines.

    IMPACT_RECORD is the file, IMPACT_SECONDS what one test may take.

A file that can't be collected counts as a test that fails.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

_SECONDS = float(os.environ.get("IMPACT_SECONDS", "60"))
_MEMORY = 4 * 2**30
_RECORD = Path(os.environ.get("IMPACT_RECORD", ""))  # a test may have Python think it's Windows

try:
    import resource
except ImportError:
    pass
else:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _write(event: str, **fields: object) -> None:
    with _RECORD.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"event": event, **fields}) + "\n")


def pytest_collection_finish(session: Any) -> None:
    """All that is left after every plugin's say."""
    _write("selected", ids=[item.nodeid for item in session.items])


def pytest_collectreport(report: Any) -> None:
    """A file that can't be imported."""
    if report.failed:
        _write("failed", id=report.nodeid)


def _too_long(*_: object) -> None:
    pytest.fail(f"longer than {_SECONDS} s")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: Any) -> Generator[None, object, object]:
    """Say that it begins; it may not last for ever."""
    _write("begins", id=item.nodeid)
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, _too_long)
        signal.setitimer(signal.ITIMER_REAL, _SECONDS)
    try:
        return (yield)
    finally:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)


def pytest_runtest_logreport(report: Any) -> None:
    """A phase of a test."""
    if report.failed:
        _write("failed", id=report.nodeid)
    if report.when == "call":
        _write("took", id=report.nodeid, seconds=report.duration)


def pytest_sessionfinish(session: Any) -> None:
    """pytest came to its end."""
    _write("end", status=int(session.exitstatus), collected=session.testscollected)
