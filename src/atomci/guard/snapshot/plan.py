"""What an undo would do: back to how it was, but for what was changed since, which stays or is merged."""

from __future__ import annotations

import os
from collections.abc import Collection, Container, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from atomci.artifacts.handed.snapshots import UndoRow, WorkSnapshot
from atomci.guard.snapshot.difference import is_covered, rows_between
from atomci.tools.git.client import Git

__all__ = ["FileState", "Three", "UndoPlan", "UndoStep", "merged", "not_captured", "planned"]


class FileState(NamedTuple):
    """A file in a tree, with its permission bits where they are known, else 0."""

    mode: str
    oid: str
    permissions: int = 0


def _same(one: FileState | None, other: FileState | None) -> bool:
    """Whether they are one state, as far as permissions are known."""
    if one is None or other is None:
        return one is other
    known = one.permissions and other.permissions
    return one[:2] == other[:2] and (not known or one.permissions == other.permissions)


@dataclass(frozen=True)
class Three:
    """The beginning of a run, its end, and how the tree is now."""

    before: WorkSnapshot
    after: WorkSnapshot
    now: WorkSnapshot


class UndoStep(NamedTuple):
    """A path, what stands there, and what is to stand there; None for nothing."""

    path: str
    now: FileState | None
    then: FileState | None
    merged: bool = False

    @property
    def row(self) -> UndoRow:
        """As it is told."""
        if self.then is None:
            return UndoRow(path=self.path, what="removed")
        if self.merged:
            return UndoRow(path=self.path, what="merged", reason="it was changed since, in other lines")
        same = self.now is not None and self.now.oid == self.then.oid
        return UndoRow(path=self.path, what="mode" if same else "written")


