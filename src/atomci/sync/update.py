"""An update from the recorded version to another: rendered, merged and described. Nothing is touched yet."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from atomci.artifacts.sync import AnswerChange, FileChange, PinChoice, Update
from atomci.errors import RefusedError, UsageError
from atomci.sync.answers import Recorded, parse_answers
from atomci.sync.lock import lock_bytes, made_lock
from atomci.sync.merge import Merged, merge
from atomci.sync.migrations import FILE as MIGRATIONS_FILE
from atomci.sync.migrations import Migrations, migrations_between
from atomci.sync.objects import Entry, Files, Objects, Repository, open_repository
from atomci.sync.ownership import FILE as OWNERSHIP_FILE
from atomci.sync.ownership import Ownership, ownership
from atomci.sync.replay import Replayed, refuse_migrations
from atomci.sync.template import Release, Template, remote_tags
from atomci.sync.versions import newest_tag, position
from atomci.sync.workshop import Workshop

__all__ = ["Planned", "Request", "plan_update", "render_first", "render_recorded"]

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


@dataclass(frozen=True)
class Rendered:
    """One version's files as git would store them, by their paths from the top of the repository."""

    files: Files
    facts: Replayed
    answers: Mapping[str, Any]


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
    before, after = position(old.name), position(new.name)
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
class _Planning:
    shop: Workshop
    template: Template
    recorded: Recorded
    request: Request
    tell: Tell
    repository: Repository

    def plan(self, old: Release, new: Release) -> Planned | Update:
        self.shop.replay.warm_up()
        head = self.repository.git.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        if head is None:
            raise UsageError("the repository has no commit yet", "git add -A && git commit, then again")
        for release in (new, old):
            self.template.checkout(release)
        objects = Objects(self.repository, self.shop.folder())
        recorded = self.recorded
        self.tell(f"rendering {new.name}")
        text = self.template.read(new, MIGRATIONS_FILE)
        migrations = migrations_between(text, old.name, new.name, self.request.skip)
        last = recorded.answers
        target = Recorded(
            recorded.root, recorded.file, {**recorded.values, "_src_path": self.template.location}
        )
        theirs = render(self, objects, target, new, data=self.request.answers, last=migrations.answers(last))
        self._know_all(theirs)
        self.tell(f"rendering {old.name}")
        base = render(self, objects, recorded, old, data=last, last={}, exclude=theirs.facts.exclude)
        refuse_migrations(self.template.location, base.facts, theirs.facts)
        self.tell("merging")
        return self._merge(objects, head, old, new, base, theirs, migrations)

    def _know_all(self, theirs: Rendered) -> None:
        unknown = sorted(self.request.answers.keys() - theirs.facts.questions)
        if unknown:
            asked = ", ".join(sorted(theirs.facts.questions))
            raise UsageError(f"the template asks no question called {unknown[0]}", f"it asks: {asked}")

    def _merge(
        self,
        objects: Objects,
        head: str,
        old: Release,
        new: Release,
        base: Rendered,
        theirs: Rendered,
        migrations: Migrations,
    ) -> Planned | Update:
        before = objects.files(head)
        owners = tiers(self.template, new, self.recorded, theirs.facts)
        prefix = self.repository.prefix

        def tier(path: str) -> Any:
            name = path.removeprefix(prefix)
            found = owners.tier(name)
            return "merged" if found == "managed" and name in self.request.excepted else found

        ignored = self._ignored(before, base.files, theirs.files)
        kept_base = {path: entry for path, entry in base.files.items() if path not in ignored}
        kept_theirs = {path: entry for path, entry in theirs.files.items() if path not in ignored}
        who = identity(self.repository)
        ours = dict(before)
        migrations.files(objects, ours, kept_base, kept_theirs, prefix)
        merged = merge(objects, ours, kept_base, kept_theirs, tier, who)
        lock = self._locked(objects, theirs, new, owners)
        merged = replace(merged, files={**merged.files, **lock})
        update = Update(
            state="planned",
            template=self.template.location,
            before=old.name,
            after=new.name,
            files=tuple(
                _changes(objects, before, base.files, theirs.files, merged, tier, ignored, migrations.renamed)
            ),
            answers=tuple(_answer_changes(self.recorded.answers, theirs.answers)),
            migrations=migrations.steps(),
            pins=tuple(PinChoice(path=path, **choice._asdict()) for path, choice in merged.pins),
        )
        if all(before.get(path) == entry for path, entry in lock.items()) and not _acts(update):
            return _nothing(self.recorded, old, "")
        pick = _pick(objects, base.files, theirs.files, message_of(update), who)
        return Planned(update, self.repository, objects, head, before, merged, pick, next(iter(lock)))

    def _ignored(self, head: Files, base: Files, theirs: Files) -> set[str]:
        """Rendered paths that git ignores here and doesn't hold: whatever lies there isn't ours to merge."""
        asked = [path for path in base.keys() | theirs.keys() if path not in head]
        if not asked:
            return set()
        _, out, _ = self.repository.git.code(
            "check-ignore", "-z", "--stdin", stdin=b"".join(os.fsencode(path) + b"\0" for path in asked)
        )
        return {os.fsdecode(path) for path in out.split(b"\0") if path}

    def _locked(self, objects: Objects, theirs: Rendered, new: Release, owners: Ownership) -> Files:
        prefix = self.repository.prefix
        files = {path.removeprefix(prefix): entry for path, entry in theirs.files.items()}
        lock = made_lock(files, self.recorded.file, new.name, owners.tier)
        return {prefix + self.recorded.lock: Entry("100644", objects.write("blob", lock_bytes(lock)))}


