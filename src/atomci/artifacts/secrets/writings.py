"""How a secret may be written in a text: in hex, in base64, with escapes, with colours in between."""

from __future__ import annotations

import base64
import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Unescaped", "has_escapes", "occurrences", "uncoloured", "undone", "without_codes", "writings"]

# Of JSON, Python, URLs and XML, also several times over; and what a terminal takes for colours.
_TERMINAL = r"\x1b(?:\[[0-?]*+[ -/]*+[@-~]|[()][0-9A-Z]|\][^\x07\x1b]*+(?:\x07|\x1b\\))"
_CODE = re.compile(_TERMINAL)
_ESCAPE = re.compile(
    _TERMINAL + r"|(?P<units>(?:\\++u[0-9a-fA-F]{4})++)"
    r"|\\++(?:x(?P<hex>[0-9a-fA-F]{2})|U(?P<code>000[0-9a-fA-F]{5}|0010[0-9a-fA-F]{4})|(?P<esc>033|e(?=\[))|(?P<control>[nrtbf]))"
    r"|\\++"
    r"|(?P<percent>(?:%(?:25)*[0-9a-fA-F]{2})++)"
    r"|&(?:amp;)*(?P<entity>(?:lt|gt|quot|apos|amp|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});)"
)
_COLOUR = re.compile(r"(?:\x1b|(?<!\\)\\++(?:u001[bB]|x1[bB]|033|e))\[[0-?]*+[ -/]*+[@-~]")
_ESCAPES_BEGIN = re.compile(r"[\\%&\x1b]")
_PERCENT = re.compile(r"%(?:25)*([0-9a-fA-F]{2})")
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_DEPTH = 5
_SHORTEST = 6


@dataclass(frozen=True)
class Unescaped:
    """A text with its escapes undone, and where each piece of it comes from."""

    text: str
    at: tuple[int, ...] = (0,)
    """Where each piece begins here,"""
    begins: tuple[int, ...] = (0,)
    """and there,"""
    ends: tuple[int, ...] = (-1,)
    """and ends there where it is an escape, else -1."""
    below: Unescaped | None = None

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """From where to where a part goes in the text that was given; escapes belong to it as a whole."""
        first, last = bisect_right(self.at, start) - 1, bisect_right(self.at, end - 1) - 1
        begin = self.begins[first] + (start - self.at[first] if self.ends[first] < 0 else 0)
        stop = self.ends[last] if self.ends[last] >= 0 else self.begins[last] + end - self.at[last]
        return self.below.origin(begin, stop) if self.below is not None else (begin, stop)


def uncoloured(text: str) -> str:
    """The text with spaces where it has codes for colours, which would else look like a part of a word."""
    return _COLOUR.sub(lambda code: " " * len(code[0]), text) if "\x1b" in text or "\\" in text else text


def without_codes(text: str) -> Unescaped | None:
    """The text without a terminal's codes, its other escapes as they are; None where it has no code."""
    return _once(text, None, _CODE) if "\x1b" in text else None


def has_escapes(text: str) -> bool:
    """Whether anything in the text may stand for something else."""
    return _ESCAPES_BEGIN.search(text) is not None


def undone(text: str) -> Unescaped | None:
    """The text without escapes, whatever their depth; None where it has none."""
    reading: Unescaped | None = None
    for _ in range(_DEPTH):
        given = reading.text if reading is not None else text
        if not has_escapes(given):
            break
        found = _once(given, reading, _ESCAPE)
        if found is None:
            break
        reading = found
    return reading


def _once(text: str, below: Unescaped | None, escape: re.Pattern[str]) -> Unescaped | None:
    parts: list[str] = []
    at, begins, ends = [0], [0], [-1]
    place = last = 0
    for match in escape.finditer(text):
        plain = _meaning(match) if escape is _ESCAPE else ""
        parts += [text[last : match.start()], plain]
        place += match.start() - last
        last = match.end()
        if plain:
            at.append(place)
            begins.append(match.start())
            ends.append(last)
            place += len(plain)
        at.append(place)
        begins.append(last)
        ends.append(-1)
    if not last:
        return None
    return Unescaped("".join([*parts, text[last:]]), tuple(at), tuple(begins), tuple(ends), below)


def _meaning(match: re.Match[str]) -> str:
    if units := match["units"]:
        codes = [int(unit, 16) for unit in units.replace("\\", "").split("u")[1:]]
        return b"".join(code.to_bytes(2, "little") for code in codes).decode("utf-16-le", "replace")
    if code := match["hex"] or match["code"]:
        return chr(int(code, 16))
    if match["esc"]:
        return "\x1b"
    if match["control"]:
        return _CONTROLS[match["control"]]
    if run := match["percent"]:
        return bytes(int(code, 16) for code in _PERCENT.findall(run)).decode("utf-8", "replace")
    return _sign(match["entity"]) if match["entity"] else ""


def _sign(entity: str) -> str:
    import html

    return html.unescape(f"&{entity}")


def writings(value: str) -> Iterator[str]:
    """How a value may stand in a text whose escapes are undone, and in JSON, so that this stays whole."""
    yield value
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    plain = _plain(value)
    raw = value.encode("utf-8", "surrogateescape")
    spaced = plain.replace(" ", "+")
    bytewise = _plain(raw.decode("latin-1"))  # as in Python's repr of bytes
    cut = value.replace("\\", "")  # where a colour stands within an escape, the backslash is undone alone
    forms = (plain, spaced, bytewise, cut, raw.hex(), raw.hex().upper())
    yield from (form for form in forms if len(form) >= _SHORTEST)
    yield from _in_base64(raw)


def _plain(text: str) -> str:
    return reading.text if (reading := undone(text)) is not None else text


def _in_base64(raw: bytes) -> Iterator[str]:
    """Alone, in lines, and behind or before something else, as in `user:password`."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(raw).decode()
        for width in (64, 76):
            yield from (whole[at : at + width] for at in range(0, len(whole), width) if len(whole) > width)
        for before in range(3):
            digits = encode(bytes(before) + raw).decode()
            own = -(-before * 8 // 6)
            yield digits[own:]
            yield digits[own:].rstrip("=")
            yield digits[own : (before + len(raw)) * 8 // 6]


def occurrences(text: str, part: str) -> Iterator[tuple[int, int]]:
    """From where to where a part occurs in a text; those that overlap in its own rhythm are one."""
    start = text.find(part)
    if start < 0:
        return
    step = _period(part)
    while start >= 0:
        end = start + len(part)
        while text.startswith(part[-step:], end):
            end += step
        yield start, end
        start = text.find(part, end - step + 1)


def _period(part: str) -> int:
    """The shortest shift by which a text lies on itself."""
    borders = [0]
    border = 0
    for sign in part[1:]:
        while border and part[border] != sign:
            border = borders[border - 1]
        border += part[border] == sign
        borders.append(border)
    return len(part) - border
