"""An agent's settings and login, copied for one session: it can change neither yours nor its own rules."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["LOGINS", "own_state"]

LOGINS = (
    ".claude/.credentials.json",
    ".claude/projects",
    ".claude/history.jsonl",
    ".codex/auth.json",
    ".codex/sessions",
    ".codex/history.jsonl",
    ".gemini/oauth_creds.json",
    ".gemini/tmp",
)
"""Logins and what was said, of all agents; below the user's home."""


@dataclass(frozen=True)
class _State:
    """`variable` names the folder to the tool, which then looks `inside` it; `files` are copied."""

    variable: str
    folder: str
    files: tuple[str, ...]
    inside: str = ""
    beside: tuple[str, ...] = ()


_STATES = {
    "claude": _State(
        "CLAUDE_CONFIG_DIR",
        ".claude",
        (
            ".credentials.json",
            "settings.json",
            "settings.local.json",
            "CLAUDE.md",
            "agents",
            "commands",
            "skills",
        ),
        beside=(".claude.json",),
    ),
    "codex": _State(
        "CODEX_HOME", ".codex", ("auth.json", "config.toml", "AGENTS.md", "prompts", "skills", "rules")
    ),
    "gemini": _State(
        "GEMINI_CLI_HOME",
        ".gemini",
        (
            "oauth_creds.json",
            "google_accounts.json",
            "settings.json",
            "installation_id",
            "GEMINI.md",
            "commands",
        ),
        inside=".gemini",
    ),
}


def own_state(tool: str, home: Path, scratch: Path, around: Mapping[str, str]) -> dict[str, str]:
    """Copy what a tool needs to be itself, and return the variable that leads it there; nothing of others.

    History and transcripts stay behind. Raises OSError.
    """
    state = _STATES.get(tool)
    if state is None:
        return {}
    named = around.get(state.variable)
    source = Path(named) / state.inside if named else home / state.folder
    own = scratch / "agent"
    target = own / state.inside
    target.mkdir(parents=True)
    for name in state.files:
        _copy(source / name, target / name)
    for name in state.beside:  # in the folder, once the variable names one
        _copy((source if named else home) / name, target / name)
    return {state.variable: str(own)}


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    elif source.is_file():
        shutil.copy2(source, target)
