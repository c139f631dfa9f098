"""An update from the recorded version to another: rendered, merged and described. Nothing is touched yet."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from atomci.artifacts.sync import PinChoice, Update
from atomci.errors import RefusedError, UsageError
from atomci.template.answers import Recorded
from atomci.template.lock import lock_bytes, made_lock
from atomci.template.ownership import Ownership
from atomci.template.replay import refuse_migrations
from atomci.template.repository import Release, Template, remote_tags
from atomci.template.snapshot import Snapshot, snapshot, tiers
from atomci.template.versions import newest_tag, position
from atomci.template.workshop import Workshop
from atomci.tools.objects import Entry, Files, Objects, Repository, identity, open_repository
from atomci.update.changes import acts, answer_changes, file_changes, locks_to_renew
from atomci.update.migrations import FILE as MIGRATIONS_FILE
from atomci.update.migrations import Migrations, migrations_between
from atomci.update.three_way.merge import Merged, merge

__all__ = ["Planned", "Request", "message_of", "plan_update"]

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Request:
    """What is asked for. No `to`: the newest version; `answers` count over the recorded ones.

    `excepted` managed files, relative to the project, are merged instead of replaced.
    """

    to: str | None = None
    prereleases: bool = False
    answers: Mapping[str, str] = field(default_factory=dict)
    template: str | None = None
    skip: frozenset[str] = frozenset()
    excepted: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Planned:
    """An update that can be applied: HEAD's files and the merged ones, and the commit git calls picked."""

    update: Update
    repository: Repository
    objects: Objects
    head: str
    before: Files
    merged: Merged
    pick: str
    lock: str

    @property
    def touched(self) -> list[str]:
        """Every path that the update changes in the working tree or in the index."""
        paths = self.before.keys() | self.merged.files.keys()
        changed = {path for path in paths if self.before.get(path) != self.merged.files.get(path)}
        return sorted(changed | self.merged.stages.keys())

    def with_notes(self) -> Planned:
        """The same, and its report says what it leaves to whoever asked for it."""
        notes = tuple(locks_to_renew(self.update.files, self.before, self.repository.prefix))
        return replace(self, update=msgspec.structs.replace(self.update, notes=notes))


def plan_update(
    shop: Workshop, recorded: Recorded, request: Request, tell: Tell = lambda _: None
) -> Planned | Update:
    """What an update would do; an Update alone where there is nothing to do.

    Raises UsageError, RefusedError or InfrastructureError where it can't be told; nothing has changed then.
    """
    location = request.template or recorded.location
    if not request.answers and not request.template and (done := _at_a_glance(recorded, request)):
        return done
    template = shop.template(location)
    tell(f"reading {location}")
    if _may_move(template, recorded, request):
        shop.replay.warm_up()
    old, new = template.release(recorded.version), _target(template, recorded, request)
    if new.commit == old.commit and not request.answers and not request.template:
        return _nothing(recorded, old, "")
    if new.commit != old.commit and (answer := _refuse_older(template, recorded, request, old, new)):
        return answer
    repository = open_repository(recorded.root)
    return _Planning(shop, template, recorded, request, tell, repository).plan(old, new)


def _at_a_glance(recorded: Recorded, request: Request) -> Update | None:
    """Up to date, where the names of the tags alone tell, so that nothing has to be fetched."""
    if request.to is not None:
        return None
    tags = remote_tags(recorded.location)
    if tags is None or newest_tag(tags, prereleases=request.prereleases) != recorded.version:
        return None
    return _nothing(recorded, Release("", recorded.version), "")


def _may_move(template: Template, recorded: Recorded, request: Request) -> bool:
    """Whether there will be something to render, as far as names alone tell."""
    asked = request.to or request.answers or request.template
    return bool(asked) or newest_tag(template.tags, prereleases=request.prereleases) != recorded.version


def _target(template: Template, recorded: Recorded, request: Request) -> Release:
    if request.to is not None:
        return template.release(request.to)
    if request.answers or request.template:
        return template.release(recorded.version)
    return template.release(newest_tag(template.tags, prereleases=request.prereleases) or "HEAD")


def _refuse_older(
    template: Template, recorded: Recorded, request: Request, old: Release, new: Release
) -> Update | None:
    """Up to date where the project is ahead of every release; refused where an older one is named."""
    # A bare commit has no place in the order, though 12345678 and 1a23456 read as versions.
    before, after = (
        None if release.commit.startswith(release.name) else position(release.name) for release in (old, new)
    )
    older = after < before if before and after else template.is_ancestor(new, old)
    if not older:
        return None
    if request.to is None:
        return _nothing(recorded, old, f"ahead of the newest release, {new.name}")
    raise RefusedError(
        f"{new.name} is older than {old.name}, which this was rendered from",
        "to go back, revert the commits that updated it: git log --oneline -- " + recorded.file,
    )


def _nothing(recorded: Recorded, release: Release, note: str) -> Update:
    return Update(
        state="up-to-date",
        template=recorded.location,
        before=recorded.version,
        after=release.name,
        notes=(note,) if note else (),
    )


@dataclass(frozen=True)
class _Mine:
    """What the project has committed, and who commits here."""

    head: str
    files: Future[Files]
    who: Future[str]


