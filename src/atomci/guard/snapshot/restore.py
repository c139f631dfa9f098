"""The steps of a plan, all of them or none. What is put in place is prepared first, on the same disk."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from atomci.errors import InfrastructureError
from atomci.guard.snapshot.plan import FileState, UndoPlan, UndoStep
from atomci.guard.snapshot.raw_objects import NotCaptured, RawObjects
from atomci.tools.git.client import Git
from atomci.tools.in_place import keep, put, remove_empty, remove_upwards
from atomci.tools.outlive import outlive

__all__ = ["carry_out", "prepare"]

_AT_ONCE = 64
"""Contents that are read together."""


def prepare(git: Git, plan: UndoPlan, top: Path, folder: Path) -> None:
    """Write what the plan puts in place into a folder. Raises OSError on a full disk."""
    (folder / "new").mkdir(parents=True)
    written = [(number, step) for number, step in enumerate(plan.steps) if step.then is not None]
    for start in range(0, len(written), _AT_ONCE):
        some = written[start : start + _AT_ONCE]
        contents = _contents(git, [step.then.oid for _, step in some if step.then])
        for (number, step), content in zip(some, contents, strict=True):
            if step.then is not None:
                _stage(folder / "new" / str(number), content, step.then, top / step.path)


def carry_out(plan: UndoPlan, top: Path, folder: Path, objects: RawObjects) -> None:
    """Put it in place, in a process that a kill of this one doesn't reach.

    Raises InfrastructureError where something was changed meanwhile, and then nothing has changed.
    """
    for step in plan.steps:
        _check_still(step, top, objects)
    outlive(lambda: _carry_out(plan, top, folder))


def _contents(git: Git, oids: Sequence[str]) -> Iterator[bytes]:
    out = git("cat-file", "--batch", stdin="".join(f"{oid}\n" for oid in oids).encode())
    at = 0
    for oid in oids:
        end = out.index(b"\n", at)
        words = out[at:end].split()
        if len(words) != 3:
            raise InfrastructureError(f"the bytes of {oid[:12]} are gone", "nothing was changed")
        yield out[end + 1 : end + 1 + int(words[2])]
        at = end + 2 + int(words[2])


def _stage(place: Path, content: bytes, then: FileState, target: Path) -> None:
    if then.mode == "120000":
        place.symlink_to(os.fsdecode(content))
        return
    place.write_bytes(content)
    if os.name == "nt":
        return
    bits = then.permissions or _bits(target) or stat.S_IMODE(place.stat().st_mode)
    runs = then.mode == "100755"
    place.chmod(bits | (bits & 0o444) >> 2 if runs else bits & ~0o111)


def _bits(target: Path) -> int:
    """The permission bits of a file that is there already."""
    try:
        found = target.lstat().st_mode
    except OSError:
        return 0
    return stat.S_IMODE(found) if stat.S_ISREG(found) else 0


def _check_still(step: UndoStep, top: Path, objects: RawObjects) -> None:
    target = top / step.path
    try:
        found = target.lstat()
        here = None if stat.S_ISDIR(found.st_mode) else objects.add(target, found)
    except (FileNotFoundError, NotADirectoryError):
        here = None
    except NotCaptured:
        return
    if here is not None and step.now is None and target.parent.resolve() != target.parent:
        return  # it is reached through a link that goes away
    if (here and tuple(here)) != (step.now and step.now[:2]):
        raise InfrastructureError(f"{step.path} changed meanwhile", "nothing was changed; run this again")


def _carry_out(plan: UndoPlan, top: Path, folder: Path) -> None:
    """What disappears goes first: a folder may have stood where a file stands."""
    numbered = sorted(enumerate(plan.steps), key=lambda row: row[1].then is not None)
    done: list[tuple[UndoStep, Path]] = []
    try:
        for number, step in numbered:
            target, kept = top / step.path, folder / "old" / str(number)
            if target.is_dir() and not target.is_symlink():
                remove_empty(target)
            if step.now is not None and os.path.lexists(target):
                keep(target, kept)
            done.append((step, kept))
            put(folder / "new" / str(number) if step.then else None, target, top)
        for path in plan.make:
            (top / path).mkdir(parents=True, exist_ok=True)
        for path in plan.remove:
            remove_upwards(top / path, top)
    except BaseException:
        for step, kept in reversed(done):
            put(kept if os.path.lexists(kept) else None, top / step.path, top)
        for path in plan.empty_now:
            (top / path).mkdir(parents=True, exist_ok=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
