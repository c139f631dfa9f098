"""Sets of answers: by hand those that take every choice, and others that take every pair of choices."""

import json
import sys
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from allpairspy import AllPairs

RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
INTEGRATIONS = ("vscode", "powershell", "devcontainer", "docker", "codecov", "slack", "docs", "recording")
SWITCHES = ("strict_hooks", *INTEGRATIONS)
# The runtime comes from the template throughout: nothing of it is on an index yet.
# What changes how a project is made and run; each pair of choices is made and run.
OPTIONS: dict[str, list[Any]] = {
    "kind": ["library", "cli", "service"],
    "dependency_manager": ["uv", "pip-tools"],
    "python_min": [version for version in ("3.11", "3.12", "3.13", "3.14") if version <= RUNNING],
    **{name: [False, True] for name in SWITCHES},
}
# What only changes texts; each pair of choices with the others is rendered, and each choice is made.
TEXT_OPTIONS: dict[str, list[Any]] = {
    "licence": ["MIT", "Apache-2.0", "BSD-3-Clause", "Proprietary"],
    "author_email": ["", "dev@example.com"],
    "repository_owner": ["", "acme"],
    "reviewers": ["", "@acme/core"],
    "systems": [(), ("windows", "macos")],
    "checks": [("bandit", "audit"), (), ("audit", "zizmor", "lowest")],
    "cooldown": [False, True],
    "default_branch": ["main", "trunk"],
}
# A render alone needs neither the Python nor the runtime that it asks for.
RENDERED_OPTIONS = (
    OPTIONS
    | TEXT_OPTIONS
    | {
        "python_min": ["3.11", "3.12", "3.13", "3.14"],
        "profile": ["standard", "minimal", "everything"],
        "wrapper_scripts": [False, True],
        "sample": [True, False],
        "runtime_source": ["template", "index"],
    }
)
# Together these take every choice of every question, and the awkward free texts.
HAND_MADE: dict[str, dict[str, Any]] = {
    "defaults": {},
    "strict": {
        "kind": "service",
        "project_name": "Strict.Project",
        "integrations": ["vscode", "powershell", "devcontainer", "docker", "codecov", "slack"],
        "repository_owner": "acme",
        "reviewers": "@acme/core",
        "licence": "BSD-3-Clause",
        "author_email": "dev@example.com",
        "python_min": "3.12",
        "strict_hooks": True,
        "systems": ["windows", "macos"],
        "checks": ["bandit", "audit", "zizmor", "lowest"],
        "cooldown": True,
        "default_branch": "trunk",
    },
    "pip-tools": {
        "kind": "cli",
        "profile": "minimal",
        "sample": False,
        "licence": "Apache-2.0",
        "python_min": "3.13",
        "dependency_manager": "pip-tools",
        "runtime_source": "index",
    },
    "long": {
        "kind": "service",
        "profile": "everything",
        "repository_owner": "A-name-as-long-as-one-on-GitHub-may-be1",
        "project_name": "A project with as long a name as the questions let it have X",
        "package_name": "a_package_with_as_long_a_name_as_allowed",
        "description": """"Quoted", it's 100 % \\ <odd> & {{ braces }} … ünïcode 🎉""",
        "author_name": """Zoë "Z" O'Neil & Söhne""",
        "licence": "Proprietary",
        "default_branch": "release/1.0",
        "python_min": "3.14",
        "runtime_source": "index",
    },
    "short": {
        "kind": "cli",
        "project_name": "q",
        "package_name": "q",
        "description": "Q",
        "author_name": "Q",
        "author_email": "q@q.example",
        "systems": ["macos"],
        "checks": ["audit", "zizmor", "lowest"],
        "integrations": ["docs", "recording"],
        "dependency_manager": "pip-tools",
        "strict_hooks": True,
        "wrapper_scripts": True,
    },
}


def pairs(options: dict[str, list[Any]], taken: Sequence[dict[str, Any]] = ()) -> list[dict[str, Any]]:
    """Answers in which every pair of choices of two questions occurs that doesn't in `taken`."""
    first = {name: choices[0] for name, choices in options.items()}
    before = [[(first | chosen)[name] for name in options] for chosen in taken]
    rows = AllPairs(list(options.values()), previously_tested=before)
    return [dict(zip(options, row, strict=True)) for row in rows]


def with_texts(sets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The sets with each choice of a text in turn."""
    return [
        {**chosen, **{name: choices[place % len(choices)] for name, choices in TEXT_OPTIONS.items()}}
        for place, chosen in enumerate(sets)
    ]


FULL = [
    {"kind": kind, "dependency_manager": "uv", "python_min": "3.11"} | dict.fromkeys(SWITCHES, True)
    for kind in OPTIONS["kind"]
]


def sparse() -> list[dict[str, Any]]:
    """Each kind with each manager, and each switch on in two of these, never the same two.

    With FULL they take every pair of choices of a kind, a manager and up to nine switches. No fewer sets do,
    and no fewer with pip-tools, which takes twice as long to make.
    """
    made = [(kind, manager) for manager in ("pip-tools", "uv") for kind in OPTIONS["kind"]]
    places = [
        {one, other}
        for one, other in combinations(range(len(made)), 2)
        if made[one][0] != made[other][0] and (made[one][1], made[other][1]) != ("uv", "uv")
    ]
    on = dict(zip(SWITCHES, places, strict=False))
    return [
        {"kind": kind, "dependency_manager": manager, "python_min": "3.11"}
        | {name: place in on.get(name, ()) for name in SWITCHES}
        for place, (kind, manager) in enumerate(made)
    ]


SPARSE = sparse()
PAIRS = with_texts([*SPARSE, *pairs(OPTIONS, [*FULL, *SPARSE])])
SETS = [*FULL, *PAIRS]
RENDERED_SETS = [*FULL, *pairs(RENDERED_OPTIONS, FULL)]


def named(answers: dict[str, Any]) -> str:
    on = [name for name in INTEGRATIONS if answers.get(name)]
    plain = [
        "+".join(value) if isinstance(value, tuple) else str(value)
        for name, value in answers.items()
        if name not in INTEGRATIONS
    ]
    return "-".join(filter(None, [*plain, *on])).replace("/", "_")


def answers_of(chosen: dict[str, Any]) -> dict[str, Any]:
    """What copier takes: the integrations are one answer."""
    plain = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in chosen.items()
        if name not in INTEGRATIONS
    }
    return {**plain, "integrations": [name for name in INTEGRATIONS if chosen.get(name)]}


def words_for(chosen: dict[str, Any]) -> list[str]:
    """The answers as words of `atomci new`."""
    pairs = {
        name: json.dumps(value) if isinstance(value, list) else value
        for name, value in answers_of(chosen).items()
    }
    return [word for name, value in pairs.items() for word in ("-d", f"{name}={value}")]