@dataclass(frozen=True)
class _Planning:
    shop: Workshop
    template: Template
    recorded: Recorded
    request: Request
    tell: Tell
    repository: Repository

    def plan(self, old: Release, new: Release) -> Planned | Update:
        head = self.repository.git.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        if head is None:
            raise UsageError("the repository has no commit yet", "git add -A && git commit, then again")
        objects = Objects(self.repository, self.shop.folder())
        meanwhile = self.shop.meanwhile
        mine = _Mine(head, meanwhile(objects.files, head), meanwhile(identity, self.repository))
        for release in (new, old):
            self.template.checkout(release)
        text = self.template.read(new, MIGRATIONS_FILE)
        migrations = migrations_between(text, old.name, new.name, self.request.skip)
        base, theirs = self._snapshots(objects, old, new, migrations)
        self.tell("merging")
        self.shop.settle()
        return self._merge(objects, mine, old, new, base, theirs, migrations)

    def _snapshots(
        self, objects: Objects, old: Release, new: Release, migrations: Migrations
    ) -> tuple[Snapshot, Snapshot]:
        shop, template, recorded = self.shop, self.template, self.recorded
        target = replace(recorded, values={**recorded.values, "_src_path": template.location})
        last = recorded.answers
        self.tell(f"rendering {new.name}")
        theirs = snapshot(
            shop, objects, template, new, target, data=self.request.answers, last=migrations.answers(last)
        )
        self._know_all(theirs)
        self.tell(f"rendering {old.name}")
        base = snapshot(
            shop, objects, template, old, recorded, data=last, last={}, exclude=theirs.facts.exclude
        )
        refuse_migrations(template.location, base.facts, theirs.facts)
        return base, theirs

    def _know_all(self, theirs: Snapshot) -> None:
        unknown = sorted(self.request.answers.keys() - theirs.facts.questions)
        if unknown:
            asked = ", ".join(sorted(theirs.facts.questions))
            raise UsageError(f"the template asks no question called {unknown[0]}", f"it asks: {asked}")

    def _merge(
        self,
        objects: Objects,
        mine: _Mine,
        old: Release,
        new: Release,
        base: Snapshot,
        theirs: Snapshot,
        migrations: Migrations,
    ) -> Planned | Update:
        before, who = mine.files.result(), mine.who.result()
        owners = tiers(self.template, new, self.recorded, theirs.facts)
        prefix = self.repository.prefix

        def tier(path: str) -> Any:
            name = path.removeprefix(prefix)
            found = owners.tier(name)
            return "merged" if found == "managed" and name in self.request.excepted else found

        ignored = self._ignored(before, base.files, theirs.files)
        kept_base = {path: entry for path, entry in base.files.items() if path not in ignored}
        kept_theirs = {path: entry for path, entry in theirs.files.items() if path not in ignored}
        ours = dict(before)
        migrations.files(objects, ours, kept_base, kept_theirs, prefix)
        merged = merge(objects, ours, kept_base, kept_theirs, tier, who)
        lock = self._locked(objects, theirs, new, owners)
        merged = replace(merged, files={**merged.files, **lock})
        changes = file_changes(
            objects, before, base.files, theirs.files, merged, tier, ignored, migrations.renamed
        )
        if all(before.get(path) == entry for path, entry in lock.items()) and not acts(changes):
            return _nothing(self.recorded, old, "")
        update = Update(
            state="planned",
            template=self.template.location,
            before=old.name,
            after=new.name,
            files=tuple(changes),
            answers=tuple(answer_changes(self.recorded.answers, theirs.answers)),
            migrations=migrations.steps(),
            pins=tuple(PinChoice(path=path, **choice._asdict()) for path, choice in merged.pins),
        )
        pick = _pick(objects, base.files, theirs.files, message_of(update), who)
        return Planned(update, self.repository, objects, mine.head, before, merged, pick, next(iter(lock)))

    def _ignored(self, head: Files, base: Files, theirs: Files) -> set[str]:
        """Rendered paths that git ignores here and doesn't hold: whatever lies there isn't ours to merge."""
        asked = [path for path in base.keys() | theirs.keys() if path not in head]
        if not asked:
            return set()
        _, out, _ = self.repository.git.code(
            "check-ignore", "-z", "--stdin", stdin=b"".join(os.fsencode(path) + b"\0" for path in asked)
        )
        return {os.fsdecode(path) for path in out.split(b"\0") if path}

    def _locked(self, objects: Objects, theirs: Snapshot, new: Release, owners: Ownership) -> Files:
        prefix = self.repository.prefix
        files = {path.removeprefix(prefix): entry for path, entry in theirs.files.items()}
        lock = made_lock(files, self.recorded.file, new.name, owners.tier)
        return {prefix + self.recorded.lock: Entry("100644", objects.write("blob", lock_bytes(lock)))}


def message_of(update: Update) -> str:
    """The commit message of an update."""
    if update.before == update.after:
        names = ", ".join(change.name for change in update.answers)
        return f"Change answers to the template: {names}\n" if names else "Render the template again\n"
    return f"Update the template from {update.before} to {update.after}\n\n{update.template}\n"


def _pick(objects: Objects, base: Files, theirs: Files, message: str, who: str) -> str:
    """The commit that the update is a pick of: the new render on top of the old one."""
    root = objects.commit(objects.tree(base), "The render of the recorded version\n", who)
    return objects.commit(objects.tree(theirs), message, who, (root,))
