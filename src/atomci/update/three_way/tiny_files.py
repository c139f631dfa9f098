"""Files too short for git to tell a rename from a coincidence: settled apart, where no lines need merging."""

from __future__ import annotations

from atomci.tools.git.objects import Files, Objects

__all__ = ["settle_tiny_files"]

# A file of less than both has no likeness that would tell a rename from a coincidence: package markers,
# version files and one-line settings all look alike to git.
_TINY_BYTES = 256
_TINY_LINES = 10


def settle_tiny_files(objects: Objects, ours: Files, base: Files, theirs: Files) -> tuple[Files, list[str]]:
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
        own = [path for path in ours.keys() - base.keys() - theirs.keys() if ours[path].is_file]
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
