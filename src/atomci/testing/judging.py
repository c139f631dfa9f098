"""What became of a layer's tests: from their results, the session's last line and pytest's exit code."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from atomci.artifacts.handed.schemas import Status
from atomci.artifacts.handed.testing import TestResult, TestSession, TestSummary
from atomci.testing import pytest_runs, results
from atomci.testing.flaky.flakiness import NOT_FLAKY, Flakiness

__all__ = ["Judgement", "asserts_nothing", "complaint", "how_ended", "judge", "narrowed", "shortfall"]

_CONFTEST = re.compile(r"^ImportError while loading conftest '(.+?)'", re.MULTILINE)
_USAGE = re.compile(r"^(?:[^:\n]*: error|ERROR): (?!usage:)(.+)", re.MULTILINE)
_RUN_NOTHING = ("--collect-only", "--setup-only", "--setup-plan")
_NAMES_SHOWN = 3


@dataclass(frozen=True)
class Judgement:
    """How a layer ended and why, and the summary that is written of it."""

    status: Status
    reason: str
    summary: TestSummary


def judge(
    found: Sequence[TestResult],
    session: TestSession | None,
    *,
    folder: str,
    code: int,
    output: str,
    root: Path,
    left_out: str = "",
    marker: str = "",
    flaky: Flakiness = NOT_FLAKY,
) -> Judgement:
    """The verdict on one run of pytest: `output` is all that it said, `folder` the layer's own.

    `flaky` is what passed on retry, which is always said. `left_out` says why some tests weren't asked for,
    `marker` which one was.
    """
    bad = [result for result in found if result.outcome in results.BAD]
    short = shortfall(found, session, code, output)
    stopped = session is not None and session.stopped
    broken = "; ".join(_broken(bad, output, root, session)) or ("" if stopped else short)
    said = narrowed(session, found)

    def ended(status: Status, *reasons: str, broken: str = broken) -> Judgement:
        why = left_out or short
        summary = TestSummary(
            counts=results.counts(found),
            complete=not (why or broken),
            why_incomplete=why or broken,
            broken=broken,
            narrowed=said,
            session=session,
            flaky=flaky.tests,
            quarantined=flaky.quarantined,
            objections=flaky.objections,
        )
        reasons = (*reasons, *flaky.objections, flaky.said)
        return Judgement(status, "; ".join(dict.fromkeys(filter(None, reasons))), summary)

    if bad:
        return ended("fail", _counted(bad), broken, *([] if _CONFTEST.search(output) else [short]), *said)
    if short:
        return ended("error", broken or short)
    if code not in (0, pytest_runs.NOTHING_COLLECTED):
        said_so = complaint(output)
        why = f"pytest {how_ended(code)}{f': {said_so}' if said_so else ', and no test failed'}"
        return ended("error", why, broken=why)
    own = [result for result in found if not folder or result.nodeid.startswith(f"{folder}/")]
    if vacuous := asserts_nothing(own, marker):
        return ended("vacuous", vacuous, *narrowed(session, ()))
    return ended("fail" if flaky.objections else "pass", *said)


def shortfall(
    found: Sequence[TestResult], session: TestSession | None, code: int = 0, output: str = ""
) -> str:
    """Why what was selected isn't what ran; empty when it is."""
    if session is None:
        return f"the session didn't finish: pytest {how_ended(code)} and left no end mark"
    if session.phase != "end":
        return f"the session didn't finish: pytest {how_ended(code)} {_where(found, session, output)}"
    return _halted(session)


def _halted(session: TestSession) -> str:
    """What stopped a session that came to its end."""
    ran = f"{session.run} of {session.selected} tests ran" if session.selected else "no test ran"
    if session.stopped:
        return f"the suite stopped on a failure: {ran}" if session.missing else ""
    if session.why:
        return f"the session didn't finish: {session.why}; {ran}"
    if session.missing:
        if idle := [option for option in session.narrowing if option in _RUN_NOTHING]:
            return f"the session didn't finish: {ran}: {', '.join(idle)}"
        return f"the session didn't finish: {ran}, and nothing says why {session.missing[0]} didn't"
    return ""


