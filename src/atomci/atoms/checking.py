"""Asking every atom whether it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from atomci.artifacts.verdicts import Answer, Standing
from atomci.atoms.load import Loader
from atomci.engine.context import Context, Verdict
from atomci.engine.plan import resolve
from atomci.errors import AtomciError

__all__ = ["check_atoms"]

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
            status="not run here yet" if verdict.not_run else _STANDINGS[verdict.holds],
            evidence=verdict.evidence,
            facts=verdict.facts,
            remedy=verdict.remedy,
        )


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
