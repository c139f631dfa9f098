"""Who started something, and where: here a claim, on GitHub what the run's variables say."""

from __future__ import annotations

import getpass
import hashlib
import platform
from collections.abc import Mapping
from typing import Any

from atomci.tools.git.client import Git

__all__ = ["who"]

_OF_ACTIONS = {
    "repository": "GITHUB_REPOSITORY",
    "run": "GITHUB_RUN_ID",
    "attempt": "GITHUB_RUN_ATTEMPT",
    "workflow": "GITHUB_WORKFLOW_REF",
    "commit": "GITHUB_SHA",
    "actor": "GITHUB_ACTOR",
    "triggered_by": "GITHUB_TRIGGERING_ACTOR",
}


def who(git: Git, environment: Mapping[str, str]) -> dict[str, Any]:
    """What is known of the person and the machine. Nothing of it is proved: each program may set variables.

    A machine is told by a part of its name's hash, so that a log can be shown to others. Of a run that
    somebody started again on GitHub, `actor` is who began, and `triggered_by` who started it again.
    """
    found: dict[str, Any] = {}
    if environment.get("GITHUB_ACTIONS") == "true":
        named = {name: environment.get(variable, "") for name, variable in _OF_ACTIONS.items()}
        found["actions"] = {name: value for name, value in named.items() if value}
    else:
        found["claimed"] = git.ask("config", "user.email") or ""
    host = hashlib.sha256(platform.node().encode()).hexdigest()[:12]
    return {**found, "user": _user(), "host": host}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container's user without a name
        return ""
