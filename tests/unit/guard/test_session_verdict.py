"""What a session's end means."""

from __future__ import annotations

import pytest

from atomci.artifacts.handed.guarded import AgentEnded, GuardVerdict, SessionLimits, StopReason
from atomci.guard.verdict import EXIT_CODES, verdict_of

OK = AgentEnded(ok=True, kind="success")
NO = AgentEnded(ok=False, kind="error_max_turns")
MOST = SessionLimits(first_byte=60, inactivity=600, grace=10, wall=3600, tokens=1000, usd=2.5)


@pytest.mark.parametrize(
    ("stop", "code", "result", "tells", "verdict", "reason"),
    [
        ("ended", 0, None, False, "done", "it ended by itself"),
        ("ended", 0, OK, True, "done", "it ended by itself"),
        ("ended", 0, None, True, "failed", "it ended with 0, and told no result"),
        ("ended", 0, NO, True, "failed", "its result is error_max_turns"),
        ("ended", 3, OK, True, "failed", "it ended with 3"),
        ("ended", -11, None, False, "failed", "it was ended by signal 11"),
        ("after_result", None, OK, True, "done", "it told its result, didn't end within 10 s, and was ended"),
        (
            "after_result",
            None,
            NO,
            True,
            "failed",
            "its result is error_max_turns; it told its result, didn't end within 10 s, and was ended",
        ),
        ("first_byte", None, None, True, "broken", "it printed nothing for 60 s"),
        ("inactivity", None, None, True, "broken", "no output, work or changed file for 600 s"),
        ("lost", None, OK, True, "broken", "what watched its processes was killed"),
        ("wall", None, OK, True, "stopped", "it took 3600 s"),
        ("tokens", None, None, True, "stopped", "it used more than 1,000 tokens"),
        ("cost", None, None, True, "stopped", "it cost more than 2.5 US dollars"),
        ("interrupted", -15, None, True, "interrupted", "somebody interrupted it"),
    ],
)
def test_done_is_said_only_where_all_that_is_known_says_so(
    stop: str, code: int | None, result: AgentEnded | None, tells: bool, verdict: GuardVerdict, reason: str
) -> None:
    assert verdict_of(StopReason(stop), code, result, MOST, tells_result=tells) == (verdict, reason)


def test_each_reason_to_stop_has_a_verdict_and_each_verdict_an_exit_code_of_its_own() -> None:
    verdicts = {verdict_of(stop, 1, None, MOST, tells_result=False)[0] for stop in StopReason}
    assert verdicts | {"done"} == EXIT_CODES.keys()
    assert len(set(EXIT_CODES.values())) == len(EXIT_CODES)
