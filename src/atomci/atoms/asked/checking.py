"""Asking every atom whether it holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from atomci.artifacts.handed.verdicts import Answer, CheckReport, Standing
from atomci.atoms.loading.load import Loader
from atomci.catalog import PHASES
from atomci.engine.context import Context, Verdict
from atomci.engine.plan import Catalog, closure, resolve
from atomci.errors import AtomciError

__all__ = ["check_atoms", "report_of"]

_UNKNOWN: tuple[Standing, ...] = ("out of date", "not run here yet")
_STANDINGS: dict[bool | None, Standing] = {True: "holds", False: "broken", None: "not applicable"}


def check_atoms(loader: Loader, targets: Sequence[str]) -> Iterator[Answer]:
    """One answer per atom, in order."""
    names = dict.fromkeys(name for target in targets for name in resolve(target, loader.catalog))
    workspace = loader.workspace()
    for name in names:
        atom = loader.catalog.atoms[name]
        if loader.catalog.planned(name):
            yield Answer(atom=name, number=atom.number, status="planned")
            continue
        if loader.config.of(name).enabled:
            verdict = _ask(loader, Context(workspace, atom))
        else:
            verdict = Verdict(None, ("disabled in pyproject.toml",))
        yield Answer(
            atom=name,
            number=atom.number,
            status=_standing(verdict),
            evidence=verdict.evidence,
            facts=verdict.facts,
            remedy=verdict.remedy,
        )


def report_of(answers: Sequence[Answer], catalog: Catalog) -> CheckReport:
    """The answers together, with the command that finds out what isn't known."""
    unknown = [answer.atom for answer in answers if answer.status in _UNKNOWN]
    return CheckReport(
        holds=all(answer.status != "broken" for answer in answers),
        known=not unknown,
        remedy=_remedy(unknown, catalog),
        atoms=tuple(answers),
    )


def _remedy(unknown: Sequence[str], catalog: Catalog) -> str:
    """The questions about a commit come last: most go by what the others find."""
    run = [name for name in unknown if name not in catalog.pipelines["done"].atoms]
    if run:
        return " ".join(["atomci run", *_targets(run, catalog)])
    return "atomci done" if unknown else ""


def _targets(names: Iterable[str], catalog: Catalog) -> Iterator[str]:
    """What to run so that each of these atoms runs: what holds several of them, then single atoms.

    No pipeline that does more than look, such as the one that pushes.
    """
    left = set(names)
    together = (*catalog.pipelines, *(phase.name for phase in PHASES))
    plans = {name: closure([name], catalog).atoms for name in together}
    runs = {
        name: {atom.name for atom in atoms}
        for name, atoms in plans.items()
        if not any(atom.effect == "network" or catalog.planned(atom.name) for atom in atoms)
    }
    while left:
        best = max(runs, key=lambda name: (len(runs[name] & left), -len(runs[name])), default="")
        if not best or len(runs[best] & left) < 2:
            break
        yield best
        left -= runs[best]
    yield from (name for name in catalog.atoms if name in left)


def _standing(verdict: Verdict) -> Standing:
    if verdict.out_of_date:
        return "out of date"
    return "not run here yet" if verdict.not_run else _STANDINGS[verdict.holds]


def _ask(loader: Loader, ctx: Context) -> Verdict:
    try:
        verdict: object = loader.check(ctx.atom)(ctx)
    except AtomciError as error:
        return Verdict(False, (error.message,), error.hint)
    except (Exception, SystemExit) as error:  # a check that doesn't hold, not the end of the list
        return Verdict(False, (f"the check crashed: {type(error).__name__}: {error}",))
    if isinstance(verdict, Verdict):
        return verdict
    return Verdict(False, (f"the check returned {verdict!r}, which isn't a Verdict",))
