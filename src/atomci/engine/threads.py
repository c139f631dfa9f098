"""Carries a schedule out on threads: starts what may start, waits for what ends, and ends it on Ctrl-C."""

from __future__ import annotations

import queue
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from atomci.catalog import Atom
from atomci.engine.context import Outcome
from atomci.engine.schedule import Schedule
from atomci.tools import interrupts
from atomci.tools.process import Children

__all__ = ["INTERRUPTED", "Work", "carry_out"]

INTERRUPTED = "the run was interrupted"
Work = Callable[[Atom, Outcome | None, Children], Outcome]
"""What a thread does with an atom; it is told how the atom ends where it isn't to run."""


def carry_out(schedule: Schedule, work: Work) -> bool:
    """Go on until all has ended, or until Ctrl-C; whether it was that. What runs then is killed."""
    children: dict[str, Children] = {}
    futures: dict[str, Future[Outcome]] = {}
    done: queue.Queue[str] = queue.Queue()
    with ThreadPoolExecutor(schedule.jobs, thread_name_prefix="atom") as pool:
        try:
            with interrupts.let_through():
                while not schedule.over:
                    for atom, why_not in schedule.start():
                        children[atom.name] = Children()
                        futures[atom.name] = pool.submit(work, atom, why_not, children[atom.name])
                        futures[atom.name].add_done_callback(partial(_say, done, atom.name))
                    name = _next(done)
                    schedule.end(name, futures[name].result())
        except KeyboardInterrupt:
            for started in list(children.values()):
                started.stop(INTERRUPTED)
            for name, future in futures.items():
                schedule.end(name, future.result())
            return True
    return False


def _say(done: queue.Queue[str], name: str, _: Future[Outcome]) -> None:
    done.put(name)


def _next(done: queue.Queue[str]) -> str:
    # A wait without a time limit can't be interrupted on Windows.
    while True:
        try:
            return done.get(timeout=0.5)
        except queue.Empty:
            continue
