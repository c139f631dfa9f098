"""The verdict on one stage of a gate, written down and given back."""

from __future__ import annotations

from collections.abc import Sequence

from atomci.artifacts.schemas import Stage, Status
from atomci.engine.context import Context, Outcome

__all__ = ["ended"]


def ended(
    ctx: Context, name: str, status: Status, reasons: Sequence[str], owes: tuple[str, ...] = ()
) -> Outcome:
    """Write artifacts/stages/NAME.json; `owes` names the reports that the stage must have left."""
    said = tuple(reason for reason in reasons if reason)
    ctx.write(f"artifacts/stages/{name}.json", Stage(stage=name, status=status, reasons=said, owes=owes))
    return Outcome(status, "; ".join(said), 1, "stages")
