"""How two snapshots of a working tree differ."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from atomci.artifacts.handed.snapshots import ChangeKind, LeftOut, PathChange, WorkChange, WorkSnapshot
from atomci.tools.git.client import Git

__all__ = ["TreeRow", "difference", "is_covered", "rows_between"]

# No program of the user's or the project's shows the difference.
_PLAINLY = ("diff-tree", "-r", "-z", "--no-ext-diff", "--no-textconv")
_LINK = "160000"
_NONE = "000000"


@dataclass(frozen=True)
class TreeRow:
    """A path as git tells its two sides; ids are empty where there is no such file."""

    path: str
    was: str
    before: tuple[str, str]
    after: tuple[str, str]


def difference(git: Git, before: WorkSnapshot, after: WorkSnapshot) -> WorkChange:
    """What was added, modified, deleted, renamed, made another kind of file, or given other permissions."""
    lines = _lines(git, before.tree, after.tree)
    changes = [_change(row, lines) for row in rows_between(git, before.tree, after.tree, "-M")]
    changes += _permissions(before, after)
    unknown = tuple(_unknown(before, after))
    unseen = {row.path for row in unknown}
    return WorkChange(
        run=after.run,
        changes=tuple(
            sorted(
                (row for row in changes if not is_covered(row.path, unseen)),
                key=lambda row: row.path,
            )
        ),
        folders_made=tuple(sorted(set(after.empty_folders) - set(before.empty_folders))),
        folders_gone=tuple(sorted(set(before.empty_folders) - set(after.empty_folders))),
        unknown=unknown,
    )


def rows_between(git: Git, before: str, after: str, *words: str) -> list[TreeRow]:
    """The paths in which two trees differ; repositories that are linked are none."""
    fields = iter(os.fsdecode(git(*_PLAINLY, "--raw", "--no-abbrev", *words, before, after)).split("\0"))
    found = []
    for head in fields:
        if not head:
            break
        mode_before, mode_after, oid_before, oid_after, letter = head.removeprefix(":").split()
        was = next(fields) if letter[0] in "RC" else ""
        row = TreeRow(was or "", "", _side(mode_before, oid_before), _side(mode_after, oid_after))
        found.append(TreeRow(next(fields), row.path, row.before, row.after))
    return [row for row in found if row.before[1] or row.after[1]]


def is_covered(path: str, left_out: Container[str]) -> bool:
    """Whether a path, or a folder that it is in, is among those that were left out."""
    return path in left_out or any(str(folder) in left_out for folder in PurePosixPath(path).parents)


def _side(mode: str, oid: str) -> tuple[str, str]:
    return ("", "") if mode in (_NONE, _LINK) else (mode, oid)


def _change(row: TreeRow, lines: dict[str, tuple[int, int]]) -> PathChange:
    added, removed = lines.get(row.path, (None, None))
    return PathChange(
        path=row.path,
        kind=_kind(row),
        was=row.was,
        mode_before=row.before[0],
        mode_after=row.after[0],
        oid_before=row.before[1],
        oid_after=row.after[1],
        added=added,
        removed=removed,
    )


def _kind(row: TreeRow) -> ChangeKind:
    (mode_before, oid_before), (mode_after, oid_after) = row.before, row.after
    if row.was:
        return "renamed"
    if not oid_before:
        return "added"
    if not oid_after:
        return "deleted"
    if mode_before[:3] != mode_after[:3]:
        return "type"
    return "mode" if oid_before == oid_after else "modified"


def _lines(git: Git, before: str, after: str) -> dict[str, tuple[int, int]]:
    """Added and removed lines by path; of a renamed file by its new path."""
    fields = iter(os.fsdecode(git(*_PLAINLY, "--numstat", "-M", before, after)).split("\0"))
    found = {}
    for row in fields:
        if not row:
            break
        added, removed, path = row.split("\t", 2)
        if not path:
            next(fields)
            path = next(fields)
        if added != "-":
            found[path] = (int(added), int(removed))
    return found


def _permissions(before: WorkSnapshot, after: WorkSnapshot) -> Iterator[PathChange]:
    """Files that differ in nothing but the permission bits that git doesn't hold."""
    earlier = {file.path: file for file in before.files}
    for file in after.files:
        was = earlier.get(file.path)
        if was and (was.mode, was.oid) == (file.mode, file.oid) and was.permissions != file.permissions:
            yield PathChange(
                path=file.path,
                kind="mode",
                mode_before=f"{was.permissions:o}",
                mode_after=f"{file.permissions:o}",
                oid_before=was.oid,
                oid_after=file.oid,
            )


def _unknown(before: WorkSnapshot, after: WorkSnapshot) -> Iterator[LeftOut]:
    """What was left out, unless it is as it was for all that can be seen."""
    earlier = {row.path: row for row in before.left_out}
    later = {row.path: row for row in after.left_out}
    for path in sorted(earlier.keys() | later.keys()):
        if earlier.get(path) != later.get(path):
            yield later.get(path) or earlier[path]
