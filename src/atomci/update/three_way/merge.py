"""Three file lists into one, by git's own merge: tiers, tiny files, endings and pins are settled around it.

`base` is the render of the recorded version, `theirs` of the new one, `ours` what the project committed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from atomci.template.ownership import Tier
from atomci.tools.git.objects import Entry, Files, Objects
from atomci.update.three_way.line_endings import settle_endings
from atomci.update.three_way.merge_tree import Stages, TreeMerge, merge_tree, put_back
from atomci.update.three_way.pins import PinTaken, settle_pins
from atomci.update.three_way.tiny_files import settle_tiny_files

__all__ = ["Merged", "merge"]


@dataclass(frozen=True)
class Merged:
    """The outcome. `stages` holds what git's index keeps of each conflicted path: stage 1, 2 and 3."""

    files: Files
    stages: Stages = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    kept_deleted: tuple[str, ...] = ()
    pins: tuple[tuple[str, PinTaken], ...] = ()


def merge(
    objects: Objects, ours: Files, base: Files, theirs: Files, tier: Callable[[str], Tier], who: str
) -> Merged:
    """Merge. Nothing of the repository changes; new objects lie in the private folder of `objects`."""
    ours = dict(ours)
    base, theirs = _by_tier(ours, base, theirs, tier)
    settled, kept_deleted = settle_tiny_files(objects, ours, base, theirs)
    same = [(path, path, path) for path in sorted(base.keys() & ours.keys() & theirs.keys())]
    originals, choices = _settle(objects, ours, base, theirs, same)
    found = merge_tree(objects, ours, base, theirs, who)
    if moved := _moved(objects, ours, base, theirs, found):
        more_originals, more_choices = _settle(objects, ours, base, theirs, moved)
        originals, choices = originals | more_originals, choices + more_choices
        found = merge_tree(objects, ours, base, theirs, who)
    put_back(found, ours, theirs)
    for path, stages in list(found.stages.items()):
        if 2 in stages:
            stages[2] = originals.get((path, stages[2]), stages[2])
        if set(stages) == {1, 3} and not found.reasons.get(path, "").startswith("rename/rename"):
            # The user had deleted it, and the template changed it: it stays deleted, and that is told.
            del found.stages[path]
            found.files.pop(path, None)
            kept_deleted.append(path)
    return Merged(
        {**found.files, **settled}, found.stages, found.reasons, tuple(sorted(kept_deleted)), tuple(choices)
    )


def _by_tier(ours: Files, base: Files, theirs: Files, tier: Callable[[str], Tier]) -> tuple[Files, Files]:
    """Base and theirs as they have to be for a plain merge to do what each tier says."""
    new_base, new_theirs = dict(base), dict(theirs)
    for path in base.keys() | theirs.keys():
        kind = tier(path)
        if kind == "managed":
            # As if the project had never changed it: what the template has wins.
            if path in ours:
                new_base[path] = ours[path]
            else:
                new_base.pop(path, None)
        elif kind in ("seed", "generated"):
            new_base.pop(path, None)
            if path in base or path in ours or _stays_above(path, ours, tier):
                new_theirs.pop(path, None)
    return new_base, new_theirs


def _stays_above(path: str, ours: Files, tier: Callable[[str], Tier]) -> bool:
    """Whether a file of the user's own stands where a folder would have to be."""
    return any(above in ours and tier(above) == "seed" for above in map(str, PurePosixPath(path).parents))


def _settle(
    objects: Objects, ours: Files, base: Files, theirs: Files, counterparts: list[tuple[str, str, str]]
) -> tuple[dict[tuple[str, Entry], Entry], list[tuple[str, PinTaken]]]:
    """Bring line endings and pins to merged values in files that all three changed.

    `counterparts` are their paths in base, ours and theirs. Returns what ours were before, by each path that
    such a file may be merged at and what they are now.
    """
    sides = (base, ours, theirs)
    found = [
        names
        for names in counterparts
        if len({files[name].oid for files, name in zip(sides, names, strict=True)}) == 3
        and all(files[name].is_file for files, name in zip(sides, names, strict=True))
    ]
    contents = objects.read(files[n].oid for names in found for files, n in zip(sides, names, strict=True))
    originals: dict[tuple[str, Entry], Entry] = {}
    choices: list[tuple[str, PinTaken]] = []
    for names in found:
        entries = [files[name] for files, name in zip(sides, names, strict=True)]
        before = [contents[entry.oid] for entry in entries]
        changed, taken = _settled(*before)
        choices += [(names[2] if names[1] == names[0] else names[1], choice) for choice in taken]
        for files, name, entry, old, new in zip(sides, names, entries, before, changed, strict=True):
            if old != new:
                files[name] = Entry(entry.mode, objects.write("blob", new))
        if ours[names[1]] != entries[1]:
            originals |= {(name, ours[names[1]]): entries[1] for name in names}
    return originals, choices


def _moved(
    objects: Objects, ours: Files, base: Files, theirs: Files, found: TreeMerge
) -> list[tuple[str, str, str]]:
    """The paths in base, ours and theirs of each file that one side moved and that is in conflict.

    Only of those, as git reads every file that was added to tell what was moved.
    """
    open_paths = {path for path, stages in found.stages.items() if len(stages) == 3 and path not in base}
    mine = objects.renames(base, ours) if open_paths & ours.keys() else {}
    yours = objects.renames(base, theirs) if open_paths & theirs.keys() else {}
    here = [(old, new, old) for old, new in mine.items() if new in open_paths and old in theirs]
    there = [(old, old, new) for old, new in yours.items() if new in open_paths and old in ours]
    return sorted(here + there)


def _settled(base: bytes, ours: bytes, theirs: bytes) -> tuple[tuple[bytes, ...], list[PinTaken]]:
    ended = settle_endings(base, ours, theirs)
    try:
        changed, taken = settle_pins(*(text.decode("utf-8") for text in ended))
    except UnicodeDecodeError:
        return ended, []
    return tuple(text.encode() for text in changed), taken
