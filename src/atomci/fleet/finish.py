"""What a tool makes of a merged tree, such as a lock of its dependencies: now, or before any token was there.

The tool may run what the new version of the template brings, which nobody has looked at yet. So it runs in a
copy, and what it changed can be kept in a file: a line with the merged tree's id, then git's patch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from atomci.tools.git.client import GitFailed
from atomci.tools.git.names import refuse_paths
from atomci.tools.git.objects import Objects

__all__ = ["Finish", "Prepared", "RunHere", "prepared"]

_HEAD = b"Template-Update-Merge: "


class Finish(Protocol):
    """How a merged tree is finished; `command` is what does it."""

    @property
    def command(self) -> str:
        """The command as it is typed."""

    def finished(self, objects: Objects, tree: str) -> str | None:
        """The tree to commit; None where it couldn't be finished."""


@dataclass(frozen=True)
class RunHere:
    """A command that finishes the tree in an empty folder's copy of it, such as `uv lock`.

    `run` gets the project's folder in the copy, and says whether it went well. What git ignores there isn't
    taken over.
    """

    command: str
    folder: Path
    run: Callable[[Path], bool]

    def finished(self, objects: Objects, tree: str) -> str | None:
        """The tree after the command was run."""
        repository, copy = objects.repository, self.folder / "tree"
        copy.mkdir()
        git = objects.git_over(copy, self.folder / "index")
        git("read-tree", tree)
        git("checkout-index", "--all", "--quiet")
        if not self.run(copy / repository.prefix):
            return None
        git("add", "--all", ".")
        return git("write-tree").decode().strip()


@dataclass(frozen=True)
class Prepared:
    """What was made before, in `content`; nothing of it is run. `folder` is empty."""

    command: str
    folder: Path
    content: bytes

    def finished(self, objects: Objects, tree: str) -> str | None:
        """The tree with what was made of it; None where that failed, or was made of another one."""
        head, _, patch = self.content.partition(b"\n")
        if head != _HEAD + tree.encode():
            return None
        git = objects.git_over(self.folder, self.folder.with_name(f"{self.folder.name}.index"))
        git("read-tree", tree)
        try:
            if patch:
                git("apply", "--cached", "--whitespace=nowarn", "-", stdin=patch)
        except GitFailed:
            return None
        refuse_paths(git.paths("ls-files", "-z"), "what was prepared")
        return git("write-tree").decode().strip()


def prepared(objects: Objects, tree: str, finish: Finish) -> bytes | None:
    """What a command makes of a merged tree, to be kept until it is proposed; None where it failed."""
    after = finish.finished(objects, tree)
    if after is None:
        return None
    words = ("-r", "-p", "--binary", "--full-index", "--no-renames", "--no-ext-diff", "--no-color")
    return _HEAD + tree.encode() + b"\n" + objects.git("diff-tree", *words, tree, after)
