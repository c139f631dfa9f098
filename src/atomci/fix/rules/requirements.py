"""Which tools check a project, and in which versions: a fix changes neither."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

__all__ = ["required_tools"]

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_TOOLS = re.compile(
    r"(pytest|flake8|pylint|mypy|ruff|coverage|tox|nox|hypothesis|bandit|pip-audit|import-linter)(-.*)?"
    r"|black|isort|pyright|basedpyright|ty|pyrefly|vulture|atomci|pluggy|beartype|interrogate|semgrep"
)


def required_tools(whole: Mapping[str, Any]) -> dict[str, Any]:
    """The requirements of a project or a lock file that are tools, by name."""
    found: dict[str, list[str]] = {}
    for text in _requirements(whole):
        if (match := _NAME.match(text)) and _TOOLS.fullmatch(name := _normal(match[1])):
            found.setdefault(name, []).append(text)
    return {name: sorted(texts) for name, texts in found.items()}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _requirements(whole: Mapping[str, Any]) -> Iterator[str]:
    project = _table(whole.get("project"))
    groups = [project.get("dependencies"), *_table(project.get("optional-dependencies")).values()]
    groups += _table(whole.get("dependency-groups")).values()
    for group in groups:
        yield from (each for each in _list(group) if isinstance(each, str))
    yield from _of_poetry(_table(_table(whole.get("tool")).get("poetry")))
    for each in map(_table, _list(whole.get("package"))):
        yield f"{each.get('name')} {each.get('version')} {each.get('source')}"


def _of_poetry(poetry: Mapping[str, Any]) -> Iterator[str]:
    groups = [poetry, *map(_table, _table(poetry.get("group")).values())]
    for group in groups:
        for kind in ("dependencies", "dev-dependencies"):
            yield from (f"{name} {version}" for name, version in _table(group.get(kind)).items())


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else []
