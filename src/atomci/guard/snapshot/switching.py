"""A plan made the state of a working tree, with a snapshot of both sides, so that it can be undone."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import msgspec

from atomci.artifacts.handed.snapshots import Captured, WorkSnapshot
from atomci.guard.snapshot.plan import UndoPlan, UndoStep
from atomci.guard.snapshot.restore import carry_out, prepare
from atomci.guard.snapshot.store import SnapshotStore
from atomci.guard.snapshot.trees import edited_tree
from atomci.tools.git.client import Git
from atomci.tools.git.objects import Entry

__all__ = ["switch"]


def switch(own: SnapshotStore, git: Git, now: WorkSnapshot, plan: UndoPlan, scratch: Path) -> None:
    """Carry a plan out, all of it or nothing. `now` is the run's snapshot of what is there.

    Raises InfrastructureError, and OSError on a full disk.
    """
    top = own.repository.top
    prepare(git, plan, top, scratch)
    _copy_objects(git, own, plan)
    own.write(_after(own, now, plan))
    carry_out(plan, top, scratch, own.raw_objects)


def _copy_objects(git: Git, own: SnapshotStore, plan: UndoPlan) -> None:
    """What is put back lies in the undo's own objects too, so that it needs no other run."""
    oids = sorted({step.then.oid for step in plan.steps if step.then is not None})
    if oids:
        pack = own.objects.folder / "pack"
        pack.mkdir(exist_ok=True)
        git("pack-objects", "-q", str(pack / "pack"), stdin="".join(f"{oid}\n" for oid in oids).encode())


def _after(own: SnapshotStore, now: WorkSnapshot, plan: UndoPlan) -> WorkSnapshot:
    """The tree as it will be. It is written before, so that also an undo that is broken off can be undone."""
    edits = {step.path: Entry(*step.then[:2]) if step.then else None for step in plan.steps}
    files = {file.path: file for file in now.files}
    for step in plan.steps:
        files.pop(step.path, None)
        if step.then is not None and step.then.permissions:
            files[step.path] = _captured(step)
    new = [*(step.path for step in plan.steps if step.then), *plan.make]
    filled = {str(folder) for path in new for folder in PurePosixPath(path).parents}
    replaced = {step.path for step in plan.steps if step.then}
    folders = (set(now.empty_folders) | set(plan.make)) - set(plan.remove) - filled - replaced
    return msgspec.structs.replace(
        now,
        name="after",
        tree=edited_tree(own.objects, now.tree, edits),
        files=tuple(files[path] for path in sorted(files)),
        empty_folders=tuple(sorted(folders)),
    )


def _captured(step: UndoStep) -> Captured:
    mode, oid, permissions = step.then or ("", "", 0)
    return Captured(path=step.path, kind="untracked", mode=mode, oid=oid, size=0, permissions=permissions)
