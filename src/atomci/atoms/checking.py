"""Asking every atom whether it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from atomci.atoms.load import Loader
from atomci.engine.context import Context, Options, Verdict
from atomci.engine.inputs import Inputs
from atomci.engine.overrides import Overrides, today
from atomci.engine.plan import resolve
from atomci.errors import AtomciError

__all__ = ["check_atoms"]


def check_atoms(loader: Loader, targets: Sequence[str]) -> Iterator[dict[str, Any]]:
    """One answer per atom, in order: status holds, broken, not applicable or planned, with evidence."""
    names = dict.fromkeys(name for target in targets for name in resolve(target, loader.catalog))
    inputs = Inputs(loader.project.root)
    overrides = Overrides.on(today(), loader.config.override)
    for name in names:
        atom = loader.catalog.atoms[name]
        answer: dict[str, Any] = {"atom": name, "number": atom.number, "evidence": [], "remedy": ""}
        if loader.catalog.planned(name):
            yield {**answer, "status": "planned"}
        elif not loader.config.of(name).enabled:
            yield {**answer, "status": "not applicable", "evidence": ["disabled in pyproject.toml"]}
        else:
            verdict = _ask(loader, Context(loader.project, atom, Options(), inputs, overrides=overrides))
            status = {True: "holds", False: "broken", None: "not applicable"}[verdict.holds]
            yield {
                **answer,
                "status": status,
                "evidence": list(verdict.evidence),
                "remedy": verdict.remedy,
            }


def _ask(loader: Loader, ctx: Context) -> Verdict:
    try:
        return loader.check(ctx.atom)(ctx)
    except AtomciError as error:
        return Verdict(False, (error.message,), error.hint)
    except Exception as error:  # a crashed check is a check that doesn't hold, not the end of the list
        return Verdict(False, (f"the check crashed: {type(error).__name__}: {error}",))
