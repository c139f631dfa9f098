"""Do all the ways to start the gate run the same steps? Phase 7."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from atomci.atoms.checks_01_configuration import local_actions, verdict_of
from atomci.configuration import hooks
from atomci.configuration.ci import parity, workflow
from atomci.configuration.documents import Unreadable, read_text, yaml_document
from atomci.configuration.facts import Fact
from atomci.engine.context import Context, Verdict
from atomci.engine.plan import Catalog, closure
from atomci.errors import UsageError

__all__ = ["run_local_ci_script"]


def run_local_ci_script(ctx: Context) -> Verdict:
    return verdict_of(_parity(ctx))


def _parity(ctx: Context) -> Iterator[Fact]:
    from atomci.atoms.load import Loader

    catalog = Loader(ctx.project).catalog
    for path in parity.SCRIPTS:
        try:
            yield parity.script(path, read_text(ctx.root, path))
        except Unreadable as error:
            yield Fact(False, str(error))
    yield parity.task(yaml_document(ctx.root, "Taskfile.yml"))
    yield parity.hook(yaml_document(ctx.root, hooks.FILE))
    jobs = yaml_document(ctx.root, workflow.CI)
    yield from parity.jobs(jobs, lambda targets: _closure(targets, catalog), local_actions(ctx))


def _closure(targets: Sequence[str], catalog: Catalog) -> Collection[str]:
    """The atoms that a run of the targets has. Raises KeyError with what doesn't exist."""
    try:
        return {atom.name for atom in closure(targets, catalog).atoms}
    except UsageError as error:
        raise KeyError(error.message) from None
