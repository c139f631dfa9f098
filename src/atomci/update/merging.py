"""The renders merged with the project, as tiers, migrations and what git ignores have it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from atomci.errors import RefusedError
from atomci.template.lock import lock_bytes, made_lock, with_own_files
from atomci.template.ownership import Tier
from atomci.tools.git.objects import Entry, Files
from atomci.tools.process import shell_line
from atomci.update.left_out import left_out, still_left_out
from atomci.update.migrate import Effects, migrated_files
from atomci.update.rendering import Renders
from atomci.update.three_way.merge import Merged, merge

__all__ = ["MergedRenders", "merged_renders"]


@dataclass(frozen=True)
class MergedRenders:
    """What the merge of renders comes to. Paths are from the top of the repository.

    `left_out` are those that have no place here, and why; `renamed` names the old path of one that a
    migration moved, and `lock` is the lock's.
    """

    renders: Renders
    result: Merged
    tier: Callable[[str], Tier]
    left_out: Mapping[str, str]
    renamed: Mapping[str, str]
    effects: Effects
    lock: str


def merged_renders(renders: Renders) -> MergedRenders:
    """Merge. Nothing of the repository changes; new objects lie in a private folder."""
    away = left_out(renders.objects.repository.git, renders.mine.files, _rendered(renders))
    _refuse_ignored_answers(renders, away)
    _refuse_taken_lock(renders)
    found = _merged(renders, away)
    # The update itself may change what git ignores.
    still = still_left_out(renders.objects, away, renders.mine.files, found.result.files)
    return found if still == away else _merged(renders, still)


def _refuse_ignored_answers(renders: Renders, away: Mapping[str, str]) -> None:
    file = renders.span.recorded.file
    if renders.objects.repository.prefix + file in away:
        raise RefusedError(
            f"git ignores {file}, so no commit would record which version this is",
            f"git add --force {file}, git commit, then try again",
        )


def _refuse_taken_lock(renders: Renders) -> None:
    lock = renders.objects.repository.prefix + renders.span.recorded.lock
    files = renders.mine.files
    taken = next((str(folder) for folder in PurePosixPath(lock).parents if str(folder) in files), "")
    if not taken and any(path.startswith(f"{lock}/") for path in files):
        taken = lock
    if taken:
        kind = "folder" if taken == lock else "file" if files[taken].is_file else "link"
        raise RefusedError(
            f"{taken} is a {kind} here, and atomci writes a file there: {lock}",
            f"{shell_line(['git', 'mv', taken, f'{taken}.mine'])}, git commit, then try again",
        )


def _rendered(renders: Renders) -> set[str]:
    return renders.base.keys() | renders.theirs.files.keys()


def _merged(renders: Renders, away: Mapping[str, str]) -> MergedRenders:
    objects, mine = renders.objects, renders.mine
    base, theirs = (
        {path: entry for path, entry in side.items() if path not in away}
        for side in (renders.base, renders.theirs.files)
    )
    owners = with_own_files(renders.owners.tier, _own_files(renders))
    tier = _tiers(renders, owners)
    migrated = migrated_files(renders.migrations, objects, mine.files, base, theirs)
    answered = _changed_by_answers(renders)

    def as_merged(path: str) -> Tier:
        found = tier(path)
        return "merged" if found == "seed" and path in answered else found

    result = merge(objects, migrated.ours, migrated.base, theirs, as_merged, mine.who)
    lock, entry = _lock(renders, owners)
    return MergedRenders(
        renders,
        replace(result, files={**result.files, lock: entry}),
        tier,
        away,
        migrated.renamed,
        {**renders.effects, **migrated.effects},
        lock,
    )


def _own_files(renders: Renders) -> frozenset[str]:
    """What is managed in the template, and was never rendered here: the project's file was there before it.

    The lock remembers those of an adoption, as seeds; others lie where a new version brings a file.
    """
    head, base, prefix = renders.mine.files, renders.base, renders.objects.repository.prefix
    locked = renders.locked_seeds
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


def _changed_by_answers(renders: Renders) -> frozenset[str]:
    """Files that other answers alone change or take away, and that are as rendered: nobody edited them."""
    if renders.span.old.commit != renders.span.new.commit:
        return frozenset()
    head, theirs = renders.mine.files, renders.theirs.files
    return frozenset(
        path for path, entry in renders.base.items() if theirs.get(path) != entry and head.get(path) == entry
    )


def _tiers(renders: Renders, owners: Callable[[str], Tier]) -> Callable[[str], Tier]:
    """Who owns what; managed files that may differ are merged."""
    prefix, excepted = renders.objects.repository.prefix, renders.span.request.excepted

    def tier(path: str) -> Tier:
        name = path.removeprefix(prefix)
        found = owners(name)
        return "merged" if found == "managed" and name in excepted else found

    return tier


def _lock(renders: Renders, owners: Callable[[str], Tier]) -> tuple[str, Entry]:
    """The lock of the new render, and its path."""
    span, prefix = renders.span, renders.objects.repository.prefix
    files: Files = {path.removeprefix(prefix): entry for path, entry in renders.theirs.files.items()}
    lock = made_lock(files, span.recorded.file, span.new.name, owners)
    return prefix + span.recorded.lock, Entry("100644", renders.objects.write("blob", lock_bytes(lock)))
