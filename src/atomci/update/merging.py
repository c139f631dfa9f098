"""The renders merged with the project, as tiers, migrations and what git ignores have it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from atomci.template.lock import lock_bytes, locked_seeds, made_lock, parsed_lock, with_own_files
from atomci.template.ownership import Tier
from atomci.tools.git.objects import Entry, Files
from atomci.update.migrate import Effects, migrated_files
from atomci.update.rendering import Renders
from atomci.update.three_way.merge import Merged, merge

__all__ = ["MergedRenders", "merged_renders"]


@dataclass(frozen=True)
class MergedRenders:
    """What the merge of renders comes to. Paths are from the top of the repository.

    `ignored` are those that git ignores here, `renamed` names the old path of one that a migration moved, and
    `lock` is the lock's.
    """

    renders: Renders
    result: Merged
    tier: Callable[[str], Tier]
    ignored: frozenset[str]
    renamed: Mapping[str, str]
    effects: Effects
    lock: str


def merged_renders(renders: Renders) -> MergedRenders:
    """Merge. Nothing of the repository changes; new objects lie in a private folder."""
    objects, mine = renders.objects, renders.mine
    ignored = _ignored(renders)
    base, theirs = (
        {path: entry for path, entry in side.files.items() if path not in ignored}
        for side in (renders.base, renders.theirs)
    )
    owners = with_own_files(renders.owners.tier, _own_files(renders))
    tier = _tiers(renders, owners)
    migrated = migrated_files(renders.migrations, objects, mine.files, base, theirs)
    result = merge(objects, migrated.ours, migrated.base, theirs, tier, mine.who)
    lock, entry = _lock(renders, owners)
    return MergedRenders(
        renders,
        replace(result, files={**result.files, lock: entry}),
        tier,
        ignored,
        migrated.renamed,
        {**renders.effects, **migrated.effects},
        lock,
    )


def _own_files(renders: Renders) -> frozenset[str]:
    """What is managed in the template, and was never rendered here: the project's file was there before it.

    The lock remembers those of an adoption, as seeds; others lie where a new version brings a file.
    """
    head, base, prefix = renders.mine.files, renders.base.files, renders.objects.repository.prefix
    locked = _locked_seeds(renders)
    return frozenset(
        name
        for path, theirs in {**base, **renders.theirs.files}.items()
        if (name := path.removeprefix(prefix)) != renders.span.recorded.file
        and (
            (name in locked and head.get(path) != base[path])
            if path in base
            else head.get(path, theirs) != theirs
        )
    )


def _locked_seeds(renders: Renders) -> frozenset[str]:
    entry = renders.mine.files.get(renders.objects.repository.prefix + renders.span.recorded.lock)
    if entry is None or not entry.is_file:
        return frozenset()
    return locked_seeds(parsed_lock(renders.objects.read([entry.oid])[entry.oid]))


def _tiers(renders: Renders, owners: Callable[[str], Tier]) -> Callable[[str], Tier]:
    """Who owns what; managed files that may differ are merged."""
    prefix, excepted = renders.objects.repository.prefix, renders.span.request.excepted

    def tier(path: str) -> Tier:
        name = path.removeprefix(prefix)
        found = owners(name)
        return "merged" if found == "managed" and name in excepted else found

    return tier


def _ignored(renders: Renders) -> frozenset[str]:
    """Rendered paths that git ignores here and doesn't hold: whatever lies there isn't ours to merge."""
    rendered = renders.base.files.keys() | renders.theirs.files.keys()
    asked = [path for path in rendered if path not in renders.mine.files]
    if not asked:
        return frozenset()
    return frozenset(renders.objects.repository.git.ignored(asked))


def _lock(renders: Renders, owners: Callable[[str], Tier]) -> tuple[str, Entry]:
    """The lock of the new render, and its path."""
    span, prefix = renders.span, renders.objects.repository.prefix
    files: Files = {path.removeprefix(prefix): entry for path, entry in renders.theirs.files.items()}
    lock = made_lock(files, span.recorded.file, span.new.name, owners)
    return prefix + span.recorded.lock, Entry("100644", renders.objects.write("blob", lock_bytes(lock)))
