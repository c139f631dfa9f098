"""Phase 12, checked offline: what the ruleset files would make GitHub demand."""

from __future__ import annotations

from collections.abc import Iterator

from atomci.atoms.checks_13_ci import ci_verdict
from atomci.configuration.ci.graph import Workflow
from atomci.configuration.ci.rulesets import RULESETS, protection_facts, shape_facts
from atomci.configuration.documents import Document, json_document
from atomci.configuration.facts import Fact, problem
from atomci.engine.context import Context, Verdict
from atomci.forge.rulesets import DECLARED, EXPORTED

__all__ = ["enforce_branch_protection_rules", "ruleset_documents", "shape"]

_REMEDY = f"demand reviews, a linear history and the roll-up's check in a file of {RULESETS}/"


def enforce_branch_protection_rules(ctx: Context) -> Verdict:
    """Reviews, a linear history and the roll-up's check are demanded on the default branch."""

    def rules(workflow: Workflow) -> Iterator[Fact]:
        found = ruleset_documents(ctx)
        if not found:
            yield problem(f"{RULESETS}/default-branch.json", "missing: no ruleset protects a branch")
            return
        facts = list(shape(found))
        yield from facts
        if all(fact.ok for fact in facts):
            yield from protection_facts(found, workflow)

    verdict = ci_verdict(ctx, rules)
    return verdict if verdict.holds else Verdict(False, verdict.evidence, _REMEDY)


def ruleset_documents(ctx: Context) -> list[Document]:
    """The ruleset files, sorted. Raises Unreadable."""
    return [json_document(ctx.root, path) for path in ctx.files(f"{RULESETS}/*.json")]


def shape(found: list[Document]) -> Iterator[Fact]:
    """Whether GitHub could take them."""
    yield from shape_facts(found, {*DECLARED, *EXPORTED})
