"""Rounds of the unit tests, as pytest runs them here; what passes on retry is judged as everywhere."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import replace

from atomci.artifacts import handles
from atomci.artifacts.handed.fixing import UnitRound, UnitRounds
from atomci.artifacts.handed.schemas import Status
from atomci.artifacts.handed.testing import TestResult, TestSession
from atomci.atoms.parts.layers.layer_runs import pytest_command
from atomci.atoms.parts.layers.retries import flakiness, write_plan
from atomci.atoms.parts.options import RoundOptions
from atomci.engine.context import Context, Outcome
from atomci.engine.inputs.files import Inputs
from atomci.testing import results
from atomci.testing.flaky.rounds import Played, play
from atomci.testing.judging import judge
from atomci.testing.layers import Layer, gathered, unit_tests_of
from atomci.tools.process import Command

__all__ = ["first_round", "play_rounds", "state_of_files"]

_ALL_ONCE = "run_pytest_unit_with_coverage"
_PAUSE = 0.5
_LONGEST_EDIT = 30.0
_SOURCES = (".py", ".pyi", ".toml", ".cfg", ".ini")
_NAMED_ONE_BY_ONE = 500
"""More tests than that are run by their files: a command line has an end."""


def first_round(ctx: Context) -> Command:
    """pytest on all unit tests; each later round names the tests that failed."""
    return _Pytest(ctx).command(())


def play_rounds(ctx: Context) -> Outcome:
    """Run them until they are green or there is no reason to go on, and write down which."""
    if (known := _just_passed(ctx)) is not None:
        return known
    asked, suite = ctx.option(RoundOptions), _Pytest(ctx)
    (ctx.root / handles.ROUND_RESULTS).unlink(missing_ok=True)
    played = play(suite, asked.rounds, lambda: suite.waited(asked.wait))
    for row in played.attempts:
        ctx.emit(row)
    status, reason, flaky = _judged(ctx, suite, played)
    ctx.write(
        handles.UNIT_ROUNDS,
        UnitRounds(
            ended=played.ended,
            reason=reason,
            rounds=played.rounds,
            flaky=flaky,
            files=state_of_files(ctx),
        ),
    )
    bad = results.findings(played.attempts)
    return Outcome(status, reason, len({row.nodeid for row in played.attempts}), "tests", bad)


def _just_passed(ctx: Context) -> Outcome | None:
    """All unit tests passed in this very run, none of them on retry, so nothing is left to do."""
    ended = ctx.ended.get(_ALL_ONCE)
    summary = ctx.read_if_there(handles.UNIT_TESTS)
    if ended is None or ended.status != "pass" or summary is None or not summary.complete or summary.flaky:
        return None
    reason = f"green after 1 round, that of {_ALL_ONCE}"
    row = UnitRound(ran=ended.examined, failing=(), edited=False)
    files = state_of_files(ctx)
    ctx.write(
        handles.UNIT_ROUNDS, UnitRounds(ended="green", reason=reason, rounds=(row,), flaky=(), files=files)
    )
    return Outcome("pass", reason, ended.examined, "tests", without=(handles.ROUND_RESULTS.path,))


def state_of_files(ctx: Context) -> str:
    """A digest of all the project's files."""
    inputs = Inputs(ctx.root)
    rows = "".join(f"{path}\0{inputs.hash_of(path)}\0" for path in inputs.files())
    return hashlib.sha256(rows.encode("utf-8", "surrogateescape")).hexdigest()


