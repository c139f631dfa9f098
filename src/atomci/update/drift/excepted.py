"""`[[tool.atomci.drift]]`: a managed file that may differ, for a reason and until a date. Days are in UTC."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

import msgspec

from atomci.artifacts.sync import ExceptedDrift, SyncStatus

__all__ = ["ExceptedFile", "excepted", "holding"]


class ExceptedFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry. `path` is relative to the project, `until` the last day on which it holds."""

    path: str
    reason: str
    until: date


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
