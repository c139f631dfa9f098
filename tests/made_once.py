"""What takes seconds to make is made by one test process, and the others wait for it."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

PATIENCE = 240.0


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that `make` filled once in this run of the tests; nobody may write into it afterwards."""
    shared = _seen_by_all(factory)
    base, mark = shared / name, shared / f"{name}.made"
    try:
        (shared / f"{name}.begun").mkdir()
    except FileExistsError:
        deadline = time.monotonic() + PATIENCE
        while not mark.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        trouble = mark.read_text(encoding="utf-8") if mark.exists() else "nobody made it in time"
        assert trouble == "", f"{name}: {trouble}"
        return base
    trouble = "it wasn't finished"
    try:
        make(base)
        trouble = ""
    finally:
        (shared / f"{name}.making").write_text(trouble, encoding="utf-8")
        (shared / f"{name}.making").replace(mark)
    return base


def _seen_by_all(factory: pytest.TempPathFactory) -> Path:
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
