"""What an update would do or did, where a project stands, and the committed lock, as typed structs."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

__all__ = [
    "AdoptedFile",
    "Adoption",
    "AnswerChange",
    "Change",
    "Drift",
    "ExceptedDrift",
    "Exported",
    "FileChange",
    "InferredAnswer",
    "Lock",
    "LockedFile",
    "MigrationStep",
    "PinChoice",
    "Proposal",
    "SyncStatus",
    "Update",
]

Tier = Literal["managed", "merged", "seed", "generated"]
Change = Literal[
    "added",
    "updated",
    "merged",
    "renamed",
    "removed",
    "replaced",
    "conflicted",
    "kept-deleted",
    "corrected-upstream",
    "ignored",
]


class FileChange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file of an update. Paths are relative to the top of the repository.

    added, updated, renamed and removed follow the template where the project had changed nothing; merged
    holds both sides' changes; replaced takes the template's over a local edit (managed); conflicted waits
    for the user; kept-deleted stays deleted though the template changed it; corrected-upstream is the
    user's seed, which the template has changed; ignored is left alone, because it has no place here, as
    `detail` tells.
    """

    path: str
    change: Change
    tier: Tier
    renamed_from: str = ""
    detail: str = ""


class AnswerChange(Struct, frozen=True, kw_only=True):
    """An answer before and after; None where it isn't recorded."""

    name: str
    before: Any
    after: Any


class PinChoice(Struct, frozen=True, kw_only=True):
    """A pin that project and template both raised, and the higher one that is taken."""

    path: str
    pin: str
    ours: str
    theirs: str
    taken: str


class MigrationStep(Struct, frozen=True, kw_only=True):
    """One of the template's migrations between the two versions, and what it does here."""

    id: str
    version: str
    reason: str
    effect: str
    skipped: bool = False


class Update(Struct, frozen=True, kw_only=True):
    """An update, planned or made."""

    schema: Literal["atomci/update/1"] = "atomci/update/1"
    state: Literal["up-to-date", "planned", "staged", "committed", "conflicts", "aborted"]
    template: str
    before: str
    after: str
    files: tuple[FileChange, ...] = ()
    answers: tuple[AnswerChange, ...] = ()
    pins: tuple[PinChoice, ...] = ()
    migrations: tuple[MigrationStep, ...] = ()
    notes: tuple[str, ...] = ()

    def noting(self, *notes: str) -> Update:
        """The same with more notes."""
        return replace(self, notes=(*self.notes, *notes))


class Proposal(Struct, frozen=True, kw_only=True):
    """An update as a pull request. `conflicts` are paths; with any of them it is a draft.

    declined: somebody closed the pull request of this very version. taken-over: somebody else committed to
    the branch, which holds this version, so it is left alone; `conflicts` are what has markers there still.
    `finished` is false where the command of --then failed, so that what it makes isn't part of the commit.
    `commit` is the tip of `branch`; it and the pull request's `number` and `url` are None where there is
    nothing to update.
    """

    schema: Literal["atomci/proposal/1"] = "atomci/proposal/1"
    state: Literal["up-to-date", "opened", "updated", "unchanged", "declined", "taken-over"]
    branch: str
    commit: str | None = None
    number: int | None = None
    url: str | None = None
    draft: bool = False
    conflicts: tuple[str, ...] = ()
    finished: bool = True
    update: Update
    notes: tuple[str, ...] = ()


class LockedFile(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rendered file: who owns it, and the id that git gives its content."""

    tier: Tier
    blob: str
    mode: Literal["100644", "100755", "120000"] = "100644"


class Lock(Struct, frozen=True, kw_only=True):
    """`.atomci/lock.json`: what was rendered. `answers` is the id of the answers file it belongs to."""

    schema: Literal["atomci/lock/1"] = "atomci/lock/1"
    version: str
    answers: str
    files: dict[str, LockedFile]


class Drift(Struct, frozen=True, kw_only=True):
    """A rendered file that isn't as it was rendered. Paths are relative to the project."""

    path: str
    tier: Tier
    state: Literal["modified", "missing"]
    allowed: bool


class ExceptedDrift(Struct, frozen=True, kw_only=True):
    """An entry of `[[tool.atomci.drift]]`; `until` is its last day, in UTC.

    holds: the file drifts, and may. expired: whether it drifts or not. unneeded: it is as rendered, or no
    managed file.
    """

    path: str
    reason: str
    until: str
    state: Literal["holds", "expired", "unneeded"]


class SyncStatus(Struct, frozen=True, kw_only=True):
    """Where a project stands. `latest` is the newest release, `drift` holds every difference.

    Without a release `newest_commit` is where an update goes. Both are None where nobody was asked.
    `allowed` differences are those of files that are the user's too; the others make `clean` false, whether
    excepted or not. The verdict is unknown where no lock tells: `examined` is 0 then.
    """

    schema: Literal["atomci/status/1"] = "atomci/status/1"
    template: str
    version: str
    latest: str | None
    behind: bool | None
    clean: bool
    lock: Literal["current", "missing", "stale", "written"]
    examined: int
    drift: tuple[Drift, ...]
    verdict: Literal["clean", "excepted", "drifted", "unknown"]
    exceptions: tuple[ExceptedDrift, ...] = ()
    notes: tuple[str, ...] = ()
    newest_commit: str | None = None

    @property
    def red(self) -> bool:
        """Whether the answer is no: a newer version, drift that isn't excepted, an exception that is over."""
        expired = any(row.state == "expired" for row in self.exceptions)
        return bool(self.behind) or self.verdict == "drifted" or expired


class InferredAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An answer of an adoption and its origin. `instead_of` was found, but the template can't take it."""

    name: str
    value: Any
    source: str
    instead_of: Any = None


class AdoptedFile(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rendered file beside what the repository has. Paths are relative to its top.

    added is new; identical is there already; kept is there and differs, and stays as it is: `lines` are the
    template's that it lacks; left-out isn't needed beside what is there; ignored is what git ignores here;
    blocked has no place. `detail` tells why.
    """

    path: str
    change: Literal["added", "identical", "kept", "left-out", "ignored", "blocked"]
    tier: Tier
    detail: str = ""
    lines: tuple[str, ...] = ()


class Adoption(Struct, frozen=True, kw_only=True):
    """A repository that joins a template, planned or made; `commit` is empty until then.

    `next` are the commands after which the gate runs on the branch.
    """

    schema: Literal["atomci/adoption/1"] = "atomci/adoption/1"
    state: Literal["planned", "adopted"]
    template: str
    version: str
    branch: str
    commit: str = ""
    answers: tuple[InferredAnswer, ...] = ()
    files: tuple[AdoptedFile, ...] = ()
    notes: tuple[str, ...] = ()
    next: tuple[str, ...] = ()


class Exported(Struct, frozen=True, kw_only=True):
    """A template written for another tool. `questions` are those that it asks."""

    schema: Literal["atomci/export/1"] = "atomci/export/1"
    kind: Literal["cookiecutter"] = "cookiecutter"
    template: str
    version: str
    destination: str
    files: int
    questions: tuple[str, ...]
