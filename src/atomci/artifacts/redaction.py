"""Taking secrets out of text, whole or in pieces.

Nothing here ever repeats a secret: it is told by its kind, and by where it stands.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from atomci.artifacts.secrets.names import dotenv, public_values, secrets_in
from atomci.artifacts.secrets.tokens import MARGIN, Hit, tokens_in
from atomci.artifacts.secrets.writings import (
    has_escapes,
    occurrences,
    uncoloured,
    undone,
    without_codes,
    writings,
)

__all__ = ["ENV_FILE", "LONGEST_SECRET", "LogWriter", "Redactor", "redactor_for"]

ENV_FILE = ".env"
LONGEST_SECRET = 20_000
"""Characters that a reader by pieces keeps, so as to cut no secret in two."""
ENV_EXAMPLE = ".env.example"
_ENV_FILE = re.compile(r"\.env(?:rc)?(?:\.[\w.-]+)?")
_EXAMPLE = re.compile(r"example|sample|template|dist\b", re.IGNORECASE)
_LONGEST_HELD = 1_000_000
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*+"')
_BEGIN_OF_KEY = re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----\s*\Z")
_LINE_OF_KEY = re.compile(rf"(?:{MARGIN})?[A-Za-z0-9+/=\s]*+|\s*+[A-Z][A-Za-z-]++: [^\n]++\n?")


@dataclass(frozen=True)
class Redactor:
    """Finds and takes out secrets. `known` maps secret values to what they are."""

    known: Mapping[str, str]

    def hits(self, text: str) -> Iterator[Hit]:
        """Every secret in a text, in order; those that overlap are one."""
        return _merged(self._all(text))

    def clean(self, text: str) -> str:
        """The text, with each secret replaced by what it was."""
        return _without(text, self.hits(text))

    def clean_json(self, text: str) -> str:
        """The same of JSON, which stays the same JSON but for its strings."""
        hits = list(self.hits(text))
        if any('"' in text[hit.start : hit.end] for hit in hits):
            strings = [(found.start() + 1, found.end() - 1) for found in _STRING.finditer(text)]
            hits = list(_merged(one for hit in hits for one in self._within(text, hit, strings)))
        return _without(text, iter(hits))

    def _within(self, text: str, hit: Hit, strings: Sequence[tuple[int, int]]) -> Iterator[Hit]:
        """What is a secret in the strings that one reaches into; all of it where there is none."""
        reached = [one for one in strings if one[0] < hit.end and hit.start < one[1]]
        if not reached or (reached[0][0] <= hit.start and hit.end <= reached[0][1]):
            yield hit
            return
        for start, end in reached:
            own = [
                one._replace(start=one.start + start, end=one.end + start)
                for one in self.hits(text[start:end])
            ]
            yield from own
            if hit.start == start and not own:  # what stands before the string makes a secret of it
                yield hit._replace(end=end)

    def holds(self, texts: Iterable[str]) -> bool:
        """Whether one of several texts has a secret. Those without escapes, most of them, are read once."""
        plain, escaped = list[str](), list[str]()
        for text in texts:
            (escaped if has_escapes(text) else plain).append(text)
        return any(True for part in (plain, escaped) for _ in self.hits("\n".join(part)))

    def _all(self, text: str) -> Iterator[Hit]:
        yield from self._as_written(text)
        if (plain := uncoloured(text)) != text:
            yield from tokens_in(plain)
        # Of a secret with backslashes or percent signs, little may be left where escapes are undone.
        for reading in filter(None, (without_codes(text), undone(text))):
            for hit in self._as_written(reading.text):
                yield Hit(*reading.origin(hit.start, hit.end), hit.kind)

    def _as_written(self, text: str) -> Iterator[Hit]:
        for form, kind in self._forms.items():
            for start, end in occurrences(text, form):
                yield Hit(start, end, kind)
        yield from tokens_in(text)

    @cached_property
    def _forms(self) -> dict[str, str]:
        return {form: kind for value, kind in self.known.items() for form in writings(value)}


def _merged(hits: Iterable[Hit]) -> Iterator[Hit]:
    last: Hit | None = None
    for hit in sorted(hits):
        if last is not None and hit.start < last.end:
            last = last._replace(end=max(last.end, hit.end))
            continue
        if last is not None:
            yield last
        last = hit
    if last is not None:
        yield last


def _without(text: str, hits: Iterator[Hit]) -> str:
    parts, last = list[str](), 0
    for hit in hits:
        kept = text[last : hit.start]
        if (len(kept) - len(kept.rstrip("\\"))) % 2:  # it would make an escape of the bracket
            kept = kept[:-1]
        parts += [kept, f"[redacted: {hit.kind}]"]
        last = hit.end
    return "".join([*parts, text[last:]]) if parts else text


class LogWriter:
    """Text on its way to a log: handed on by whole lines, so that no secret is cut in two. Thread-safe."""

    def __init__(self, sink: Callable[[str], object], redactor: Redactor) -> None:
        self._sink = sink
        self._redactor = redactor
        self._line: list[str] = []
        self._length = 0
        self._key: list[str] = []
        self._held = 0
        self._lock = threading.Lock()

    def write(self, text: str) -> None:
        """Take text of any length; what may still grow into a secret is held back."""
        with self._lock:
            whole, newline, rest = text.rpartition("\n")
            if newline:
                self._take("".join([*self._line, whole, newline]))
                self._line, self._length = [], 0
            if rest:
                self._line.append(rest)
                self._length += len(rest)
            if self._length > _LONGEST_HELD:
                self._shorten()

    def close(self) -> None:
        """Hand on what is left."""
        with self._lock:
            self._take("".join(self._line))
            self._hand_on("".join(self._key))
            self._line, self._length, self._key = [], 0, []

    def _take(self, text: str) -> None:
        """Whole lines, of which those of a private key wait for its end."""
        if not self._key and "-----BEGIN " not in text:
            self._hand_on(text)
            return
        plain: list[str] = []
        for line in text.splitlines(keepends=True):
            if self._key and _LINE_OF_KEY.fullmatch(line):
                self._keep(line)
                continue
            if self._key:
                ends = line.startswith("-----END ")
                plain += [*self._key, line] if ends else self._key
                self._key = []
                if ends:
                    continue
            if _BEGIN_OF_KEY.search(line):
                self._hand_on("".join(plain))
                plain = []
                self._key, self._held = [line], len(line)
            else:
                plain.append(line)
        self._hand_on("".join(plain))

    def _keep(self, line: str) -> None:
        """One more line of a key; of one that is endless, the first line stays, so that the rest is known."""
        self._key.append(line)
        self._held += len(line)
        if self._held > _LONGEST_HELD:
            self._hand_on("".join(self._key))
            self._key, self._held = self._key[:1], len(self._key[0])

    def _shorten(self) -> None:
        """Hand on the beginning of an endless line, up to where no secret goes on."""
        text = "".join(self._line)
        end = len(text) - LONGEST_SECRET
        hits = [hit for hit in self._redactor.hits(text) if hit.start < end]
        if hits and hits[-1].end > end:
            end = hits[-1].end
        self._hand_on(text[:end])
        self._line, self._length = [text[end:]], len(text) - end

    def _hand_on(self, text: str) -> None:
        if text:
            self._sink(self._redactor.clean(text))


def _env_files(root: Path) -> list[str]:
    """.env and those of its family, such as .env.local and .envrc, but for examples."""
    try:
        names = sorted(name for name in os.listdir(root) if _ENV_FILE.fullmatch(name))  # noqa: PTH208
    except OSError:
        return []
    return [name for name in names if _EXAMPLE.search(name) is None]


def redactor_for(root: Path, environment: Mapping[str, str]) -> Redactor:
    """What is secret in a project: variables with a secret's name, and the values of .env and its like."""
    public = public_values(environment) | {value for _, _, value in dotenv(_text(root / ENV_EXAMPLE))}
    known: dict[str, str] = {}
    for file in _env_files(root):
        for _, name, value in dotenv(_text(root / file)):
            found = secrets_in(name, value, public, unnamed=True)
            known.update(dict.fromkeys(found, f"the value of {name} in {file}"))
    for name, value in environment.items():
        found = secrets_in(name, value, public, unnamed=False)
        known.update(dict.fromkeys(found, f"the value of {name}"))
    return Redactor(known)


def _text(path: Path) -> str:
    try:  # a link may lead to what has no end
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    except OSError:
        return ""
