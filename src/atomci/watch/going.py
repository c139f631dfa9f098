"""A cycle that runs, what its tests left, and why it ended so."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from atomci.artifacts.handed.testing import TestResult
from atomci.artifacts.handles import Artifact
from atomci.artifacts.printed.watching import CycleStarted, WatchVerdict
from atomci.testing.judging import Judgement, judge
from atomci.testing.layers import gathered
from atomci.watch.cycle import Cycle, Filter
from atomci.watch.processes import Run
from atomci.watch.snapshot import TreeSnapshot
from atomci.watch.suite import Suite
from atomci.watch.tail import Tail

__all__ = ["Going", "clock", "listed", "why_nothing", "why_of"]


@dataclass
class Going:
    """`files` are the project's as they were when it began, `found` the results that were seen so far."""

    number: int
    cycle: Cycle
    suite: Suite
    run: Run
    files: TreeSnapshot
    tail: Tail
    started: CycleStarted
    followed: bool
    """Whether what its tests run is noted."""
    began: float = field(default_factory=time.monotonic)
    found: list[TestResult] = field(default_factory=list)

    def judged(self, root: Path) -> tuple[tuple[TestResult, ...], Judgement] | None:
        """All results, and what they say together; None where pytest didn't come to an end of its own."""
        done = self.run.outcome
        if done is None:
            return None
        layer = replace(self.suite.layer, log=Artifact(str(self.run.log)))
        left = gathered(layer, root, done)
        found, session = left if left is not None else ((), None)
        return found, judge(
            found,
            session,
            folder=layer.folder,
            code=done.code,
            output=f"{done.stdout}\n{done.stderr}",
            root=root,
            marker=layer.marker,
            flaky=self.suite.held(found, session),
        )


def clock() -> str:
    """The time now, as events have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def why_nothing(cycle: Cycle, asked: Filter, *, first: bool) -> str:
    """Why a cycle has nothing to run; `first`: none has ended before it."""
    if cycle.kind == "failed":
        return "no test is known to fail"
    if cycle.kind == "matching":
        return f"no file matches {asked}"
    if cycle.kind == "impacted" and not cycle.changed:
        return "nothing differs from the last commit" if first else "all is as it was when tests ran last"
    return cycle.reason


def why_of(judgement: Judgement, verdict: WatchVerdict, moved: Collection[str]) -> str:
    """Why it is this verdict; `moved` are files that changed while the tests ran."""
    if verdict == "changed":
        return f"{listed(moved)} changed while the tests ran, each time: let git ignore it, or press Enter"
    return judgement.reason


def listed(paths: Collection[str]) -> str:
    """Paths in few words."""
    first, *more = sorted(paths)
    return f"{first} and {len(more)} more" if more else first
