"""The sessions that were here, by their records."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import msgspec

from atomci.artifacts.handed.guarded import Session
from atomci.artifacts.handed.runs import OutputFile
from atomci.decoding import decoded
from atomci.guard.record import CLI_RUNS, INDEX

__all__ = ["RecordedSession", "recorded_sessions"]

_RUN = re.compile(r"\d{8}T\d{6}Z?(?:-\w+)?")


@dataclass(frozen=True)
class RecordedSession:
    """A session's folder, and its index; `unreadable` says why there is none, such as that it goes on."""

    folder: Path
    session: Session | None
    unreadable: str = ""

    @property
    def run(self) -> str:
        """Its name."""
        return self.folder.name

    @property
    def tool(self) -> str:
        """What ran in it."""
        return self.folder.parent.name

    def differing(self) -> list[str]:
        """What the index says of its files and isn't so, and files that it doesn't name; a sentence each."""
        listed = {} if self.session is None else {row.path: row for row in self.session.files}
        there = {path.name for path in self.folder.iterdir() if path.is_file()} - {INDEX}
        found = [f"{name} isn't in the index" for name in sorted(there - listed.keys())]
        found += [f"{name} is gone" for name in sorted(listed.keys() - there)]
        return found + [
            f"{name} isn't what the index says"
            for name in sorted(there & listed.keys())
            if not self._is(listed[name])
        ]

    def _is(self, row: OutputFile) -> bool:
        path = self.folder / row.path
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return (path.stat().st_size, digest) == (row.size, row.sha256)


def recorded_sessions(root: Path) -> list[RecordedSession]:
    """All that have a record in a checkout, oldest first."""
    folders = [path for path in (root / CLI_RUNS).glob("*/*") if _RUN.fullmatch(path.name) and path.is_dir()]
    return [_read(folder) for folder in sorted(folders, key=lambda folder: folder.name)]


def _read(folder: Path) -> RecordedSession:
    try:
        return RecordedSession(folder, decoded((folder / INDEX).read_bytes(), Session))
    except FileNotFoundError:
        return RecordedSession(folder, None, "it goes on, or atomci was killed")
    except (OSError, msgspec.DecodeError) as error:
        return RecordedSession(folder, None, f"its index can't be read: {error}")
