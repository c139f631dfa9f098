"""Runs and checks atoms of phase 0 on real folders; fake programs stand for what a machine lacks."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from atomci.artifacts.schemas import HostFacts, ManagerChoice, ToolFound, ToolReport
from atomci.artifacts.store import read, write
from atomci.atoms.load import Loader
from atomci.catalog import ATOMS, atom
from atomci.engine.context import Context, Options, Outcome, Verdict
from atomci.engine.inputs import Inputs
from atomci.engine.outputs import clear_outputs
from atomci.project import Project

PYPROJECT = """\
[project]
name = "demo"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["iniconfig"]
authors = [{ name = "Zoe", email = "zoe@example.com" }]

[tool.uv]
package = false
"""


def context(root: Path, number: int, *, install: bool = False, in_ci: bool = False) -> Context:
    options = Options(install=install, in_ci=in_ci)
    return Context(Project(root), atom(ATOMS[number].name), options, Inputs(root))


def run(root: Path, number: int, *, install: bool = False, in_ci: bool = False) -> Outcome:
    ctx = context(root, number, install=install, in_ci=in_ci)
    clear_outputs(root, ctx.atom)
    return Loader(ctx.project).implementation(ctx.atom).run(ctx)


def commands(root: Path, number: int, *, install: bool = False) -> list[str]:
    """What --dry-run prints for it."""
    ctx = context(root, number, install=install)
    return [str(command) for command in Loader(ctx.project).implementation(ctx.atom).commands(ctx)]


def check(root: Path, number: int) -> Verdict:
    ctx = context(root, number)
    return Loader(ctx.project).check(ctx.atom)(ctx)


def report(root: Path, name: str) -> ToolFound:
    """The first row of artifacts/bootstrap/NAME.json."""
    return read(root / f"artifacts/bootstrap/{name}.json", ToolReport).tools[0]


def host_with(root: Path, package_manager: str | None) -> None:
    known = {"os": "linux", "version": "1", "arch": "x86_64", "shell": "sh"}
    facts = HostFacts(**known, package_manager=package_manager)  # type: ignore[arg-type]
    write(root / "artifacts/bootstrap/host.json", facts)


def chosen(root: Path, manager: str) -> None:
    choice = ManagerChoice(manager=manager, recorded_in="a test")  # type: ignore[arg-type]
    write(root / "artifacts/bootstrap/manager.json", choice)


def python_is(root: Path, path: str) -> None:
    row = ToolFound(tool="python", wanted="", found="3.12.0", path=path, usable=True)
    write(root / "artifacts/bootstrap/python.json", ToolReport(tools=(row,)))


def program(path: Path, script: str) -> Path:
    """A program on POSIX."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def contents(root: Path) -> dict[str, str]:
    """Every file below a folder with the hash of what is in it; a link with its target."""
    return dict(_contents(root))


def _contents(root: Path) -> Iterator[tuple[str, str]]:
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            if path.is_symlink():
                yield path.relative_to(root).as_posix(), str(path.readlink())
            elif path.is_file():
                yield path.relative_to(root).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest()