def _where(found: Sequence[TestResult], session: TestSession, output: str) -> str:
    why = session.why or complaint(output)
    told = f": {why}" if why else ""
    if session.phase == "configuration":
        return f"before it collected a test{told}"
    if session.phase == "collection":
        return f"while it collected tests{told}"
    ended = len({result.nodeid for result in found} - set(session.running))
    during = f"while {', '.join(session.running[:_NAMES_SHOWN])} ran" if session.running else "between tests"
    return f"{during}, after {ended} other test{'' if ended == 1 else 's'}{told}"


def how_ended(code: int) -> str:
    """In words, after the name of what ended."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


def complaint(output: str) -> str:
    """What pytest says of a call or of settings that it can't use."""
    return said[-1] if (said := _USAGE.findall(output)) else ""


def _broken(bad: Sequence[TestResult], output: str, root: Path, session: TestSession | None) -> Iterator[str]:
    """Conftests and files of which no test could run."""
    if match := _CONFTEST.search(output):
        path = Path(match[1])
        name = path.relative_to(root).as_posix() if path.is_relative_to(root) else match[1]
        why = session.why if session and session.why else ""
        yield f"{name} can't be imported{f': {why}' if why else ''}"
        return
    files = [result for result in bad if result.outcome == "error" and "::" not in result.nodeid]
    if session is not None and session.phase == "end" and (session.stopped or not session.why):
        for result in files[:_NAMES_SHOWN]:
            yield f"{result.nodeid} can't be collected: {result.message}"
        if (more := len(files) - _NAMES_SHOWN) > 0:
            yield f"{more} more files can't be collected"


def _counted(bad: Sequence[TestResult]) -> str:
    """`2 failed, 1 error`, of tests alone."""
    failed = sum(result.outcome == "failed" for result in bad)
    errors = sum(result.outcome == "error" and "::" in result.nodeid for result in bad)
    said = [f"{failed} failed"] if failed else []
    return ", ".join([*said, f"{errors} error{'' if errors == 1 else 's'}"] if errors else said)


def asserts_nothing(own: Sequence[TestResult], marker: str = "") -> str:
    """Why a suite's tests prove nothing; empty when one of them could have failed."""
    outcomes = {result.outcome for result in own}
    if outcomes - {"skipped", "xfailed", "quarantined"}:
        return ""
    if "quarantined" in outcomes:
        return "no test can fail: each is quarantined, was expected to fail, or was skipped"
    if "xfailed" in outcomes:
        return "no test can fail: each was expected to fail, or was skipped"
    if own:
        return "every test was skipped"
    return f"no test was collected{f' with the marker {marker}' if marker else ''}"


def narrowed(session: TestSession | None, found: Sequence[TestResult]) -> tuple[str, ...]:
    """What the project's settings, hooks and tests leave out, in words."""
    return tuple(_narrowed(session, found))


def _narrowed(session: TestSession | None, found: Sequence[TestResult]) -> Iterator[str]:
    if session is not None and session.deselected:
        by = f" ({', '.join(session.narrowing)})" if session.narrowing else ""
        yield f"{session.deselected} deselected{by}"
    if session is not None and session.dropped:
        yield f"{session.dropped} removed by a hook, not deselected"
    if session is not None and session.ignored:
        names = ", ".join(session.ignored[:_NAMES_SHOWN])
        more = len(session.ignored) - _NAMES_SHOWN
        yield f"ignored: {names}{f' and {more} more' if more > 0 else ''}"
    for outcome in ("skipped", "xfailed"):
        if count := len({result.nodeid for result in found if result.outcome == outcome}):
            yield f"{count} {outcome}"
