"""What a project leaves to others: in a subfolder hooks and what GitHub reads, else hooks by a setting."""

from __future__ import annotations

import shlex

from atomci.bootstrap.managers.choice import prefix
from atomci.configuration.hooks import installed
from atomci.engine.context import Context, Verdict

__all__ = ["folder_by_setting", "hooks_elsewhere", "read_by_github", "unread_by_github"]


def hooks_elsewhere(ctx: Context) -> str:
    """Why git gets no hooks: they would be those of a repository that is more than this; else empty."""
    if call := _call_from_above(ctx):
        top = ctx.project.git.top()
        return f"git's hooks belong to the repository in {top}: let its pre-push hook run {call}"
    folder = folder_by_setting(ctx)
    if folder and not all(fact.ok for fact in installed(ctx.root / folder, folder)):
        call = f"{prefix(ctx.project)}atomci run local_ci"
        return f"core.hooksPath says that git's hooks are in {folder}: let its pre-push hook run {call}"
    return ""


def folder_by_setting(ctx: Context) -> str:
    """The folder of hooks that git's settings name, empty where they name none."""
    return ctx.project.git.ask("config", "--type=path", "core.hooksPath") or ""


def read_by_github(ctx: Context, verdict: Verdict) -> Verdict:
    """A verdict on files that GitHub reads at the top of a repository alone: below it they prove nothing."""
    why = unread_by_github(ctx)
    return Verdict(None, (why,)) if why and verdict.holds is not False else verdict


def unread_by_github(ctx: Context) -> str:
    """Why GitHub reads no workflow of the project, and what to do; empty where it does."""
    if call := _call_from_above(ctx):
        top = ctx.project.git.top()
        return f"GitHub reads workflows only at the top, {top}: let a job there run {call}"
    return ""


def _call_from_above(ctx: Context) -> str:
    inside = (ctx.project.git.prefix() or "").rstrip("/")
    return f"(cd {shlex.quote(inside)} && {prefix(ctx.project)}atomci run local_ci)" if inside else ""
