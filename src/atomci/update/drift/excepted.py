"""`[[tool.atomci.drift]]`: a managed file that may differ, for a reason and until a date. Days are in UTC."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from pathlib import PurePosixPath

import msgspec

from atomci.artifacts.printed.sync import ExceptedDrift, SyncStatus
from atomci.deadlines import too_far
from atomci.project import Project
from atomci.tables import own_rows

__all__ = ["ExceptedFile", "excepted", "holding", "read_excepted"]


class ExceptedFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry. `path` is relative to the project, `until` the last day on which it holds."""

    path: str
    reason: str
    until: date


def read_excepted(project: Project) -> tuple[ExceptedFile, ...]:
    """`[[tool.atomci.drift]]`, also those that are over. Raises UsageError."""
    return own_rows(project, "drift", ExceptedFile, "path", _problems)


def _problems(exception: ExceptedFile, before: Collection[str]) -> Iterator[tuple[str, str, str]]:
    if not exception.reason.strip():
        yield "reason", "is empty", "say why the file may differ"
    path = PurePosixPath(exception.path)
    if path.is_absolute() or ".." in path.parts or str(path) != exception.path or "\\" in exception.path:
        yield "path", f"{exception.path!r} isn't the path of a file, relative to the project", "no patterns"
    if exception.path in before:
        yield "path", f"{exception.path} has an exception already", "one file, one exception"
    yield from too_far(exception.until)


def holding(exceptions: Iterable[ExceptedFile], day: date) -> frozenset[str]:
    """The paths that may differ on a day."""
    return frozenset(exception.path for exception in exceptions if exception.until >= day)


def excepted(found: SyncStatus, exceptions: Iterable[ExceptedFile], day: date) -> SyncStatus:
    """A status with what a project's exceptions come to on a day. An expired one excepts nothing."""
    drifted = {row.path for row in found.drift if not row.allowed}
    rows = tuple(_row(exception, drifted, day) for exception in exceptions)
    held = {row.path for row in rows if row.state == "holds"}
    verdict = found.verdict
    if verdict == "drifted" and drifted <= held:
        verdict = "excepted"
    return msgspec.structs.replace(found, verdict=verdict, exceptions=rows)


def _row(exception: ExceptedFile, drifted: Collection[str], day: date) -> ExceptedDrift:
    state = "holds" if exception.path in drifted else "unneeded"
    return ExceptedDrift(
        path=exception.path,
        reason=" ".join(exception.reason.split()),
        until=str(exception.until),
        state="expired" if exception.until < day else state,  # type: ignore[arg-type]
    )
