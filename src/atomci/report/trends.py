"""Whether what runs take has grown beyond noise, and which tests are flaky, over the runs of a history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from atomci.artifacts.handed.impact import Escapes
from atomci.artifacts.handed.trends import EscapeRate, FlakyRecord, PastRun, Trend, Trends

__all__ = ["ENOUGH", "trends_of"]

_NEWEST = 3
"""A single slow run is the machine's; of three the median is the project's."""
_BEFORE = 5
_LONGEST = 100
_RUNS_NAMED = 10
ENOUGH = _NEWEST + _BEFORE
"""So many runs that are alike it takes for a verdict."""
# Noise stays below one of them: three standard deviations, as MAD estimates them; a part; an absolute floor.
_DEVIATIONS = 3 * 1.4826
_PART = 0.2
_FLOOR = 0.5
# How far the number of tests may differ between runs whose tests are compared.
_TESTS = 0.2


def trends_of(history: Sequence[PastRun], known: Escapes | None = None) -> Trends:
    """The trends of what the newest run did, over the runs that are like it; `known` is what the selection of
    tests missed.
    """
    missed = _escape_rate(known or Escapes())
    if not history:
        return Trends(like="", runs=0, kept=0, trends=(), flaky=(), escapes=missed)
    newest = history[-1]
    alike = [row for row in history if _likeness(row) == _likeness(newest)][-_LONGEST:]
    return Trends(
        like=", ".join(filter(None, map(str, _likeness(newest)))),
        runs=len(alike),
        kept=len(history),
        trends=tuple(_trends(alike, newest)),
        flaky=_flaky(history),
        escapes=missed,
    )


def _escape_rate(known: Escapes) -> EscapeRate:
    rate = round(known.escaped / known.failures, 4) if known.failures else None
    last = tuple(escape.test for escape in reversed(known.escapes[-_RUNS_NAMED:]))
    return EscapeRate(runs=known.runs, failures=known.failures, escaped=known.escaped, rate=rate, last=last)


def _likeness(row: PastRun) -> tuple[str, ...]:
    """Runs that are compared have this in common."""
    minor = ".".join(row.python.split(".")[:2])
    where = "here" if row.event in ("", "local") else "CI"
    return (" ".join(row.targets), f"Python {minor}", row.system, f"{row.cores} cores", where)


def _trends(alike: Sequence[PastRun], newest: PastRun) -> Iterator[Trend]:
    whole = [row for row in alike if row.atoms.keys() == newest.atoms.keys() and _same_tests(row, newest)]
    yield _trend("the whole run", [(row.run, row.seconds) for row in whole])
    names = sorted({name for row in alike for name in row.atoms})
    for name in names:
        last = next(row for row in reversed(alike) if name in row.atoms)
        rows = [row for row in alike if name in row.atoms]
        if name.startswith("run_pytest"):
            rows = [row for row in rows if _same_tests(row, last)]
        yield _trend(name, [(row.run, row.atoms[name]) for row in rows])


def _same_tests(row: PastRun, newest: PastRun) -> bool:
    return abs(row.tests - newest.tests) <= _TESTS * newest.tests


def _trend(what: str, values: Sequence[tuple[str, float]]) -> Trend:
    seconds, run = tuple(value for _, value in values), values[-1][0]
    if len(seconds) < ENOUGH:
        return Trend(what=what, seconds=seconds, run=run)
    before, now = seconds[:-_NEWEST], median(seconds[-_NEWEST:])
    usual = median(before)
    noise = median(abs(value - usual) for value in before)
    bound = max(_DEVIATIONS * noise, _PART * usual, _FLOOR)
    slower = now - usual > bound
    alert = f"{now:.1f} s, and {usual:.1f} s before: {now - usual:.1f} s more, {bound:.1f} s can be noise"
    return Trend(
        what=what,
        seconds=seconds,
        run=run,
        now=round(now, 3),
        usual=round(usual, 3),
        noise=round(noise, 3),
        alert=alert if slower else "",
    )


def _flaky(history: Sequence[PastRun]) -> tuple[FlakyRecord, ...]:
    runs: dict[str, list[str]] = {}
    for row in history:
        for nodeid in row.flaky:
            runs.setdefault(nodeid, []).append(row.run)
    of = sum(bool(row.tests) for row in history)
    found = [
        FlakyRecord(
            nodeid=nodeid, times=len(ids), last=ids[-1], of=of, runs=tuple(reversed(ids[-_RUNS_NAMED:]))
        )
        for nodeid, ids in runs.items()
    ]
    return tuple(sorted(found, key=lambda row: (-row.times, row.nodeid)))
