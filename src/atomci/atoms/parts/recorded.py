"""What an atom does whose work is to prove facts: it writes them down, and says what is wrong and where."""

from __future__ import annotations

import re

from atomci.artifacts.schemas import Evidence, Finding
from atomci.engine.context import Context, Outcome, Verdict
from atomci.engine.outputs import declared_outputs

__all__ = ["outcome_of", "recorded"]

_PLACE = re.compile(r"(?P<path>[^:]+):(?P<line>\d+): (?P<message>.+)", re.DOTALL)


def recorded(ctx: Context, verdict: Verdict) -> Outcome:
    """Write the evidence to the atom's artifact, and end as the verdict says."""
    if verdict.holds is None:
        return Outcome("skipped", "; ".join(verdict.evidence), 0, "facts")
    evidence = Evidence(atom=ctx.atom.name, holds=verdict.holds, evidence=verdict.evidence)
    (path,) = declared_outputs(ctx.atom)
    ctx.write(path, evidence)
    return outcome_of(ctx, verdict)


def outcome_of(ctx: Context, verdict: Verdict) -> Outcome:
    """A verdict as an outcome, with a finding for each problem that has a place."""
    examined = len(verdict.evidence)
    if verdict.holds:
        return Outcome("pass", "", examined, "facts")
    findings = [found for text in verdict.evidence if (found := _finding(ctx, text))]
    return Outcome("fail", "; ".join(verdict.evidence), examined, "facts", tuple(findings))


def _finding(ctx: Context, text: str) -> Finding | None:
    """A problem that names file and line, as a finding."""
    place = _PLACE.fullmatch(text)
    if place is None:
        return None
    return Finding(
        path=place["path"],
        line=int(place["line"]),
        tool="atomci",
        rule=ctx.atom.name,
        message=place["message"],
    )
