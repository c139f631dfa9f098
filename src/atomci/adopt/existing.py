"""What a repository says of itself: its files as they are committed, and what git has noted besides."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

from atomci.adopt.setup_files import words_of_setup_cfg, words_of_setup_py
from atomci.project import requirement_in
from atomci.tools.git.objects import Files, Objects
from atomci.tools.git.repository import Repository

__all__ = ["Existing", "Inferred", "Layout", "read_existing", "strings", "value_at"]

_NO_PACKAGES = {"bench", "benchmarks", "ci", "doc", "docs", "examples", "scripts", "test", "tests", "tools"}
_NO_MODULES = {"conftest", "fabfile", "noxfile", "setup", "tasks", "versioneer"}
_HELPER = re.compile(rf"({'|'.join(sorted(_NO_MODULES))})\.py|docs?/(.+/)?conf\.py|tests/auger/.+")


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
        except (ValueError, RecursionError):
            return {}

    @cached_property
    def has_code(self) -> bool:
        """Whether there is Python of its own, not only what builds or documents a project."""
        names = (path for path in self.paths if path.endswith((".py", ".pyi")))
        return any(not _HELPER.fullmatch(path) for path in names)

    @property
    def setup_file(self) -> str | None:
        """What describes the package where pyproject.toml isn't there."""
        there = (name for name in ("setup.py", "setup.cfg") if name in self.paths)
        return next(there, None) if "pyproject.toml" not in self.paths else None

    def in_setup(self, *keys: str) -> Inferred | None:
        """The first of these keys that setup.cfg or setup.py has, such as `author_email`."""
        for key in keys:
            if key in self._setup_cfg:
                section, value = self._setup_cfg[key]
                return Inferred(value, f"setup.cfg: {section}.{key}")
            if key in self._setup_py:
                return Inferred(self._setup_py[key], f"setup.py: {key}")
        return None

    @cached_property
    def _setup_cfg(self) -> Mapping[str, tuple[str, str]]:
        return words_of_setup_cfg(self.read("setup.cfg")) if "setup.cfg" in self.paths else {}

    @cached_property
    def _setup_py(self) -> Mapping[str, str]:
        return words_of_setup_py(self.read("setup.py")) if "setup.py" in self.paths else {}

    @cached_property
    def layout(self) -> Layout | None:
        """The package: the one that is called like the project, or else the largest; in src/ first."""
        found = self._layouts
        return max(found, key=lambda one: (one.package == self._name, self._size(one.path)), default=None)

    @property
    def other_packages(self) -> Sequence[str]:
        """Where the package could be as well, since none is called like the project."""
        chosen = self.layout
        if chosen is None or chosen.package == self._name:
            return ()
        return [layout.path for layout in self._layouts if layout != chosen]

    @cached_property
    def _layouts(self) -> Sequence[Layout]:
        return list(self._in_src()) or list(self._at_the_root())

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
        named = value_at(self.pyproject, "project.name") or value_at(self.pyproject, "tool.poetry.name")
        in_setup = self.in_setup("name")
        return _identifier(str(named or (in_setup.value if in_setup else "")))

    @cached_property
    def workflows(self) -> Mapping[str, str]:
        """The texts of the workflows."""
        folder = ".github/workflows/"
        return {path: self.read(path).lower() for path in sorted(self.paths) if path.startswith(folder)}

    @cached_property
    def dependencies(self) -> Mapping[str, str]:
        """The names of what it needs at run time, each with where it says so."""
        found: dict[str, str] = {}
        for text in strings(value_at(self.pyproject, "project.dependencies")):
            if required := requirement_in(text):
                found.setdefault(required.name, "pyproject.toml: project.dependencies")
        for name in value_at(self.pyproject, "tool.poetry.dependencies") or {}:
            found.setdefault(name.lower(), "pyproject.toml: tool.poetry.dependencies")
        if "requirements.txt" in self.paths:
            for line in self.read("requirements.txt").splitlines():
                if required := requirement_in(line):
                    found.setdefault(required.name, "requirements.txt")
        return found


def read_existing(repository: Repository, objects: Objects, mine: Files) -> Existing:
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
        "the branch that is checked out": git.branch() or "",
    }
    regular = frozenset(path for path, entry in mine.items() if entry.is_file)
    return Existing(regular, read, git.ask("config", "--get", "remote.origin.url") or "", branches)


def value_at(table: Any, path: str) -> Any:
    """What a table holds at a dotted path; None where nothing is."""
    for key in path.split("."):
        table = table.get(key) if isinstance(table, Mapping) else None
    return table


def strings(found: Any) -> list[str]:
    """The texts of a list; none of anything else."""
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []


def _identifier(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower())
