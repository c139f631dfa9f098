"""Things that cost much, made once in a run of the suite and shared by its workers."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import rmtree

import pytest
from filelock import FileLock


@dataclass(frozen=True)
class Once:
    """A folder that every worker of a run sees."""

    root: Path

    def __call__(self, name: str, make: Callable[[Path], object]) -> Path:
        """The folder of that name, filled by `make` of whoever asks first; don't write into it.

        `make` gets a path that isn't there yet. Where it fails, the next one who asks tries again.
        """
        folder = self.root / name
        done = self.root / f"{name}.done"
        with FileLock(self.root / f"{name}.lock"):
            if not done.exists():
                rmtree(folder, ignore_errors=True)
                make(folder)
                done.touch()
        return folder


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The same, for fixtures that have pytest's factory of folders."""
    base = factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "once"
    root.mkdir(exist_ok=True)
    return Once(root)(name, make)


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """Makes a folder once for all workers: `once("template", snapshot)`."""
    return partial(made_once, tmp_path_factory)
