"""What a repository says of itself, as answers to a template's questions, each with where it was found."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any, Literal, NamedTuple

from atomci.artifacts.sync import InferredAnswer
from atomci.bootstrap.managers.table import MANAGERS
from atomci.project import oldest_python, requirement_in
from atomci.tools.objects import Files, Objects, Repository

__all__ = ["Existing", "Inferred", "Layout", "answers_to", "existing", "origins"]

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
_OWN_QUESTIONS = ("kind", "dependency_manager", "integrations")
_NO_PACKAGES = {"bench", "benchmarks", "ci", "doc", "docs", "examples", "scripts", "test", "tests", "tools"}
_NO_MODULES = {"conftest", "fabfile", "noxfile", "setup", "tasks", "versioneer"}
_LICENCE_FILES = re.compile(r"(?i)(licen[cs]e|copying)(\.(md|rst|txt))?")
_LICENCE_TEXTS = (
    ("Apache-2.0", "Apache License"),
    ("MIT", "Permission is hereby granted, free of charge, to any person obtaining a copy"),
    ("BSD-3-Clause", "Neither the name of"),
    ("BSD-2-Clause", "Redistribution and use in source and binary forms"),
    ("LGPL", "GNU LESSER GENERAL PUBLIC LICENSE"),
    ("AGPL-3.0", "GNU AFFERO GENERAL PUBLIC LICENSE"),
    ("GPL", "GNU GENERAL PUBLIC LICENSE"),
    ("MPL-2.0", "Mozilla Public License"),
)
_LICENCE_NAMES = {
    "mit": "MIT",
    "mit license": "MIT",
    "the mit license (mit)": "MIT",
    "apache 2.0": "Apache-2.0",
    "apache-2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "licenseref-proprietary": "Proprietary",
    "proprietary": "Proprietary",
    "other/proprietary license": "Proprietary",
}


class Inferred(NamedTuple):
    """A value and where it was found."""

    value: Any
    source: str


class Layout(NamedTuple):
    """Where the package lies: `path` is a folder or a file, its kind src, folder or module."""

    package: str
    path: str
    kind: Literal["src", "folder", "module"]


@dataclass(frozen=True)
class Existing:
    """A repository as committed: its paths, a reader of their text, and what git knows besides."""

    paths: frozenset[str]
    read: Callable[[str], str]
    remote: str
    branches: Mapping[str, str]

    @cached_property
    def pyproject(self) -> Mapping[str, Any]:
        """The table of pyproject.toml; empty where there is none, or none that can be read."""
        try:
            return tomllib.loads(self.read("pyproject.toml")) if "pyproject.toml" in self.paths else {}
        except tomllib.TOMLDecodeError:
            return {}

    @cached_property
    def layout(self) -> Layout | None:
        """The package: the one that is called like the project, or else the largest; in src/ first."""
        for layouts in (self._in_src(), self._at_the_root()):
            found = list(layouts)
            if found:
                return max(found, key=lambda layout: (layout.package == self._name, self._size(layout.path)))
        return None

    def _in_src(self) -> Iterator[Layout]:
        names = {
            path.split("/")[1] for path in self.paths if path.startswith("src/") and path.endswith(".py")
        }
        for name in sorted(names):
            yield Layout(name.removesuffix(".py"), f"src/{name}", "src")

    def _at_the_root(self) -> Iterator[Layout]:
        name = self._name
        for path in sorted(self.paths):
            first, _, rest = path.partition("/")
            if rest == "__init__.py" and first not in _NO_PACKAGES and first.isidentifier():
                yield Layout(first, first, "folder")
            elif path == f"{name}.py" and name not in _NO_MODULES:
                yield Layout(name, path, "module")

    def _size(self, folder: str) -> int:
        return sum(path.startswith(f"{folder}/") for path in self.paths)

    @property
    def _name(self) -> str:
        named = _at(self.pyproject, "project.name") or _at(self.pyproject, "tool.poetry.name")
        return _identifier(str(named or ""))

    @cached_property
    def workflows(self) -> Mapping[str, str]:
        """The texts of the workflows."""
        folder = ".github/workflows/"
        return {path: self.read(path).lower() for path in sorted(self.paths) if path.startswith(folder)}

    @cached_property
    def dependencies(self) -> Mapping[str, str]:
        """The names of what it needs at run time, each with where it says so."""
        found: dict[str, str] = {}
        for text in _strings(_at(self.pyproject, "project.dependencies")):
            if required := requirement_in(text):
                found.setdefault(required.name, "pyproject.toml: project.dependencies")
        for name in _at(self.pyproject, "tool.poetry.dependencies") or {}:
            found.setdefault(name.lower(), "pyproject.toml: tool.poetry.dependencies")
        if "requirements.txt" in self.paths:
            for line in self.read("requirements.txt").splitlines():
                if required := requirement_in(line):
                    found.setdefault(required.name, "requirements.txt")
        return found


def existing(repository: Repository, objects: Objects, mine: Files) -> Existing:
    """What the files of a commit say, by paths from the top, and what git has noted of the repository."""

    def read(path: str) -> str:
        return objects.read([mine[path].oid])[mine[path].oid].decode("utf-8", "replace")

    git = repository.git
    origin = git.ask("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD") or ""
    names = (git.ask("for-each-ref", "--format=%(refname:short)", "refs/heads") or "").split()
    usual = next((name for name in ("main", "master", "trunk", "develop") if name in names), "")
    branches = {
        "origin's HEAD": origin.removeprefix("origin/"),
        "the branch of that name": usual,
        "the branch that is checked out": git.ask("symbolic-ref", "--quiet", "--short", "HEAD") or "",
    }
    regular = frozenset(path for path, entry in mine.items() if entry.is_file)
    return Existing(regular, read, git.ask("config", "--get", "remote.origin.url") or "", branches)


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
            source += f"; it can't take what is in {fact.source}" if fact is not None else ""
            instead = fact.value if fact is not None else None
            yield InferredAnswer(name=name, value=value, source=source, instead_of=instead)


def _project_name(existing: Existing) -> Inferred | None:
    return (
        _first(existing, "project.name", "tool.poetry.name")
        or _setup_cfg(existing, "name")
        or (_repository_name(existing))
    )


def _repository_name(existing: Existing) -> Inferred | None:
    name = re.sub(r"\.git/?$", "", existing.remote).rstrip("/").rpartition("/")[2]
    return Inferred(name, "the remote origin") if existing.remote and name else None


def _package_name(existing: Existing) -> Inferred | None:
    layout = existing.layout
    return Inferred(layout.package, layout.path) if layout else None


def _description(existing: Existing) -> Inferred | None:
    fact = _first(existing, "project.description", "tool.poetry.description")
    return fact or _setup_cfg(existing, "description")


def _author(existing: Existing, key: Literal["name", "email"]) -> Inferred | None:
    for author in _at(existing.pyproject, "project.authors") or []:
        if isinstance(author, Mapping) and author.get(key):
            return Inferred(str(author[key]), "pyproject.toml: project.authors")
    for author in _strings(_at(existing.pyproject, "tool.poetry.authors")):
        found = re.fullmatch(r"(?P<name>[^<]+?)\s*(?:<(?P<email>[^>]+)>)?\s*", author)
        if found and found[key]:
            return Inferred(found[key], "pyproject.toml: tool.poetry.authors")
    return _setup_cfg(existing, "author" if key == "name" else "author_email")


def _licence(existing: Existing) -> Inferred | None:
    for path in ("project.license", "project.license.text", "tool.poetry.license"):
        text = _at(existing.pyproject, path)
        # A table's text may be a name, or all of it.
        if isinstance(text, str) and text.strip() and "\n" not in text.strip():
            return Inferred(_licence_name(text), f"pyproject.toml: {path}")
    for text in _strings(_at(existing.pyproject, "project.classifiers")):
        if text.startswith("License :: "):
            return Inferred(_licence_name(text.rpartition(" :: ")[2]), "pyproject.toml: project.classifiers")
    for path in sorted(filter(_LICENCE_FILES.fullmatch, existing.paths)):
        content = " ".join(existing.read(path).split())
        for name, words in _LICENCE_TEXTS:
            if words.lower() in content.lower():
                return Inferred(name, path)
        return Inferred("another licence", path)
    return None


def _licence_name(text: str) -> str:
    return _LICENCE_NAMES.get(text.strip().lower(), text.strip())


def _python_min(existing: Existing) -> Inferred | None:
    fact = _first(existing, "project.requires-python", "tool.poetry.dependencies.python")
    fact = fact or _setup_cfg(existing, "python_requires")
    if fact is None:
        return None
    oldest = oldest_python(re.sub(r"\^", ">=", fact.value))
    return Inferred(oldest, fact.source) if oldest else None


def _kind(existing: Existing) -> Inferred | None:
    if "fastapi" in existing.dependencies:
        return Inferred("service", f"fastapi in {existing.dependencies['fastapi']}")
    for path in ("project.scripts", "tool.poetry.scripts"):
        if _at(existing.pyproject, path):
            return Inferred("cli", f"pyproject.toml: {path}")
    if existing.pyproject and existing.layout:
        return Inferred("library", "pyproject.toml: neither scripts nor fastapi")
    return None


def _dependency_manager(existing: Existing) -> Inferred | None:
    for name, manager in MANAGERS.items():
        if (sign := manager.sign(existing.paths)) is not None:
            return Inferred(name, sign)
    return None


def _integrations(existing: Existing) -> Inferred | None:
    """Found even where there are none: a repository without .vscode/ doesn't ask for one."""
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
    "author_name": lambda existing: _author(existing, "name"),
    "author_email": lambda existing: _author(existing, "email"),
    "licence": _licence,
    "python_min": _python_min,
    "repository_owner": _repository_owner,
    "default_branch": _default_branch,
    "kind": _kind,
    "dependency_manager": _dependency_manager,
    "integrations": _integrations,
}


def _first(existing: Existing, *paths: str) -> Inferred | None:
    for path in paths:
        value = _at(existing.pyproject, path)
        if isinstance(value, str) and value.strip():
            return Inferred(value.strip(), f"pyproject.toml: {path}")
    return None


def _setup_cfg(existing: Existing, key: str) -> Inferred | None:
    import configparser

    if "setup.cfg" not in existing.paths:
        return None
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(existing.read("setup.cfg"))
    except configparser.Error:
        return None
    section = "options" if key == "python_requires" else "metadata"
    value = parser.get(section, key, fallback="").strip()
    # `attr:` and `file:` say where the value is, not what.
    fine = value and "\n" not in value and not value.startswith(("attr:", "file:"))
    return Inferred(value, f"setup.cfg: {section}.{key}") if fine else None


def _at(table: Any, path: str) -> Any:
    for key in path.split("."):
        table = table.get(key) if isinstance(table, Mapping) else None
    return table


def _strings(found: Any) -> list[str]:
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []


def _identifier(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower())