@dataclass
class UndoPlan:
    """Steps, folders to make and to remove. `stays`: paths that were changed since, so that somebody has to
    decide.
    """

    steps: list[UndoStep] = field(default_factory=list)
    stays: list[UndoRow] = field(default_factory=list)
    empty_now: tuple[str, ...] = ()
    make: list[str] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be done."""
        return not self.steps and not self.make and not self.remove


def planned(
    git: Git,
    three: Three,
    top: Path,
    scratch: Path,
    within: Collection[str] = (),
    *,
    overwrite: bool = False,
    apart: Container[str] = (),
) -> UndoPlan:
    """Plan an undo of the paths `within`, of all without any. With `overwrite` what was changed since is
    put back as well. Nothing is done to paths that are kept `apart`.
    """
    before, after, now = three.before, three.after, three.now
    changed = {row.path: row for row in rows_between(git, before.tree, after.tree)}
    since = {row.path: row for row in rows_between(git, after.tree, now.tree)}
    states = _States(before), _States(after), _States(now)
    paths = sorted({*changed, *_other_permissions(before, after)})
    untold, unseen = ({row.path for row in snapshot.left_out} for snapshot in (before, now))
    plan = UndoPlan(empty_now=now.empty_folders)
    for path in paths:
        if path in apart or not _is_within(path, within) or is_covered(path, untold):
            continue
        row = changed.get(path)
        then = states[0].of(path, row.before if row else None)
        end = states[1].of(path, row.after if row else None)
        moved = since.get(path)
        here = states[2].of(path, moved.after) if moved else states[2].of(path, _pair(end))
        if _same(here, then):
            continue
        reason = "what is there now is too large to be kept" if is_covered(path, unseen) else ""
        if not _same(here, end) and not reason:
            mixed = merged(git, scratch, here, end, then)
            if mixed is not None:
                if not _same(mixed, here):
                    plan.steps.append(UndoStep(path, here, mixed, merged=True))
                continue
            reason = _since(end, here)
        if reason and not overwrite:
            plan.stays.append(UndoRow(path=path, what="stays", reason=reason))
        else:
            plan.steps.append(UndoStep(path, here, then))
    _refuse_in_the_way(plan, top)
    _plan_folders(plan, three, top, within)
    return plan


def _plan_folders(plan: UndoPlan, three: Three, top: Path, within: Collection[str]) -> None:
    was, is_now = set(three.before.empty_folders), set(three.now.empty_folders)
    made = set(three.after.empty_folders) - was
    gone = was - set(three.after.empty_folders)
    emptied = {str(folder) for step in plan.steps for folder in PurePosixPath(step.path).parents}
    there = {path for path in gone if (top / path).is_dir()} - emptied
    plan.make = sorted(path for path in gone - there if _is_within(path, within))
    plan.remove = sorted(path for path in made & is_now if _is_within(path, within))


class _States:
    """Files of a snapshot with their permissions."""

    def __init__(self, snapshot: WorkSnapshot) -> None:
        self._permissions = {file.path: file for file in snapshot.files}

    def of(self, path: str, side: tuple[str, str] | None) -> FileState | None:
        """The state of a path of which a tree says this; None is for "what the snapshot captured"."""
        file = self._permissions.get(path)
        if side is None:
            return FileState(file.mode, file.oid, file.permissions) if file else None
        if not side[1]:
            return None
        known = file is not None and (file.mode, file.oid) == side
        return FileState(*side, file.permissions if file and known else 0)


def _pair(state: FileState | None) -> tuple[str, str]:
    return ("", "") if state is None else (state.mode, state.oid)


def _other_permissions(before: WorkSnapshot, after: WorkSnapshot) -> Iterator[str]:
    earlier = {file.path: file for file in before.files}
    for file in after.files:
        was = earlier.get(file.path)
        if was and (was.mode, was.oid) == (file.mode, file.oid) and was.permissions != file.permissions:
            yield file.path


def _is_within(path: str, within: Collection[str]) -> bool:
    return not within or "." in within or any(f"{path}/".startswith(f"{place}/") for place in within)


def _since(end: FileState | None, here: FileState | None) -> str:
    if here is None:
        return "it was removed since"
    return "it was made since" if end is None else "it was changed since"


def merged(
    git: Git, scratch: Path, here: FileState | None, end: FileState | None, then: FileState | None
) -> FileState | None:
    """What is there now without what the run did to it; None where that isn't clear."""
    if here is None or end is None or then is None:
        return None
    if any(not state.mode.startswith("100") for state in (here, end, then)):
        return None
    places = []
    for name, state in (("now", here), ("after", end), ("before", then)):
        places.append(scratch / name)
        places[-1].write_bytes(git("cat-file", "blob", state.oid))
    code, out, _ = git.code("merge-file", "-p", "-q", *map(str, places))
    for place in places:
        place.unlink()
    if code != 0:
        return None
    oid = git("hash-object", "-w", "--no-filters", "--stdin", stdin=out).decode().strip()
    mode = then.mode if here.mode == end.mode else here.mode
    return FileState(mode, oid, here.permissions)


def _refuse_in_the_way(plan: UndoPlan, top: Path) -> None:
    """Take out the steps whose place is taken by what nobody asked to remove."""
    removed = {step.path for step in plan.steps if step.then is None}
    fine = []
    for step in plan.steps:
        blocker = _in_the_way(top, step.path, removed) if step.then is not None else ""
        if blocker:
            plan.stays.append(UndoRow(path=step.path, what="stays", reason=f"{blocker} is in the way"))
        else:
            fine.append(step)
    plan.steps = fine


def _in_the_way(top: Path, path: str, removed: Collection[str]) -> str:
    for folder in reversed(PurePosixPath(path).parents[:-1]):
        place = top / folder
        if os.path.lexists(place) and (place.is_symlink() or not place.is_dir()):
            return "" if str(folder) in removed else str(folder)
    place = top / path
    if place.is_dir() and not place.is_symlink():
        for above, _, files in os.walk(place):
            for name in files:
                inner = (Path(above) / name).relative_to(top).as_posix()
                if inner not in removed:
                    return inner
    return ""


def not_captured(three: Three, within: Collection[str]) -> Iterator[UndoRow]:
    """What the run may have made or changed, and nobody can put back."""
    earlier = {row.path: row for row in three.before.left_out}
    for row in three.after.left_out:
        if row != earlier.get(row.path) and _is_within(row.path, within):
            known = "it was not captured before the run" if row.path in earlier else "it is not captured"
            yield UndoRow(path=row.path, what="stays", reason=f"{known}: {row.reason}")
