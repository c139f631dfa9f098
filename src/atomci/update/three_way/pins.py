"""Pinned versions in text: where project and template both raised one, the higher counts.

`uses: owner/action@COMMIT # v4.2.0`, `package==1.2.3`, and `rev: v1.2.3` below its `repo:`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from packaging.version import InvalidVersion, Version

__all__ = ["PinTaken", "settle_pins"]

_USES = re.compile(
    r"(?P<key>\buses:\s*[\"']?[\w./-]+)@(?P<value>[\w./-]+[\"']?(?:[ \t]*#[ \t]*(?P<note>v?\d[\w.]*))?)"
)
_EXACT = re.compile(r"(?P<key>\b[A-Za-z0-9][\w.-]*(?:\[[\w,. -]*\])?)[ \t]*==[ \t]*(?P<value>\d[\w.+!]*)")
_REPO = re.compile(r"\brepo:\s*[\"']?(?P<key>[^\s\"'#]+)")
_REV = re.compile(
    r"\brev:\s*[\"']?(?P<value>[\w.+-]+)(?:[\"']?[ \t]*#[ \t]*(?:frozen:[ \t]*)?(?P<note>v?\d[\w.]*))?"
)


class PinTaken(NamedTuple):
    """A pin that both sides moved: what each had, and what the merge takes."""

    pin: str
    ours: str
    theirs: str
    taken: str


class _Pin(NamedTuple):
    key: str
    value: str
    version: Version | None
    start: int
    end: int
    beside: str
    """The line without its pins, whatever its spaces: there stands why one is held back."""


def settle_pins(base: str, ours: str, theirs: str) -> tuple[tuple[str, str, str], list[PinTaken]]:
    """The three texts with every pin that all of them hold at its merged value, and the choices made.

    A pin that only one side moved takes that side's value, so that two moves on neighbouring lines
    don't meet. It stays as it is, and the lines may conflict, where versions can't be compared, where a side
    didn't raise it, where a text holds it at two values, and where ours says something new beside it.
    """
    pins = [_by_key(text) for text in (base, ours, theirs)]
    settled: dict[str, str] = {}
    choices = []
    for key in pins[0].keys() & pins[1].keys() & pins[2].keys():
        found = [_agreed(side[key]) for side in pins]
        if None in found:
            continue
        before, mine, yours = (pin for pin in found if pin is not None)
        value = _merged(before, mine, yours)
        if value is None:
            continue
        settled[key] = value
        if len({before.value, mine.value, yours.value}) == 3:
            choices.append(PinTaken(key, mine.value, yours.value, value))
    texts = tuple(_with(text, side, settled) for text, side in zip((base, ours, theirs), pins, strict=True))
    return (texts[0], texts[1], texts[2]), sorted(choices)


def _by_key(text: str) -> dict[str, list[_Pin]]:
    found: dict[str, list[_Pin]] = {}
    for pin in _pins(text):
        found.setdefault(pin.key, []).append(pin)
    return found


def _pins(text: str) -> Iterator[_Pin]:
    repo = ""
    at = 0
    for line in text.splitlines(keepends=True):
        for match in (*_USES.finditer(line), *_EXACT.finditer(line)):
            key = re.sub(r"\s+", " ", match["key"].replace('"', "").replace("'", "")).lower()
            yield _pin(key, match, at)
        if named := _REPO.search(line):
            repo = named["key"]
        elif repo and (revision := _REV.search(line)):
            yield _pin(f"rev: {repo}", revision, at)
        at += len(line)


def _pin(key: str, match: re.Match[str], at: int) -> _Pin:
    note = match.groupdict().get("note") or match["value"].strip("\"'")
    try:
        version = Version(note.removeprefix("v"))
    except InvalidVersion:
        version = None
    # A note behind the value moves with it.
    end = max(match.end("value"), match.end("note") if match.groupdict().get("note") else 0)
    start = match.start("value")
    return _Pin(key, match.string[start:end], version, at + start, at + end, _beside(match.string))


def _beside(line: str) -> str:
    for pattern in (_USES, _EXACT, _REV):
        line = pattern.sub(lambda match: match.groupdict().get("key") or "", line)
    return "".join(line.split())


def _agreed(pins: list[_Pin]) -> _Pin | None:
    return pins[0] if len({pin.value for pin in pins}) == 1 else None


def _merged(base: _Pin, ours: _Pin, theirs: _Pin) -> str | None:
    was, mine, yours = ("".join(pin.value.split()) for pin in (base, ours, theirs))
    if yours in (was, mine):
        return ours.value
    if ours.beside != base.beside:
        return None
    if mine == was:
        return theirs.value
    if base.version is None or ours.version is None or theirs.version is None:
        return None
    if min(ours.version, theirs.version) <= base.version:
        return None
    return ours.value if ours.version >= theirs.version else theirs.value


def _with(text: str, pins: dict[str, list[_Pin]], settled: dict[str, str]) -> str:
    places = sorted(
        (pin.start, pin.end, settled[key]) for key, found in pins.items() if key in settled for pin in found
    )
    parts, at = [], 0
    for start, end, value in places:
        parts += [text[at:start], value]
        at = end
    return "".join([*parts, text[at:]])
