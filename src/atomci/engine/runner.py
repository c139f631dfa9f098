"""Runs a plan: each atom has its turn when its time has come; what a run leaves is always written."""

from __future__ import annotations

import platform
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from atomci.artifacts.handed.runs import AtomFinished, Event, IndexEntry, RunFinished, RunStarted
from atomci.artifacts.index import entries_at_the_end, entries_of, write_index
from atomci.engine.cache import ResultCache
from atomci.engine.context import Outcome, Workspace
from atomci.engine.events import EventLog, Listener, last_run_id, new_run_id, now
from atomci.engine.execution import Execution, Load
from atomci.engine.inputs.environment import python_version
from atomci.engine.manifest import write_manifest
from atomci.engine.outputs import clear_outputs
from atomci.engine.plan import Plan
from atomci.engine.policy import BROKEN, exit_code_of
from atomci.engine.record import Recorder
from atomci.engine.schedule import Schedule
from atomci.engine.threads import INTERRUPTED, carry_out
from atomci.errors import InfrastructureError
from atomci.tools.distributions import own_version

__all__ = ["RunResult", "never_begun", "run_plan"]


@dataclass(frozen=True)
class RunResult:
    """How every atom ended, and the exit code: 0 green, 1 red, 3 broken, 130 interrupted.

    `broken` says why what the run leaves isn't whole, `mend` what to do about it.
    """

    outcomes: Mapping[str, Outcome]
    exit_code: int
    broken: str = ""
    mend: str = ""


def run_plan(workspace: Workspace, plan: Plan, load: Load, listeners: Sequence[Listener]) -> RunResult:
    """Run a plan under a new run id, to the end, also through Ctrl-C and on a full disk.

    Raises InfrastructureError when nothing can be written from the start; then nothing is run.
    """
    root, started = workspace.project.root, time.monotonic()
    finished: list[AtomFinished] = []

    def take_down(event: Event) -> None:
        if isinstance(event, AtomFinished):
            finished.append(event)

    with EventLog(
        root, new_run_id(after=last_run_id(root)), [*listeners, take_down], workspace.redactor
    ) as events:
        _forget_the_verdict(root, plan, events)
        events(_run_started(workspace, plan, events.run))
        if events.broken:
            events(_run_finished(events.run, {}, BROKEN, interrupted=False, seconds=0.0))
            raise InfrastructureError(events.broken, events.mend)
        schedule = Schedule(workspace, plan)
        cache = ResultCache(root)
        execution = Execution(plan, load, cache)
        recorder = Recorder(workspace, events, cache, schedule.outcomes, schedule.running)
        interrupted = carry_out(schedule, partial(recorder.recorded, execution.execute))
        for atom in schedule.left:
            schedule.end(atom.name, recorder.never_started(atom, INTERRUPTED))
        entries = _indexed(workspace, plan, events, finished)
        if events.broken:
            _forget_the_verdict(root, plan, events)
        code = 130 if interrupted else exit_code_of([*schedule.outcomes.values(), *_counted(events)])
        seconds = time.monotonic() - started
        events(_run_finished(events.run, schedule.outcomes, code, interrupted=interrupted, seconds=seconds))
        with suppress(OSError):
            write_index(root, events.run, [*entries, *entries_at_the_end(root, events.run)])
        return RunResult(schedule.outcomes, code, events.broken, events.mend)


def never_begun(targets: Sequence[str], jobs: int) -> tuple[RunStarted, RunFinished]:
    """What is told of a run that was interrupted before it had a plan."""
    run = new_run_id()
    started = RunStarted(
        time=now(), run=run, version=own_version(), targets=tuple(targets), atoms=(), jobs=jobs
    )
    return started, _run_finished(run, {}, 130, interrupted=True, seconds=0.0)


def _forget_the_verdict(root: Path, plan: Plan, events: EventLog) -> None:
    """A run that is killed, or whose files aren't whole, leaves no verdict, least of all an earlier one."""
    try:
        for atom in (atom for atom in plan.atoms if atom.last):
            clear_outputs(root, atom)
    except OSError as error:
        events.breaks(error)


def _indexed(
    workspace: Workspace, plan: Plan, events: EventLog, finished: Sequence[AtomFinished]
) -> list[IndexEntry]:
    """The index but for the log of events, which isn't over; written, so as to know that it can be."""
    root = workspace.project.root
    try:
        write_manifest(workspace, plan, events, finished)
        entries = entries_of(root, events.run)
        write_index(root, events.run, entries)
    except OSError as error:
        events.breaks(error)
        return []
    return entries


def _counted(events: EventLog) -> list[Outcome]:
    """What is lost counts as an atom that broke."""
    return [Outcome("error", events.broken)] if events.broken else []


def _run_started(workspace: Workspace, plan: Plan, run: str) -> RunStarted:
    return RunStarted(
        time=now(),
        run=run,
        version=own_version(),
        targets=plan.targets,
        atoms=tuple(atom.name for atom in plan.atoms),
        jobs=workspace.options.jobs,
        python=python_version(workspace.project),
        system=f"{platform.system()} {platform.machine()}",
        trigger=workspace.options.event,
        words=workspace.options.words,
        resumes=workspace.options.resumed,
        within=workspace.options.within,
    )


def _run_finished(
    run: str, outcomes: Mapping[str, Outcome], code: int, *, interrupted: bool, seconds: float
) -> RunFinished:
    return RunFinished(
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
