"""What GitHub's answers say of a commit that is to be done. Not knowing is never a yes."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from atomci.atoms.parts.verdicts.answers import Said, listed, no, short, yes
from atomci.configuration.ci.workflow import CI
from atomci.forge.api import Api, ApiError
from atomci.forge.commit_checks import checks_of, decision, demands_on, reviews_of, runs_of
from atomci.forge.pull_requests import PullRequest, holding, latest

__all__ = ["approved", "uploaded"]


def uploaded(api: Api, commit: str, wanted: Sequence[str]) -> Said:
    """Whether the run of CI keeps what its jobs upload, by names or globs. Raises ApiError."""
    if not wanted:
        return no(
            f"{CI}: no job that runs the unit tests uploads artifacts/", "atomci check ci_publish_artifacts"
        )
    found = runs_of(api, commit, CI)
    if not found:
        return no(f"{CI} hasn't run for {short(commit)}", f"git push, then: gh run list --commit {commit}")
    run = found[0]
    if not run.over:
        return no(f"the run isn't over: {run.url}", f"gh run watch {run.id}")
    missing = [name for name in wanted if not any(fnmatchcase(left, name) for left in run.artifacts)]
    if missing:
        return no(f"{run.url} ({run.conclusion}) keeps no {listed(missing)}", f"gh run rerun {run.id}")
    return yes(f"{listed(run.artifacts)}: {run.url}#artifacts")


def approved(api: Api, commit: str, branch: str | None) -> Said:
    """Whether a pull request with the commit is green and approved. Raises ApiError."""
    try:
        pull = holding(api, commit)
    except ApiError as error:
        if error.status != 422:
            raise
        return no(
            f"{short(commit)} isn't on GitHub", f"git push --set-upstream origin {branch or 'HEAD:BRANCH'}"
        )
    if pull is None:
        return _without_pull(api, commit, branch)
    if pull.draft:
        return no(f"{pull.url} is a draft", f"gh pr ready {pull.number}")
    if pull.state == "closed" and not pull.merged:
        return no(f"{pull.url} was closed", f"gh pr reopen {pull.number}")
    demands = demands_on(api, pull.base)
    checked, reviewed = _checked(api, pull, commit, demands.checks), _reviewed(api, pull, demands.approvals)
    for said in (checked, reviewed):
        if said.word == "no":
            return no((*said.evidence, pull.url), said.next)
    return yes(*checked.evidence, *reviewed.evidence, pull.url)


def _without_pull(api: Api, commit: str, branch: str | None) -> Said:
    pull = latest(api, branch) if branch else None
    if pull is not None and pull.state == "open":
        return no(
            f"{pull.url} is at {short(pull.head)}, this is {short(commit)}", f"git push origin {branch}"
        )
    return no(f"no pull request holds {short(commit)}", "gh pr create --fill")


def _checked(api: Api, pull: PullRequest, commit: str, required: frozenset[str]) -> Said:
    found = {check.name: check for check in checks_of(api, commit)}
    if not found:
        return no(f"no check has run on {short(commit)}", f"gh pr checks {pull.number}")
    if missing := sorted(required - found.keys()):
        return no(f"required, and not there: {listed(missing)}", f"gh pr checks {pull.number}")
    red = [f"{check.name} ({check.said})" for check in found.values() if check.state == "red"]
    silent = [name for name in sorted(required) if found[name].state == "skipped"]
    pending = [check.name for check in found.values() if check.state == "pending"]
    if red or silent:
        skipped = [f"{name} is required and was skipped" for name in silent]
        return no(
            "; ".join((*([f"red: {listed(red)}"] if red else ()), *skipped)), f"gh pr checks {pull.number}"
        )
    if pending:
        return no(f"not over: {listed(pending)}", f"gh pr checks {pull.number} --watch")
    green = [check.name for check in found.values() if check.state == "green"]
    if not green:
        return no(f"every check of {short(commit)} was skipped", f"gh pr checks {pull.number}")
    return yes(f"{len(green)} checks are green, {len(required)} of them required")


def _reviewed(api: Api, pull: PullRequest, wanted: int) -> Said:
    """GitHub's own word, and approvals of this very commit."""
    word, reviews = decision(api, pull.number), reviews_of(api, pull.number)
    ask = f"gh pr edit {pull.number} --add-reviewer LOGIN"
    if against := [review.who for review in reviews if review.state == "CHANGES_REQUESTED"]:
        return no(f"{listed(against)} asked for changes", f"gh pr view {pull.number} --comments")
    approved = [review for review in reviews if review.state == "APPROVED"]
    here = [review.who for review in approved if review.commit == pull.head]
    if word not in ("", "APPROVED"):
        return no("a required reviewer hasn't approved", ask)
    if len(here) < max(wanted, word == "APPROVED"):
        earlier = [f"{r.who} approved {short(r.commit)}" for r in approved if r.commit != pull.head]
        seen = f": {listed(earlier)}, an earlier commit" if earlier else ""
        return no(f"{len(here)} of {max(wanted, 1)} approvals are of {short(pull.head)}{seen}", ask)
    return yes(f"approved by {listed(here)}" if here else f"{pull.base} asks for no approval")
