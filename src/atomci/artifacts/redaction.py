"""Secrets in text: which values are secret here, which tokens are secret by their shape, and taking them out.

Nothing here ever repeats a secret: it is told by its kind, and by where it stands.
"""

from __future__ import annotations

import html
import json
import math
import re
import urllib.parse
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

__all__ = ["ENV_FILE", "Hit", "Redactor", "dotenv", "is_secret_name", "kind_of_token", "redactor_for"]

ENV_FILE = ".env"
ENV_EXAMPLE = ".env.example"

# The providers' own documentation of their tokens; each is specific enough to be never an ordinary word.
_TOKENS = {
    "a GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36,255}|\bgithub_pat_\w{22,255}",
    "a GitLab token": r"\bgl(?:pat|ptt|dt|rt)-[\w-]{20,}",
    "an AWS key": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|aws_secret_access_key[\"']?\s*[=:]\s*[\"']?[A-Za-z0-9/+]{40}\b",
    "a Slack token": r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
    "a Slack webhook": r"https://hooks\.slack\.com/(?:services|workflows|triggers)/[\w/+-]{20,}",
    "a PyPI token": r"\bpypi-AgE[\w-]{50,}",
    "an npm token": r"\bnpm_[A-Za-z0-9]{36}\b",
    "a Google API key": r"\bAIza[\w-]{35}",
    "a Stripe key": r"\b[rs]k_live_[A-Za-z0-9]{20,}",
    "a SendGrid key": r"\bSG\.[\w-]{22}\.[\w-]{43}",
    "a Hugging Face token": r"\bhf_[A-Za-z0-9]{34,}",
    "an API key of a language model": r"(?<![\w-])sk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}",
    "a JSON web token": r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}",
    "a private key": r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?:\s|\\[nr])*[A-Z][A-Za-z-]+: [^\n\\]+)*(?:(?:\s|\\[nr])*[A-Za-z0-9+/=]{16,})++"
    r"(?:(?:\s|\\[nr])*[A-Za-z0-9+/=]{1,15}(?=\s|\\[nr]))?(?:(?:\s|\\[nr])*-----END [A-Z0-9 ]+-----)?",
    "credentials in a URL": r"\b[a-z][a-z0-9+.-]{1,20}://(?P<user>[^\s:/@\"'<>$\[]{1,99}):"
    r"(?!(?P=user)@)[^\s/@\"'<>${*\[]{8,199}@",
    "credentials in a header": r"(?i:\bauthorization[\"']?\s*[:=]\s*[\"']?(?:bearer|basic|token)\s+)"
    r"[\w.~+/=-]{16,}",
}
# One that more lines may belong to.
_OPEN_KEY = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\s*[A-Z][A-Za-z-]+: [^\n]+)*[A-Za-z0-9+/=\s]*\Z"
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
    found = _TOKEN.search(text)
    return None if found is None else _kind(found)


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
        """Every secret in a text, in order, without overlaps."""
        for match in self._pattern.finditer(text):
            if match.lastgroup == "known":
                yield Hit(*match.span(), self._forms[match["known"]])
            else:
                yield Hit(*match.span(), _kind(match))

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

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        if not self._forms:
            return _TOKEN
        longest_first = sorted(self._forms, key=len, reverse=True)
        known = "|".join(map(re.escape, longest_first))
        return re.compile(f"(?P<known>{known})|{_TOKEN.pattern}")


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


_GROUPS = {f"t{index}": kind for index, kind in enumerate(_TOKENS)}
_TOKEN = re.compile("|".join(f"(?P<t{i}>{pattern})" for i, pattern in enumerate(_TOKENS.values())))


def _kind(match: re.Match[str]) -> str:
    return next(kind for group, kind in _GROUPS.items() if match[group] is not None)
