"""What a red or skipped atom means for the others. Pure functions of the outcomes so far.

Fail-fast goes by phase: when an atom is red, atoms of later phases don't start, while those of its own and
of earlier phases run, so that one run shows every static finding. What has started ends by itself: a red
is seconds old when the tests are nearly done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from atomci.catalog import Atom
from atomci.engine.context import Outcome

__all__ = ["BROKEN", "RED", "STOPPED", "blocked_by_need", "exit_code_of", "is_red", "stopped_by"]

RED = ("fail", "vacuous", "error")
BROKEN = 3
"""The exit code where something broke and nothing is red."""
STOPPED = "stopped: "
"""How the reason of an atom begins that a red one of an earlier phase left out."""


def is_red(outcome: Outcome) -> bool:
    """Whether it counts as red: an override may say that it doesn't."""
    return outcome.status in RED and not outcome.overridden


def exit_code_of(outcomes: Iterable[Outcome]) -> int:
    """0 green, 1 when something is red or an override is over, 3 when something broke and nothing is red."""
    outcomes = list(outcomes)
    statuses = {outcome.status for outcome in outcomes if is_red(outcome)}
    if statuses & {"fail", "vacuous"} or any(outcome.lapsed for outcome in outcomes):
        return 1
    return BROKEN if "error" in statuses else 0


def stopped_by(atom: Atom, red: Iterable[Atom]) -> str | None:
    """The red atom of an earlier phase that stops this one."""
    return next((other.name for other in red if other.phase < atom.phase), None)


def blocked_by_need(
    atom: Atom, outcomes: Mapping[str, Outcome], left_nothing: Callable[[str], bool]
) -> str | None:
    """Why the atom can't run on what its needs left; a skipped or overridden need that left its artifacts
    will do.
    """
    for need in atom.needs:
        outcome = outcomes.get(need)
        if outcome is None or outcome.status == "pass":
            continue
        if is_red(outcome):
            return f"needs {need}, which is red"
        if left_nothing(need):
            how = f"is {outcome.status}" if outcome.overridden else "was skipped"
            return f"needs {need}, which {how} ({outcome.reason})"
    return None
