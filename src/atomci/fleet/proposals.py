"""A planned update as the one pull request of its branch. The working tree and the index aren't looked at.

A commit is ours when its message names the tree that it holds: whoever adds to it, amends it or merges into
the branch makes another tree. Such a branch is somebody's, and is left alone; it is fine where it holds the
version that is to be proposed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from atomci.artifacts.printed.sync import Proposal
from atomci.errors import InfrastructureError, RefusedError, UsageError
from atomci.fleet.body import body_of, mark_of
from atomci.fleet.finish import Finish
from atomci.forge.api import Api, ApiError
from atomci.forge.branches import Branches, fetch, push, read_branches
from atomci.forge.pull_requests import (
    PullRequest,
    edited,
    fail_commit,
    latest,
    made_draft,
    made_ready,
    opened,
)
from atomci.template.answers import Recorded, parse_answers
from atomci.template.sources import address
from atomci.template.versions import position
from atomci.tools.git.repository import identity
from atomci.update.planned import Planned, message_of
from atomci.update.three_way.merge_tree import has_markers

__all__ = ["branch_of", "propose"]

_CHECK = "atomci/template-update"
_TREE = "Template-Update-Tree"
_MERGE = "Template-Update-Merge"


def branch_of(recorded: Recorded, prefix: str) -> str:
    """The branch of an answers file's updates: one each in a repository of several."""
    words = re.findall(
        r"[\w.]+", f"{prefix} {recorded.lock.removeprefix('.atomci/lock').removesuffix('json')}"
    )
    return "-".join(["atomci/template-update", *(word.strip(".") for word in words if word.strip("."))])


def propose(
    planned: Planned, recorded: Recorded, api: Api, *, anew: bool = False, finish: Finish | None = None
) -> Proposal:
    """Push an update to its branch, and open its pull request or bring it up to date.

    `anew`: also where somebody closed the pull request of this version. With conflicts it is a draft, and
    so it is before the branch holds them. Nothing is written where all of it is there already.

    Raises RefusedError where somebody else's branch holds an older version, or HEAD what origin hasn't;
    InfrastructureError where origin or GitHub refuses.
    """
    _refuse_uncommitted(planned, recorded)
    branch = branch_of(recorded, planned.repository.prefix)
    there = read_branches(planned.repository.git, branch)
    fetch(planned.repository.git, there.default, *([branch] if there.tip else []))
    _refuse_unpushed(planned, there)
    proposing = _Proposing(planned, api, branch, there, finish)
    pull = latest(api, branch)
    mark = mark_of(pull.body) if pull else None
    if pull and pull.state == "closed":
        same = mark is not None and mark.about(planned.update.after)
        if same and not pull.merged and not anew:
            return proposing.proposal("declined", there.tip, pull)
        pull = None
    if there.tip is None or proposing.is_ours(there.tip):
        return proposing.run(pull)
    return proposing.leave(there.tip, pull, recorded)


