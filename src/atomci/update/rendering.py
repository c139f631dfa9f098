"""Both versions rendered with the project's answers, beside what the project has committed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from atomci.errors import UsageError
from atomci.template.ownership import Ownership
from atomci.template.replay import Version, refuse_migrations
from atomci.template.snapshot import Snapshot, snapshot, tiers
from atomci.template.workshop import Workshop
from atomci.tools.git.objects import Files, Objects
from atomci.tools.git.repository import head_commit, identity, open_repository
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

    `effects` is what came of those migrations that change answers.
    """

    span: Span
    objects: Objects
    mine: Mine
    base: Snapshot
    theirs: Snapshot
    owners: Ownership
    migrations: tuple[Migration, ...]
    effects: Effects


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
        template.checkout(release)
    migrations = migrations_between(
        template.read(span.new, FILE), span.old.name, span.new.name, span.request.skip
    )
    last, effects = migrated_answers(migrations, recorded.answers)
    there = replace(recorded, values={**recorded.values, "_src_path": template.location})
    new = Version(template, span.new, there, span.request.answers, last)
    shop.tell(f"rendering {span.new.name}")
    theirs = snapshot(shop, objects, new)
    _know_all(span, theirs)
    shop.tell(f"rendering {span.old.name}")
    old = Version(template, span.old, recorded, recorded.answers, exclude=theirs.replayed.exclude)
    base = snapshot(shop, objects, old)
    refuse_migrations(template.location, base.replayed, theirs.replayed)
    shop.settle()
    mine = Mine(head, files.result(), who.result())
    return Renders(span, objects, mine, base, theirs, tiers(new, theirs), migrations, effects)


def _know_all(span: Span, theirs: Snapshot) -> None:
    unknown = sorted(span.request.answers.keys() - theirs.replayed.questions)
    if unknown:
        asked = ", ".join(sorted(theirs.replayed.questions))
        raise UsageError(f"the template asks no question called {unknown[0]}", f"it asks: {asked}")
