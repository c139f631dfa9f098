"""git, asked about a folder. Every answer is None or empty where git or a repository is missing."""

from __future__ import annotations

import shutil
from pathlib import Path

from atomci.tools.process import Children, Command

__all__ = ["changed_paths", "git", "project_files"]


def git(root: Path, *args: str) -> str | None:
    """git's output, or None when it failed or isn't there."""
    program = shutil.which("git")
    if program is None:
        return None
    done = Children().run(Command((program, "-c", "core.quotePath=off", *args)), root)
    return done.stdout if done.code == 0 else None


def project_files(root: Path) -> list[str] | None:
    """Tracked and untracked files that aren't ignored, as POSIX paths relative to root."""
    out = git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
    if out is None:
        return None
    return [path for path in out.split("\0") if path]


def changed_paths(root: Path, since: str | None = None) -> list[str] | None:
    """Paths that differ from the merge base with `since` (default: from HEAD), untracked ones included.

    None when that can't be known: no repository, no commit, unknown ref, shallow history.
    """
    base = "HEAD" if since is None else (git(root, "merge-base", since, "HEAD") or "").strip()
    if not base:
        return None
    # --no-renames: the old path of a rename matters as much as the new one.
    diff = git(root, "diff", "--name-only", "--no-renames", "--relative", "-z", base)
    new = git(root, "ls-files", "-z", "--others", "--exclude-standard")
    if diff is None or new is None:
        return None
    return sorted({path for path in (diff + new).split("\0") if path})