@dataclass(frozen=True)
class _Proposing:
    planned: Planned
    api: Api
    branch: str
    there: Branches
    finish: Finish | None

    @property
    def conflicts(self) -> tuple[str, ...]:
        return tuple(sorted(self.planned.merged.stages))

    def is_ours(self, tip: str) -> bool:
        """Whether this made a commit."""
        return self._named(tip, _TREE) == self._ask(f"{tip}^{{tree}}")

    def leave(self, tip: str, pull: PullRequest | None, recorded: Recorded) -> Proposal:
        """What is to be said of a branch of somebody else's. While it has markers it is a draft, and red.

        Raises RefusedError where what it holds isn't this update, or where nothing would tell of it.
        """
        if pull is None or not self._holds(tip, recorded):
            where = f" ({pull.url})" if pull else ""
            raise RefusedError(
                f"{self.branch} has commits of somebody else{where}, so it is left alone",
                f"merge it or close it; to get a new one: git push origin --delete {self.branch}",
            )
        marked = self._marked(tip)
        notes: tuple[str, ...] = (f"somebody is finishing it on {self.branch}; left alone",)
        if marked:
            made_draft(self.api, pull)
            notes += self._failed(tip, marked)[1]
        found = self.proposal("taken-over", tip, pull, notes)
        return msgspec.structs.replace(found, conflicts=marked, draft=pull.draft or bool(marked))

    def _holds(self, tip: str, recorded: Recorded) -> bool:
        """Whether a commit's answers file records this update, or a version that is newer still."""
        planned, update = self.planned, self.planned.update
        path = f"{planned.repository.prefix}{recorded.file}"
        code, text, _ = planned.repository.git.code("cat-file", "blob", f"{tip}:{path}")
        try:
            held = parse_answers(text, path) if code == 0 else {}
        except UsageError:
            return False
        if update.before == update.after:  # other answers, or another address
            wanted = {"_src_path": update.template, "_commit": update.after}
            wanted |= {change.name: change.after for change in update.answers}
            return all(held.get(name) == value for name, value in wanted.items())
        there, here = position(str(held.get("_commit", ""))), position(update.after)
        return held.get("_commit") == update.after or bool(there and here and there >= here)

    def _marked(self, tip: str) -> tuple[str, ...]:
        """The files of a branch with conflict markers, of those that it changes."""
        planned = self.planned
        base = planned.repository.git.ask("merge-base", self.there.default_tip, tip) or planned.head
        before, after = planned.objects.files(base), planned.objects.files(tip)
        changed = {
            path: entry.oid for path, entry in after.items() if entry != before.get(path) and entry.is_file
        }
        contents = planned.objects.read(changed.values())
        return tuple(sorted(path for path, oid in changed.items() if has_markers(contents[oid])))

    def run(self, pull: PullRequest | None) -> Proposal:
        """Draft first, then the branch, then the text, and only then ready."""
        drafted = pull is not None and bool(self.conflicts) and not pull.draft
        if pull and drafted:
            made_draft(self.api, pull)
        commit, pushed, unfinished = self._commit()
        failed, notes = self._failed(commit, self.conflicts) if self.conflicts else (False, ())
        update, location = self.planned.update, address(self.planned.update.template)
        title = message_of(update).partition("\n")[0]
        before = pull.body if pull else ""
        body = body_of(update, self.conflicts, self.branch, location, before, unfinished)
        if pull is None:
            return self.proposal("opened", commit, self._opened(title, body), notes, unfinished)
        mark = mark_of(pull.body)
        # A draft of somebody's own making stays one, and so does somebody's title.
        ready = not self.conflicts and pull.draft and mark is not None and mark.conflicts
        if ready:
            made_ready(self.api, pull)
        same = mark is not None and mark.about(update.after)
        after = edited(self.api, pull, pull.title if same else title, body)
        changed = drafted or pushed or failed or ready or after is not pull
        return self.proposal("updated" if changed else "unchanged", commit, pull, notes, unfinished)

    def proposal(
        self,
        state: str,
        commit: str | None,
        pull: PullRequest,
        notes: tuple[str, ...] = (),
        unfinished: str = "",
    ) -> Proposal:
        """What became of it."""
        conflicts = () if state == "declined" else self.conflicts
        return Proposal(
            state=state,  # type: ignore[arg-type]
            branch=self.branch,
            commit=commit,
            number=pull.number,
            url=pull.url,
            draft=bool(conflicts),
            conflicts=conflicts,
            finished=not unfinished,
            update=self.planned.update,
            notes=(*notes, unfinished) if unfinished else notes,
        )

    def _commit(self) -> tuple[str, bool, str]:
        """The tip of the branch, whether it had to be pushed, and what couldn't be finished."""
        planned, tip = self.planned, self.there.tip
        objects = planned.objects
        merged = objects.tree(planned.merged.files)
        same = tip is not None and self._named(tip, _MERGE) == merged and self._ask(f"{tip}^") == planned.head
        # What a tool makes of the same files changes from week to week, so it is done once.
        if tip and same and (self.finish is None or self._named(tip, _TREE) != merged):
            return tip, False, ""
        tree, unfinished = self._finished(merged)
        if tip and same and self._named(tip, _TREE) == tree:
            return tip, False, unfinished
        message = f"{message_of(planned.update).rstrip()}\n\n{_TREE}: {tree}\n{_MERGE}: {merged}\n"
        commit = objects.commit(tree, message, identity(planned.repository), (planned.head,))
        objects.migrate()
        push(planned.repository.git, commit, self.branch, tip)
        return commit, True, unfinished

    def _finished(self, tree: str) -> tuple[str, str]:
        """The tree to commit, and what couldn't be finished. No tool could read conflict markers."""
        if self.finish is None or self.conflicts:
            return tree, ""
        found = self.finish.finished(self.planned.objects, tree)
        if found is None:
            return tree, f"{self.finish.command} failed in the updated tree: run it on the branch"
        return found, ""

    def _failed(self, commit: str, conflicts: tuple[str, ...]) -> tuple[bool, tuple[str, ...]]:
        """Set a check that is red until somebody commits a resolution; whether it was set, and notes."""
        count = len(conflicts)
        why = f"{count} file{'s' if count != 1 else ''} in conflict: resolve on this branch"
        try:
            return fail_commit(self.api, commit, _CHECK, why), ()
        except ApiError as error:
            note = f"no red check on the commit, a token needs Commit statuses: {error.message}"
            return False, (note,)

    def _opened(self, title: str, body: str) -> PullRequest:
        draft = bool(self.conflicts)
        try:
            return opened(self.api, self.branch, self.there.default, title, body, draft=draft)
        except ApiError as error:
            if draft and "draft" in error.message.lower():
                raise InfrastructureError(
                    f"{error.message}; conflicts are never put in a pull request that could be merged",
                    "drafts are for public repositories and paid plans; do it on your machine: atomci update",
                ) from None
            raise

    def _named(self, commit: str, trailer: str) -> str | None:
        """The tree that a commit's message names."""
        message = self.planned.repository.git.ask("log", "-1", "--format=%B", commit) or ""
        found = re.search(rf"^{trailer}: ([0-9a-f]+)$", message, re.MULTILINE)
        return found[1] if found else None

    def _ask(self, what: str) -> str | None:
        return self.planned.repository.git.resolve(what)


def _refuse_uncommitted(planned: Planned, recorded: Recorded) -> None:
    """The plan read the answers file of the folder, and the commit is to follow HEAD's."""
    path = planned.repository.prefix + recorded.file
    code, _, _ = planned.repository.git.code("diff", "--quiet", planned.head, "--", path)
    if code != 0:
        raise RefusedError(f"{path} isn't as it was committed", "git commit it, or git restore it")


def _refuse_unpushed(planned: Planned, there: Branches) -> None:
    code, _, _ = planned.repository.git.code("merge-base", "--is-ancestor", planned.head, there.default_tip)
    if code != 0:
        raise RefusedError(
            f"HEAD isn't part of {there.default} on origin, into which the pull request goes",
            f"git switch {there.default}, and git push what the update starts from",
        )
