"""uv: the lock is uv.lock, and `uv run` is the way to what it installed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atomci.artifacts.handed.schemas import ManagerName, ToolFound
from atomci.bootstrap.managers.protocol import Run, Unmet, Way
from atomci.bootstrap.managers.refused import refused
from atomci.bootstrap.toolchain import manager_row
from atomci.errors import UsageError
from atomci.project import Project
from atomci.tools import uv
from atomci.tools.process import Command

if TYPE_CHECKING:
    from atomci.bootstrap.programs import Ask

NAME: ManagerName = "uv"
LOCK = "uv.lock"
LOCKS: tuple[str, ...] = (LOCK,)
FILES: tuple[str, ...] = (LOCK,)
SOURCE = "pyproject.toml"
RENEW = BEGIN = "uv lock"
PREFIX = "uv run "
SLOW = ""
SPEAKS = re.compile(r"\buv (run|sync|lock|pip|add|export|venv)\b|astral-sh/setup-uv")

_WITH_VALUE = {"--extra", "--group", "--no-group", "--only-group", "--python", "-p", "--project"}
_NOT_THE_LOCK = re.compile(r"--with\b.*|--no-project|--upgrade|-U|--isolated")


def sign(files: Iterable[str]) -> str | None:
    return LOCK if LOCK in files else None


def way_in(words: Sequence[str]) -> Way | None:
    if tuple(words[:2]) != ("uv", "run"):
        return None
    end = 2
    while end < len(words) and words[end].startswith("-"):
        end += 2 if words[end] in _WITH_VALUE else 1
    return Way(end, locked=not any(_NOT_THE_LOCK.fullmatch(word) for word in words[:end]))


def relock(root: Path) -> str:
    return "uv lock"


def to_add(root: Path, name: str, *, dev: bool) -> str:
    return f"uv add {'--dev ' * dev}{name}"


def to_render(project: Project) -> str:
    return "uv run --group template " if "template" in project.table("dependency-groups") else PREFIX


def pins(lock: Path) -> Iterable[tuple[str, str]]:
    return [(package["name"], package["version"]) for package in _packages(lock) if "version" in package]


def places(lock: Path) -> Iterable[tuple[str, str]]:
    return [
        (package["name"], str(source[kind]))
        for package in _packages(lock)
        for kind in _SOURCES
        if kind in (source := package.get("source", {}))
    ]


_SOURCES = ("editable", "directory", "virtual", "path", "git", "registry", "url")


def _packages(lock: Path) -> list[dict[str, Any]]:
    try:
        packages: list[dict[str, Any]] = tomllib.loads(lock.read_text(encoding="utf-8")).get("package", [])
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{lock}: {error}", "git checkout -- uv.lock, or uv lock") from None
    return packages


def make_environment(python: str, environment: Path) -> tuple[str, ...]:
    clear = ("--clear",) if environment.exists() else ()
    return (uv.program(), "venv", "--quiet", *clear, "--python", python, str(environment))


def commands(project: Project, *, in_ci: bool) -> Sequence[Command]:
    return (Command((uv.program(), "sync", *(("--locked",) if in_ci else ()))),)


def sync(project: Project, run: Run, *, in_ci: bool) -> str | None:
    (command,) = commands(project, in_ci=in_ci)
    done = run(command)
    if done.code != 0 and "needs to be updated" in done.stderr:
        return f"{LOCK} is stale: type {relock(project.root)}, and commit it"
    if done.code != 0:
        raise refused(project, LOCK, uv.error_line(done.stderr or done.stdout), command, "UV_INDEX")
    return None


def unmet(project: Project, run: Run) -> Unmet | None:
    # Packages that `uv run --group` added are no fault, as long as all that the lock says is there.
    synced = ("sync", "--locked", "--check", "--inexact")
    for words, remedy in ((("lock", "--check"), "uv lock"), (synced, "uv sync")):
        done = run(Command((uv.program(), *words, "--quiet")))
        if done.code != 0:
            return Unmet(f"{LOCK}: {uv.error_line(done.stderr)}", remedy)
    return None


def own_row(project: Project, ask: Ask) -> ToolFound:
    from packaging.specifiers import InvalidSpecifier

    from atomci.bootstrap.programs import version_in

    path = uv.find()
    found = version_in(ask(path, "--version") or "") if path else None
    wanted = str(project.table("tool", "uv").get("required-version") or "")
    try:
        return manager_row(NAME, wanted, found, path)
    except InvalidSpecifier:
        raise UsageError(f"pyproject.toml: [tool.uv] required-version {wanted!r} isn't a range") from None
