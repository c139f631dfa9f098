"""A new project below another repository: beside it, or a part of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from atomci.errors import RefusedError
from atomci.tools.git.client import Git, GitFailed

__all__ = ["around", "part_of"]


def around(folder: Path) -> Path | None:
    """The top of the repository that a folder lies in, which need not be there yet; None outside of any."""
    there = next(path for path in (folder, *folder.parents) if path.is_dir())
    top = Git(there).top()
    return Path(top) if top else None


@contextmanager
def part_of(top: Path, folder: Path) -> Iterator[None]:
    """Announce a rendered folder's files to the repository around it, which then counts them as its own.

    To add and commit them is left to the user. On any error it knows nothing of them again. Raises
    RefusedError where it ignores the folder.
    """
    git = Git(top)
    try:
        git("add", "--intent-to-add", "--", str(folder))
    except GitFailed as error:
        raise RefusedError(
            f"{top} can't take {folder} in: {error.said}", "leave out --inside for a repository of its own"
        ) from None
    try:
        yield
    except BaseException:
        git("rm", "-r", "--cached", "--quiet", "--force", "--ignore-unmatch", "--", str(folder))
        raise
