"""What a session's end means, from what is known of it: never from silence, nor from an exit code alone."""

from __future__ import annotations

from collections.abc import Callable

from atomci.artifacts.handed.guarded import AgentEnded, GuardVerdict, SessionLimits, StopReason

__all__ = ["EXIT_CODES", "verdict_of"]

EXIT_CODES: dict[GuardVerdict, int] = {"done": 0, "failed": 1, "broken": 3, "stopped": 4, "interrupted": 130}


def verdict_of(
    stop: StopReason,
    code: int | None,
    result: AgentEnded | None,
    limits: SessionLimits,
    *,
    tells_result: bool,
) -> tuple[GuardVerdict, str]:
    """The verdict, and why in one sentence without a point. `tells_result`: a tool that does at its end."""
    if stop is StopReason.ENDED:
        return _ended(code, result, tells_result=tells_result)
    if stop is StopReason.AFTER_RESULT:
        late = f"it told its result, didn't end within {_seconds(limits.grace)}, and was ended"
        return ("done", late) if result is not None and result.ok else ("failed", f"{_no(result)}; {late}")
    return _CUT_SHORT[stop][0], _CUT_SHORT[stop][1](limits)


_CUT_SHORT: dict[StopReason, tuple[GuardVerdict, Callable[[SessionLimits], str]]] = {
    StopReason.FIRST_BYTE: ("broken", lambda most: f"it printed nothing for {_seconds(most.first_byte)}"),
    StopReason.INACTIVITY: (
        "broken",
        lambda most: f"no output, work or changed file for {_seconds(most.inactivity)}",
    ),
    StopReason.WALL: ("stopped", lambda most: f"it took {_seconds(most.wall)}"),
    StopReason.TOKENS: ("stopped", lambda most: f"it used more than {most.tokens:,} tokens"),
    StopReason.COST: ("stopped", lambda most: f"it cost more than {most.usd:g} US dollars"),
    StopReason.INTERRUPTED: ("interrupted", lambda _: "somebody interrupted it"),
    StopReason.LOST: ("broken", lambda _: "what watched its processes was killed"),
}


def _ended(code: int | None, result: AgentEnded | None, *, tells_result: bool) -> tuple[GuardVerdict, str]:
    if result is not None and not result.ok:
        return "failed", _no(result)
    if code is None or code < 0:
        return "failed", "it was killed" if code is None else f"it was ended by signal {-code}"
    if code > 0:
        return "failed", f"it ended with {code}"
    if result is None and tells_result:
        return "failed", "it ended with 0, and told no result"
    return "done", "it ended by itself"


def _no(result: AgentEnded | None) -> str:
    kind = result.kind if result is not None and result.kind else "no success"
    return f"its result is {kind}"


def _seconds(seconds: float | None) -> str:
    return f"{seconds or 0:g} s"
