"""What a run leaves of each atom: its log, its result and its events, however its turn went."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from atomci.artifacts.handed.runs import AtomFinished, AtomStarted, Result
from atomci.artifacts.handles import result_of
from atomci.artifacts.redaction import LogWriter
from atomci.artifacts.store import outputs_of, write
from atomci.catalog import Atom
from atomci.engine.cache import ResultCache
from atomci.engine.context import Context, Outcome, Workspace
from atomci.engine.events import EventLog, now
from atomci.engine.excerpts import excerpts
from atomci.engine.execution import Turn
from atomci.engine.inputs.dependencies import key_of
from atomci.engine.outputs import clear_outputs, declared_outputs
from atomci.errors import AtomciError
from atomci.project import CACHE_FOLDER
from atomci.tools.process import Children, Stopped, ToolMissing

__all__ = ["Recorder"]

_NO_PLACE = {getattr(errno, name, 0) for name in ("ENOSPC", "EDQUOT", "EROFS")}
LOG_LIMIT = 16_000_000
Execute = Callable[[Context, Outcome | None], Turn]


@dataclass(frozen=True)
class Recorder:
    """Writes down and tells how atoms end, also of several at a time."""

    workspace: Workspace
    events: EventLog
    cache: ResultCache
    outcomes: Mapping[str, Outcome]
    """How the atoms of the run have ended so far."""
    running: Collection[str] = ()
    """Those that have begun and not ended."""

    def recorded(self, execute: Execute, atom: Atom, why_not: Outcome | None, children: Children) -> Outcome:
        """Give the atom its turn; what it raises, and what can't be written, is how it ended."""
        started = time.monotonic()
        self.events(AtomStarted(time=now(), atom=atom.name))
        try:
            with self._log(atom) as log:
                try:
                    ctx = self._context(atom, children, log)
                    turn = execute(ctx, why_not)
                except BaseException as error:  # a bug in an atom is one failed row, not the end of the run
                    turn = Turn(_crashed(error, atom, log))
            turn = replace(turn, outcome=self._excused(atom, turn.outcome))
            self._keep(atom, turn, time.monotonic() - started)
        except Exception as error:
            turn = Turn(Outcome("error", f"its result can't be written: {error}"))
        for excerpt in excerpts(self.workspace.project.root, atom.name, turn.outcome.findings):
            self.events(excerpt)
        self.events(self._finished(atom, turn, time.monotonic() - started))
        return turn.outcome

    def never_started(self, atom: Atom, why: str) -> Outcome:
        """Tell that an atom had no turn; what an earlier run left of it is no result of this one."""
        with suppress(OSError):
            clear_outputs(self.workspace.project.root, atom)
        outcome = Outcome("skipped", why)
        self.events(self._finished(atom, Turn(outcome), 0.0))
        return outcome

    def _context(self, atom: Atom, children: Children, log: LogWriter) -> Context:
        return Context(self.workspace, atom, children, log.write, self.events, self.outcomes, self.running)

    @contextmanager
    def _log(self, atom: Atom) -> Iterator[LogWriter]:
        """The atom's log; each line is on disk as soon as it is whole."""
        with self._log_path(atom).open("w", encoding="utf-8", errors="replace", buffering=1) as file:
            log = LogWriter(_bounded(file.write), self.events.redactor)
            try:
                yield log
            finally:
                log.close()

    def _log_path(self, atom: Atom) -> Path:
        return self.events.folder / f"{atom.name}.log"

    def _excused(self, atom: Atom, outcome: Outcome) -> Outcome:
        """The outcome, with what overrides say of it."""
        overrides = self.workspace.overrides
        lapsed = overrides.lapsed.get(atom.name)
        # A verdict on others is excused by theirs; where none is in force, no code can claim one.
        excuse = overrides.excuse(atom.name, outcome.status)
        excuse = excuse or (outcome.overridden if overrides.in_force else "")
        return replace(outcome, overridden=excuse, lapsed=lapsed.lapse if lapsed else "")

    def _keep(self, atom: Atom, turn: Turn, seconds: float) -> None:
        """Write the atom's result, and keep a pass that later runs may take over."""
        outcome, options, root = turn.outcome, self.workspace.options, self.workspace.project.root
        result = Result(
            atom=atom.name,
            status=outcome.status,
            reason=outcome.reason,
            examined=outcome.examined,
            unit=outcome.unit,
            key=key_of(turn.observed) if turn.observed else "",
            run=self.events.run,
            since=options.since,
            seconds=round(seconds, 3),
            outputs=outputs_of(root, declared_outputs(atom)),
            findings=outcome.findings,
            override=outcome.overridden or outcome.lapsed,
            left_out=outcome.left_out,
            because=turn.because,
            observed=turn.observed,
        )
        write(root / result_of(atom.name), result, self.events.redactor.clean_json)
        if self._may_be_taken_over(atom, turn):
            self.cache.keep(atom, result)

    def _may_be_taken_over(self, atom: Atom, turn: Turn) -> bool:
        if turn.outcome.status != "pass" or atom.effect != "pure" or not self.workspace.options.use_cache:
            return False
        seen = turn.observed
        return seen is not None and not (turn.cached or seen.unkept or seen.unsettled)

    def _finished(self, atom: Atom, turn: Turn, seconds: float) -> AtomFinished:
        outcome = turn.outcome
        return AtomFinished(
            time=now(),
            atom=atom.name,
            status=outcome.status,
            reason=outcome.reason,
            examined=outcome.examined,
            unit=outcome.unit,
            seconds=round(seconds, 3),
            cached=turn.cached,
            findings=outcome.findings,
            commands=turn.commands,
            outputs=declared_outputs(atom),
            log=self._log_path(atom).relative_to(self.workspace.project.root).as_posix(),
            override=outcome.overridden or outcome.lapsed,
            left_out=outcome.left_out,
            because=turn.because,
        )


def _bounded(write: Callable[[str], object]) -> Callable[[str], None]:
    """Write so much and no more, and say so: what programs print is bounded already, what atoms say isn't."""
    left = LOG_LIMIT

    def take(text: str) -> None:
        nonlocal left
        if left <= 0:
            return
        write(text[:left])
        left -= len(text)
        if left <= 0:
            write(f"\n[the log is longer than {LOG_LIMIT:,} characters: the rest isn't in it]\n")

    return take


def _is_ours(path: object) -> bool:
    """Whether atomci keeps its own files there, which it only reads after it has written them."""
    return isinstance(path, str) and bool({CACHE_FOLDER, "artifacts"} & {*Path(path).parts})


def _crashed(error: BaseException, atom: Atom, log: LogWriter) -> Outcome:
    if isinstance(error, Stopped):
        return Outcome("skipped", str(error))
    if isinstance(error, ToolMissing) and atom.optional:
        return Outcome("skipped", error.message)
    if isinstance(error, AtomciError):
        log.write(f"error: {error.message}\n{error.hint}\n")
        return Outcome("error", f"{error.message}; {error.hint}" if error.hint else error.message)
    if isinstance(error, OSError) and error.errno in _NO_PLACE:
        return Outcome("error", f"can't write: {error}")
    if isinstance(error, PermissionError) and _is_ours(error.filename):
        return Outcome("error", f"can't write: {error}; give yourself the right to write there")
    import traceback

    log.write("".join(traceback.format_exception(error)))
    return Outcome("error", f"it crashed: {type(error).__name__}: {error}; the traceback is in its log")
