"""Things that cost much, made once in a run of the suite and shared by its workers."""

from collections.abc import Callable
from dataclasses import dataclass
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


@pytest.fixture(scope="session")
def once(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Makes a folder once for all workers: `once("template", snapshot)`."""
    base = tmp_path_factory.getbasetemp()
    root = (base.parent if hasattr(request.config, "workerinput") else base) / "once"
    root.mkdir(exist_ok=True)
    return Once(root)
