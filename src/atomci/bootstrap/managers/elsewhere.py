"""Whether a project installs on other machines too, by the places that its lock takes packages from."""

from __future__ import annotations

import os
import re
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
    template = _folder(project.root, str(project.answers.get("_src_path") or ""))
    places = [(name, _folder(project.root, place)) for name, place in manager.places(lock)]
    # An editable folder has no name in a lock of pip-tools.
    named = [("atomci" if folder == template else name, folder) for name, folder in places if folder]
    found = [row for row in named if not row[1].is_relative_to(top)]
    if not found:
        return None
    why = ", ".join(f"{name} from {path}" for name, path in dict(found).items())
    remedy = f"give an address that others reach in {manager.SOURCE}, then {manager.relock(project.root)}"
    from_template = project.answers.get("runtime_source") != "index"
    of_the_template = from_template and any(name == "atomci" for name, _ in found)
    return Unmet(
        f"{manager.LOCK} takes {why}: on another machine that can't be installed",
        f"{manager.to_render(project)}atomci update --template URL" if of_the_template else remedy,
    )


def _folder(root: Path, place: str) -> Path | None:
    """What an address names on this machine, None where it is elsewhere."""
    plain = place.removeprefix("git+")
    if plain.startswith("file:"):
        path = re.sub(r"@[^/@]*$", "", urlparse(plain).path)
        return Path(url2pathname(path)).resolve()
    if not plain or "://" in plain or plain.startswith("git@"):
        return None
    return Path(os.path.normpath(root / plain)).resolve()
