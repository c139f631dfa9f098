"""Answers to a template's questions, found in a repository, each with where it was found."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Literal

from atomci.adopt.existing import Existing, Inferred, strings, value_at
from atomci.adopt.licence import licence
from atomci.artifacts.printed.sync import InferredAnswer
from atomci.bootstrap.managers.table import MANAGERS
from atomci.errors import RefusedError
from atomci.project import oldest_python

__all__ = ["answers_to", "origins", "refuse_invented_names"]

# Questions by the fact that answers them. The second half means something in atomci's own template only.
_QUESTIONS = {
    "project_name": ("project_name", "distribution_name"),
    "repository_name": ("repository_name", "repo_name"),
    "package_name": ("package_name", "module_name", "import_name"),
    "description": ("description", "project_description", "short_description", "project_short_description"),
    "author_name": ("author_name", "author", "author_fullname", "full_name", "copyright_holder"),
    "author_email": ("author_email", "email"),
    "licence": ("licence", "license", "project_license", "copyright_license"),
    "python_min": ("python_min", "min_python_version", "minimum_python_version"),
    "repository_owner": ("repository_owner", "repository_namespace", "github_username", "github_org"),
    "default_branch": ("default_branch", "main_branch"),
}
_NAMES = ("project_name", "repository_name", "package_name")
_OWN_QUESTIONS = ("kind", "dependency_manager", "integrations")


def answers_to(existing: Existing, questions: Iterable[str]) -> dict[str, Inferred]:
    """The answers that the repository gives to some of the questions; whether they are valid isn't known."""
    asked = set(questions)
    facts = {name: fact for name, find in _INFERRED.items() if (fact := find(existing)) is not None}
    found: dict[str, Inferred] = {}
    for known, names in _QUESTIONS.items():
        if known in facts:
            found |= {name: facts[known] for name in names if name in asked}
    if asked >= set(_OWN_QUESTIONS):
        found |= {name: facts[name] for name in _OWN_QUESTIONS if name in facts}
    return found


def origins(
    answers: Mapping[str, Any], given: Collection[str], found: Mapping[str, Inferred], *, asked: bool
) -> Iterator[InferredAnswer]:
    """Each answer with where it is from. `given` names those of the command line, `found` the facts.

    `asked` says whether someone was asked for the others.
    """
    for name, value in answers.items():
        fact = found.get(name)
        if name in given:
            yield InferredAnswer(name=name, value=value, source="given")
        elif fact is not None and fact.value == value:
            yield InferredAnswer(name=name, value=value, source=fact.source)
        else:
            source = "asked" if asked else "the template's default"
            source += f"; it doesn't accept what is in {fact.source}" if fact is not None else ""
            instead = fact.value if fact is not None else None
            yield InferredAnswer(name=name, value=value, source=source, instead_of=instead)


def refuse_invented_names(answers: Iterable[InferredAnswer]) -> None:
    """Raises RefusedError where the template can't take a name that is found, and nobody chose another."""
    names = {name for fact in _NAMES for name in _QUESTIONS[fact]}
    for row in answers:
        if row.name in names and row.instead_of is not None and not row.source.startswith("asked"):
            where = row.source.rpartition(" in ")[2]
            raise RefusedError(
                f"the template doesn't accept {row.instead_of!r} for {row.name}, which {where} has",
                f"choose the name that its files use: atomci adopt -d {row.name}={row.value}",
            )


def _project_name(existing: Existing) -> Inferred | None:
    return (
        _first(existing, "project.name", "tool.poetry.name")
        or existing.in_setup("name")
        or _repository_name(existing)
    )


def _repository_name(existing: Existing) -> Inferred | None:
    name = re.sub(r"\.git/?$", "", existing.remote).rstrip("/").rpartition("/")[2]
    return Inferred(name, "the remote origin") if existing.remote and name else None


def _package_name(existing: Existing) -> Inferred | None:
    layout = existing.layout
    return Inferred(layout.package, layout.path) if layout else None


def _description(existing: Existing) -> Inferred | None:
    fact = _first(existing, "project.description", "tool.poetry.description")
    return fact or existing.in_setup("description")


def _author(existing: Existing) -> Inferred | None:
    """Who holds the copyright: the author before those who maintain it."""
    for role in ("author", "maintainer"):
        if fact := _person(existing, f"{role}s", "name") or existing.in_setup(role):
            return fact
    return None


def _address(existing: Existing) -> Inferred | None:
    """Who takes reports: who maintains it before the author."""
    for role in ("maintainer", "author"):
        if fact := _person(existing, f"{role}s", "email") or existing.in_setup(f"{role}_email"):
            return fact
    return None


