"""What a run in CI may leave out, by the event that started it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from atomci.decoding import decoded

__all__ = ["Since", "since_of"]

_AT_MOST = 32 * 1024 * 1024
"""Bytes; GitHub's own limit is 25 MB."""
_WHOLE = {
    "merge_group": "a merge group is tested as a whole, since its parts were tested alone",
    "schedule": "a run on schedule takes all of them",
    "release": "a release takes all of them",
    "workflow_dispatch": "a run that somebody starts takes all of them",
}


class _Ref(msgspec.Struct, frozen=True):
    ref: str = ""


class _Pull(msgspec.Struct, frozen=True):
    base: _Ref = _Ref()
    merged: bool = False


class _Repository(msgspec.Struct, frozen=True):
    default_branch: str = ""


class _Payload(msgspec.Struct, frozen=True):
    ref: str = ""
    pull_request: _Pull = _Pull()
    repository: _Repository = _Repository()


@dataclass(frozen=True)
class Since:
    """The remote branch from which changes count, or why all tests run."""

    branch: str = ""
    why_all: str = ""


def since_of(event: str, variables: Mapping[str, str] = os.environ) -> Since:
    """By the event's name, its file and its variables, as GitHub gives them."""
    if why := _WHOLE.get(event):
        return Since(why_all=why)
    if event in ("pull_request", "pull_request_target"):
        return _of_pull_request(variables)
    if event == "push":
        return _of_push(variables)
    known = "of other CI than GitHub's nothing is known" if event == "local" else f"{event} isn't a change"
    return Since(why_all=f"in CI all of them run: {known}")


def _of_pull_request(variables: Mapping[str, str]) -> Since:
    payload = _payload(variables)
    if payload and payload.pull_request.merged:
        return Since(why_all="what is merged is tested as a whole")
    base = variables.get("GITHUB_BASE_REF") or (payload.pull_request.base.ref if payload else "")
    return Since(f"origin/{base}") if base else Since(why_all="the pull request's event names no base branch")


def _of_push(variables: Mapping[str, str]) -> Since:
    payload = _payload(variables)
    if payload is None or not payload.repository.default_branch:
        return Since(why_all="the file of the event (GITHUB_EVENT_PATH) names no default branch")
    default = payload.repository.default_branch
    kind, _, branch = payload.ref.removeprefix("refs/").partition("/")
    if kind != "heads" or not branch:
        return Since(why_all=f"{payload.ref or 'what was pushed'} isn't a branch")
    if branch == default:
        return Since(why_all=f"on {default} all of them run")
    return Since(f"origin/{default}")


def _payload(variables: Mapping[str, str]) -> _Payload | None:
    """What the event's file says; None without one that can be read."""
    try:
        file = Path(variables["GITHUB_EVENT_PATH"])
        if not file.is_file() or file.stat().st_size > _AT_MOST:
            return None
        return decoded(file.read_bytes(), _Payload)
    except (KeyError, OSError, ValueError, msgspec.DecodeError):
        return None
