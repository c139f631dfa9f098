"""Is what is overridden still to be, and does everyone know whom to ask? Phase 18."""

from __future__ import annotations

from collections.abc import Iterator

from atomci.atoms.checks_01_configuration import verdict_of
from atomci.configuration import playbooks
from atomci.configuration.documents import toml_document
from atomci.configuration.facts import Fact, problem, seen
from atomci.engine.context import Context, Verdict
from atomci.engine.overrides import today

__all__ = ["support_manual_override_and_escalation"]


def support_manual_override_and_escalation(ctx: Context) -> Verdict:
    return verdict_of((*_overrides(ctx), *playbooks.facts(ctx.root)))


def _overrides(ctx: Context) -> Iterator[Fact]:
    """Each is well-formed, or nothing would run; what is left to ask is whether it is over."""
    overrides = ctx.overrides
    if not overrides.in_force and not overrides.lapsed:
        yield Fact(True, "nothing is overridden")
        return
    document = toml_document(ctx.root, "pyproject.toml")
    for index, row in document.rows("tool", "atomci", "override"):
        place = document.at("tool", "atomci", "override", index, "until")
        if (held := overrides.in_force.get(str(row["atom"]))) is not None:
            left = (held.until - today()).days
            yield seen(place, f"{held.atom} is {held} ({held.owner}, {left} days left)")
        elif (over := overrides.lapsed.get(str(row["atom"]))) is not None:
            mend = f"{over.owner} mends it, or says why it takes longer"
            yield problem(place, f"{over.atom}: {over.lapse}; {mend}")