def _judged(ctx: Context, suite: _Pytest, played: Played) -> tuple[Status, str, tuple[str, ...]]:
    """The status, why, and the tests that passed on retry."""
    count = len(played.rounds)
    after = f"after {count} round{'' if count == 1 else 's'}"
    found = flakiness(ctx, suite.layer, played.attempts, suite.session)
    flaky = tuple(sorted({*found.tests, *played.flaky}))
    if played.ended == "broken":
        return suite.status, f"{played.broken} ({after})" if count else played.broken, flaky
    failing = played.rounds[-1].failing
    if played.ended == "green":
        said = "; ".join(filter(None, (f"green {after}", *found.objections, found.said)))
        return ("fail" if found.objections else "pass"), said, flaky
    if played.ended == "passed on retry":
        said = "; ".join((*found.objections, f"{len(flaky)} passed on retry {after}: {_listed(flaky)}"))
        return ("fail" if found.objections else "pass"), said, flaky
    why = f"no progress {after}" if played.ended == "no progress" else f"the bound is reached {after}"
    left = f"{len(failing)} red: {_listed(failing)}" if failing else "the last edit isn't tested whole"
    return "fail", "; ".join((f"{why}, {left}", *found.objections)), flaky


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:3])}{f' and {len(names) - 3} more' if len(names) > 3 else ''}"


class _Pytest:
    """Runs unit tests, all that fail and without coverage, and waits for edits between two rounds."""

    def __init__(self, ctx: Context) -> None:
        options = replace(ctx.options, keep_going=True)
        self._ctx = replace(ctx, workspace=replace(ctx.workspace, options=options))
        self.layer: Layer = replace(unit_tests_of(ctx.project), log=handles.ROUND_RESULTS, data=None)
        self.session: TestSession | None = None
        self.status: Status = "error"
        self.edited = False
        self._inputs = Inputs(ctx.root)
        self._after: dict[str, str] = {}
        self._meanwhile = False

    def run(self, tests: Sequence[str]) -> Sequence[TestResult] | str:
        """Every attempt; or why they can't be judged, such as that there are none."""
        ctx, layer = self._ctx, self.layer
        names = tests if len(tests) <= _NAMED_ONE_BY_ONE else sorted({name.split("::")[0] for name in tests})
        write_plan(ctx, layer)
        (ctx.root / layer.log).unlink(missing_ok=True)
        before = self._files()
        done = ctx.run(self.command(names))
        self._note_edits(before)
        clean = ctx.redactor.clean
        done = replace(done, stdout=clean(done.stdout), stderr=clean(done.stderr))
        left = gathered(layer, ctx.root, done)
        if left is None:
            return f"pytest left no results (exit {done.code}): {done.last_line}"
        found, self.session = left
        judged = judge(
            found,
            self.session,
            folder=layer.folder,
            code=done.code,
            output=f"{done.stdout}\n{done.stderr}",
            root=ctx.root,
            left_out="only those that failed" if tests else "",
        )
        if judged.status in ("pass", "fail"):
            return found
        self.status = judged.status
        return judged.reason

    def command(self, tests: Sequence[str]) -> Command:
        """pytest on these tests, on all without any."""
        return pytest_command(self._ctx, self.layer, tests)

    def waited(self, seconds: float) -> bool:
        """Whether somebody edits a file within that time. What tests write themselves is no edit."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(min(_PAUSE, seconds))
            if (now := self._files()) != self._after:
                self._settle(now)
                return True
        return False

    def _note_edits(self, before: dict[str, str]) -> None:
        """Tests write files too, but hardly sources that are there; between two runs nothing else writes."""
        between = bool(self._after) and before != self._after
        earlier, after = self._meanwhile, self._files()
        sources = [path for path in before if path.endswith(_SOURCES)]
        self._meanwhile = any(before[path] != after.get(path) for path in sources)
        self.edited = between or earlier or self._meanwhile
        self._after = after

    def _settle(self, now: dict[str, str]) -> None:
        """Wait until nothing has changed for a moment."""
        end = time.monotonic() + _LONGEST_EDIT
        while time.monotonic() < end:
            time.sleep(_PAUSE)
            then, now = now, self._files()
            if then == now:
                return

    def _files(self) -> dict[str, str]:
        self._inputs.forget()
        return {path: self._inputs.hash_of(path) for path in self._inputs.files()}
