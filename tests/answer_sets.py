"""Sets of answers that take every pair of choices; one test makes and runs each, another looks at the files."""

import json
import sys
from typing import Any

from allpairspy import AllPairs

RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
INTEGRATIONS = ("vscode", "powershell", "devcontainer", "docker", "codecov", "slack", "docs", "recording")
# The runtime comes from the template throughout: nothing of it is on an index yet.
OPTIONS: dict[str, list[Any]] = {
    "kind": ["library", "cli", "service"],
    "dependency_manager": ["uv", "pip-tools"],
    "licence": ["MIT", "Apache-2.0", "BSD-3-Clause", "Proprietary"],
    "python_min": [version for version in ("3.11", "3.12", "3.13") if version <= RUNNING],
    "strict_hooks": [False, True],
    "author_email": ["", "dev@example.com"],
    "repository_owner": ["", "acme"],
    "default_branch": ["main", "trunk"],
    **{name: [False, True] for name in INTEGRATIONS},
}
# A render alone needs neither the Python nor the runtime that it asks for.
RENDERED_OPTIONS = OPTIONS | {
    "python_min": ["3.11", "3.12", "3.13"],
    "runtime_source": ["template", "index"],
}


def pairs(options: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """Answers in which every pair of choices of two questions occurs."""
    return [dict(zip(options, row, strict=True)) for row in AllPairs(list(options.values()))]


PAIRS = pairs(OPTIONS)
FULL = [{"kind": kind, "strict_hooks": True, **dict.fromkeys(INTEGRATIONS, True)} for kind in OPTIONS["kind"]]
SETS = [*FULL, *PAIRS]
RENDERED_SETS = [*FULL, *pairs(RENDERED_OPTIONS)]


def named(answers: dict[str, Any]) -> str:
    on = [name for name in INTEGRATIONS if answers.get(name)]
    plain = [str(value) for name, value in answers.items() if name not in INTEGRATIONS]
    return "-".join(filter(None, [*plain, *on])).replace("/", "_")


def answers_of(chosen: dict[str, Any]) -> dict[str, Any]:
    """What copier takes: the integrations are one answer."""
    plain = {name: value for name, value in chosen.items() if name not in INTEGRATIONS}
    return {**plain, "integrations": [name for name in INTEGRATIONS if chosen.get(name)]}


def words_for(chosen: dict[str, Any]) -> list[str]:
    """The answers as words of `atomci new`."""
    pairs = {**answers_of(chosen), "integrations": json.dumps(answers_of(chosen)["integrations"])}
    return [word for name, value in pairs.items() for word in ("-d", f"{name}={value}")]
