"""What a tool makes of a merged tree, such as a lock of its dependencies: run in a copy of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from atomci.tools.git.objects import Objects

__all__ = ["Finish", "finished_tree"]


@dataclass(frozen=True)
class Finish:
    """A command that finishes the merged tree in an empty folder's copy of it, such as `uv lock`."""

    command: str
    folder: Path
    run: Callable[[Path], bool]


def finished_tree(objects: Objects, tree: str, folder: Path, work: Callable[[Path], bool]) -> str | None:
    """The tree after `work` was done on a copy of it in an empty folder; None where that failed.

    `work` gets the project's folder in the copy, and says whether it went well. What git ignores there isn't
    taken over.
    """
    repository = objects.repository
    copy = folder / "tree"
    copy.mkdir()
    git = objects.git_over(copy, folder / "index")
    git("read-tree", tree)
    git("checkout-index", "--all", "--quiet")
    if not work(copy / repository.prefix):
        return None
    git("add", "--all", ".")
    return git("write-tree").decode().strip()
