"""One atom of a run: taken over where nothing changed, else run. Log, events and result are always left."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from atomci.artifacts.handles import result_of
from atomci.artifacts.redaction import LogWriter
from atomci.artifacts.runs import AtomFinished, AtomStarted, Result
from atomci.artifacts.store import outputs_of, write
from atomci.catalog import Atom
from atomci.engine.cache import ResultCache, input_key
from atomci.engine.context import Context, Implementation, Outcome, Workspace
from atomci.engine.events import EventLog, now
from atomci.engine.outputs import clear_outputs, declared_outputs, missing_outputs
from atomci.engine.plan import Plan
from atomci.errors import AtomciError
from atomci.tools.process import Children, Stopped, ToolMissing

__all__ = ["Execution", "Load"]

Load = Callable[[Atom], Implementation]


@dataclass(frozen=True)
class _Attempt:
    """How one atom went, and what its result depends on."""

    outcome: Outcome
    key: str = ""
    cached: bool = False
    commands: tuple[str, ...] = ()


@dataclass(frozen=True)
class Execution:
    """Executes the atoms of one run, also several at a time."""

    workspace: Workspace
    plan: Plan
    load: Load
    events: EventLog
    _cache: ResultCache = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_cache", ResultCache(self._root))
        # Made before threads ask for them.
        _ = self.workspace.inputs, self.workspace.overrides

    def execute(self, atom: Atom, why_not: Outcome | None, children: Children) -> Outcome:
        """Run one atom, or end it as `why_not` says; whatever happens, how it ended is written and told."""
        started = time.monotonic()
        self.events(AtomStarted(time=now(), atom=atom.name))
        try:
            with self._log(atom) as log:
                attempt = self._marked(atom, self._attempt(atom, why_not, children, log))
            self._record(atom, attempt, time.monotonic() - started)
        except Exception as error:
            attempt = _Attempt(Outcome("error", f"its result can't be written: {error}"))
        self.events(self._finished(atom, attempt, time.monotonic() - started))
        return attempt.outcome

    def skip(self, atom: Atom, why: str) -> Outcome:
        """End an atom that never started."""
        attempt = _Attempt(Outcome("skipped", why))
        self.events(self._finished(atom, attempt, 0.0))
        return attempt.outcome

    @property
    def _root(self) -> Path:
        return self.workspace.project.root

    def _attempt(self, atom: Atom, why_not: Outcome | None, children: Children, log: LogWriter) -> _Attempt:
        key = ""
        try:
            key = input_key(atom, self.workspace, self.workspace.options)
            if why_not is not None:
                clear_outputs(self._root, atom)
                return _Attempt(why_not, key)
            if (kept := self._kept(atom, key)) is not None:
                log.write(f"unchanged since run {kept.run}; its result was taken over\n")
                outcome = Outcome(kept.status, kept.reason, kept.examined, kept.unit, kept.findings)
                return _Attempt(outcome, key, cached=True)
            context = Context(self.workspace, atom, children, log.write, self.events)
            return replace(self._run(context), key=key)
        except BaseException as error:  # a bug in an atom is one failed row, not the end of the run
            return _Attempt(_crashed(error, atom, log), key)

    def _run(self, ctx: Context) -> _Attempt:
        clear_outputs(self._root, ctx.atom)
        implementation = self.load(ctx.atom)
        commands = tuple(str(command) for command in implementation.commands(ctx))
        outcome = implementation.run(ctx)
        if ctx.atom.effect == "tree":
            self.workspace.inputs.forget()
        missing = missing_outputs(self._root, ctx.atom)
        if outcome.status == "pass" and missing:
            why = f"passed without writing {', '.join(missing)} ({implementation.origin})"
            outcome = Outcome("error", why)
        return _Attempt(outcome, commands=commands)

    @contextmanager
    def _log(self, atom: Atom) -> Iterator[LogWriter]:
        """The atom's log; each line is on disk as soon as it is whole."""
        with self._log_path(atom).open("w", encoding="utf-8", errors="replace", buffering=1) as file:
            log = LogWriter(file.write, self.events.redactor)
            try:
                yield log
            finally:
                log.close()

    def _log_path(self, atom: Atom) -> Path:
        return self.events.folder / f"{atom.name}.log"

    def _marked(self, atom: Atom, attempt: _Attempt) -> _Attempt:
        """How it went, with what overrides say of it."""
        outcome, overrides = attempt.outcome, self.workspace.overrides
        lapsed = overrides.lapsed.get(atom.name)
        # A verdict on others is excused by theirs; where none is in force, no code can claim one.
        excuse = overrides.excuse(atom.name, outcome.status)
        excuse = excuse or (outcome.overridden if overrides.in_force else "")
        said = replace(outcome, overridden=excuse, lapsed=lapsed.lapse if lapsed else "")
        return replace(attempt, outcome=said)

    def _kept(self, atom: Atom, key: str) -> Result | None:
        if not self.workspace.options.use_cache or atom.effect != "pure" or self._follows_a_lapse(atom):
            return None
        return self._cache.find(atom, key)

    def _follows_a_lapse(self, atom: Atom) -> bool:
        """Whether the override of an atom before it is over: that turns a verdict, and no file changed."""
        before = list(self.plan.edges[atom.name])
        for name in before:
            before += self.plan.edges[name] - set(before)
        return any(name in self.workspace.overrides.lapsed for name in before)

    def _record(self, atom: Atom, attempt: _Attempt, seconds: float) -> None:
        outcome, options = attempt.outcome, self.workspace.options
        result = Result(
            atom=atom.name,
            status=outcome.status,
            reason=outcome.reason,
            examined=outcome.examined,
            unit=outcome.unit,
            key=attempt.key,
            run=self.events.run,
            since=options.since,
            seconds=round(seconds, 3),
            outputs=outputs_of(self._root, declared_outputs(atom)),
            findings=outcome.findings,
            override=outcome.overridden or outcome.lapsed,
        )
        write(self._root / result_of(atom.name), result, self.events.redactor.clean)
        keep = outcome.status == "pass" and atom.effect == "pure" and options.use_cache
        if keep and not attempt.cached:
            self._cache.keep(atom, result)

    def _finished(self, atom: Atom, attempt: _Attempt, seconds: float) -> AtomFinished:
        outcome = attempt.outcome
        return AtomFinished(
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
            log=self._log_path(atom).relative_to(self._root).as_posix(),
            override=outcome.overridden or outcome.lapsed,
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
