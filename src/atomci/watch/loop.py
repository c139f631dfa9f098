"""The loop itself: takes saves, keys and the ends of cycles from one queue, one at a time."""

from __future__ import annotations

import os
import queue
import time
from dataclasses import replace
from pathlib import Path

from atomci.artifacts.handed.impact import ImpactRecord
from atomci.artifacts.handed.testing import TestResult
from atomci.artifacts.printed.watching import (
    CycleDropped,
    CycleFinished,
    CycleStarted,
    Kind,
    WatchVerdict,
)
from atomci.errors import AtomciError
from atomci.testing.results import counts
from atomci.tools.notices import Notices
from atomci.watch.board import Board
from atomci.watch.cycle import Cycle, cycle_of
from atomci.watch.going import Going, clock, listed, why_nothing, why_of
from atomci.watch.keys import pressed
from atomci.watch.ledger import Ledger
from atomci.watch.messages import Key, Message, ProcessGone, Repaint, Saved, Shown, TestsDone, TriageDone
from atomci.watch.orders import Orders
from atomci.watch.parting import Parting
from atomci.watch.processes import Processes
from atomci.watch.record import begun, is_to_learn_of, keep, learned, reading_ahead, texts_of
from atomci.watch.snapshot import Camera, TreeSnapshot, folders_of, forget_compiled
from atomci.watch.suite import Suite, suite_at
from atomci.watch.tail import Tail
from atomci.watch.triage import Triage, Triages

__all__ = ["Loop"]

_QUIET = 0.03
"""Seconds without another notice, after which a save is taken to be whole."""
_QUIET_AT_MOST = 1.0
_GIT_AT_MOST = 10.0
"""Seconds that git's own work on the tree is waited for."""
_TICK = 0.1
"""Seconds between two looks at what runs."""


