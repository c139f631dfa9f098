"""Carries a schedule out on threads: starts what may start, waits for what ends, stops what has to."""

from __future__ import annotations

import queue
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from atomci.catalog import Atom
from atomci.engine.context import Outcome
from atomci.engine.schedule import Schedule
from atomci.tools.process import Children

__all__ = ["INTERRUPTED", "Work", "carry_out"]

INTERRUPTED = "the run was interrupted"
Work = Callable[[Atom, Outcome | None, Children], Outcome]
"""What a thread does with an atom; it is told how the atom ends where it isn't to run."""


def carry_out(schedule: Schedule, work: Work) -> bool:
    """Go on until all has ended, or until Ctrl-C; whether it was that. What runs then is killed."""
    with ThreadPoolExecutor(schedule.jobs, thread_name_prefix="atom") as pool:
        at_work = _AtWork(pool, work)
        try:
            while not schedule.over:
                for atom, why_not in schedule.start():
                    at_work.start(atom, why_not)
                name, outcome = at_work.next_done()
                for other in schedule.end(name, outcome):
                    at_work.children[other].stop(f"stopped: {name} is red")
        except KeyboardInterrupt:
            for name, outcome in at_work.killed(INTERRUPTED).items():
                schedule.end(name, outcome)
            return True
    return False


@dataclass(frozen=True)
class _AtWork:
    """The atoms that threads are at or are done with."""

    pool: ThreadPoolExecutor
    work: Work
    children: dict[str, Children] = field(default_factory=dict)
    futures: dict[str, Future[Outcome]] = field(default_factory=dict)
    done: queue.Queue[str] = field(default_factory=queue.Queue)

    def start(self, atom: Atom, why_not: Outcome | None) -> None:
        self.children[atom.name] = Children()
        future = self.futures[atom.name] = self.pool.submit(
            self.work, atom, why_not, self.children[atom.name]
        )
        future.add_done_callback(lambda _: self.done.put(atom.name))

    def next_done(self) -> tuple[str, Outcome]:
        # A wait without a time limit can't be interrupted on Windows.
        while True:
            try:
                name = self.done.get(timeout=0.5)
            except queue.Empty:
                continue
            return name, self.futures[name].result()

    def killed(self, why: str) -> dict[str, Outcome]:
        """Kill all that runs; how each atom ended, when its thread has said so."""
        for children in list(self.children.values()):
            children.stop(why)
        return {name: future.result() for name, future in self.futures.items()}
