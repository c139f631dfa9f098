"""What a guarded session leaves: its events, and one index of how it ended and which files tell of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from msgspec import Struct

from atomci.artifacts.handed.runs import OutputFile

__all__ = [
    "AgentActed",
    "AgentEnded",
    "AgentModel",
    "AgentSaid",
    "AgentUsed",
    "GuardEvent",
    "GuardFinished",
    "GuardLevel",
    "GuardOutput",
    "GuardStarted",
    "GuardVerdict",
    "Session",
    "SessionLimits",
    "StopReason",
    "Usage",
]

GuardVerdict = Literal["done", "failed", "stopped", "broken", "interrupted"]
"""`done`: it ended well, and its own result says so where it has one. `failed`: it says no. `stopped`: it
reached a bound that was set. `broken`: it hung, or couldn't be followed to its end."""


GuardLevel = Literal["os-strict", "os-fs", "detect"]
"""What the system stops: writes outside, other processes and sockets; writes outside; nothing."""


class StopReason(StrEnum):
    """Why a session ended: one of these, and never two."""

    ENDED = "ended"
    """The program ended by itself."""
    FIRST_BYTE = "first_byte"
    """It printed nothing for too long."""
    INACTIVITY = "inactivity"
    """No output, no processor time and no changed file for too long."""
    AFTER_RESULT = "after_result"
    """It told its result, and didn't end."""
    WALL = "wall"
    """The whole session took too long."""
    TOKENS = "tokens"
    """It used more tokens than it may."""
    COST = "cost"
    """It cost more than it may."""
    INTERRUPTED = "interrupted"
    """Somebody stopped it: Ctrl-C, SIGTERM, or a terminal that was closed."""
    LOST = "lost"
    """What watches the processes was killed, so nobody knows how the program ended."""


class SessionLimits(Struct, frozen=True, kw_only=True):
    """What a session may take at most: seconds, tokens and US dollars; None for no bound."""

    first_byte: float | None = None
    inactivity: float | None = None
    grace: float | None = None
    wall: float | None = None
    tokens: int | None = None
    usd: float | None = None


class Usage(Struct, frozen=True, kw_only=True):
    """Tokens and US dollars as the tool tells them; None is unknown, and never nothing.

    `cached` are of those of `input`, or beside them, as the tool counts; `total` is what a bound goes by.
    """

    input: int | None = None
    output: int | None = None
    cached: int | None = None
    total: int | None = None
    usd: float | None = None


class GuardStarted(Struct, frozen=True, kw_only=True, tag="guard_started", tag_field="event"):
    """The program runs. `command` is what was typed, `started` what was started for it, in the working tree
    `place`; `level` is what stops it there by `backend`, and `gaps` which bounds nothing enforces.
    """

    schema: Literal["atomci/guard/1"] = "atomci/guard/1"
    time: str
    run: str
    tool: str
    command: tuple[str, ...]
    started: tuple[str, ...]
    place: str
    in_place: bool
    backend: str
    level: GuardLevel
    gaps: tuple[str, ...]
    record: str
    limits: SessionLimits


class GuardOutput(Struct, frozen=True, kw_only=True, tag="output", tag_field="event"):
    """Whole lines that the program printed; only `--json` has it, since stdout.log and stderr.log do too."""

    stream: Literal["stdout", "stderr"]
    text: str


class AgentSaid(Struct, frozen=True, kw_only=True, tag="said", tag_field="event"):
    """What the model wrote."""

    text: str


class AgentActed(Struct, frozen=True, kw_only=True, tag="acted", tag_field="event"):
    """A tool that the model used, and on what: a path or a command."""

    tool: str
    on: str


class AgentModel(Struct, frozen=True, kw_only=True, tag="model", tag_field="event"):
    """The model that answers, as the tool calls it."""

    model: str


class AgentUsed(Struct, frozen=True, kw_only=True, tag="used", tag_field="event"):
    """What the session has used so far."""

    usage: Usage


class AgentEnded(Struct, frozen=True, kw_only=True, tag="result", tag_field="event"):
    """The tool's own word on its end; `kind` is what it calls it, such as error_max_turns."""

    ok: bool
    kind: str
    text: str = ""


class GuardFinished(Struct, frozen=True, kw_only=True, tag="guard_finished", tag_field="event"):
    """How the session ended; `exit_code` is the program's own, None where nobody knows it."""

    time: str
    run: str
    stop: StopReason
    verdict: GuardVerdict
    reason: str
    exit_code: int | None
    seconds: float
    usage: Usage
    changed: bool
    record: str


GuardEvent = (
    GuardStarted | GuardOutput | AgentSaid | AgentActed | AgentModel | AgentUsed | AgentEnded | GuardFinished
)


class Session(Struct, frozen=True, kw_only=True):
    """index.json of a session: what was asked, how it ended, what it used, and the files that tell of it.

    `environment` are the names of the variables that it got. `result` is the tool's own word, None where it
    has none; `tells_result` says whether it should have one. `changed`: the working tree isn't what it was.
    `incomplete` says why the record isn't whole; it is empty where it is.
    """

    schema: Literal["atomci/session/1"] = "atomci/session/1"
    run: str
    tool: str
    tool_version: str | None = None
    model: str | None = None
    """As the tool told it, else as its options asked for it; None where neither did."""
    seed: str | None = None
    """Of chance: what `--seed` or PYTHONHASHSEED said; None where neither did."""
    command: tuple[str, ...]
    started: tuple[str, ...]
    folder: str
    place: str
    in_place: bool
    backend: str
    level: GuardLevel
    gaps: tuple[str, ...] = ()
    time: str
    seconds: float
    limits: SessionLimits
    stop: StopReason
    verdict: GuardVerdict
    reason: str
    exit_code: int | None
    result: AgentEnded | None
    tells_result: bool = False
    usage: Usage
    changed: bool
    outside: tuple[str, ...] = ()
    """Paths outside of its place that matter and are different since, by whomever."""
    environment: tuple[str, ...]
    files: tuple[OutputFile, ...]
    incomplete: str = ""
