"""Runs a plan: what is ready in parallel, fail-fast by phase (policy.py), results always written."""

from __future__ import annotations

import os
import queue
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

from atomci.artifacts import runs
from atomci.artifacts.index import write_index
from atomci.artifacts.redaction import LogWriter, redactor_for
from atomci.artifacts.runs import Result
from atomci.artifacts.store import outputs_of, write
from atomci.catalog import Atom
from atomci.engine.cache import ResultCache, input_key
from atomci.engine.config import Config
from atomci.engine.context import Context, Implementation, Options, Outcome
from atomci.engine.events import EventLog, Listener, new_run_id, now
from atomci.engine.inputs import Inputs
from atomci.engine.outputs import clear_outputs, declared_outputs, missing_outputs
from atomci.engine.overrides import Overrides, today
from atomci.engine.plan import Plan, most_urgent_first
from atomci.engine.policy import blocked_by_need, exit_code_of, is_red, stopped_by, to_stop
from atomci.errors import AtomciError, InfrastructureError
from atomci.project import Project
from atomci.tools.process import Children, Stopped, ToolMissing

__all__ = ["Run", "RunResult", "run_plan"]

Load = Callable[[Atom], Implementation]


@dataclass(frozen=True)
class RunResult:
    """How every atom ended, and the exit code: 0 green, 1 red, 3 broken, 130 interrupted."""

    outcomes: Mapping[str, Outcome]
    exit_code: int


def run_plan(
    project: Project,
    plan: Plan,
    config: Config,
    options: Options,
    load: Load,
    listeners: Sequence[Listener],
) -> RunResult:
    """Run a plan under a new run id. Raises InfrastructureError when the run's files can't be written."""
    try:
        redactor = redactor_for(project.root, os.environ)
        with EventLog(project.root, new_run_id(), listeners, redactor) as events:
            return Run(project, plan, config, options, load, events).execute()
    except OSError as error:
        raise InfrastructureError(f"the run's files can't be written: {error}") from None


@dataclass(frozen=True)
class _Attempt:
    """How one atom went, and what its result depends on."""

    outcome: Outcome
    key: str = ""
    cached: bool = False
    commands: tuple[str, ...] = ()


