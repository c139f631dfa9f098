"""One repository: where it is, what its pyproject and answers say, which Python runs its tools."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from atomci.errors import UsageError
from atomci.tools.git.client import Git

__all__ = [
    "ANSWERS_FILE",
    "CACHE_FOLDER",
    "Project",
    "find_root",
    "oldest_python",
    "open_project",
    "requirement_in",
]

S = TypeVar("S")

if TYPE_CHECKING:
    from packaging.requirements import Requirement

ANSWERS_FILE = ".copier-answers.yml"
CACHE_FOLDER = ".atomci_cache"
"""Where passes are kept."""

_ASKS_FOR_ATOMCI = re.compile(r"\s*atomci\s*(?:[\[(<>=!~;@#]|$)", re.IGNORECASE)
_BEHIND_A_REQUIREMENT = re.compile(r"\s(#|--|\\).*")


def find_root(start: Path) -> Path:
    """The nearest folder upwards with a pyproject.toml, up to the top of the repository that `start` lies in.

    That top itself where none has one, and `start` outside of any repository.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / "pyproject.toml").exists() or (folder / ".git").exists():
            return folder
    return start


@dataclass(frozen=True)
class Project:
    """A repository at `root`. Files are read once, on first use."""

    root: Path

    @cached_property
    def pyproject(self) -> Mapping[str, Any]:
        """pyproject.toml parsed; empty when there is none. Raises UsageError when it can't be parsed."""
        path = self.root / "pyproject.toml"
        if path.exists() and not path.is_file():
            raise UsageError(f"{path} isn't a file", "fix it; nothing was run")
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise UsageError(f"{path}: {error}", "fix the file; nothing was run") from None
        import tomllib

        try:
            return tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{path}: {error}", "fix the file; nothing was run") from None

    def table(self, *keys: str) -> Mapping[str, Any]:
        """A table of pyproject.toml by its keys, empty when absent: table("tool", "mypy")."""
        found: Any = self.pyproject
        for key in keys:
            found = found.get(key, {}) if isinstance(found, Mapping) else {}
        return found if isinstance(found, Mapping) else {}

    @cached_property
    def answers(self) -> Mapping[str, Any]:
        """copier's recorded answers; empty when the project wasn't rendered from a template."""
        path = self.root / ANSWERS_FILE
        if not path.is_file():
            return {}
        import yaml

        try:
            loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise UsageError(
                f"{path}: not readable as YAML: {error}", f"git checkout -- {ANSWERS_FILE}"
            ) from None
        return loaded if isinstance(loaded, Mapping) else {}

    @cached_property
    def is_joined(self) -> bool:
        """Whether it was set up for atomci: by a table, a template's answers or a dependency.

        Of another repository only what it uses itself is run, and the rest is told.
        """
        if "atomci" in self.table("tool") or (self.root / ANSWERS_FILE).is_file():
            return True
        # Nearly all commands ask; to import what reads any requirement takes longer than most of them.
        return any(_ASKS_FOR_ATOMCI.match(line) for line in self._requirements)

    @cached_property
    def dependencies(self) -> frozenset[str]:
        """Normalized names of what `[project] dependencies` asks for."""
        return _names_in(self.table("project").get("dependencies"))

    @cached_property
    def declared(self) -> frozenset[str]:
        """The same, with those of extras and groups."""
        return _names_in(self._requirements)

    @property
    def _requirements(self) -> list[str]:
        extras, groups = self.table("project", "optional-dependencies"), self.table("dependency-groups")
        lists = (self.table("project").get("dependencies"), *extras.values(), *groups.values())
        return [str(line) for lines in lists if isinstance(lines, list) for line in lines]

    @property
    def git(self) -> Git:
        """git in the project's root."""
        return Git(self.root)

    def setting(self, read: Callable[[Project], S]) -> S:
        """What a reader of a table of pyproject.toml returned, read once."""
        if read not in self._settings:
            self._settings[read] = read(self)
        found: S = self._settings[read]
        return found

    @cached_property
    def _settings(self) -> dict[Callable[[Project], Any], Any]:
        return {}

    @property
    def environment(self) -> Path:
        """The environment that holds the project's tools: its own, else the one that runs atomci.

        Looked for each time, since atoms make it.
        """
        return self.own_environment or Path(sys.prefix)

    @property
    def own_environment(self) -> Path | None:
        """What UV_PROJECT_ENVIRONMENT names, or .venv. Of a project that isn't set up for atomci also the one
        that is activated, a folder of another usual name, conda's active one, which may be there by habit, or
        the Python that actions/setup-python has set up.
        """
        named = [os.environ.get("UV_PROJECT_ENVIRONMENT"), ".venv"]
        if not self.is_joined:
            named += [*_activated(), "venv", "env", *_behind_a_hook(), os.environ.get("CONDA_PREFIX")]
        folders = (self.root / name for name in named if name)
        found = next((folder for folder in folders if _is_environment(folder)), None)
        return found if found or self.is_joined else _set_up_on_github()

    @property
    def scripts(self) -> Path:
        """Where that environment keeps its programs."""
        return self.environment / ("Scripts" if os.name == "nt" else "bin")

    @property
    def python(self) -> str:
        """That environment's interpreter."""
        if os.name != "nt":
            return str(self.scripts / "python")
        own = self.environment
        return str((self.scripts if (own / "pyvenv.cfg").is_file() else own) / "python.exe")

    @cached_property
    def packages(self) -> tuple[str, ...]:
        """Import names under src/, sorted."""
        src = self.root / "src"
        if not src.is_dir():
            return ()
        found = [p.name for p in src.iterdir() if p.is_dir() and (p / "__init__.py").is_file()]
        found += [p.stem for p in src.glob("*.py")]
        return tuple(sorted(found))

    def version_of(self, distribution: str) -> str | None:
        """The installed version of a distribution in the environment, None when it isn't there."""
        return self.versions.get(normalized(distribution))

    @property
    def versions(self) -> dict[str, str]:
        """The installed version of each distribution in the environment, by its normalized name."""
        rows = (name.removesuffix(".dist-info").rpartition("-") for name in reversed(self.installed))
        return {normalized(name): version for name, _, version in rows}

    @property
    def installed(self) -> tuple[str, ...]:
        """Names and versions of all that is installed in the environment, read off its folder names."""
        pattern = "Lib/site-packages" if os.name == "nt" else "lib/python*/site-packages"
        names = (entry.name for site in self.environment.glob(pattern) for entry in site.iterdir())
        return tuple(sorted(name for name in names if name.endswith(".dist-info")))


