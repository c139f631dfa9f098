"""Three file lists into one, by git's own merge: tiers, tiny files, endings and pins are settled around it.

`base` is the render of the recorded version, `theirs` of the new one, `ours` what the project committed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from atomci.errors import InfrastructureError
from atomci.template.ownership import Tier
from atomci.tools.git import GitFailed
from atomci.tools.objects import Entry, Files, Objects
from atomci.update.line_endings import settle_endings
from atomci.update.pins import PinTaken, settle_pins

__all__ = ["Merged", "has_markers", "merge"]

# A file of less than both has no likeness that would tell a rename from a coincidence: package markers,
# version files and one-line settings all look alike to git.
_TINY_BYTES = 256
_TINY_LINES = 10
_LABELS = ("yours", "template")
_MARKERS = (b"<<<<<<< ", b"||||||| ", b">>>>>>> ")
# Ours from `git merge-tree`: renamed folders don't pull the user's new files along, and line endings
# that only differ by .gitattributes don't count.
_SETTINGS = (
    "-c", "merge.directoryRenames=false", "-c", "merge.renames=true", "-c", "merge.renormalize=true",
)  # fmt: skip


@dataclass(frozen=True)
class Merged:
    """The outcome. `stages` holds what git's index keeps of each conflicted path: stage 1, 2 and 3."""

    files: Files
    stages: dict[str, dict[int, Entry]] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    kept_deleted: tuple[str, ...] = ()
    pins: tuple[tuple[str, PinTaken], ...] = ()


def merge(
    objects: Objects, ours: Files, base: Files, theirs: Files, tier: Callable[[str], Tier], who: str
) -> Merged:
    """Merge. Nothing of the repository changes; new objects lie in the private folder of `objects`."""
    ours = dict(ours)
    base, theirs = _by_tier(ours, base, theirs, tier)
    settled, kept_deleted = _tiny_files(objects, ours, base, theirs)
    same = [(path, path, path) for path in sorted(base.keys() & ours.keys() & theirs.keys())]
    originals, choices = _settle(objects, ours, base, theirs, same)
    found = _merge_tree(objects, ours, base, theirs, who)
    if moved := _moved(objects, ours, base, theirs, found):
        more_originals, more_choices = _settle(objects, ours, base, theirs, moved)
        originals, choices = originals | more_originals, choices + more_choices
        found = _merge_tree(objects, ours, base, theirs, who)
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
            if path in base or path in ours:
                new_theirs.pop(path, None)
    return new_base, new_theirs


def _tiny_files(objects: Objects, ours: Files, base: Files, theirs: Files) -> tuple[Files, list[str]]:
    """Take tiny files that need no merging of lines out of all three, with their outcome.

    In what is left git finds no rename between them.
    """
    paths = [
        path
        for path in base.keys() | theirs.keys()
        if len({ours.get(path), base.get(path), theirs.get(path)}) > 1
    ]
    entries = [e for path in paths for e in (ours.get(path), base.get(path), theirs.get(path)) if e]
    contents = objects.read(entry.oid for entry in entries if entry.mode != "160000")
    if not ours.keys() >= base.keys():
        # The user deleted or moved something: whatever they added could be taken for it.
        own = [path for path in ours.keys() - base.keys() - theirs.keys() if _is_file(ours[path])]
        paths += own
        sizes = objects.sizes(ours[path].oid for path in own)
        contents |= objects.read(oid for oid, size in sizes.items() if size < _TINY_BYTES)
    tiny = {oid for oid, content in contents.items() if _is_tiny(content)}
    every = ours.keys() | base.keys() | theirs.keys()
    folders = {parent for path in every for parent in _parents(path)}
    settled: Files = {}
    kept_deleted: list[str] = []
    for path in paths:
        if path in folders or not every.isdisjoint(_parents(path)):
            continue  # a file where another side has a folder: git knows what to do
        versions = [files.get(path) for files in (ours, base, theirs)]
        if any(entry.oid not in tiny for entry in versions if entry is not None):
            continue
        mine, before, yours = versions
        if mine in (before, yours):
            outcome = yours
        elif yours == before:
            outcome = mine
        elif mine is None:
            outcome = None
            kept_deleted.append(path)
        else:
            continue
        for files in (ours, base, theirs):
            files.pop(path, None)
        if outcome is not None:
            settled[path] = outcome
    return settled, kept_deleted


