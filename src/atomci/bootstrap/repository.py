"""The git repository: whether there is one, and the commands that begin it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from atomci.errors import InfrastructureError
from atomci.tools.git.client import Git

__all__ = ["begin_words", "existing", "is_top", "knows_an_author", "need_git", "unsigned"]


def need_git() -> None:
    """Raises InfrastructureError where there is no git, before anything is made that needs it."""
    if shutil.which("git") is None:
        raise InfrastructureError(
            "git isn't on PATH", "install it; for the command: atomci run install_git_cli"
        )


def existing(root: Path) -> str | None:
    """Why no repository is to be made here: it has commits, or a larger one tracks it."""
    git = Git(root)
    if (root / ".git").exists():
        head = git.ask("rev-parse", "--short", "HEAD")
        return f"it is a repository at {head}" if head else None
    if git.ask("ls-files"):
        top = git.top() or ""
        return f"it is part of the repository in {top}"
    return None


def is_top(root: Path) -> bool:
    """Whether a repository that is known here, perhaps by the environment alone, begins at this folder."""
    return Git(root).prefix() == ""


def begin_words(root: Path, answers: Mapping[str, Any], project: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """What is typed after `git`, in order: init where there is none, the answered remote, first commit."""
    words: list[tuple[str, ...]] = []
    branch = answers.get("default_branch")
    if (root / ".git").exists():
        # CI looks at the answered branch, whatever git calls the first one.
        words += [("symbolic-ref", "HEAD", f"refs/heads/{branch}")] if branch else []
    else:
        branch = str(branch or "main")
        words.append(("init", "--quiet", f"--initial-branch={branch}"))
        if remote := answers.get("git_remote"):
            words.append(("remote", "add", "origin", str(remote)))
    # What git's user ignores everywhere, such as .vscode or *.lock, is a file of the project all the same.
    words.append(("-c", "core.excludesFile=", "add", "--all"))
    identity = () if knows_an_author(root) else _identity(project)
    # No hooks: they are the next step, and what they run isn't installed before it.
    words.append((*identity, "commit", "--quiet", "--no-verify", "-m", "chore: first commit"))
    return words


def unsigned(root: Path, words: Sequence[str]) -> tuple[str, ...]:
    """A commit's words without the signature that git's settings ask for; empty for any other words."""
    signs = "commit" in words and Git(root).ask("config", "--type=bool", "commit.gpgSign") == "true"
    return (*words, "--no-gpg-sign") if signs else ()


def knows_an_author(root: Path) -> bool:
    """Whether git can name who commits here."""
    return Git(root).ask("var", "GIT_AUTHOR_IDENT") is not None


def _identity(project: Mapping[str, Any]) -> tuple[str, ...]:
    """An author where git knows none: the first one that pyproject.toml names."""
    authors = project.get("authors") or [{}]
    name = authors[0].get("name") or "unknown"
    email = authors[0].get("email") or "unknown@localhost"
    return ("-c", f"user.name={name}", "-c", f"user.email={email}")