class Loop:
    """Ends when somebody presses q, or by KeyboardInterrupt; then `end` is to be called."""

    def __init__(
        self, root: Path, inbox: queue.SimpleQueue[Message], shown: Shown, *, look: bool, triage: bool = True
    ) -> None:
        self._root = root
        self._inbox = inbox
        self._shown = shown
        self._with_triage = triage
        self._camera = Camera(root)
        self._orders = Orders(root)
        self._tests = Processes(root)
        self.notices = Notices(lambda: inbox.put(Saved()), look=look)
        self._ledger = Ledger(None)
        self._now = self._ran = TreeSnapshot({})
        self._going: Going | None = None
        self._parting: Parting | None = None
        self._triages = Triages(root, lambda triage: inbox.put(TriageDone(triage)))
        self._begun: ImpactRecord | None = None
        self._record: ImpactRecord | None = None
        self._board = Board()
        self._cycles = 0
        self._last: Kind = "impacted"
        self._saved: tuple[float, float] | None = None
        self._over = False

    def run(self, *, everything: bool = False) -> None:
        """Until somebody ends it."""
        dirty = self._camera.uncommitted()
        self._started = suite_at(self._root).ctx
        self._record = self._begun = begun(self._started)
        self._wait_for_reading = reading_ahead(self._started)
        self._look()
        self._ran = self._now
        self._ledger = Ledger(None if dirty is None else self._now.without(dirty))
        self._begin("all" if everything or dirty is None else "impacted")
        while not self._over:
            self._take(self._next())
            self._shown.paint(self._board)

    def end(self) -> None:
        """Nothing that was started is left."""
        self.notices.end()
        self._triages.drop("the loop ends")
        if self._going is not None:
            self._going.run.drop("the loop ends")
        self._part("the loop ends")
        self._tests.end()
        if self._record is not self._begun and self._record is not None:
            keep(self._started, self._record)

    # ---- messages ----

    def _next(self) -> Message | None:
        try:
            return self._inbox.get(timeout=self._patience())
        except queue.Empty:
            return None

    def _patience(self) -> float | None:
        if self._saved is not None:
            return max(0.0, self._saved[1] - time.monotonic())
        if self._going is not None:
            return _TICK
        waits = [one.patience for one in (self._triages, self._parting) if one is not None]
        if known := [wait for wait in waits if wait is not None]:
            return min(known)
        return 0.5 if os.name == "nt" else None  # there, Ctrl-C interrupts no wait

    def _take(self, message: Message | None) -> None:
        match message:
            case Saved():
                now = time.monotonic()
                first = self._saved[0] if self._saved else now
                self._saved = first, min(now + _QUIET, first + _QUIET_AT_MOST)
            case Key(name):
                self._pressed(name)
            case Repaint():
                self._shown.repaint(self._board)
            case TestsDone(run) | ProcessGone(run):
                if self._going is not None and self._going.run is run:
                    self._ended(self._going)
            case TriageDone(triage):
                self._triaged(triage)
        if self._saved is not None and time.monotonic() >= self._saved[1]:
            self._settle()
        if self._parting is not None:
            self._see_off(self._parting)
        self._triages.begin()
        self._board = replace(self._board, triage=self._triages.is_on)
        if self._going is not None:
            self._progress(self._going)

    def _settle(self) -> None:
        """A save is whole, or git is still at work."""
        assert self._saved is not None
        now = time.monotonic()
        if now < self._saved[0] + _GIT_AT_MOST and (self._root / ".git" / "index.lock").exists():
            self._saved = self._saved[0], now + _QUIET
            return
        self._saved = None
        before = self._going.files if self._going is not None else self._now
        self._look()
        moved = set(before.changed_in(self._now))
        if self._going is None:
            if moved:
                self._wanted(self._kind_after_a_save())
        elif moved - self._ledger.restless:
            self._ledger = self._ledger.disturbed_by(moved)
            if moved - self._ledger.restless:
                self._drop(listed(moved))
                self._wanted(self._kind_after_a_save())

    def _look(self) -> None:
        """Take a snapshot, and follow the folders that there are now."""
        before, self._now = self._now, self._camera.take()
        changed = before.changed_in(self._now)
        if any(not path.endswith(".py") for path in changed):
            self._tests.forget()
        folders = folders_of(self._root, self._now)
        if self.notices.follow(folders, [str(self._root / path) for path in self._now.files]):
            self._inbox.put(Saved())  # something may have been saved before the new folders were followed

    def _kind_after_a_save(self) -> Kind:
        return "matching" if self._board.asked else "impacted"

    # ---- keys ----

    def _pressed(self, key: str) -> None:
        asked = self._board.prompt is not None
        self._board = pressed(self._board, key)
        if asked and key == "enter":
            self._stop_for("a key")
            self._wanted(self._kind_after_a_save())
        elif key in ("q", "") and (not asked or not key):
            self._over = True
        elif not asked and key in _RUNS:
            self._stop_for("a key")
            self._wanted(_RUNS[key] or self._last, again=key == "enter")

    def _stop_for(self, why: str) -> None:
        self._ledger = self._ledger.undisturbed()
        if self._going is not None:
            self._drop(why)

    # ---- cycles ----

    def _wanted(self, kind: Kind, *, again: bool = False) -> None:
        self._look()
        self._begin(kind, again=again)

    def _begin(self, kind: Kind, *, again: bool = False) -> None:
        self._part("a cycle begins")
        self._triages.drop("a cycle begins")
        self._cycles += 1
        self._last = kind
        changed = self._ledger.changed_in(self._now)
        if again and not changed and self._board.last is not None:
            changed = self._board.last.changed
        began = time.monotonic()
        if kind != "all":
            self._wait_for_reading()
        try:
            suite = suite_at(self._root, self._record)
            cycle = cycle_of(suite, kind, changed, self._ledger.failed, self._board.asked)
        except AtomciError as error:
            self._finish(Cycle.of_nothing(kind, changed or ()), "broken", error.message, began)
            return
        if cycle.is_empty:
            self._nothing_to_run(cycle, began)
            return
        self._start(suite, cycle)

    def _nothing_to_run(self, cycle: Cycle, began: float) -> None:
        if cycle.settles:
            self._ledger = self._ledger.settled(self._now, cycle.every)
        why = why_nothing(cycle, self._board.asked, first=self._board.last is None)
        verdict: WatchVerdict = "red" if self._ledger.failed else "none"
        self._finish(cycle, verdict, why, began)
        self._prepare()
        self._plan_triage(cycle)

    def _start(self, suite: Suite, cycle: Cycle) -> None:
        started = CycleStarted(
            time=clock(),
            cycle=self._cycles,
            kind=cycle.kind,
            changed=cycle.changed,
            reason=cycle.reason,
            files=len(cycle.files) + len(cycle.only),
            total=len(cycle.every),
            first=cycle.first,
        )
        self._shown.tell(started)
        variables = suite.variables()
        prefix = variables.get("PYTHONPYCACHEPREFIX") or os.environ.get("PYTHONPYCACHEPREFIX", "")
        forget_compiled(self._root, {*cycle.changed, *self._ran.changed_in(self._now)}, prefix)
        self._ran = self._now
        followed = is_to_learn_of(self._record, cycle, self._now)
        order = self._orders.of(suite, cycle, self._now, followed=followed)
        put = self._inbox.put
        run = self._tests.start(order, lambda run: put(TestsDone(run)), lambda run: put(ProcessGone(run)))
        self._going = Going(self._cycles, cycle, suite, run, self._now, Tail(run.log), started, followed)
        self._board = replace(self._board, running=started, done=0, selected=0, now="", seconds=0)

    def _prepare(self) -> None:
        """Start a process for the next save."""
        try:
            self._tests.prepare(self._orders.ahead(suite_at(self._root), self._now))
        except AtomciError:
            return

    def _progress(self, going: Going) -> None:
        for result in going.tail.new():
            going.found.append(result)
            self._shown.tell(result)
        running = going.tail.running
        self._board = replace(
            self._board,
            done=len({result.nodeid for result in going.found}),
            now=running[0] if running else "",
            seconds=int(time.monotonic() - going.began),
        )

    def _drop(self, why: str) -> None:
        going, self._going = self._going, None
        assert going is not None
        self._progress(going)
        going.run.drop(why)
        self._ledger = self._ledger.failing(going.found)
        self._shown.tell(CycleDropped(time=clock(), cycle=going.number, reason=why))
        self._board = replace(self._board, running=None, failed=self._ledger.failed)

    def _ended(self, going: Going) -> None:
        self._look()
        moved = set(going.files.changed_in(self._now))
        if moved - self._ledger.restless:
            self._ledger = self._ledger.disturbed_by(moved)
            if moved - self._ledger.restless:
                self._drop(listed(moved))
                self._wanted(self._kind_after_a_save())
                return
        elif not moved:
            self._ledger = self._ledger.undisturbed()
        self._progress(going)
        self._going = None
        texts = texts_of(self._root, self._record, self._now) if going.followed else {}
        before = self._ledger
        known = self._conclude(going, moved)
        said = self._board.last.verdict if self._board.last else "none"
        self._parting = Parting(going, before, said, known, self._now.but(moved), texts)

    def _see_off(self, parting: Parting) -> None:
        """Where its process ended as it said, the loop learns of it; else the verdict is taken back."""
        why = parting.why_taken_back
        if not why and not parting.going.run.is_gone:
            return
        going, self._parting = parting.going, None
        if why:
            self._ledger = parting.unsettled(self._ledger)
            self._finish(going.cycle, "broken", f"{parting.verdict} is taken back: {why}", going.began)
        self._orders.saw(going.run, self._now)
        self._prepare()
        if not why:
            self._learn(parting)
        going.run.drop("it ended")
        self._plan_triage(going.cycle)

    def _learn(self, parting: Parting) -> None:
        """What its tests ran is what the next save goes by."""
        going = parting.going
        if parting.known and going.followed:
            self._record = learned(
                going.suite.ctx,
                self._record,
                notes=going.run.notes,
                log=going.run.log,
                files=parting.files,
                texts=parting.texts,
                cycle=going.cycle,
            )

    def _part(self, why: str) -> None:
        """End a process whose tests have ended, before anybody saw how it ends itself."""
        if self._parting is not None:
            self._learn(self._parting)  # its notes were written before it told its exit code
            self._parting.going.run.drop(why)
            self._ledger = self._parting.unsettled(self._ledger)
            self._parting = None

    def _conclude(self, going: Going, moved: set[str]) -> bool:
        """The verdict of a cycle that ended; whether it told all about what changed."""
        cycle, left = going.cycle, going.judged(self._root)
        if left is None:
            self._finish(cycle, "broken", str(going.run.error or "pytest couldn't be started"), going.began)
            return False
        found, judgement = left
        for result in found[len(going.found) :]:  # such as a crash, which is told at the end
            self._shown.tell(result)
        complete = judgement.summary.complete and judgement.status != "error"
        asked = (*cycle.files, *cycle.first) if complete and not cycle.keyword else ()
        self._ledger = self._ledger.after(found, asked=asked, there=cycle.every)
        known = cycle.settles and complete
        if known:
            self._ledger = replace(self._ledger, base=going.files.taking(moved, self._now))
        settled = known or self._ledger.changed_in(self._now) == ()
        verdict = self._ledger.verdict(judgement, settled=settled, moved=moved)
        self._finish(cycle, verdict, why_of(judgement, verdict, moved), going.began, found)
        return known

    # ---- static tools ----

    def _plan_triage(self, cycle: Cycle) -> None:
        if self._with_triage:
            self._triages.plan(cycle.changed)

    def _triaged(self, triage: Triage) -> None:
        """What they said counts of the files as they are; of others, the next cycle will tell."""
        steady = not self._camera.take().changed_in(self._now)
        if self._triages.take(triage, steady=steady) and self._board.last is not None:
            self._shown.tell(triage.told(clock(), self._board.last))

    def _finish(
        self,
        cycle: Cycle,
        verdict: WatchVerdict,
        reason: str,
        began: float,
        found: tuple[TestResult, ...] = (),
    ) -> None:
        finished = CycleFinished(
            time=clock(),
            cycle=self._cycles,
            kind=cycle.kind,
            verdict=verdict,
            reason=reason,
            changed=cycle.changed,
            counts=counts(found),
            tests=len({result.nodeid for result in found}),
            files=len(cycle.files) + len(cycle.only),
            total=len(cycle.every),
            known=cycle.known,
            seconds=round(time.monotonic() - began, 3),
            failed=tuple(self._ledger.failed.values()),
        )
        self._shown.tell(finished)
        self._board = replace(self._board, running=None, last=finished, failed=self._ledger.failed)


_RUNS: dict[str, Kind | None] = {"a": "all", "f": "failed", "enter": None}
