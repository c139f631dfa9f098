"""What GitHub reads of the project, parsed, and rules held against it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from atomci.atoms.parts.larger_repository import read_by_github
from atomci.configuration.ci.actions import Actions, by_folder
from atomci.configuration.ci.graph import Workflow
from atomci.configuration.ci.rulesets import RULESETS
from atomci.configuration.ci.workflow import CI
from atomci.configuration.documents import Document, Unreadable, json_document, yaml_document
from atomci.configuration.facts import Fact
from atomci.engine.context import Context, Verdict

__all__ = [
    "Rules",
    "ci_facts",
    "ci_verdict",
    "ci_workflow",
    "local_actions",
    "ruleset_documents",
    "verdict_of",
]

Rules = Callable[[Workflow], Iterator[Fact]]


def verdict_of(facts: Iterable[Fact], remedy: str = "") -> Verdict:
    """Holds when every fact is as it should be; an unreadable file is a problem among others."""
    found: list[Fact] = []
    try:
        found.extend(facts)
    except Unreadable as error:
        found.append(error.fact)
    wrong = [fact for fact in found if not fact.ok]
    return Verdict.of(wrong, found, remedy)


def ci_verdict(ctx: Context, rules: Rules) -> Verdict:
    """Whether rules hold on the project's ci.yml, its local actions looked through."""
    return read_by_github(ctx, verdict_of(ci_facts(ctx, rules)))


def ci_facts(ctx: Context, rules: Rules) -> Iterator[Fact]:
    """What rules say of it. Raises Unreadable."""
    yield from rules(ci_workflow(ctx))


def ci_workflow(ctx: Context) -> Workflow:
    """The project's ci.yml. Raises Unreadable."""
    return Workflow(yaml_document(ctx.root, CI), local_actions(ctx))


def local_actions(ctx: Context) -> Actions:
    """The repository's own actions. Raises Unreadable."""
    paths = ctx.files(".github/actions/**/*.yml", ".github/actions/**/*.yaml")
    return by_folder({path: yaml_document(ctx.root, path) for path in paths})


def ruleset_documents(ctx: Context) -> list[Document]:
    """The ruleset files, sorted. Raises Unreadable."""
    return [json_document(ctx.root, path) for path in ctx.files(f"{RULESETS}/*.json")]
