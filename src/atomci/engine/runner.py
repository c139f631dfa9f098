"""Runs a plan: what is ready is scheduled (schedule.py) and executed on threads (execution.py)."""

from __future__ import annotations

import queue
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import version

from atomci.artifacts import runs
from atomci.artifacts.index import write_index
from atomci.catalog import Atom
from atomci.engine.context import Outcome, Workspace
from atomci.engine.events import EventLog, Listener, new_run_id, now
from atomci.engine.execution import Execution, Load
from atomci.engine.plan import Plan
from atomci.engine.policy import exit_code_of
from atomci.engine.schedule import Schedule
from atomci.errors import InfrastructureError
from atomci.tools.process import Children

__all__ = ["RunResult", "run_plan"]

_INTERRUPTED = "the run was interrupted"


@dataclass(frozen=True)
class RunResult:
    """How every atom ended, and the exit code: 0 green, 1 red, 3 broken, 130 interrupted."""

    outcomes: Mapping[str, Outcome]
    exit_code: int


def run_plan(workspace: Workspace, plan: Plan, load: Load, listeners: Sequence[Listener]) -> RunResult:
    """Run a plan under a new run id, to the end, also through Ctrl-C.

    Raises InfrastructureError when the run's files can't be written.
    """
    root, started = workspace.project.root, time.monotonic()
    try:
        with EventLog(root, new_run_id(), listeners, workspace.redactor) as events:
            events(_run_started(workspace, plan, events.run))
            schedule = Schedule(workspace, plan)
            interrupted = _carry_out(schedule, Execution(workspace, plan, load, events))
            code = 130 if interrupted else exit_code_of(schedule.outcomes.values())
            seconds = time.monotonic() - started
            events(_run_finished(events.run, schedule.outcomes, code, interrupted, seconds))
            write_index(root, events.run)
            return RunResult(schedule.outcomes, code)
    except OSError as error:
        raise InfrastructureError(f"the run's files can't be written: {error}") from None


def _carry_out(schedule: Schedule, execution: Execution) -> bool:
    """Start what is ready and wait for what is done, until all has ended; whether it was interrupted."""
    with ThreadPoolExecutor(schedule.jobs, thread_name_prefix="atom") as pool:
        at_work = _AtWork(pool, execution)
        try:
            while not schedule.over:
                for atom, why_not in schedule.start():
                    at_work.start(atom, why_not)
                name, outcome = at_work.next_done()
                for other in schedule.end(name, outcome):
                    at_work.stop(other, f"stopped: {name} is red")
        except KeyboardInterrupt:
            for name, outcome in at_work.stopped(_INTERRUPTED).items():
                schedule.end(name, outcome)
            for atom in schedule.left:
                schedule.end(atom.name, execution.skip(atom, _INTERRUPTED))
            return True
    return False


@dataclass
class _AtWork:
    """The atoms that threads are at."""

    pool: ThreadPoolExecutor
    execution: Execution
    children: dict[str, Children] = field(default_factory=dict)
    futures: dict[str, Future[Outcome]] = field(default_factory=dict)
    done: queue.Queue[str] = field(default_factory=queue.Queue)

    def start(self, atom: Atom, why_not: Outcome | None) -> None:
        self.children[atom.name] = Children()
        self.futures[atom.name] = self.pool.submit(self._work, atom, why_not)

    def _work(self, atom: Atom, why_not: Outcome | None) -> Outcome:
        try:
            return self.execution.execute(atom, why_not, self.children[atom.name])
        finally:
            self.done.put(atom.name)

    def next_done(self) -> tuple[str, Outcome]:
        # A wait without a time limit can't be interrupted on Windows.
        while True:
            try:
                name = self.done.get(timeout=0.5)
            except queue.Empty:
                continue
            return name, self.futures[name].result()

    def stop(self, name: str, why: str) -> None:
        self.children[name].stop(why)

    def stopped(self, why: str) -> dict[str, Outcome]:
        """Kill all that runs, and wait for the threads to say how it ended."""
        for name in list(self.children):
            self.stop(name, why)
        return {name: future.result() for name, future in self.futures.items()}


def _run_started(workspace: Workspace, plan: Plan, run: str) -> runs.RunStarted:
    return runs.RunStarted(
        time=now(),
        run=run,
        version=version("atomci"),
        targets=plan.targets,
        atoms=tuple(atom.name for atom in plan.atoms),
        jobs=workspace.options.jobs,
    )


def _run_finished(
    run: str, outcomes: Mapping[str, Outcome], code: int, interrupted: bool, seconds: float
) -> runs.RunFinished:
    return runs.RunFinished(
        time=now(),
        run=run,
        exit_code=code,
        interrupted=interrupted,
        seconds=round(seconds, 3),
        counts=dict(Counter(outcome.status for outcome in outcomes.values())),
        atoms={name: outcome.status for name, outcome in outcomes.items()},
        overridden={name: o.overridden for name, o in outcomes.items() if o.overridden},
        expired={name: o.lapsed for name, o in outcomes.items() if o.lapsed},
    )
