"""atom_015: branch coverage, a budget, and reports where everything looks for them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from atomci.configuration.documents import Document
from atomci.configuration.facts import Fact, expect, problem

__all__ = ["OVERRIDING", "REPORTS", "facts"]

REPORTS = "artifacts/reports/"
OVERRIDING = (".coveragerc", ".coveragerc.toml")
"""Files that coverage reads instead of pyproject.toml."""


def facts(document: Document, overriding: Collection[str]) -> Iterator[Fact]:
    """`overriding` are those of OVERRIDING that exist."""
    for path in overriding:
        yield problem(path, "coverage reads this file and not pyproject.toml")
    tool = ("tool", "coverage")
    branch = document.get(*tool, "run", "branch")
    yield expect(
        branch is True,
        document.at(*tool, "run", "branch"),
        "branch = true",
        f"branches aren't measured: branch = {_shown(branch)}",
    )
    budget = document.get(*tool, "report", "fail_under")
    met = isinstance(budget, int | float) and not isinstance(budget, bool) and 0 < budget <= 100
    yield expect(
        met,
        document.at(*tool, "report", "fail_under"),
        f"fail_under = {budget}",
        f"there is no budget: fail_under = {_shown(budget)}",
    )
    for name, keys in (("XML", ("xml", "output")), ("HTML", ("html", "directory"))):
        path = document.get(*tool, *keys)
        yield expect(
            isinstance(path, str) and path.startswith(REPORTS),
            document.at(*tool, *keys),
            f"{name} goes to {path}",
            f"{name} goes to {_shown(path)}, not below {REPORTS}",
        )


def _shown(value: Any) -> str:
    return "not set" if value is None else repr(value)
