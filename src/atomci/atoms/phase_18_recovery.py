"""Phase 18: what happens when something stays red."""

from __future__ import annotations

from collections.abc import Iterator

from atomci.artifacts import handles
from atomci.artifacts.schemas import OverrideRow, OverrideRows
from atomci.atoms.parts.ci_files import verdict_of
from atomci.atoms.parts.recorded import outcome_of
from atomci.bootstrap.profile import has_layers, left_out
from atomci.configuration import playbooks
from atomci.configuration.documents import toml_document
from atomci.configuration.facts import Fact, problem, seen
from atomci.deadlines import today
from atomci.engine.context import Context, Outcome, Verdict


def support_manual_override_and_escalation(ctx: Context) -> Outcome:
    day = today()
    rows = [*ctx.overrides.in_force.values(), *ctx.overrides.lapsed.values()]
    ctx.write(
        handles.OVERRIDES,
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
    return outcome_of(ctx, support_manual_override_and_escalation_holds(ctx))


def support_manual_override_and_escalation_holds(ctx: Context) -> Verdict:
    return verdict_of((*_overrides(ctx), *_playbooks(ctx)))


def _playbooks(ctx: Context) -> Iterator[Fact]:
    if not has_layers(ctx.project.answers) and not (ctx.root / playbooks.FOLDER).is_dir():
        yield seen(f"{playbooks.FOLDER}/", left_out(ctx.project, "pages on what to do"))
    else:
        yield from playbooks.facts(ctx.root)


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
            mend = f"{over.owner} fixes it, or gives a new date and the reason"
            yield problem(place, f"{over.atom}: {over.lapse}; {mend}")
