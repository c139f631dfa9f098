"""What an atom does whose work is to prove facts: it writes them down, and says what is wrong and where."""

from __future__ import annotations

from atomci.artifacts.handed.schemas import Evidence, Finding
from atomci.artifacts.handed.verdicts import Fact
from atomci.engine.context import Context, Outcome, Verdict
from atomci.engine.outputs import declared_outputs

__all__ = ["outcome_of", "recorded"]


def recorded(ctx: Context, verdict: Verdict) -> Outcome:
    """Write the evidence to the atom's artifact, and end as the verdict says."""
    if verdict.holds is None:
        return Outcome("skipped", "; ".join(verdict.evidence), 0, "facts")
    evidence = Evidence(
        atom=ctx.atom.name, holds=verdict.holds, evidence=verdict.evidence, facts=verdict.facts
    )
    (path,) = declared_outputs(ctx.atom)
    ctx.write(path, evidence)
    return outcome_of(ctx, verdict)


def outcome_of(ctx: Context, verdict: Verdict) -> Outcome:
    """A verdict as an outcome, with a finding for each problem that has a place."""
    examined = len(verdict.facts)
    if verdict.holds:
        return Outcome("pass", "", examined, "facts")
    findings = tuple(_finding(ctx, fact) for fact in verdict.facts if fact.line)
    return Outcome("fail", "; ".join(verdict.evidence), examined, "facts", findings)


def _finding(ctx: Context, fact: Fact) -> Finding:
    return Finding(path=fact.path, line=fact.line, tool="atomci", rule=ctx.atom.name, message=fact.text)
