"""Whether a folder holds anything of which pytest may make a test: asked before a layer is left out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePath

from atomci.project import Project
from atomci.testing.pytest_config import is_test_file, read_pytest_config
from atomci.testing.selection.impact import collects_files

__all__ = ["first_test", "why_none"]

_NO_MODULES = ("conftest.py", "__init__.py")
# Of plugins that collect by the suffix alone: pytest-bdd-ng, nbval, pytest-robotframework.
_OF_PLUGINS = (".feature", ".ipynb", ".robot")


def first_test(project: Project, folder: str) -> str:
    """A path from the root that may be or hold a test, a module if there is one; empty where nothing does.

    A module without a test is one all the same, so tests that nothing collects are missed. So is what can't
    be looked into: a link, a folder without permission, and what git knows and the checkout lacks.
    """
    others = []
    for path in _on_disk(project.root, folder):
        if path.endswith(".py"):
            return path
        others.append(path)
    return min(others or project.git.held_back(folder), default="")


def why_none(project: Project, folder: str) -> str:
    """That a folder has no test: yet, or any more, where git knows of one."""
    patterns = read_pytest_config(project.root, folder).test_files
    modules = [f":(glob){folder}/**/{pattern}" for pattern in patterns]
    if gone := project.git.tracked(*modules):
        return f"{folder} has no test any more: {gone[0]} isn't there"
    if removed := project.git.last_removal(*modules):
        return f"{folder} has no test any more: {removed} took the last away"
    return f"{folder} has no test yet"


def _on_disk(root: Path, folder: str) -> Iterator[str]:
    start = root / folder
    if os.path.lexists(start) and not start.is_dir():
        yield folder  # a link into nowhere, or what Windows makes of a link
    config = read_pytest_config(root, folder)
    doctests = any(word.startswith("--doctest") for word in config.words)
    hooked = any(collects_files(path) for path in _conftests(root, start))
    closed: list[OSError] = []
    for base, folders, files in os.walk(start, onerror=closed.append):
        for path in (Path(base, name).relative_to(root) for name in files):
            if path.suffix == ".py":
                taken = path.name not in _NO_MODULES or is_test_file(path.as_posix(), config.test_files)
            else:
                taken = not _is_no_text(path) and (hooked or _is_called_a_test(path))
            if taken or (doctests and not _is_no_text(path) and b">>>" in (root / path).read_bytes()):
                yield path.as_posix()
        yield from (
            path.relative_to(root).as_posix() for name in folders if (path := Path(base, name)).is_symlink()
        )
    for error in closed:
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            yield Path(error.filename).relative_to(root).as_posix()


def _is_no_text(path: PurePath) -> bool:
    return path.name.startswith(".") or path.suffix == ".pyc"


def _is_called_a_test(path: PurePath) -> bool:
    """Whether a plugin may take a file that is no module for a test, such as test_shop.tavern.yaml."""
    return "test" in path.name.lower() or path.suffix in _OF_PLUGINS


def _conftests(root: Path, start: Path) -> Iterator[Path]:
    """Those whose hooks see what lies there."""
    yield from (path for path in start.rglob("conftest.py") if path.is_file())
    above = (folder / "conftest.py" for folder in start.parents if folder.is_relative_to(root))
    yield from (path for path in above if path.is_file())