def _is_environment(folder: Path) -> bool:
    return (folder / "pyvenv.cfg").is_file() or _is_of_conda(folder)


def _is_of_conda(folder: Path) -> bool:
    return (folder / "conda-meta").is_dir()


def _activated() -> list[str]:
    """The environment that somebody activated, and not the one that pre-commit or prek made for a hook."""
    active = os.environ.get("VIRTUAL_ENV")
    return [active] if active and not _is_of_a_hook(Path(active)) else []


def _behind_a_hook() -> list[str]:
    """What was activated before a hook's own environment took its place; only PATH still names it."""
    if not _is_of_a_hook(Path(os.environ.get("VIRTUAL_ENV", ""))):
        return []
    folders = [Path(entry).parent for entry in os.get_exec_path()]
    return [str(each) for each in folders if _is_environment(each) and not _is_made_for_a_program(each)]


def _is_of_a_hook(environment: Path) -> bool:
    marks = (".install_state_v1", ".install_state_v2", ".prek-hook.json")
    return any((environment / mark).is_file() for mark in marks)


def _is_made_for_a_program(environment: Path) -> bool:
    """Whether it is a hook's, or uv's for a tool, such as the one from which `uvx pre-commit` runs."""
    kept = any((folder / "CACHEDIR.TAG").is_file() for folder in environment.parents)
    return kept or (environment / "uv-receipt.toml").is_file() or _is_of_a_hook(environment)


def _set_up_on_github() -> Path | None:
    """It is no environment: packages are installed beside its standard library."""
    folder = Path(os.environ.get("pythonLocation") or os.devnull)  # noqa: SIM112 - its own spelling
    return folder if folder.is_dir() else None


def oldest_python(requires: str) -> str | None:
    """The oldest Python 3 that `requires-python` lets in, such as `3.11`; None without a lower bound."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        accepted = SpecifierSet(requires)
    except InvalidSpecifier:
        return None
    # A late patch release, as `>=3.11.4` means 3.11.
    minors = (f"3.{minor}" for minor in range(60) if accepted.contains(f"3.{minor}.999"))
    return None if accepted.contains("0") else next(minors, None)


def normalized(name: str) -> str:
    """A distribution's name as all ways to write it have in common (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirement_in(line: str) -> Requirement | None:
    """What a line of pyproject.toml or of a requirements file asks for, by its normalized name.

    None for a comment, an option, a hash.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        required = Requirement(_BEHIND_A_REQUIREMENT.sub("", line))
    except InvalidRequirement:
        return None
    required.name = normalized(required.name)
    return required


def open_project(start: Path) -> Project:
    """The project that a folder lies in: with a pyproject.toml, or a repository with Python in it.

    Raises UsageError when there is none, InfrastructureError where git doesn't read the repository.
    """
    root = find_root(start)
    if (root / "pyproject.toml").is_file() or ((root / ".git").exists() and _holds_python(root)):
        return Project(root)
    raise UsageError(
        f"no pyproject.toml, and no repository with Python, in {start} or above",
        "cd into a project; or make one: atomci new DEST; or type git init in a folder with Python code",
    )


def _holds_python(root: Path) -> bool:
    """Whether git knows a Python file there that is there. Raises InfrastructureError where it won't say."""
    git = Git(root)
    known = git.files()
    if known is None:
        git("rev-parse", "--git-dir")  # which says why
    return any(path.endswith((".py", ".pyi")) and (root / path).is_file() for path in known or ())


def _names_in(requirements: Any) -> frozenset[str]:
    """What is no requirement, such as a group's name in a group, is left out."""
    lines = requirements if isinstance(requirements, list) else ()
    return frozenset(required.name for line in lines if (required := requirement_in(str(line))))
