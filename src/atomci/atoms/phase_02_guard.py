"""Phase 2: an AI's command line under guard. A session is a person's to start; these look at the newest."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from atomci.artifacts.handed.guarded import Session, StopReason
from atomci.atoms.parts.ci_files import verdict_of as verdict_by
from atomci.atoms.parts.sessions import CapturedSession, newest_captured
from atomci.configuration.facts import Fact, expect, problem, seen, unknown_to_us
from atomci.engine.context import Context, Verdict
from atomci.guard.sessions import RecordedSession, recorded_sessions
from atomci.guard.verdict import verdict_of

_START = "atomci guard -- COMMAND"


def start_cli_edit_guardrail_holds(ctx: Context) -> Verdict:
    """The newest session was followed to its end, within limits."""
    return _of_the_newest(ctx, _followed)


def capture_pre_edit_snapshot_holds(ctx: Context) -> Verdict:
    """All bytes of the state before the newest session that changed something are there."""
    found = newest_captured(ctx)
    if isinstance(found, Verdict):
        return found
    return verdict_by(_captured(found), f"atomci undo {found.store.run} can't put all back")


def execute_cli_tool_with_policies_holds(ctx: Context) -> Verdict:
    """It was kept within the project's bounds by the system, and what matters outside is as before."""
    return _of_the_newest(ctx, _bounded)


def archive_cli_session_logs_holds(ctx: Context) -> Verdict:
    """Its record is whole, and holds no secret."""
    return _of_the_newest(ctx, lambda session, recorded: _archived(ctx, session, recorded))


def detect_cli_completion_signal_holds(ctx: Context) -> Verdict:
    """It ended for one typed reason, from which its verdict follows."""
    return _of_the_newest(ctx, _completed)


def _of_the_newest(ctx: Context, rule: Callable[[Session, RecordedSession], Iterator[Fact]]) -> Verdict:
    found = recorded_sessions(ctx.root)
    if not found:
        return Verdict(None, ("no session was here yet",), _START, not_run=True)
    newest = found[-1]
    if newest.session is None:
        place = newest.folder.relative_to(ctx.root).as_posix()
        return Verdict(False, (problem(place, newest.unreadable),), _START)
    return verdict_by(rule(newest.session, newest), _START)


def _followed(session: Session, recorded: RecordedSession) -> Iterator[Fact]:
    place = _place(recorded)
    lost = session.stop is StopReason.LOST
    yield expect(not lost, place, f"followed to its end in {session.seconds:g} s", session.reason)
    limits = session.limits
    for name in ("first_byte", "inactivity", "grace", "wall"):
        seconds = getattr(limits, name)
        if seconds is not None:
            yield seen(place, f"{name} at most {seconds:g} s")


def _captured(found: CapturedSession) -> Iterator[Fact]:
    before, objects = found.before, found.store.objects
    missing = objects.missing([before.tree, *(file.oid for file in before.files)])
    for file in before.files:
        if file.oid in missing:
            yield problem(found.place, f"the bytes of {file.path} are gone")
    good = f"{len(before.files)} files that no commit held are captured, and the tree of all"
    yield expect(before.tree not in missing, found.place, good, "the tree of all files is gone")
    for row in before.left_out:
        yield unknown_to_us(found.place, f"{row.path} isn't captured: {row.reason}")


def _bounded(session: Session, recorded: RecordedSession) -> Iterator[Fact]:
    place = _place(recorded)
    good = f"kept within bounds by {session.backend} ({session.level})"
    yield expect(session.level != "detect", place, good, "nothing kept it within bounds: --allow-degraded")
    for gap in session.gaps:
        yield seen(place, gap)
    for path in session.outside:
        yield problem(place, f"{path} is different since the session, by whomever")


def _archived(ctx: Context, session: Session, recorded: RecordedSession) -> Iterator[Fact]:
    place = _place(recorded)
    if session.incomplete:
        yield problem(place, f"it isn't whole: {session.incomplete}")
    for wrong in recorded.differing():
        yield problem(place, wrong)
    for row in session.files:
        text = (recorded.folder / row.path).read_text(encoding="utf-8", errors="replace")
        hit = next(ctx.redactor.hits(text), None)
        good = f"{row.path}: {row.size:,} bytes, without secrets"
        bad = "" if hit is None else f"line {text.count(chr(10), 0, hit.start) + 1}: {hit.kind}"
        yield expect(hit is None, f"{place}/{row.path}", good, bad)


def _completed(session: Session, recorded: RecordedSession) -> Iterator[Fact]:
    said = "no result of its own" if session.result is None else f"its result {session.result.kind}"
    code = "no exit code" if session.exit_code is None else f"exit code {session.exit_code}"
    yield seen(_place(recorded), f"{session.stop.value}: {code}, {said}")
    verdict, reason = verdict_of(
        session.stop,
        session.exit_code,
        session.result,
        session.limits,
        tells_result=session.tells_result,
    )
    yield expect(
        (verdict, reason) == (session.verdict, session.reason),
        _place(recorded),
        f"{verdict}: {reason}",
        f"its verdict is {session.verdict}, and {verdict} follows from the reason",
    )


def _place(recorded: RecordedSession) -> str:
    return f"artifacts/cli_runs/{recorded.tool}/{recorded.run}"
