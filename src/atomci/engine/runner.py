"""Runs a plan: each atom has its turn when its time has come; what a run leaves is always written."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

from atomci.artifacts.index import write_index
from atomci.artifacts.runs import RunFinished, RunStarted
from atomci.engine.cache import ResultCache
from atomci.engine.context import Outcome, Workspace
from atomci.engine.events import EventLog, Listener, new_run_id, now
from atomci.engine.execution import Execution, Load
from atomci.engine.outputs import clear_outputs
from atomci.engine.plan import Plan
from atomci.engine.policy import exit_code_of
from atomci.engine.record import Recorder
from atomci.engine.schedule import Schedule
from atomci.engine.threads import INTERRUPTED, carry_out
from atomci.errors import InfrastructureError

__all__ = ["RunResult", "run_plan"]


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
            for atom in (atom for atom in plan.atoms if atom.last):
                clear_outputs(
                    root, atom
                )  # a run that is killed leaves no verdict, least of all an earlier one
            events(_run_started(workspace, plan, events.run))
            schedule = Schedule(workspace, plan)
            cache = ResultCache(root)
            execution = Execution(plan, load, cache)
            recorder = Recorder(workspace, events, cache, schedule.outcomes)
            interrupted = carry_out(schedule, partial(recorder.recorded, execution.execute))
            for atom in schedule.left:
                schedule.end(atom.name, recorder.never_started(atom, INTERRUPTED))
            code = 130 if interrupted else exit_code_of(schedule.outcomes.values())
            seconds = time.monotonic() - started
            events(_run_finished(events.run, schedule.outcomes, code, interrupted, seconds))
            write_index(root, events.run)
            return RunResult(schedule.outcomes, code)
    except OSError as error:
        raise InfrastructureError(f"the run's files can't be written: {error}") from None


def _run_started(workspace: Workspace, plan: Plan, run: str) -> RunStarted:
    return RunStarted(
        time=now(),
        run=run,
        version=version("atomci"),
        targets=plan.targets,
        atoms=tuple(atom.name for atom in plan.atoms),
        jobs=workspace.options.jobs,
    )


def _run_finished(
    run: str, outcomes: Mapping[str, Outcome], code: int, interrupted: bool, seconds: float
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
