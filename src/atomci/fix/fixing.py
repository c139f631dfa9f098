"""A fix, as one short list of steps: copies, the loop, the proof, what is proposed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from atomci.artifacts.handed.failures import Failure
from atomci.fix.copies.bench import Clock, GuardedBench
from atomci.fix.copies.environment import RunIn, environment_for_copy
from atomci.fix.copies.fixer import Fixer
from atomci.fix.copies.gate import judged
from atomci.fix.copies.room import Room
from atomci.fix.copies.scratch import Scratch
from atomci.fix.loop import Budget, GateAnswer, Mending, Stop, fix_until_green
from atomci.fix.proof import Proof
from atomci.fix.proposal import Patch
from atomci.fix.rules.bounds import Allowance
from atomci.fix.watcher import Watcher
from atomci.guard.snapshot.store import open_store
from atomci.guard.workplace import worktree
from atomci.project import Project
from atomci.tools import interrupts

__all__ = ["FixRequest", "Fixed", "fix"]


@dataclass(frozen=True, kw_only=True)
class FixRequest:
    """What is to be fixed, by whom, and within which bounds. `tools` are the commands that fix by themselves;
    `command` is the fixer, empty for none. `degraded`: also where nothing confines it.
    """

    project: Project
    run: str
    command: str
    budget: Budget
    allowed: Allowance
    tools: Sequence[tuple[str, ...]]
    new_run: Callable[[], str]
    run_in: RunIn
    degraded: bool = False


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """How it ended, and what is proposed: no change where nothing is. Seconds and UTC."""

    run: str
    began: datetime
    seconds: float
    red: tuple[Failure, ...]
    mending: Mending
    patch: Patch
    text: str
    dropped: int
    level: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Proposed:
    patch: Patch = field(default_factory=lambda: Patch(()))
    text: str = ""
    dropped: int = 0
    failed: str = ""
    note: str = ""


def fix(request: FixRequest, watcher: Watcher) -> Fixed:
    """Fix what is red, in copies of the checkout: its files, its index and HEAD stay as they are.

    What is proposed is kept as the session `request.run`, which `atomci guard apply` brings to the checkout.
    Raises UsageError, RefusedError, InfrastructureError, KeyboardInterrupt, and OSError on a full disk;
    then nothing of it stays.
    """
    store = open_store(request.project.root, request.run)
    try:
        fixed = _fixed(request, watcher)
        interrupts.release()
    except BaseException:
        store.drop()
        raise
    if not fixed.patch.changes:
        store.drop()
    return fixed


def _fixed(request: FixRequest, watcher: Watcher) -> Fixed:
    began, clock = datetime.now(UTC), Clock(request.budget.seconds, time.monotonic)
    with _room(request, request.run, watcher) as room:
        fixer = Fixer(request.command, request.budget, request.allowed, request.new_run)
        if request.command:
            fixer.check(room)
        base, own = room.scratch.state(), fixer if request.command else None
        bench = GuardedBench(room, own, request.tools, clock, request.new_run, watcher)
        mending = fix_until_green(bench, request.budget, request.allowed, clock.now, watcher.tried)
        wanted = room.scratch.state()
        proposed = (
            _Proposed() if wanted == base else _proposed(request, base, wanted, mending, clock, watcher)
        )
    if proposed.failed and mending.stop is Stop.FIXED:
        mending = replace(mending, stop=Stop.UNPROVEN, reason=proposed.failed, left=bench.red)
    elif proposed.failed:
        mending = replace(mending, left=bench.red)
        proposed = replace(proposed, note=f"what was fixed isn't proposed: {proposed.failed}")
    return Fixed(
        run=request.run,
        began=began,
        seconds=round(clock.now() - clock.began, 3),
        red=bench.red,
        mending=mending,
        patch=proposed.patch,
        text=proposed.text,
        dropped=proposed.dropped,
        level=room.level,
        notes=tuple(filter(None, (*room.environment.notes, proposed.note))),
    )


def _proposed(
    request: FixRequest, base: str, wanted: str, mending: Mending, clock: Clock, watcher: Watcher
) -> _Proposed:
    """What is left of a change once it is proved in a copy that no fixer has seen; kept as a session."""
    watcher.begins("the change is proved in a fresh copy, and made smaller")
    with _room(request, request.new_run(), watcher) as room:
        scratch = room.scratch
        scratch.put(base)
        if scratch.keep("before") != base:
            return _Proposed(failed="the files of this checkout can't be copied a second time")

        def judge(cached: bool) -> GateAnswer:
            seconds = clock.left if cached else None
            return judged(room, request.new_run, seconds, cached=cached)

        def has_time() -> bool:
            return clock.left is None or clock.left > 0

        proof = Proof(scratch, judge, scratch.forget_ignored, has_time, request.allowed)
        proven = proof.of(base, wanted, mending.left)
        if proven.failed:
            return _Proposed(failed=proven.failed)
        scratch.put(proven.state)
        scratch.forget_ignored()
        scratch.keep("after")
        patch, text = scratch.difference(base, proven.state), scratch.text(base, proven.state)
    return _Proposed(patch, text, proven.dropped, note=proven.note)


@contextlib.contextmanager
def _room(request: FixRequest, run: str, watcher: Watcher) -> Iterator[Room]:
    """A copy of the checkout, ready for the gate, and gone at the end whatever happens."""
    watcher.begins("a copy of this checkout is made")
    project = request.project
    place = worktree.make(project.root, run, passing=True)
    try:
        scratch = Scratch(place, request.run)
        inside = place.tree / project.root.resolve().relative_to(place.root.resolve())
        environment = environment_for_copy(project, inside, place.folder / "environment", request.run_in)
        yield Room(project, scratch, environment, request.degraded)
    finally:
        if not interrupts.held():
            interrupts.hold()
        worktree.remove(place)