def _person(existing: Existing, role: str, key: Literal["name", "email"]) -> Inferred | None:
    people = value_at(existing.pyproject, f"project.{role}")
    for person in people if isinstance(people, list) else []:
        if isinstance(person, Mapping) and person.get(key):
            return Inferred(str(person[key]), f"pyproject.toml: project.{role}")
    for text in strings(value_at(existing.pyproject, f"tool.poetry.{role}")):
        found = re.fullmatch(r"(?P<name>[^<]+?)\s*(?:<(?P<email>[^>]+)>)?\s*", text)
        if found and found[key]:
            return Inferred(found[key], f"pyproject.toml: tool.poetry.{role}")
    return None


def _python_min(existing: Existing) -> Inferred | None:
    fact = _first(existing, "project.requires-python", "tool.poetry.dependencies.python")
    fact = fact or existing.in_setup("python_requires")
    if fact is None:
        return None
    oldest = oldest_python(re.sub(r"\^", ">=", fact.value))
    return Inferred(oldest, fact.source) if oldest else None


def _kind(existing: Existing) -> Inferred | None:
    if "fastapi" in existing.dependencies:
        return Inferred("service", f"fastapi in {existing.dependencies['fastapi']}")
    for path in ("project.scripts", "tool.poetry.scripts"):
        if value_at(existing.pyproject, path):
            return Inferred("cli", f"pyproject.toml: {path}")
    if existing.pyproject and existing.layout:
        return Inferred("library", "pyproject.toml: neither scripts nor fastapi")
    return None


def _dependency_manager(existing: Existing) -> Inferred | None:
    """One whose lock is there. Requirements that nothing compiled are no sign of pip-tools."""
    for name, manager in MANAGERS.items():
        if (sign := manager.sign(_locks(existing))) is not None:
            return Inferred(name, sign)
    return None


def _locks(existing: Existing) -> Iterator[str]:
    for path in existing.paths:
        listed = path.startswith("requirements") and path.endswith(".txt")
        if not listed or "pip-compile" in existing.read(path):
            yield path


def _integrations(existing: Existing) -> Inferred | None:
    """Inferred even where there are none: a repository without .vscode/ doesn't ask for one."""
    found = {}
    for name, says in _SIGNS.items():
        sign = next(filter(says, sorted(existing.paths)), None)
        sign = sign or next(
            (path for path, text in existing.workflows.items() if _mentions(name, text)), None
        )
        if sign is not None:
            found[name] = sign
    source = ", ".join(found.values()) or "no file of any of them"
    return Inferred(list(found), source)


_SIGNS: dict[str, Callable[[str], bool]] = {
    "vscode": lambda path: path.startswith(".vscode/"),
    "powershell": lambda path: path.lower().endswith(".tests.ps1"),
    "devcontainer": lambda path: path.startswith(".devcontainer/") or path == ".devcontainer.json",
    "docker": lambda path: PurePosixPath(path).name == "Dockerfile",
    "codecov": lambda path: path.lstrip(".") in ("codecov.yml", "codecov.yaml"),
    "slack": lambda _: False,
    "docs": lambda path: path == "docs/conf.py",
    "recording": lambda path: path.startswith("tests/auger/") and path.endswith(".py"),
}


def _mentions(name: str, workflow: str) -> bool:
    return name in ("codecov", "slack") and name in workflow


def _repository_owner(existing: Existing) -> Inferred | None:
    found = re.search(r"github\.com[:/]+([^/]+)/[^/]+?/?$", existing.remote)
    return Inferred(found[1], "the remote origin") if found else None


def _default_branch(existing: Existing) -> Inferred | None:
    for source in ("origin's HEAD", "the branch of that name", "the branch that is checked out"):
        if existing.branches.get(source):
            return Inferred(existing.branches[source], source)
    return None


_INFERRED: dict[str, Callable[[Existing], Inferred | None]] = {
    "project_name": _project_name,
    "repository_name": _repository_name,
    "package_name": _package_name,
    "description": _description,
    "author_name": _author,
    "author_email": _address,
    "licence": licence,
    "python_min": _python_min,
    "repository_owner": _repository_owner,
    "default_branch": _default_branch,
    "kind": _kind,
    "dependency_manager": _dependency_manager,
    "integrations": _integrations,
}


def _first(existing: Existing, *paths: str) -> Inferred | None:
    for path in paths:
        value = value_at(existing.pyproject, path)
        if isinstance(value, str) and value.strip():
            return Inferred(value.strip(), f"pyproject.toml: {path}")
    return None