@dataclass
class Run:
    """One run of a plan. `execute` is called once."""

    project: Project
    plan: Plan
    config: Config
    options: Options
    load: Load
    events: EventLog
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    _children: dict[str, Children] = field(default_factory=dict)
    _futures: dict[str, Future[Outcome]] = field(default_factory=dict)
    _done: queue.Queue[str] = field(default_factory=queue.Queue)
    _interrupted: bool = False

    def execute(self) -> RunResult:
        """Run to the end, also through Ctrl-C; the log, results and index are written either way."""
        started = time.monotonic()
        self._inputs = Inputs(self.project.root)
        self._cache = ResultCache(self.project.root)
        self._overrides = Overrides.on(today(), self.config.override)
        self._atoms = {atom.name: atom for atom in self.plan.atoms}
        # One at a time, earlier phases go first, since they may make later ones needless.
        alone = self.options.jobs == 1
        order = self.plan.atoms if alone else most_urgent_first(self.plan)
        self._waiting = {atom.name: atom for atom in order}
        self.events(self._run_started())
        with ThreadPoolExecutor(self.options.jobs, thread_name_prefix="atom") as pool:
            try:
                self._loop(pool)
            except KeyboardInterrupt:
                self._interrupt()
        code = 130 if self._interrupted else exit_code_of(self.outcomes.values())
        self.events(self._run_finished(code, time.monotonic() - started))
        write_index(self.project.root, self.events.run)
        return RunResult(self.outcomes, code)

    def _loop(self, pool: ThreadPoolExecutor) -> None:
        running: dict[str, Atom] = {}
        while self._waiting or running:
            for atom in self._ready(running):
                del self._waiting[atom.name]
                running[atom.name] = atom
                self._children[atom.name] = Children()
                self._futures[atom.name] = pool.submit(self._work, atom, self._why_not(atom))
            name = self._next_done()
            self.outcomes[name] = outcome = self._futures[name].result()
            del running[name]
            if is_red(outcome) and not self.options.keep_going:
                for other in to_stop(running.values(), self._atoms[name]):
                    self._children[other.name].stop(f"stopped: {name} is red")

    def _next_done(self) -> str:
        # A wait without a time limit can't be interrupted on Windows.
        while True:
            try:
                return self._done.get(timeout=0.5)
            except queue.Empty:
                continue

    def _ready(self, running: Mapping[str, Atom]) -> list[Atom]:
        """Atoms to start now. One that writes the tree runs alone."""
        free = self.options.jobs - len(running)
        if any(atom.effect == "tree" for atom in running.values()):
            return []
        ready: list[Atom] = []
        for atom in self._waiting.values():
            if len(ready) >= free:
                break
            if self.plan.edges[atom.name] - self.outcomes.keys():
                continue
            if atom.effect == "tree":
                return ready or ([] if running else [atom])
            ready.append(atom)
        return ready

    def _work(self, atom: Atom, why_not: Outcome | None) -> Outcome:
        """On a worker thread: run one atom and record it; its name is handed over whatever happens."""
        started = time.monotonic()
        try:
            self.events(runs.AtomStarted(time=now(), atom=atom.name))
            try:
                with self._log(atom) as log:
                    attempt = self._marked(atom, self._attempt(atom, why_not, log))
                self._record(atom, attempt, time.monotonic() - started)
            except Exception as error:
                attempt = _Attempt(Outcome("error", f"its result can't be written: {error}"))
            self.events(self._finished(atom, attempt, time.monotonic() - started))
            return attempt.outcome
        finally:
            self._done.put(atom.name)

    def _attempt(self, atom: Atom, why_not: Outcome | None, log: LogWriter) -> _Attempt:
        key = ""
        try:
            key = input_key(atom, self.config.of(atom.name), self.project, self._inputs, self.options)
            if why_not is not None:
                clear_outputs(self.project.root, atom)
                return _Attempt(why_not, key)
            if (kept := self._kept(atom, key)) is not None:
                log.write(f"unchanged since run {kept.run}; its result was taken over\n")
                outcome = Outcome(kept.status, kept.reason, kept.examined, kept.unit, kept.findings)
                return _Attempt(outcome, key, cached=True)
            outcome, commands = self._run(atom, log)
            return _Attempt(outcome, key, commands=commands)
        except BaseException as error:  # a bug in an atom is one failed row, not the end of the run
            return _Attempt(_crashed(error, atom, log), key)

    @contextmanager
    def _log(self, atom: Atom) -> Iterator[LogWriter]:
        """The atom's log; each line is on disk as soon as it is whole."""
        with self._log_path(atom).open("w", encoding="utf-8", errors="replace", buffering=1) as file:
            log = LogWriter(file.write, self.events.redactor)
            try:
                yield log
            finally:
                log.close()

    def _marked(self, atom: Atom, attempt: _Attempt) -> _Attempt:
        """How it went, with what overrides say of it."""
        outcome = attempt.outcome
        lapsed = self._overrides.lapsed.get(atom.name)
        # A verdict on others is excused by theirs; where none is in force, no code can claim one.
        excuse = self._overrides.excuse(atom.name, outcome.status)
        excuse = excuse or (outcome.overridden if self._overrides.in_force else "")
        said = replace(outcome, overridden=excuse, lapsed=lapsed.lapse if lapsed else "")
        return replace(attempt, outcome=said)

    def _log_path(self, atom: Atom) -> Path:
        return self.events.folder / f"{atom.name}.log"

    def _kept(self, atom: Atom, key: str) -> Result | None:
        if not self.options.use_cache or atom.effect != "pure" or self._follows_a_lapse(atom):
            return None
        return self._cache.find(atom, key)

    def _follows_a_lapse(self, atom: Atom) -> bool:
        """Whether the override of an atom before it is over: that turns a verdict, and no file changed."""
        before = list(self.plan.edges[atom.name])
        for name in before:
            before += self.plan.edges[name] - set(before)
        return any(name in self._overrides.lapsed for name in before)

    def _run(self, atom: Atom, log: LogWriter) -> tuple[Outcome, tuple[str, ...]]:
        clear_outputs(self.project.root, atom)
        context = Context(
            project=self.project,
            atom=atom,
            options=self.options,
            inputs=self._inputs,
            children=self._children[atom.name],
            log=log.write,
            emit=self.events,
            timeout=self.config.of(atom.name).timeout,
            redactor=self.events.redactor,
            overrides=self._overrides,
        )
        implementation = self.load(atom)
        commands = tuple(str(command) for command in implementation.commands(context))
        outcome = implementation.run(context)
        if atom.effect == "tree":
            self._inputs.forget()
        missing = missing_outputs(self.project.root, atom)
        if outcome.status == "pass" and missing:
            outcome = Outcome(
                "error", f"passed without writing {', '.join(missing)} ({implementation.origin})"
            )
        return outcome, commands

    def _why_not(self, atom: Atom) -> Outcome | None:
        """Why the atom is skipped, None when it is to run."""
        if not self.config.of(atom.name).enabled:
            return Outcome("skipped", "disabled in pyproject.toml")
        if atom.always:
            return None
        red = [self._atoms[name] for name, outcome in self.outcomes.items() if is_red(outcome)]
        if not self.options.keep_going and (name := stopped_by(atom, red)) is not None:
            return Outcome("skipped", f"stopped: {name} is red")
        reason = blocked_by_need(atom, self.outcomes, self._left_nothing)
        return None if reason is None else Outcome("skipped", reason)

    def _left_nothing(self, name: str) -> bool:
        """What an optional atom leaves is a hint at most."""
        atom = self._atoms[name]
        return not atom.optional and bool(missing_outputs(self.project.root, atom))

    def _interrupt(self) -> None:
        """Kill what runs, wait for the threads to say so, mark the rest."""
        self._interrupted = True
        for children in list(self._children.values()):
            children.stop("the run was interrupted")
        for name, future in self._futures.items():
            self.outcomes[name] = future.result()
        for name, atom in self._atoms.items():
            if name not in self.outcomes:
                attempt = _Attempt(Outcome("skipped", "the run was interrupted"))
                self.outcomes[name] = attempt.outcome
                self.events(self._finished(atom, attempt, 0.0))

    def _record(self, atom: Atom, attempt: _Attempt, seconds: float) -> None:
        outcome = attempt.outcome
        result = Result(
            atom=atom.name,
            status=outcome.status,
            reason=outcome.reason,
            examined=outcome.examined,
            unit=outcome.unit,
            key=attempt.key,
            run=self.events.run,
            since=self.options.since,
            seconds=round(seconds, 3),
            outputs=outputs_of(self.project.root, declared_outputs(atom)),
            findings=outcome.findings,
            override=outcome.overridden or outcome.lapsed,
        )
        path = self.project.root / "artifacts" / "atoms" / f"{atom.name}.json"
        write(path, result, self.events.redactor.clean)
        if (
            outcome.status == "pass"
            and atom.effect == "pure"
            and not attempt.cached
            and self.options.use_cache
        ):
            self._cache.keep(atom, result)

    def _finished(self, atom: Atom, attempt: _Attempt, seconds: float) -> runs.AtomFinished:
        outcome = attempt.outcome
        return runs.AtomFinished(
            time=now(),
            atom=atom.name,
            status=outcome.status,
            reason=outcome.reason,
            examined=outcome.examined,
            unit=outcome.unit,
            seconds=round(seconds, 3),
            cached=attempt.cached,
            findings=outcome.findings,
            commands=attempt.commands,
            outputs=declared_outputs(atom),
            log=self._log_path(atom).relative_to(self.project.root).as_posix(),
            override=outcome.overridden or outcome.lapsed,
        )

    def _run_started(self) -> runs.RunStarted:
        return runs.RunStarted(
            time=now(),
            run=self.events.run,
            version=version("atomci"),
            targets=self.plan.targets,
            atoms=tuple(atom.name for atom in self.plan.atoms),
            jobs=self.options.jobs,
        )

    def _run_finished(self, code: int, seconds: float) -> runs.RunFinished:
        return runs.RunFinished(
            time=now(),
            run=self.events.run,
            exit_code=code,
            interrupted=self._interrupted,
            seconds=round(seconds, 3),
            counts=dict(Counter(outcome.status for outcome in self.outcomes.values())),
            atoms={name: outcome.status for name, outcome in self.outcomes.items()},
            overridden={name: o.overridden for name, o in self.outcomes.items() if o.overridden},
            expired={name: o.lapsed for name, o in self.outcomes.items() if o.lapsed},
        )


def _crashed(error: BaseException, atom: Atom, log: LogWriter) -> Outcome:
    if isinstance(error, Stopped):
        return Outcome("skipped", str(error))
    if isinstance(error, ToolMissing) and atom.optional:
        return Outcome("skipped", error.message)
    if isinstance(error, AtomciError):
        log.write(f"error: {error.message}\n{error.hint}\n")
        return Outcome("error", f"{error.message}; {error.hint}" if error.hint else error.message)
    log.write("".join(traceback.format_exception(error)))
    return Outcome("error", f"it crashed: {type(error).__name__}: {error}; the traceback is in its log")
