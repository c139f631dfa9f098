"""The branch that all others go into, and where this one left it."""

from __future__ import annotations

from atomci.engine.context import Context

__all__ = ["base_of_the_branch", "default_branch"]


def default_branch(ctx: Context) -> str:
    """As the answers, origin or ci.yml have it."""
    if named := ctx.project.answers.get("default_branch"):
        return str(named)
    if head := ctx.project.git.ask("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"):
        return head.partition("/")[2]
    # Not above: an unchanged gate asks for no workflow.
    from atomci.atoms.parts.ci_files import ci_workflow
    from atomci.configuration.documents import Unreadable

    try:
        return ci_workflow(ctx).branch
    except Unreadable:
        return "main"


def base_of_the_branch(ctx: Context) -> str | None:
    """The commit where this branch left the default one, which may be HEAD; None where git can't tell.

    The only branch of a repository left no other.
    """
    git, branch = ctx.project.git, default_branch(ctx)
    known = git.ask("merge-base", f"origin/{branch}", "HEAD") or git.ask("merge-base", branch, "HEAD")
    if known:
        return known
    others = git.ask("for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes")
    return git.commit() if others is not None and len(others.splitlines()) == 1 else None
