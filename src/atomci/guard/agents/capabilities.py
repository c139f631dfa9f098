"""What an agent's program can do today, by its own help: options change from month to month."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from atomci.artifacts.json_text import json_of
from atomci.decoding import decoded
from atomci.errors import AtomciError
from atomci.guard.agents.protocol import Agent
from atomci.tools.atomic import replace_file
from atomci.tools.process import Children, Command

__all__ = ["Capabilities", "capabilities_of"]

_OPTION = re.compile(r"(?<![\w-])--[a-zA-Z][\w-]*")
_VERSION = re.compile(r"\d+(?:\.\d+)+[\w.+-]*")
_PATIENCE = 15.0


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """The options that its help names, and its version; `program` is the file that was asked."""

    program: str = ""
    options: tuple[str, ...] = ()
    version: str | None = None


def capabilities_of(program: Sequence[str], agent: Agent, folder: Path) -> Capabilities:
    """Asked once for each file of the program, and kept in the folder; nothing where it doesn't answer."""
    identity = _identity(program)
    kept = folder / "capabilities.json"
    try:
        known = decoded(kept.read_bytes(), Capabilities)
        if known.program == identity:
            return known
    except (OSError, msgspec.DecodeError):
        pass
    options = tuple(sorted(set(_OPTION.findall(_said(program, *agent.HELP)))))
    version = _VERSION.search(_said(program, "--version")) if options else None
    found = Capabilities(program=identity, options=options, version=version[0] if version else None)
    if options:
        replace_file(kept, json_of(found) + b"\n")
    return found


def _identity(program: Sequence[str]) -> str:
    path = shutil.which(program[0])
    if path is None:
        return " ".join(program)
    real = Path(path).resolve()
    state = real.stat()
    return " ".join([str(real), str(state.st_size), str(state.st_mtime_ns), *program[1:]])


def _said(program: Sequence[str], *words: str) -> str:
    command = Command((*program, *words), timeout=_PATIENCE, limit=1_000_000)
    try:
        done = Children().run(command, Path.cwd())
    except AtomciError:
        return ""
    return done.stdout + done.stderr
