"""Secrets in text: which values are secret here, which tokens are secret by their shape, and taking them out.

Nothing here ever repeats a secret: it is told by its kind, and by where it stands.
"""

from __future__ import annotations

import json
import math
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

__all__ = [
    "ENV_FILE",
    "LONGEST_SECRET",
    "Hit",
    "LogWriter",
    "Redactor",
    "dotenv",
    "is_secret_name",
    "kind_of_token",
    "looks_random",
    "redactor_for",
]

ENV_FILE = ".env"
LONGEST_SECRET = 20_000
"""Characters that a reader by pieces keeps, so as to cut no secret in two."""
ENV_EXAMPLE = ".env.example"


class _Shape(NamedTuple):
    """A kind of token: how it begins, one of some literal texts, and all of it. What is in the group
    `lead` only leads to the secret.
    """

    kind: str
    literals: tuple[str, ...]
    pattern: re.Pattern[str]


def _shape(kind: str, literals: str, pattern: str) -> _Shape:
    return _Shape(kind, tuple(literals.split()), re.compile(pattern))


_BREAK = r"(?:\s|\\[nr])*"
# Each is specific enough never to be an ordinary word. Looking for the literals first is 20 times as fast.
_SHAPES = (
    _shape("a GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"\bgh[pousr]_[A-Za-z0-9]{36,255}"),
    _shape("a GitHub token", "github_pat_", r"\bgithub_pat_\w{22,255}"),
    _shape("a GitLab token", "glpat- gldt- glrt- glptt-", r"\bgl(?:pat|ptt|dt|rt)-[\w-]{20,}"),
    _shape("an AWS key", "AKIA ASIA", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    _shape(
        "an AWS key",
        "ecret_access_key SECRET_ACCESS_KEY",
        r"(?P<lead>(?i:s?ecret_access_key)[\"']?\s*[=:]\s*[\"']?)[A-Za-z0-9/+]{40}\b",
    ),
    _shape("a Slack token", "xox", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    _shape(
        "a Slack webhook",
        "hooks.slack.com/",
        r"(?P<lead>hooks\.slack\.com/)(?:services|workflows|triggers)/[\w/+-]{20,}",
    ),
    _shape("a PyPI token", "pypi-AgE", r"\bpypi-AgE[\w-]{50,}"),
    _shape("an npm token", "npm_", r"\bnpm_[A-Za-z0-9]{36}\b"),
    _shape("a Google API key", "AIza", r"\bAIza[\w-]{35}"),
    _shape("a Stripe key", "sk_live_ rk_live_", r"\b[rs]k_live_[A-Za-z0-9]{20,}"),
    _shape("a SendGrid key", "SG.", r"\bSG\.[\w-]{22}\.[\w-]{43}"),
    _shape("a Hugging Face token", "hf_", r"\bhf_[A-Za-z0-9]{34,}"),
    _shape("an API key of a language model", "sk-", r"(?<![\w-])sk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}"),
    _shape("a JSON web token", "eyJ", r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    _shape(
        "a private key",
        "-----BEGIN",
        rf"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:{_BREAK}[A-Z][A-Za-z-]+: [^\n\\\"]+)*"
        rf"(?:{_BREAK}[A-Za-z0-9+/=]{{16,}})++(?:{_BREAK}[A-Za-z0-9+/=]{{1,15}}(?=\s|\\[nr]))?"
        rf"(?:{_BREAK}-----END [A-Z0-9 ]+-----)?",
    ),
    _shape(
        "credentials in a URL",
        "://",
        r"(?P<lead>://(?P<user>[^\s:/@\"'<>$\[\\]{1,99}):)(?!(?P=user)@)[^\s/@\"'<>${*\[\\]{8,199}(?=@)",
    ),
    _shape(
        "credentials in a header",
        "uthorization UTHORIZATION",
        r"(?P<lead>(?i:uthorization[\"']?\s*[:=]\s*[\"']?(?:bearer|basic|token)\s+))[\w.~+/=-]{16,}",
    ),
)
# One that more lines may belong to.
_OPEN_KEY = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\s*[A-Z][A-Za-z-]+: [^\n]+)*[A-Za-z0-9+/=\s]*"
    r"(?:-[A-Z0-9 -]*)?\Z"
)
_SECRET_NAME = re.compile(
    r"(?:.*_)?(?:API_?)?(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|PASS|KEY|CREDENTIALS?|WEBHOOK(?:_URL)?|DSN"
    r"|AUTH|COOKIE|PAT)(?:_BASE)?|.*_PWD",
    re.IGNORECASE,
)
# Shorter values occur by chance, and so do words, numbers, addresses and paths.
_SHORTEST = 8
_ORDINARY = re.compile(
    r"[A-Za-z]+|[\d.:,_-]+|(?:[A-Za-z][\w-]*(?:\.[\w-]+)+|localhost|\[[\da-f:]+\])(?::\d+)?|[\w-]+:\d+"
    r"|[a-z][a-z0-9+.-]*://[^@\s]*|(?:~|\.{1,2}|[A-Za-z]:)?[/\\].*"
)
_LONGEST_HELD = 1_000_000
_STATES = frozenset({"disabled", "enabled", "required", "optional", "undefined"})
_PLACEHOLDER = re.compile(
    r"(?i)change|example|placeholder|your|insert|replace|dummy|secret|xxx|\.\.\.|[<{$*]"
)


class Hit(NamedTuple):
    """A secret in a text: where it begins and ends, in characters, and what it is."""

    start: int
    end: int
    kind: str


def is_secret_name(name: str) -> bool:
    """Whether a variable's name says that its value is a secret: it ends in TOKEN, PASSWORD, KEY or so."""
    return _SECRET_NAME.fullmatch(name) is not None


def kind_of_token(text: str) -> str | None:
    """What kind of a well-known secret stands in the text, None when there is none."""
    return next((hit.kind for hit in _tokens_in(text)), None)


def looks_random(name: str, value: str) -> bool:
    """Whether the value of a variable with a secret's name looks made by a machine, not put there to be
    replaced.
    """
    if not is_secret_name(name) or len(value) < 12 or _PLACEHOLDER.search(value):
        return False
    counts = Counter(value)
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    return entropy > 3 and bool(re.search(r"\d", value)) and " " not in value


def dotenv(text: str) -> Iterator[tuple[int, str, str]]:
    """Line, name and value of each variable in a file of `NAME=value` lines, without quotes and `export`."""
    for number, line in enumerate(text.splitlines(), 1):
        match = re.fullmatch(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*", line)
        if match is None:
            continue
        quoted = re.match(r"""(["'])(.*?)\1""", match[2])
        yield number, match[1], quoted[2] if quoted else re.sub(r"\s+#.*$", "", match[2])


@dataclass(frozen=True)
class Redactor:
    """Finds and takes out secrets. `known` maps secret values to what they are."""

    known: Mapping[str, str]

    def hits(self, text: str) -> Iterator[Hit]:
        """Every secret in a text, in order; those that overlap are one."""
        known = [
            Hit(start, start + len(form), kind)
            for form, kind in self._forms.items()
            for start in _places(text, form)
        ]
        last: Hit | None = None
        for hit in sorted([*known, *_tokens_in(text)]):
            if last is not None and hit.start < last.end:
                last = last._replace(end=max(last.end, hit.end))
                continue
            if last is not None:
                yield last
            last = hit
        if last is not None:
            yield last

    def clean(self, text: str) -> str:
        """The text, with each secret replaced by what it was."""
        parts, last = [], 0
        for hit in self.hits(text):
            parts += [text[last : hit.start], f"[redacted: {hit.kind}]"]
            last = hit.end
        return "".join([*parts, text[last:]]) if parts else text

    @cached_property
    def _forms(self) -> dict[str, str]:
        """Known values as they are, and as they look inside JSON, a URL, XML."""
        import html
        import urllib.parse

        return {
            form: kind
            for value, kind in self.known.items()
            for form in (
                value,
                json.dumps(value)[1:-1],
                json.dumps(value, ensure_ascii=False)[1:-1],
                urllib.parse.quote(value, safe=""),
                html.escape(value),
            )
        }


class LogWriter:
    """Text on its way to a log: handed on by whole lines, so that no secret is cut in two. Thread-safe."""

    def __init__(self, sink: Callable[[str], object], redactor: Redactor) -> None:
        self._sink = sink
        self._redactor = redactor
        self._held = ""
        self._lock = threading.Lock()

    def write(self, text: str) -> None:
        """Take text of any length; what may still grow into a secret is held back."""
        with self._lock:
            self._held += text
            self._hand_on(self._cut())

    def close(self) -> None:
        """Hand on what is left."""
        with self._lock:
            self._hand_on(len(self._held))

    def _cut(self) -> int:
        """Where the last whole line ends, before a private key that isn't over. An endless line is cut at a
        space.
        """
        end = self._held.rfind("\n") + 1
        if (key := _OPEN_KEY.search(self._held)) is not None:
            end = min(end, key.start())
        if len(self._held) - end > _LONGEST_HELD:
            end = max(end, self._held.rfind(" ", 0, -LONGEST_SECRET)) or len(self._held)
        return end

    def _hand_on(self, end: int) -> None:
        if end:
            self._sink(self._redactor.clean(self._held[:end]))
            self._held = self._held[end:]


def redactor_for(root: Path, environment: Mapping[str, str]) -> Redactor:
    """What is secret in a project: variables with a secret's name, and the values of .env."""
    known: dict[str, str] = {}
    example = {value for _, _, value in dotenv(_text(root / ENV_EXAMPLE))}
    for _, name, value in dotenv(_text(root / ENV_FILE)):
        telling = is_secret_name(name) or not _ORDINARY.fullmatch(value)
        if telling and value not in example:
            known.update(_lines_of(value, f"the value of {name} in {ENV_FILE}"))
    for name, value in environment.items():
        if is_secret_name(name) and value not in example:
            known.update(_lines_of(value, f"the value of {name}"))
    return Redactor(known)


def _lines_of(value: str, kind: str) -> Iterator[tuple[str, str]]:
    """The value, and the lines of one that has several, since logs are read by lines."""
    for part in {value, *value.splitlines()}:
        if len(part.strip()) >= _SHORTEST and part.lower() not in _STATES:
            yield part.strip(), kind


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _tokens_in(text: str) -> Iterator[Hit]:
    for kind, literals, pattern in _SHAPES:
        for literal in literals:
            for place in _places(text, literal):
                if match := pattern.match(text, place):
                    lead = "lead" in pattern.groupindex
                    yield Hit(match.end("lead") if lead else match.start(), match.end(), kind)


def _places(text: str, part: str) -> Iterator[int]:
    """Where a part occurs in a text."""
    place = text.find(part)
    while place >= 0:
        yield place
        place = text.find(part, place + 1)
