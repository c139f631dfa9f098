"""Branches of the remote `origin`: read, fetched without a trace, pushed with a lease."""

from __future__ import annotations

import re
from dataclasses import dataclass

from atomci.errors import InfrastructureError, RefusedError
from atomci.tools.git.client import NO_QUESTIONS, Git, GitFailed

__all__ = ["Branches", "fetch", "push", "read_branches"]

_WORKFLOWS = re.compile(r"without `?workflows?`? (?:permission|scope)")
_DENIED = re.compile(
    r"returned error: (?:401|403)|Authentication failed|Permission to .* denied|could not read"
)
_LOGIN = "gh auth setup-git lets git use the login of gh; a token needs Contents: read and write"


@dataclass(frozen=True)
class Branches:
    """The name and tip of the branch that origin's HEAD is, and the tip of another, None without it."""

    default: str
    default_tip: str
    tip: str | None


def read_branches(git: Git, name: str) -> Branches:
    """What origin has now. Raises InfrastructureError."""
    ref = f"refs/heads/{name}"
    try:
        out = git.with_env(**NO_QUESTIONS)("ls-remote", "--symref", "origin", "HEAD", ref).decode()
    except GitFailed as error:
        raise _unreachable("read", error) from None
    default, tips = "", {}
    for line in out.splitlines():
        value, _, key = line.partition("\t")
        if value.startswith("ref: "):
            default = value.removeprefix("ref: refs/heads/")
        else:
            tips[key] = value
    if not default or "HEAD" not in tips:
        raise InfrastructureError("origin has no default branch", "git push it first")
    return Branches(default, tips["HEAD"], tips.get(ref))


def fetch(git: Git, *names: str) -> None:
    """Fetch the objects of branches; no ref, tag or FETCH_HEAD of the repository changes."""
    refs = [f"refs/heads/{name}" for name in names]
    words = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--refmap=", "origin", *refs)
    try:
        git.with_env(**NO_QUESTIONS)("fetch", *words)
    except GitFailed as error:
        raise _unreachable("fetched", error) from None


def push(git: Git, commit: str, name: str, expected: str | None) -> None:
    """Make a commit the tip of a branch whose tip is `expected`, None where there is to be no such branch.

    Raises RefusedError where the tip is another by now, InfrastructureError where the push is refused.
    """
    ref = f"refs/heads/{name}"
    code, _, said = git.with_env(**NO_QUESTIONS).code(
        "push",
        "--quiet",
        # A hook here would look at the working tree, which isn't what is pushed.
        "--no-verify",
        f"--force-with-lease={ref}:{expected or ''}",
        "origin",
        f"{commit}:{ref}",
    )
    if code == 0:
        return
    if "stale info" in said:
        raise RefusedError(
            f"{name} was changed on origin while this ran, so it was left alone", "run the same again"
        )
    if _WORKFLOWS.search(said):
        raise InfrastructureError(
            "the push was refused: the update changes files in .github/workflows, which the token may not",
            "a token needs Workflows: read and write (a classic one: scope workflow); no GITHUB_TOKEN has it",
        )
    reason = _reason(said)
    raise InfrastructureError(f"git push: {reason}", _LOGIN if _DENIED.search(said) else "")


def _unreachable(what: str, error: GitFailed) -> InfrastructureError:
    hint = _LOGIN if _DENIED.search(error.said) else "to see why: git ls-remote origin"
    return InfrastructureError(f"origin can't be {what}: {error.said}", hint)


def _reason(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    marked = [line for line in lines if line.startswith(("remote:", "!", "fatal:"))]
    return "; ".join(marked or lines[-1:]) or "no message"
