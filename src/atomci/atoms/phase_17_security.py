"""Phase 17: secrets, and what artifacts may hold and for how long."""

from __future__ import annotations

from dataclasses import replace

from atomci.atoms import checks_17_security as checks
from atomci.atoms.recorded import recorded
from atomci.engine.context import Context, Outcome


def manage_env_and_secrets_safely(ctx: Context) -> Outcome:
    verdict = checks.manage_env_and_secrets_safely(ctx)
    outcome = recorded(ctx, verdict)
    unknown = [line for line in verdict.evidence if "can't be known" in line]
    if outcome.status != "pass" or not unknown:
        return outcome
    more = f"; and {len(unknown) - 1} more such reads" if len(unknown) > 1 else ""
    return replace(outcome, reason=f"{unknown[0]}{more}")
