"""Whether a project installs on other machines too, by the places that its lock takes packages from."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

from atomci.bootstrap.managers.protocol import Manager, Unmet
from atomci.project import Project

__all__ = ["only_here"]


def only_here(project: Project, manager: Manager) -> Unmet | None:
    """Why nobody else can install it: folders of this machine outside of the repository. None without one.

    Raises UsageError where the lock can't be read.
    """
    lock = project.root / manager.LOCK
    if not lock.is_file():
        return None
    top = Path(project.git.top() or project.root).resolve()
    found = [row for row in _paths(project.root, manager, lock) if not row[1].is_relative_to(top)]
    if not found:
        return None
    why = ", ".join(f"{name} from {path}" for name, path in dict(found).items())
    remedy = f"give an address that others reach in {manager.SOURCE}, then {manager.relock(project.root)}"
    of_the_template = any(name == "atomci" for name, _ in found)
    return Unmet(
        f"{manager.LOCK} takes {why}: on another machine that can't be installed",
        f"{manager.to_render(project)}atomci update --template URL" if of_the_template else remedy,
    )


def _paths(root: Path, manager: Manager, lock: Path) -> Iterator[tuple[str, Path]]:
    for name, place in manager.places(lock):
        plain = place.removeprefix("git+")
        if plain.startswith("file:"):
            path = re.sub(r"@[^/@]*$", "", urlparse(plain).path)
            yield name, Path(url2pathname(path)).resolve()
        elif "://" not in plain and not plain.startswith("git@"):
            yield name, Path(os.path.normpath(root / plain)).resolve()
