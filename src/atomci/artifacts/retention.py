"""Old runs: which folders under artifacts/ are runs, which of them have to go, and removing those."""

from __future__ import annotations

import re
import shutil
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from atomci.project import Project
from atomci.tables import own_table, table_error

__all__ = ["RetentionSettings", "RunFolder", "read_retention", "remove", "run_folders", "to_remove"]

# artifacts/runs/<run>, artifacts/cli_runs/<tool>/<run>.
_HOMES = ("runs", "cli_runs")
_RUN = re.compile(r"(\d{8}T\d{6})Z?(?:-\w+)?")
_OVER = (b'"event":"run_finished"', b'"event":"guard_finished"')
_LAST_LINE = 65_536
# A run that was killed never says that it is over; one that wrote nothing for so long is.
_SILENT = timedelta(days=1)


@dataclass(frozen=True)
class RunFolder:
    """A run: its folder, when it started, its size in bytes, and whether it goes on."""

    path: Path
    started: datetime
    size: int
    running: bool


class RetentionSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[tool.atomci.retention]`: which runs under artifacts/ are kept."""

    days: int = 30
    """Older runs are removed."""
    megabytes: int = 500
    """The oldest are removed until the others take no more, in units of a million bytes."""


def read_retention(project: Project) -> RetentionSettings:
    """`[tool.atomci.retention]`. Raises UsageError."""
    retention = own_table(project, "retention", RetentionSettings)
    for key in RetentionSettings.__struct_fields__:
        if getattr(retention, key) < 1:
            raise table_error(project, ("retention", key), "give a whole number above 0")
    return retention


def run_folders(root: Path, now: datetime) -> list[RunFolder]:
    """The runs of a project, oldest first. What a link leads to isn't one."""
    return sorted(_found(root / "artifacts", now), key=lambda run: (run.started, run.path.name))


def to_remove(
    runs: Sequence[RunFolder], now: datetime, days: int, megabytes: int
) -> Iterator[tuple[RunFolder, str]]:
    """Which of the runs, oldest first, have to go, and why. One that goes on never has to."""
    left = sum(run.size for run in runs)
    for run in runs:
        if run.running:
            continue
        age = (now - run.started).days
        if age >= days:
            yield run, f"{age} days old, and runs are kept for {days} days"
        elif left > megabytes * 1_000_000:
            yield run, f"all runs take {left / 1e6:.1f} MB, and {megabytes} MB are kept"
        else:
            continue
        left -= run.size


def remove(run: RunFolder) -> None:
    """Remove the folder, and follow no link. Another run may be removing it too. Raises OSError."""

    def missing_is_fine(function: object, path: str, error: tuple[object, BaseException, object]) -> None:
        if not isinstance(error[1], FileNotFoundError):
            raise error[1]

    shutil.rmtree(run.path, onerror=missing_is_fine)


def _found(artifacts: Path, now: datetime) -> Iterator[RunFolder]:
    for home in _HOMES:
        for folder in _folders(artifacts, home):
            for path in (folder, *_folders(folder)) if home == "cli_runs" else (folder,):
                if match := _RUN.fullmatch(path.name):
                    yield _run(path, match[1], now)


def _folders(above: Path, name: str = "") -> list[Path]:
    """The folders in a folder; none where one of both is a link."""
    folder = above / name
    if above.is_symlink() or folder.is_symlink() or not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]


def _run(path: Path, started: str, now: datetime) -> RunFolder:
    size, touched = 0, 0.0
    for entry in (path, *path.rglob("*")):
        try:
            found = entry.lstat()
        except FileNotFoundError:
            continue
        size += found.st_size if stat.S_ISREG(found.st_mode) else 0
        touched = max(touched, found.st_mtime)
    silent = now - datetime.fromtimestamp(touched, UTC) > _SILENT
    began = datetime.strptime(started, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    return RunFolder(path, began, size, not silent and not _is_over(path))


def _is_over(path: Path) -> bool:
    try:
        with (path / "events.jsonl").open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _LAST_LINE))
            lines = file.read().splitlines()
    except OSError:
        return False
    return bool(lines) and any(over in lines[-1] for over in _OVER)
