"""Where a branch left the one that it will be merged into: from there on its changes count."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from atomci.errors import InfrastructureError
from atomci.tools.git.client import Git

__all__ = ["Departure", "HistoryMissing", "departure"]

_USUAL = ("origin/main", "origin/master", "main", "master")


class HistoryMissing(InfrastructureError):
    """A shallow clone hides where the branch began, or there is no such branch here."""


@dataclass(frozen=True)
class Departure:
    """The commit, and the name of the branch that was left; `HEAD` where there is no other."""

    branch: str
    commit: str


def departure(
    git: Git, named: str | None = None, variables: Mapping[str, str] = os.environ
) -> Departure | None:
    """From the branch `named`, else that of a pull request's event, else origin's HEAD or its usual name.

    None without a commit. Raises HistoryMissing, with the command that mends it.
    """
    if git.commit() is None:
        return None
    pulled = variables.get("GITHUB_BASE_REF")
    wanted = named or (f"origin/{pulled}" if pulled else None)
    others = (wanted,) if wanted else (git.ask("rev-parse", "--abbrev-ref", "origin/HEAD"), *_USUAL)
    target = next((name for name in others if name and git.commit(name)), None)
    base = git.ask("merge-base", target, "HEAD") if target else None
    if target and base:
        return Departure(target, base)
    if wanted or (target and git.ask("rev-parse", "--is-shallow-repository") == "true"):
        raise HistoryMissing(
            f"git doesn't know here where this branch left {wanted or target}",
            "git fetch --unshallow origin; in a workflow, actions/checkout with fetch-depth: 0",
        )
    return Departure("HEAD", git.commit() or "HEAD")
