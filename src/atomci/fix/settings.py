"""`[tool.atomci.fix]`, read and checked: who fixes what tools can't, and within which bounds."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import msgspec

from atomci.fix.loop import Budget
from atomci.fix.rules.bounds import PROTECTED, Allowance
from atomci.guard.limits import seconds_of
from atomci.project import Project
from atomci.tables import command_problem, own_table, table_error

__all__ = ["TASK", "TASK_FILE", "FixSettings", "allowance_of", "budget_of", "problems_of", "read_fix"]

TASK = "{task}"
"""In the command: what is to be fixed, as text."""
TASK_FILE = "{task_file}"
"""In the command: the path of a Markdown file that says so."""
_MOST_ATTEMPTS = 50


class FixSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bounds of `atomci fix`. Paths are globs from the project, in which `**` is any number of folders."""

    command: str = ""
    """The fixer, with `{task}` or `{task_file}` in it; "" for none: then only tools fix."""
    attempts: int = 3
    wall: str = "30m"
    """For all attempts together, with the gate's runs; "off" for no bound."""
    tokens: int = 0
    """For all attempts together; 0 for no bound."""
    usd: float = 0.0
    files: int = 20
    """So many may differ at most."""
    lines: int = 400
    """So many may come or go at most."""
    paths: tuple[str, ...] = ("**",)
    """What may change."""
    protected: tuple[str, ...] = ()
    """What may not, besides the files that decide what runs."""


def read_fix(project: Project) -> FixSettings:
    """`[tool.atomci.fix]`. Raises UsageError."""
    settings = own_table(project, "fix", FixSettings)
    for key, problem, hint in problems_of(settings):
        raise table_error(project, ("fix", key), problem, hint)
    return settings


def budget_of(settings: FixSettings) -> Budget:
    """The bounds on all attempts together."""
    return Budget(settings.attempts, seconds_of(settings.wall), settings.tokens or None, settings.usd or None)


def allowance_of(settings: FixSettings, prefix: str = "") -> Allowance:
    """The bounds on what a fix may touch, as paths from the top of the repository; `prefix` leads from there
    to the project: "" or "sub/".
    """
    own = (*(PROTECTED if prefix else ()), *settings.protected)
    protected = (*PROTECTED, *(f"{prefix}{glob}" for glob in own))
    scope = tuple(f"{prefix}{glob}" for glob in settings.paths)
    return Allowance(scope, protected, settings.files, settings.lines)


def problems_of(settings: FixSettings) -> Iterator[tuple[str, str, str]]:
    """The key, what is wrong, and a hint."""
    if settings.command:
        yield from _of_command(settings.command)
    if not 1 <= settings.attempts <= _MOST_ATTEMPTS:
        yield "attempts", f"give a number from 1 to {_MOST_ATTEMPTS}", "such as attempts = 3"
    try:
        seconds_of(settings.wall)
    except ValueError:
        yield "wall", f"{settings.wall!r} is no time", 'such as wall = "30m", "1h30m" or "off"'
    for key in ("tokens", "usd"):
        if not 0 <= getattr(settings, key) < float("inf"):
            yield key, "give a number above 0, or 0 for no bound", ""
    yield from _of_change(settings)


def _of_change(settings: FixSettings) -> Iterator[tuple[str, str, str]]:
    for key in ("files", "lines"):
        if getattr(settings, key) < 1:
            yield key, "nothing could be fixed so", "give a number above 0"
    for key in ("paths", "protected"):
        for glob in getattr(settings, key):
            if not glob or glob.startswith("/") or ".." in glob.split("/"):
                yield key, f"not a path from the project: {glob!r}", 'such as paths = ["src/**", "tests/**"]'
    if not settings.paths:
        yield "paths", "nothing could be fixed so", 'such as paths = ["src/**", "tests/**"]'


def _of_command(command: str) -> Iterator[tuple[str, str, str]]:
    if problem := command_problem(command):
        yield "command", problem, ""
    elif not any(mark in word for word in shlex.split(command) for mark in (TASK, TASK_FILE)):
        yield (
            "command",
            f"it has neither {TASK} nor {TASK_FILE}, so nobody tells it what to fix",
            'such as command = "claude -p {task}"',
        )
