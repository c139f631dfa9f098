"""The verdict on a proposed fix."""

from __future__ import annotations

from atomci.fix.proposal import Patch, Refusal
from atomci.fix.rules import bounds, checks, code, run, special
from atomci.fix.rules.bounds import Allowance
from atomci.fix.rules.suites import weaker

__all__ = ["refusals"]


def refusals(proposal: Patch, within: Allowance) -> tuple[Refusal, ...]:
    """Every reason to refuse it, by place; none where it may be proposed."""
    found = [
        *bounds.refusals(proposal, within),
        *weaker.refusals(proposal),
        *code.refusals(proposal),
        *special.refusals(proposal),
        *run.refusals(proposal),
        *checks.refusals(proposal),
    ]
    return tuple(sorted(set(found)))
