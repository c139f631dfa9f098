"""Both versions rendered with the project's answers, beside what the project has committed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from atomci.errors import UsageError
from atomci.template.lock import LockFile, locked_seeds, parsed_lock, same_content
from atomci.template.ownership import Ownership
from atomci.template.questionnaire import require_questions
from atomci.template.replay import Version, described_template, refuse_migrations
from atomci.template.snapshot import Snapshot, snapshot, tiers
from atomci.template.workshop import Workshop
from atomci.tools.git.objects import Files, Objects
from atomci.tools.git.repository import head_commit, identity, open_repository
from atomci.update.locked import as_locked, locked_files, unlike
from atomci.update.migrate import Effects, migrated_answers
from atomci.update.migrations import FILE, Migration, migrations_between
from atomci.update.span import Span

__all__ = ["Mine", "Renders", "both_rendered"]


@dataclass(frozen=True)
class Mine:
    """What the project has committed, and who commits here."""

    head: str
    files: Files
    who: str


@dataclass(frozen=True)
class Renders:
    """The old render (base), the new one (theirs), who owns what of that, and what is the project's.

    `effects` is what came of those migrations that change answers, `otherwise` what the recorded version
    renders otherwise by now than the lock says; the lock counts then. `locked_seeds` are files that it calls
    the project's own.
    """

    span: Span
    objects: Objects
    mine: Mine
    base: Files
    theirs: Snapshot
    owners: Ownership
    migrations: tuple[Migration, ...]
    effects: Effects
    locked_seeds: frozenset[str]
    otherwise: tuple[str, ...] = ()


def both_rendered(shop: Workshop, span: Span) -> Renders:
    """Render both versions; git reads what is committed meanwhile.

    Raises UsageError for a project without a commit and for an unknown answer, RefusedError where the
    template needs trust.
    """
    recorded, template = span.recorded, span.template
    repository = open_repository(recorded.root)
    head = head_commit(repository)
    objects = Objects(repository, shop.folder())
    files, who = shop.meanwhile(objects.files, head), shop.meanwhile(identity, repository)
    for release in (span.new, span.old):
        if release.is_there:
            template.checkout(release)
    migrations = migrations_between(
        template.read(span.new, FILE), span.old.name, span.new.name, span.request.skip
    )
    last, effects = migrated_answers(migrations, recorded.answers)
    there = replace(recorded, values={**recorded.values, "_src_path": template.location})
    new = Version(template, span.new, there, span.request.answers, last)
    shop.tell(f"rendering {span.new.name}")
    theirs = snapshot(shop, objects, new)
    _know_all(shop, span, theirs)
    base = _base(shop, objects, span, theirs) if span.old.is_there else None
    shop.settle()
    mine = Mine(head, files.result(), who.result())
    locks = _locks(objects, span, mine)
    before, otherwise = _as_rendered(objects, span, base, theirs, locks)
    owners, seeds = tiers(new, theirs), next((locked_seeds(file.lock) for file in locks), frozenset())
    return Renders(span, objects, mine, before, theirs, owners, migrations, effects, seeds, otherwise)


def _locks(objects: Objects, span: Span, mine: Mine) -> list[LockFile]:
    """The project's locks that can be read: the committed one decides, as the merge is of what is committed.

    Where it is stale or missing, `atomci status` may have written one that is current.
    """
    there, entry = span.lock, mine.files.get(objects.repository.prefix + span.recorded.lock)
    found = [there]
    if entry is not None and entry.is_file and not same_content(there.content, entry.oid):
        content = objects.read([entry.oid])[entry.oid]
        found = [LockFile(content, parsed_lock(content)), there]
    return [file for file in found if file.lock is not None]


def _base(shop: Workshop, objects: Objects, span: Span, theirs: Snapshot) -> Snapshot:
    recorded = span.recorded
    shop.tell(f"rendering {span.old.name}")
    old = Version(span.template, span.old, recorded, recorded.answers, exclude=theirs.replayed.exclude)
    base = snapshot(shop, objects, old)
    refuse_migrations(span.template.location, base.replayed, theirs.replayed)
    return base


def _as_rendered(
    objects: Objects, span: Span, base: Snapshot | None, theirs: Snapshot, locks: list[LockFile]
) -> tuple[Files, tuple[str, ...]]:
    """What the project was rendered as, by the lock where it tells; and what isn't rendered so by now."""
    recorded, rendered = span.recorded, base.files if base else {}
    lock = next((lock for file in locks if (lock := file.current(recorded))), None)
    if lock is None or span.request.start:
        return rendered, ()
    prefix, excludes = objects.repository.prefix, theirs.replayed.excludes
    locked = locked_files(lock, recorded, prefix)
    # What the new version excludes is left out of the old render too, and is the user's from now on.
    gone = locked.keys() - rendered.keys() - theirs.files.keys()
    excluded = {path for path in gone if excludes(path.removeprefix(prefix))}
    asked = (rendered.keys() | locked.keys()) - excluded
    if base:
        asked.discard(prefix + recorded.file)
    differing = unlike(rendered, locked, asked)
    if not differing:
        return rendered, ()
    return as_locked(objects, rendered, locked, differing), tuple(differing)


def _know_all(shop: Workshop, span: Span, theirs: Snapshot) -> None:
    unknown = sorted(span.request.answers.keys() - theirs.replayed.questions.keys())
    if unknown and (hint := _of_the_newest(shop, span, unknown)):
        raise UsageError(f"the template has no question called {unknown[0]}", hint)
    require_questions(span.request.answers, theirs.replayed.questions)


def _of_the_newest(shop: Workshop, span: Span, unknown: list[str]) -> str:
    """What to type where the newest version asks what this one doesn't; other answers keep the version."""
    newest = shop.newest(span.template.location, prereleases=span.request.prereleases)
    if newest is None or newest == span.new.name:
        return ""
    asked = described_template(span.template, span.template.release(newest)).questions_data
    if not asked.keys() >= set(unknown):
        return ""
    return f"{newest} asks it: {span.request.typed('--to', newest)}"
