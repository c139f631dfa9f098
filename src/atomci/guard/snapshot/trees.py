"""A tree with some of its paths changed, made by reading only the folders that lead to them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from atomci.tools.git.client import Git
from atomci.tools.git.objects import Entry, Objects

__all__ = ["edited_tree", "edited_trees"]

_FOLDER = "40000"
Level: TypeAlias = "dict[str, Level | Entry | None]"
Edits: TypeAlias = Mapping[str, Entry | None]
Write: TypeAlias = Callable[[str, bytes], str]


def edited_tree(objects: Objects, base: str, edits: Edits) -> str:
    """The tree that `base` is with each of the paths as given, None taking it out. `base` is the id of a tree
    or a commit, or empty.

    Where a path is a file and another lies below it, what isn't None stays.
    """
    return edited_trees(objects.git, base, (edits,), objects.write)[0]


def edited_trees(git: Git, base: str, several: Sequence[Edits], write: Write) -> list[str]:
    """The same for several edits of one base; `write` stores the trees that are new."""
    levels = [_leveled(edits) for edits in several]
    prefixes = {prefix: None for level in levels for prefix in _prefixes(level, "")}
    known, whole = _folders(git, base, prefixes) if base else ({}, "")
    return [
        whole if whole and not level else _written(write, level, "", known) or write("tree", b"")
        for level in levels
    ]


def _leveled(edits: Edits) -> Level:
    level: Level = {}
    for path, entry in edits.items():
        _put(level, path, entry)
    return level


def _put(level: Level, path: str, entry: Entry | None) -> None:
    *folders, name = path.split("/")
    for folder in folders:
        below = level.setdefault(folder, {})
        if isinstance(below, Entry):
            if entry is None:
                return  # a file has taken the folder's place
            below = {}
        if below is None:
            below = {}
        level[folder] = below
        level = below
    if entry is not None or name not in level:
        level[name] = entry


def _prefixes(level: Level, prefix: str) -> Iterator[str]:
    yield prefix
    for name, below in level.items():
        if isinstance(below, dict):
            yield from _prefixes(below, f"{prefix}{name}/")


def _folders(git: Git, base: str, prefixes: Iterable[str]) -> tuple[dict[str, dict[str, Entry]], str]:
    """What the base's folders hold, by their paths with a slash at the end; those that it has. And its id."""
    asked = [f"{base}:{prefix}" for prefix in prefixes]
    out = git("cat-file", "--batch", "-z", stdin=b"".join(os.fsencode(name) + b"\0" for name in asked))
    whole = "" if out.startswith(f"{base}: missing".encode()) else out.partition(b" ")[0].decode()
    found, at = {}, 0
    for name in asked:
        missing = os.fsencode(name) + b" missing\n"
        if out.startswith(missing, at):
            at += len(missing)
            continue
        end = out.index(b"\n", at)
        _, kind, size = out[at:end].split()
        content = out[end + 1 : end + 1 + int(size)]
        at = end + 2 + int(size)
        if kind == b"tree":
            found[name.partition(":")[2]] = dict(_entries(content, len(base) // 2))
    return found, whole


def _entries(content: bytes, width: int) -> Iterator[tuple[str, Entry]]:
    at = 0
    while at < len(content):
        end = content.index(b"\0", at)
        mode, _, name = content[at:end].partition(b" ")
        at = end + 1 + width
        yield os.fsdecode(name), Entry(mode.decode(), content[end + 1 : at].hex())


def _written(write: Write, level: Level, prefix: str, known: Mapping[str, Mapping[str, Entry]]) -> str | None:
    """Store the tree of a folder; None where nothing is left in it."""
    rows = dict(known.get(prefix, {}))
    for name, change in level.items():
        if isinstance(change, Entry):
            rows[name] = change
        elif change is None:
            rows.pop(name, None)
        elif oid := _written(write, change, f"{prefix}{name}/", known):
            rows[name] = Entry(_FOLDER, oid)
        elif (there := rows.get(name)) is not None and there.mode == _FOLDER:
            del rows[name]
    return write("tree", _content(rows)) if rows else None


def _content(rows: Mapping[str, Entry]) -> bytes:
    # git sorts folders as if their names ended in a slash.
    ordered = sorted(
        (os.fsencode(name) + (b"/" if entry.mode == _FOLDER else b""), entry) for name, entry in rows.items()
    )
    return b"".join(
        entry.mode.encode() + b" " + name.removesuffix(b"/") + b"\0" + bytes.fromhex(entry.oid)
        for name, entry in ordered
    )
