"""What is known of a working tree at one moment, and how two such moments differ.

Paths are POSIX, relative to the top of the working tree, and may hold bytes that aren't UTF-8 as lone
surrogates; sizes are bytes, times UTC in ISO 8601.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

__all__ = [
    "Branched",
    "Brought",
    "Captured",
    "ChangeKind",
    "FileKind",
    "LeftOut",
    "PathChange",
    "ReviewedChange",
    "SessionChange",
    "UndoRow",
    "Undoable",
    "Undone",
    "WorkChange",
    "WorkSnapshot",
]

FileKind = Literal["tracked", "untracked", "ignored"]
ChangeKind = Literal["added", "modified", "deleted", "renamed", "mode", "type"]


class Captured(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file that the commit doesn't hold as it is: its bytes lie in the snapshot's own objects."""

    path: str
    kind: FileKind
    mode: str
    """git's: 100644, 100755 or 120000."""
    oid: str
    size: int
    permissions: int = 0
    """The permission bits of a file, which git doesn't hold; 0 for a link."""


class LeftOut(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file or folder that isn't captured: it is never put back, and never removed."""

    path: str
    reason: str
    size: int | None = None
    modified: int | None = None
    """Of a file: when it was changed last, in nanoseconds since 1970."""
    ignored: bool = False
    """Whether git ignores it."""


class WorkSnapshot(Struct, frozen=True, kw_only=True):
    """A working tree, byte for byte. What isn't in `files` is as the commit `head` has it."""

    schema: Literal["atomci/snapshot/1"] = "atomci/snapshot/1"
    run: str
    name: str
    """Which of the run's snapshots, such as `before` and `after`."""
    why: str = ""
    """What the run was; empty for a session."""
    taken: str
    top: str
    """The top of the working tree: an absolute path."""
    worktree: str
    """Which of the repository's working trees: where git keeps its things; empty for the first."""
    head: str | None
    branch: str | None
    tree: str
    """git's id of the tree that holds all files as they lie there, nested repositories' too."""
    index: str | None
    """The tree that the index stood for; None while it held conflicts."""
    files: tuple[Captured, ...]
    empty_folders: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    nested: tuple[str, ...] = ()
    """Folders with a repository of their own: their files are captured, their .git isn't."""


class PathChange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A path that differs between two snapshots. `mode` and `oid` are empty where there is no such file."""

    path: str
    kind: ChangeKind
    was: str = ""
    """The old path of a renamed file."""
    mode_before: str = ""
    mode_after: str = ""
    oid_before: str = ""
    oid_after: str = ""
    added: int | None = None
    """Lines; None for a file that isn't text."""
    removed: int | None = None


class WorkChange(Struct, frozen=True, kw_only=True):
    """All that differs between two snapshots, as far as they know."""

    schema: Literal["atomci/work-change/1"] = "atomci/work-change/1"
    run: str
    changes: tuple[PathChange, ...]
    folders_made: tuple[str, ...] = ()
    """Empty folders that weren't there."""
    folders_gone: tuple[str, ...] = ()
    unknown: tuple[LeftOut, ...] = ()
    """What was left out of one of the two, or of both and has changed or may have."""


class ReviewedChange(Struct, frozen=True, kw_only=True):
    """A change, why it should be read before it is used, and whether nobody asked for it."""

    change: PathChange
    eyes: tuple[str, ...]
    outside: bool


class SessionChange(Struct, frozen=True, kw_only=True):
    """What `atomci guard show` tells of a session. `ignored`: changed files that git ignores."""

    schema: Literal["atomci/session-change/1"] = "atomci/session-change/1"
    run: str
    place: str
    changes: tuple[ReviewedChange, ...]
    ignored: tuple[str, ...] = ()
    unknown: tuple[LeftOut, ...] = ()


class Brought(Struct, frozen=True, kw_only=True):
    """What `atomci guard apply` did, or would do. `ignored`: files that git ignores, which stay behind."""

    schema: Literal["atomci/brought/1"] = "atomci/brought/1"
    run: str
    undo: str
    """The run that undoes it; empty where nothing was done."""
    done: bool
    rows: tuple[UndoRow, ...]
    ignored: tuple[str, ...] = ()


class Branched(Struct, frozen=True, kw_only=True):
    """The branch that `atomci guard branch` made, with one commit on the one that the session began with."""

    schema: Literal["atomci/branched/1"] = "atomci/branched/1"
    run: str
    branch: str
    commit: str
    parent: str
    paths: tuple[str, ...]


class UndoRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A path that an undo puts back or can't. `reason` says why it stays as it is."""

    path: str
    what: Literal["written", "removed", "merged", "mode", "stays"]
    reason: str = ""


class Undone(Struct, frozen=True, kw_only=True):
    """What `atomci undo` did, or would do."""

    schema: Literal["atomci/undone/1"] = "atomci/undone/1"
    run: str
    undo: str
    """The run that undoes this undo; empty where nothing was done."""
    done: bool
    rows: tuple[UndoRow, ...]
    notes: tuple[str, ...] = ()


class Undoable(Struct, frozen=True, kw_only=True):
    """A run that `atomci undo` knows."""

    schema: Literal["atomci/undoable/1"] = "atomci/undoable/1"
    run: str
    taken: str
    why: str
    top: str
    whole: bool
    """Whether its end was seen."""
    changed: int
    """How many paths differ between its beginning and its end."""
