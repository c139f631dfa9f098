"""What a session is to be, and who looks on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from atomci.artifacts.handed.guarded import GuardEvent, SessionLimits, Usage
from atomci.guard.agents.table import Typed
from atomci.guard.workplace.place import Workplace
from atomci.project import Project
from atomci.tools.git.repository import Repository

__all__ = ["LOG_FILE", "Audience", "SessionRequest", "Started", "Stream", "logged"]

LOG_FILE = "atomci-events.jsonl"

Stream = Literal["stdout", "stderr"]


@dataclass(frozen=True)
class Started:
    """The words that are started, and what is known of the program.

    `version` is its own, None where nobody knows it. `tells_events`: its output is an agent's events, or
    they are in the file `log` of its folder for temporary files; `tells_result`: it is one that tells its
    result; `renders`: only since the guard asked for them, so they are shown as text.
    """

    words: tuple[str, ...]
    version: str | None = None
    tells_events: bool = False
    tells_result: bool = False
    renders: bool = False
    log: str = ""


@dataclass(frozen=True, kw_only=True)
class SessionRequest:
    """What is to be run, where, and within which limits. `command` is what was typed, in `folder`.

    `in_place`: in the user's own checkout, and not in a worktree. `degraded`: also where nothing confines it.
    `terminal`: it gets a terminal of its own, joined to that of this process. `reads`: it gets the input of
    this process. `place`: a worktree of the caller's, which stays and whose snapshots the caller keeps;
    `readable` can be read, wherever it lies. `around`: the variables of whoever starts it, those of this
    process where it is None. `repository`: the checkout's, where it is open.
    """

    project: Project
    folder: Path
    run: str
    typed: Typed
    command: tuple[str, ...]
    started: Started
    limits: SessionLimits
    in_place: bool = False
    degraded: bool = False
    terminal: bool = False
    reads: bool = False
    place: Workplace | None = None
    readable: tuple[Path, ...] = ()
    around: Mapping[str, str] | None = None
    repository: Repository | None = None

    @property
    def root(self) -> Path:
        """The top of the user's checkout."""
        return self.project.root


class Audience(Protocol):
    """Who looks on."""

    def printed(self, stream: Stream, piece: bytes) -> None:
        """Bytes as the program printed them."""

    def told(self, event: GuardEvent) -> None:
        """An event, without secrets."""

    def waits(self, seconds: float, quiet: float, usage: Usage) -> None:
        """It goes on: seconds since its start and since its last sign of life, and what it used."""


def logged(words: tuple[str, ...], option: str) -> tuple[str, ...]:
    """The words with an option that names a file in the session's own folder, which only it knows."""
    return ("/bin/sh", "-c", f'exec "$@" {option} "$TMPDIR/{LOG_FILE}"', "sh", *words)
