"""Tokens that are secret by their shape."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Hit", "kind_of_token", "tokens_in"]


class Hit(NamedTuple):
    """A secret in a text: where it begins and ends, in characters, and what it is."""

    start: int
    end: int
    kind: str


class _Shape(NamedTuple):
    """A kind of token: how it begins, one of some literal texts, and all of it. What is in the group
    `lead` only leads to the secret.
    """

    kind: str
    literals: tuple[str, ...]
    pattern: re.Pattern[str]


def _shape(kind: str, literals: str, pattern: str) -> _Shape:
    return _Shape(kind, tuple(literals.split()), re.compile(pattern))


_BREAK = r"(?:\s|\\[nr])*+"
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
    _shape("a JSON web token", "eyJ", r"(?<![\w-])eyJ[\w-]{10,}+\.eyJ[\w-]{10,}+\.[\w-]{10,}+"),
    _shape(
        "a private key",
        "-----BEGIN",
        rf"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:{_BREAK}[A-Z][A-Za-z-]++: [^\n\\\"]++)*+"
        rf"(?:{_BREAK}[A-Za-z0-9+/=]{{16,}}+)++(?:{_BREAK}[A-Za-z0-9+/=]{{1,15}}(?=\s|\\[nr]))?"
        rf"(?:{_BREAK}-----END [A-Z0-9 ]+-----)?",
    ),
    _shape(
        "credentials in a URL",
        "://",
        r"(?P<lead>://(?P<user>[^\s:/@\"'<>$\[\\]{1,99}):)(?!(?P=user)@)[^\s/@\"'<>${*\[\\]{8,199}(?=@)",
    ),
    _shape(
        "credentials in a URL",
        "http:// https://",
        r"(?P<lead>https?://)(?=[^\s:/@]{0,99}\d)[^\s:/@\"'<>${*\[\\]{16,255}+(?=:?@|:x-oauth-basic@)",
    ),
    _shape(
        "credentials in a header",
        "uthorization UTHORIZATION",
        r"(?P<lead>(?i:uthorization[\"']?\s*[:=]\s*[\"']?(?:bearer|basic|token)\s+))[\w.~+/=-]{16,}",
    ),
    _shape(
        "a token in a URL",
        "? &",
        r"(?P<lead>[?&](?:[a-z]{1,20}_)?(?i:token|secret|password|passwd|api_?key|signature|sig)=)"
        r"(?![$*<{\[])[^\s&#\"'<>\\]{8,2000}+",
    ),
)


def kind_of_token(text: str) -> str | None:
    """What kind of a well-known secret stands in the text, None when there is none."""
    return next((hit.kind for hit in tokens_in(text)), None)


def tokens_in(text: str) -> Iterator[Hit]:
    """Every token, kind by kind."""
    for kind, literals, pattern in _SHAPES:
        for literal in literals:
            place = text.find(literal)
            while place >= 0:
                match = pattern.match(text, place)
                if match is not None:
                    lead = "lead" in pattern.groupindex
                    yield Hit(match.end("lead") if lead else match.start(), match.end(), kind)
                place = text.find(literal, max(place + 1, match.end() if match is not None else 0))
