"""atom_101: workflows use the secrets that `[tool.atomci] secrets` declares, all of them and no others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from atomci.configuration.documents import Document, Key
from atomci.configuration.facts import Fact, Place, expect, problem, seen
from atomci.project import Project
from atomci.tables import table_error, value_of

__all__ = ["Use", "facts", "read_secrets", "uses"]

# GitHub gives it to every job.
_IMPLICIT = "GITHUB_TOKEN"
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
# Texts in quotes are skipped, but for an index.
_SECRET = re.compile(
    r"(?<![\w.-])secrets\s*(?:\.\s*(?P<name>[A-Za-z_][\w-]*)|\[\s*'(?P<index>[^']+)'\s*\]|(?P<all>))"
    r"|'(?:[^']|'')*'",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Use:
    """A secret in a workflow; `name` is in capitals, None where it can't be known."""

    place: Place
    name: str | None
    how: str = ""


def read_secrets(project: Project) -> tuple[str, ...]:
    """`[tool.atomci] secrets`: names of the secrets that workflows use. Raises UsageError."""
    names = value_of(project, "secrets", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise table_error(project, ("secrets",), 'expected names: secrets = ["SLACK_WEBHOOK_URL"]')
    for name in names:
        if not re.fullmatch(r"(?!GITHUB_)[A-Z_]\w*", name, re.IGNORECASE | re.ASCII):
            why = "isn't a secret's name: letters, digits and underscores; GITHUB_ in front is GitHub's own"
            raise table_error(project, ("secrets",), f"{name!r} {why}")
    return tuple(names)


def uses(document: Document) -> Iterator[Use]:
    """Every use of a secret in a workflow or an action, in order."""
    # YAML takes the key `on` for a truth value.
    given = (document.table(key, "workflow_call", "secrets") for key in ("on", True))
    own = {str(name).upper() for names in given for name in names}
    for keys, text in _texts(document.data, ()):
        if keys[-1:] == ("secrets",) and text == "inherit":
            yield Use(document.at(*keys), None, "passes all secrets on: secrets: inherit")
        for found in _names(keys, text):
            if found not in own:
                how = "" if found else "uses secrets without naming them"
                yield Use(_place(document, keys, found), found, how)


def facts(documents: Sequence[Document], declared: Sequence[str], where: Place | str) -> Iterator[Fact]:
    """Uses against declarations, both ways. `where` is the place of the declarations."""
    known = {name.upper() for name in declared}
    used = set()
    for use in (use for document in documents for use in uses(document)):
        if use.name is None:
            yield problem(use.place, use.how)
            continue
        used.add(use.name)
        if use.name == _IMPLICIT:
            yield seen(use.place, f"{use.name} is every job's own")
            continue
        missing = f"uses the secret {use.name}; declare it: [tool.atomci] secrets in pyproject.toml"
        yield expect(use.name in known, use.place, f"{use.name} is declared", missing)
    for name in declared:
        if name.upper() not in used:
            yield problem(where, f"declares the secret {name}, which no workflow uses")
    if not used and not declared:
        yield Fact(True, f"{len(documents)} workflows and actions use no secret")


def _names(keys: tuple[Key, ...], text: str) -> Iterator[str | None]:
    parts = _EXPRESSION.findall(text)
    if keys[-1:] == ("if",) and not parts:
        parts = [text]
    for match in (match for part in parts for match in _SECRET.finditer(part)):
        if match["name"] or match["index"]:
            yield (match["name"] or match["index"]).upper()
        elif match["all"] is not None:
            yield None


def _texts(value: Any, keys: tuple[Key, ...]) -> Iterator[tuple[tuple[Key, ...], str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*keys, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*keys, index))
    elif isinstance(value, str):
        yield keys, value


def _place(document: Document, keys: tuple[Key, ...], name: str | None) -> Place:
    """The line of the use itself: below its key, where the value has several lines."""
    first = document.line(*keys)
    pattern = re.compile(rf"\bsecrets\b.*{re.escape(name)}" if name else r"\bsecrets\b", re.IGNORECASE)
    lines = enumerate(document.text.splitlines()[first - 1 :], first)
    line = next((number for number, text in lines if pattern.search(text)), first)
    return Place(document.path, line)
