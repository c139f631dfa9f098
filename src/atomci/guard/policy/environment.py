"""The variables that a guarded program gets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from atomci.artifacts.secrets.names import is_secret_name
from atomci.guard.policy.defaults import AGENT_KEYS, NOT_PASSED
from atomci.guard.workplace.place import Workplace

__all__ = ["environment_for"]

_CREDENTIALS = re.compile(r"://[^/\s@]+@")
_IN_ORDER = re.compile(r"GIT_CONFIG_(COUNT|KEY_\d+|VALUE_\d+)")
_LOGS_IN = re.compile(r"(?i)extraheader|credential|://[^/\s@]+@")
_PROXY = re.compile(r"(?i)(https?|all|ftp)_proxy")

# git sees the copies of the checkout's files as unchanged by size and time, and writes nothing by itself.
_OF_GIT = {
    "core.checkStat": "minimal",
    "core.trustctime": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
}


def environment_for(place: Workplace, around: Mapping[str, str], passed: Sequence[str]) -> dict[str, str]:
    """Those of `around` that are no secret of others and lead to no other program, with a place for caches.

    `passed`: names, or patterns of names, that are passed whatever they look like.
    """
    wanted = (*AGENT_KEYS, *passed)
    kept = {
        name: value
        for name, value in around.items()
        if not _IN_ORDER.fullmatch(name)
        and (_fits(name, wanted) or not (_is_secret(name, value) or _fits(name, NOT_PASSED)))
    }
    scratch = str(place.scratch)
    places = {"TMPDIR": scratch, "TMP": scratch, "TEMP": scratch}
    caches = {name: f"{scratch}/{folder}" for name, folder in _CACHES.items()}
    return {**kept, **places, **caches, "GIT_OPTIONAL_LOCKS": "0", **_configured(around)}


_CACHES = {
    "XDG_CACHE_HOME": "cache",
    "npm_config_cache": "cache/npm",
    "PIP_CACHE_DIR": "cache/pip",
    "UV_CACHE_DIR": "cache/uv",
    "GOCACHE": "cache/go",
}


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return any(_matches(name, pattern) for pattern in patterns)


def _matches(name: str, pattern: str) -> bool:
    begin = pattern.removesuffix("*")
    if any(sign in begin for sign in "*?["):
        return fnmatchcase(name, pattern)
    return name == pattern or (begin != pattern and name.startswith(begin))  # no pattern is compiled


def _is_secret(name: str, value: str) -> bool:
    return is_secret_name(name) or (_CREDENTIALS.search(value) is not None and not _PROXY.fullmatch(name))


def _configured(around: Mapping[str, str]) -> dict[str, str]:
    """Settings of git that are passed by number: those that are there, but for what logs in, and ours."""
    count = around.get("GIT_CONFIG_COUNT", "")
    numbers = range(int(count)) if count.isdigit() else ()
    pairs = [
        (around.get(f"GIT_CONFIG_KEY_{number}", ""), around.get(f"GIT_CONFIG_VALUE_{number}", ""))
        for number in numbers
    ]
    shown = [pair for pair in pairs if pair[0] and not _LOGS_IN.search(" ".join(pair))]
    found = {"GIT_CONFIG_COUNT": str(len(shown) + len(_OF_GIT))}
    for number, (key, value) in enumerate((*shown, *_OF_GIT.items())):
        found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return found
