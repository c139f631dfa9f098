"""A place to work in, and where such places are kept."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from atomci.tools.git.repository import Repository

__all__ = ["Workplace", "home_of_places", "places_of"]


@dataclass(frozen=True)
class Workplace:
    """Where one session works.

    `root`: the user's checkout, `tree`: the folder that the program works in, both tops of working trees;
    they are the same for a session in place. `folder` holds all that the session has outside the checkout,
    and `scratch` in it is for temporary files. `git`: the folders of git that belong to the checkout, whose
    `repository` it is; `admin` is the one that git keeps for this worktree, None in place. `nested`: what git
    keeps of repositories in the tree, in place.
    """

    run: str
    root: Path
    tree: Path
    folder: Path
    git: tuple[Path, ...]
    repository: Repository
    admin: Path | None = None
    nested: tuple[Path, ...] = ()

    @property
    def scratch(self) -> Path:
        """For temporary files and caches."""
        return self.folder / "scratch"

    @property
    def working(self) -> Repository:
        """What git knows of the tree."""
        return self.repository if self.admin is None else self.repository.linked(self.tree, self.admin)

    @property
    def in_place(self) -> bool:
        """Whether the program works in the user's own checkout."""
        return self.admin is None


def home_of_places() -> Path:
    """Where sessions of this user have their folders: not a cache, since work lies there."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / "atomci" / "guard"
    state = os.environ.get("XDG_STATE_HOME", "")
    return (Path(state) if state.startswith("/") else Path.home() / ".local" / "state") / "atomci" / "guard"


def places_of(root: Path) -> Path:
    """Where those of one checkout are; two checkouts of one name have two."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", root.name).strip("-.") or "checkout"
    return home_of_places() / f"{name}-{hashlib.sha256(os.fsencode(root)).hexdigest()[:8]}"