def _parents(path: str) -> list[str]:
    return [path[:at] for at, sign in enumerate(path) if sign == "/"]


def _is_tiny(content: bytes) -> bool:
    return len(content) < _TINY_BYTES and content.count(b"\n") < _TINY_LINES


def _is_file(entry: Entry) -> bool:
    return entry.mode in ("100644", "100755")


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
        and all(_is_file(files[name]) for files, name in zip(sides, names, strict=True))
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
    objects: Objects, ours: Files, base: Files, theirs: Files, found: Merged
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


def _merge_tree(objects: Objects, ours: Files, base: Files, theirs: Files, who: str) -> Merged:
    root = objects.commit(objects.tree(base), "the render of the recorded version\n", who)
    sides = tuple(
        objects.commit(objects.tree(files), f"{label}\n", who, (root,))
        for label, files in zip(_LABELS, (ours, theirs), strict=True)
    )
    code, out, said = objects.git.code(*_SETTINGS, "merge-tree", "--write-tree", "-z", "--messages", *sides)
    if code not in (0, 1):
        old = "write-tree" in said or "usage:" in said
        raise InfrastructureError(
            GitFailed(("merge-tree",), code, said).message,
            "an update needs git 2.38 or newer" if old else "",
        )
    tree, stages, reasons = _parse(out)
    files = objects.files(tree)
    if code == 0:
        return Merged(files)
    return _labelled(objects, Merged(files, stages, reasons), sides)


def _parse(out: bytes) -> tuple[str, dict[str, dict[int, Entry]], dict[str, str]]:
    fields = out.split(b"\0")
    tree, at = fields[0].decode().strip(), 1
    stages: dict[str, dict[int, Entry]] = {}
    while at < len(fields) and fields[at]:
        head, _, path = fields[at].partition(b"\t")
        mode, oid, stage = head.decode().split()
        stages.setdefault(os.fsdecode(path), {})[int(stage)] = Entry(mode, oid)
        at += 1
    reasons: dict[str, str] = {}
    at += 1
    while at < len(fields) and fields[at]:
        count = int(fields[at])
        named = [os.fsdecode(path) for path in fields[at + 1 : at + 1 + count]]
        kind = fields[at + 1 + count].decode("utf-8", "replace")
        at += 3 + count
        if kind.startswith("CONFLICT"):
            for name in named:
                reasons.setdefault(name, kind.removeprefix("CONFLICT (").removesuffix(")"))
    return tree, stages, reasons


def _labelled(objects: Objects, merged: Merged, sides: tuple[str, ...]) -> Merged:
    """Names instead of commit ids: in conflict markers, and in paths that git had to set aside."""

    def named(path: str) -> str:
        for side, label in zip(sides, _LABELS, strict=True):
            path = path.replace(f"~{side}", f"~{label}")
        return path

    files = {named(path): entry for path, entry in merged.files.items()}
    stages = {named(path): found for path, found in merged.stages.items()}
    marked = [path for path in stages if path in files and _is_file(files[path])]
    contents = objects.read(files[path].oid for path in marked)
    for path in marked:
        content = contents[files[path].oid]
        for side, label in zip(sides, _LABELS, strict=True):
            for marker in _MARKERS:
                content = content.replace(marker + side.encode(), marker + label.encode())
        if content != contents[files[path].oid]:
            files[path] = Entry(files[path].mode, objects.write("blob", content))
    return Merged(files, stages, {named(path): why for path, why in merged.reasons.items()})


def has_markers(content: bytes) -> bool:
    """Whether a text still shows a conflict as git writes it, whoever merged."""
    return any(line.startswith((_MARKERS[0], _MARKERS[2])) for line in content.splitlines())
