"""Which versions an update goes from and to."""

from __future__ import annotations

from dataclasses import dataclass

from atomci.artifacts.printed.sync import Update
from atomci.errors import RefusedError, UsageError
from atomci.template.answers import Recorded
from atomci.template.lock import LockFile, lies_there
from atomci.template.repository import Release, Template
from atomci.template.unprompted import import_meanwhile
from atomci.template.versions import newest_tag
from atomci.template.workshop import Workshop
from atomci.update.request import Request

__all__ = ["Span", "chosen_span", "up_to_date"]


@dataclass(frozen=True)
class Span:
    """What a project recorded, what is asked for, and the versions of the template between which that is.

    `lock` is the one in the working tree.
    """

    recorded: Recorded
    request: Request
    template: Template
    old: Release
    new: Release
    lock: LockFile

    @property
    def goes_nowhere(self) -> bool:
        """Whether both are one commit, and nothing else is to change."""
        return self.old.commit == self.new.commit and self.request.only_version and not self.request.start


def chosen_span(shop: Workshop, recorded: Recorded, request: Request) -> Span | Update:
    """The versions; an Update where there is nothing to do.

    Raises UsageError for a version that isn't there, RefusedError for one that is older.
    """
    wanted = request.to or recorded.version
    if request.only_version and request.to is None:
        wanted = shop.newest(recorded.source, prereleases=request.prereleases) or "HEAD"
        if wanted == recorded.version and not request.start:
            return up_to_date(recorded, wanted)
    template = shop.template(request.template or recorded.source)
    shop.tell(f"reading {template.location}")
    import_meanwhile()
    lock = lies_there(recorded)
    old = _recorded(template, recorded, request, lock)
    if not old.is_there and wanted == recorded.version and not request.template:
        newest = newest_tag(template.tags, prereleases=request.prereleases) or "HEAD"
        raise UsageError(
            f"{template.location} has no version {wanted!r} any more, so answers alone can't change",
            f"change them with a version that is there: {request.typed('--to', newest)}",
        )
    new = old if old.is_there and wanted == recorded.version else template.release(wanted)
    span = Span(recorded, request, template, old, new, lock)
    if new.commit == old.commit:
        # Where the recorded tag moved there, only a render tells.
        told = span.goes_nowhere and lock.current(recorded) is None
        return up_to_date(recorded, old.name) if told else span
    if not template.is_older(new, old):
        return span
    if request.to is None:
        return up_to_date(recorded, old.name, f"ahead of the newest release, {new.name}")
    raise RefusedError(
        f"{new.name} is older than {old.name}, which this was rendered from",
        f"to go back, revert the commits that updated it: git log --oneline -- {recorded.file}",
    )


def _recorded(template: Template, recorded: Recorded, request: Request, lock: LockFile) -> Release:
    """The version to go from. Where the recorded one was removed, the lock tells what it rendered."""
    if request.start is not None:
        return template.release(request.start)
    try:
        return template.recorded(recorded.version)
    except UsageError:
        if lock.current(recorded) is None:
            raise
        return Release("", recorded.version)


def up_to_date(recorded: Recorded, version: str, *notes: str) -> Update:
    """An update that does nothing."""
    return Update(
        state="up-to-date",
        template=recorded.location,
        before=recorded.version,
        after=version,
        notes=notes,
    )
