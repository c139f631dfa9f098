"""The smallest part of a change that does the same, found by leaving out one part after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from atomci.fix.proposal import Edit, Patch, Side

__all__ = ["Part", "parts_of", "sides_with", "smallest"]


@dataclass(frozen=True)
class Part:
    """A hunk of a file: its old lines `first` to `last`, and what takes their place.

    `whole`: the file comes, goes or isn't text, and is one part.
    """

    path: str
    first: int = 0
    last: int = 0
    lines: tuple[str, ...] = ()
    whole: bool = False


def parts_of(change: Patch) -> tuple[Part, ...]:
    """By path, and in the order of the file."""
    return tuple(part for edit in change.changes for part in _parts(edit))


def sides_with(change: Patch, parts: Sequence[Part]) -> dict[str, Side | None]:
    """What every path of a change is with some of its parts."""
    by_path: dict[str, list[Part]] = {edit.path: [] for edit in change.changes}
    for part in parts:
        by_path[part.path].append(part)
    return {edit.path: _side(edit, by_path[edit.path]) for edit in change.changes}


def smallest(
    change: Patch, parts: Sequence[Part], fits: Callable[[Sequence[Part]], bool], most: int
) -> tuple[Part, ...]:
    """The parts without those that aren't needed; `fits` is asked so many times at most.

    Halves are left out first, then quarters, down to single parts. All parts are known to fit.
    """
    kept, asked, size = list(parts), 0, len(parts) // 2
    while size:
        at = 0
        while at < len(kept) and len(kept) > size:
            tried = [*kept[:at], *kept[at + size :]]
            if _is_readable(sides_with(change, tried)):
                if asked >= most:
                    return tuple(kept)
                asked += 1
                if fits(tried):
                    kept = tried
                    continue
            at += size
        size //= 2
    return tuple(kept)


def _parts(edit: Edit) -> list[Part]:
    before, after = edit.before, edit.after
    if (
        before is None
        or after is None
        or before.text is None
        or after.text is None
        or before.kind != after.kind
    ):
        return [Part(edit.path, whole=True)]
    old, new = (side.text.splitlines(keepends=True) for side in (before, after) if side.text is not None)
    found = []
    for tag, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "replace" and last - first == end - start:  # line by line
            pairs = zip(range(first, last), new[start:end], strict=True)
            found += [Part(edit.path, at, at + 1, (line,)) for at, line in pairs]
        elif tag != "equal":
            found.append(Part(edit.path, first, last, tuple(new[start:end])))
    return found


def _side(edit: Edit, parts: Sequence[Part]) -> Side | None:
    if not parts or parts[0].whole:
        return edit.after if parts else edit.before
    assert edit.before is not None
    lines, at = (edit.before.text or "").splitlines(keepends=True), 0
    made: list[str] = []
    for part in parts:
        made += [*lines[at : part.first], *part.lines]
        at = part.last
    return replace(edit.before, data="".join([*made, *lines[at:]]).encode())


def _is_readable(sides: Mapping[str, Side | None]) -> bool:
    """What Python can't read needs no gate to be told so."""
    python = [side for path, side in sides.items() if path.endswith((".py", ".pyi")) and side is not None]
    return all(side.tree is not None for side in python)
