"""Folders of the conventions that somebody took away by a commit, so that nobody misses them."""

from __future__ import annotations

import os

from atomci.bootstrap.layout import folders_of, missing_folders
from atomci.engine.context import Context

__all__ = ["removed_folders"]


def removed_folders(ctx: Context) -> dict[str, str]:
    """Each with the commit. Sources are missed in any case, and so is what git still has."""
    git, removed = ctx.project.git, dict[str, str]()
    for folder in missing_folders(ctx.root, folders_of(ctx.project.answers)):
        if folder == "src" or os.path.lexists(ctx.root / folder) or git.tracked(folder):
            continue
        if commit := git.last_removal(folder):
            removed[folder] = commit
    return removed
