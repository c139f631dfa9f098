"""atom_108: for each kind of failure, a page that says what to do and who owns it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from atomci.configuration.documents import Unreadable, read_text
from atomci.configuration.facts import Fact, Place, problem, seen

__all__ = ["CLASSES", "FOLDER", "facts"]

FOLDER = "docs/playbooks"
CLASSES = ("static", "unit", "integration", "e2e", "infra")
"""The kinds of failure; each page has the name of its kind."""

_OWNER = re.compile(r"\bOwner:[ \t]*(?P<who>\S[^\n]*)")


def facts(root: Path) -> Iterator[Fact]:
    """Whether each kind has its page, and whether that names an owner."""
    for kind in CLASSES:
        path = f"{FOLDER}/{kind}.md"
        try:
            text = read_text(root, path)
        except Unreadable as error:
            yield error.fact
            continue
        if owner := _OWNER.search(text):
            line = text.count("\n", 0, owner.start()) + 1
            yield seen(Place(path, line), f"its owner: {owner['who'].rstrip('.')}")
        else:
            yield problem(Place(path, 1), "names no owner: add a line `Owner: WHO`")
