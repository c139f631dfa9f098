"""Phase 18: what happens when something stays red."""

from __future__ import annotations

from atomci.artifacts.schemas import OverrideRow, OverrideRows
from atomci.atoms import checks_18_recovery as checks
from atomci.atoms.recorded import outcome_of
from atomci.engine.context import Context, Outcome
from atomci.engine.overrides import today


def support_manual_override_and_escalation(ctx: Context) -> Outcome:
    day = today()
    rows = [*ctx.overrides.in_force.values(), *ctx.overrides.lapsed.values()]
    ctx.write(
        ctx.atom.writes[0],
        OverrideRows(
            overrides=tuple(
                OverrideRow(
                    atom=row.atom,
                    owner=row.owner,
                    reason=row.reason,
                    until=row.until.isoformat(),
                    days_left=(row.until - day).days,
                )
                for row in rows
            )
        ),
    )
    return outcome_of(ctx, checks.support_manual_override_and_escalation(ctx))
