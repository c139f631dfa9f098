"""The definition of done, asked as a run of its pipeline: the answers, and the exit code."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from atomci.artifacts.handed.runs import Event, RunStarted
from atomci.artifacts.printed.done import DoneAnswer, DoneReport
from atomci.artifacts.store import ArtifactError, read_if_there
from atomci.atoms.loading.load import Loader
from atomci.catalog import Atom
from atomci.engine.context import Options, Outcome
from atomci.engine.outputs import declared_outputs
from atomci.engine.plan import make_plan
from atomci.engine.policy import is_red
from atomci.engine.runner import RunResult, run_plan

__all__ = ["ask_whether_done"]


def ask_whether_done(loader: Loader) -> tuple[DoneReport, RunResult]:
    """Run the pipeline and gather what its atoms answered."""
    plan = make_plan(["done"], loader.catalog)
    runs: list[str] = []

    def take_down(event: Event) -> None:
        if isinstance(event, RunStarted):
            runs.append(event.run)

    # Two at a time: GitHub is asked while the hooks run.
    result = run_plan(loader.workspace(Options(jobs=2)), plan, loader.implementation, [take_down])
    git = loader.project.git
    commit = git.commit()
    report = DoneReport(
        done=result.exit_code == 0,
        commit=commit,
        branch=git.branch(),
        run=runs[0],
        answers=tuple(_answer(loader, atom, result.outcomes[atom.name], commit) for atom in plan.atoms),
    )
    return report, result


def _answer(loader: Loader, atom: Atom, outcome: Outcome, commit: str | None) -> DoneAnswer:
    """What the atom wrote; of one that wrote nothing, such as one from a package, how it ended."""
    written = next(_written(loader, atom), None)
    if written is None:
        left_out = outcome.status == "skipped"
        word = "yes" if outcome.status == "pass" else "not applicable" if left_out else "no"
        written = DoneAnswer(
            atom=atom.name,
            answer=word,  # type: ignore[arg-type]
            evidence=(outcome.reason or f"{outcome.examined} {outcome.unit}",),
            next="" if word != "no" else f"atomci run {atom.name}",
            commit=commit,
            known=outcome.status != "error",
        )
    if said := outcome.overridden or outcome.lapsed:
        written = structs.replace(written, evidence=(*written.evidence, said))
    if written.answer == "yes" and (is_red(outcome) or outcome.status != "pass"):
        why = outcome.reason or outcome.status
        written = structs.replace(written, answer="no", evidence=(why,), next=f"atomci run {atom.name}")
    return written


def _written(loader: Loader, atom: Atom) -> Iterator[DoneAnswer]:
    for path in declared_outputs(atom):
        try:
            found = read_if_there(loader.project.root / path, DoneAnswer)
        except ArtifactError:
            continue
        if found is not None:
            yield found