def render_recorded(
    shop: Workshop, recorded: Recorded, repository: Repository, objects: Objects
) -> tuple[Files, Ownership]:
    """The recorded version as it was rendered, and who owns what: paths relative to the project."""
    template = shop.template(recorded.location)
    release = template.release(recorded.version)
    planning = _Planning(shop, template, recorded, Request(), lambda _: None, repository)
    found = render(planning, objects, recorded, release, data=recorded.answers, last={})
    files = {path.removeprefix(repository.prefix): entry for path, entry in found.files.items()}
    return files, tiers(template, release, recorded, found.facts)


def render_first(
    shop: Workshop,
    recorded: Recorded,
    repository: Repository,
    objects: Objects,
    *,
    data: Mapping[str, Any],
    last: Mapping[str, Any],
    ask: bool,
) -> tuple[Rendered, Ownership]:
    """The version that is to be recorded, and who owns what: `data` and `last` as in Replay.render."""
    template = shop.template(recorded.location)
    release = template.release(recorded.version)
    planning = _Planning(shop, template, recorded, Request(), lambda _: None, repository)
    found = render(planning, objects, recorded, release, data=data, last=last, ask=ask)
    return found, tiers(template, release, recorded, found.facts)


def render(
    planning: _Planning,
    objects: Objects,
    recorded: Recorded,
    release: Release,
    *,
    data: Mapping[str, Any],
    last: Mapping[str, Any],
    exclude: tuple[str, ...] = (),
    ask: bool = False,
) -> Rendered:
    """Render a version and store its files. The folder is called like the project's, as templates may ask."""
    folder = planning.shop.folder()
    prefix = planning.repository.prefix
    worktree = folder / (recorded.root.name if not prefix else "top")
    into = worktree / prefix
    into.mkdir(parents=True)
    facts = planning.shop.replay.render(
        planning.template.checkout(release),
        release,
        recorded,
        into,
        data=data,
        last=last,
        exclude=exclude,
        ask=ask,
    )
    answers = into / recorded.file
    if not answers.is_file():
        raise UsageError(
            f"{release.name} of the template renders no {recorded.file}",
            "its answers file has another name there; nothing can be updated from it",
        )
    values = parse_answers(answers.read_bytes(), str(answers))
    return Rendered(
        objects.add(worktree, folder / "index"),
        facts,
        {name: value for name, value in values.items() if not name.startswith("_")},
    )


def tiers(template: Template, release: Release, recorded: Recorded, facts: Replayed) -> Ownership:
    """Who owns what at a version."""
    return ownership(template.read(release, OWNERSHIP_FILE), facts.seeds, recorded.file, recorded.lock)


def identity(repository: Repository) -> str:
    """Who makes commits here, with the time, as git writes it; a stand-in where git knows nobody."""
    return repository.git.ask("var", "GIT_AUTHOR_IDENT") or "atomci <atomci@localhost> 0 +0000"


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


def _acts(update: Update) -> bool:
    quiet = {"kept-deleted", "corrected-upstream", "ignored"}
    return any(change.change not in quiet for change in update.files)


def _answer_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[AnswerChange]:
    return [
        AnswerChange(name=name, before=before.get(name), after=after.get(name))
        for name in [*after, *(name for name in before if name not in after)]
        if before.get(name) != after.get(name) or (name in before) != (name in after)
    ]


def _changes(
    objects: Objects,
    head: Files,
    base: Files,
    theirs: Files,
    merged: Merged,
    tier: Callable[[str], Any],
    ignored: set[str],
    migrated: Mapping[str, str],
) -> list[FileChange]:
    renames = {**_renames(objects, head, base, theirs, merged), **migrated}
    found = []
    for path in sorted(head.keys() | merged.files.keys() | merged.stages.keys()):
        mine, outcome = head.get(path), merged.files.get(path)
        if path in merged.stages:
            change, detail = "conflicted", merged.reasons.get(path, "content")
        elif mine == outcome or path in renames.values():
            continue
        elif mine is None:
            change, detail = ("renamed" if path in renames else "added"), ""
        elif outcome is None:
            change, detail = "removed", ""
        elif mine == base.get(path):
            change, detail = "updated", ""
        elif tier(path) == "managed":
            change, detail = "replaced", "your edit gives way; it stays in git's history"
        else:
            change, detail = "merged", ""
        found.append(
            FileChange(
                path=path, change=change, tier=tier(path), renamed_from=renames.get(path, ""), detail=detail  # type: ignore[arg-type]
            )
        )
    quiet = dict.fromkeys(merged.kept_deleted, "kept-deleted")
    quiet |= {path: "ignored" for path in ignored if base.get(path) != theirs.get(path)}
    for path in base.keys() & theirs.keys() & head.keys():
        if tier(path) == "seed" and base[path] != theirs[path] and head[path] != theirs[path]:
            quiet[path] = "corrected-upstream"
    found += [FileChange(path=path, change=why, tier=tier(path)) for path, why in quiet.items()]  # type: ignore[arg-type]
    return sorted(found, key=lambda change: change.path)


def _renames(objects: Objects, head: Files, base: Files, theirs: Files, merged: Merged) -> dict[str, str]:
    """Files that the template renamed, new path to old: the content went along, whoever edited it."""
    gone = {path for path in base if path not in theirs and path in head and path not in merged.files}
    new = {path for path in theirs if path not in base and path not in head and path in merged.files}
    if not gone or not new:
        return {}
    sides = (objects.tree(base), objects.tree(theirs))
    out = objects.git("diff-tree", "-r", "-M", "--diff-filter=R", "--name-status", "-z", *sides)
    fields = [os.fsdecode(name) for name in out.split(b"\0")]
    pairs = zip(fields[1::3], fields[2::3], strict=False)
    return {after: before for before, after in pairs if before in gone and after in new}
