"""The folders of the conventions, and the lines that keep caches and artifacts out of version control."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atomci.bootstrap.profile import has_layers, has_scripts, works_with

__all__ = [
    "FOLDERS",
    "LEFT_BY_A_RUN",
    "REQUIRED",
    "RequiredLines",
    "folders_of",
    "in_the_way",
    "line_of",
    "make_folders",
    "missing_folders",
    "missing_lines",
    "with_missing_lines",
]

FOLDERS = (
    "src",
    "tests/unit",
    "tests/integration",
    "tests/e2e",
    "tests/contracts",
    "tests/auger",
    "tests/fixtures",
    "artifacts/reports",
    "artifacts/cli_runs",
    ".github/workflows",
    ".vscode",
    "scripts",
)


@dataclass(frozen=True)
class RequiredLines:
    """Lines that a file must hold; missing ones go to its end, or to its start where the last match wins."""

    path: str
    lines: tuple[str, ...]
    at_start: bool = False


REQUIRED = (
    RequiredLines(
        ".gitignore",
        (
            ".venv/",
            ".env",
            "/artifacts/",
            ".atomci_cache/",
            ".mypy_cache/",
            ".pytest_cache/",
            ".ruff_cache/",
            ".coverage",
            "__pycache__/",
            "*.egg-info/",
            "/build/",
            "/dist/",
        ),
    ),
    # At the end it would undo `*.bat eol=crlf` and `*.png binary` above it.
    RequiredLines(".gitattributes", ("* text=auto eol=lf",), at_start=True),
)


LEFT_BY_A_RUN = (
    "artifacts",
    ".atomci_cache",
    ".venv",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".coverage",
)
"""What a full gate run leaves in the tree, none of which is for version control."""


def folders_of(answers: Mapping[str, Any]) -> tuple[str, ...]:
    """The folders of the conventions, but for those that the answers leave out."""
    layers = has_layers(answers)
    there = {
        "tests/integration": layers,
        "tests/e2e": layers,
        "tests/contracts": layers,
        "tests/auger": works_with(answers, "recording"),
        "tests/fixtures": layers,
        ".vscode": works_with(answers, "vscode"),
        "scripts": has_scripts(answers) or answers.get("dependency_manager") == "pip-tools",
    }
    return tuple(folder for folder in FOLDERS if there.get(folder, True))


def missing_folders(root: Path, folders: Sequence[str] = FOLDERS) -> list[str]:
    """Those that aren't there."""
    return [folder for folder in folders if not (root / folder).is_dir()]


def in_the_way(root: Path, folders: Sequence[str] = FOLDERS) -> list[str]:
    """What stands where one of the folders, or a parent of one, belongs, and is no folder."""
    places = {Path(*Path(folder).parts[:n]) for folder in folders for n in (1, 2)}
    return sorted(
        place.as_posix() for place in places if os.path.lexists(root / place) and not (root / place).is_dir()
    )


def make_folders(root: Path, folders: Sequence[str]) -> None:
    """Make folders; an empty one gets a .gitkeep where git is to keep it."""
    for folder in folders:
        path = root / folder
        path.mkdir(parents=True, exist_ok=True)
        if not folder.startswith("artifacts/") and not any(path.iterdir()):
            (path / ".gitkeep").touch()


def missing_lines(text: str, required: RequiredLines) -> list[str]:
    """Required lines that a file's text lacks; `artifacts` covers `/artifacts/`, but not the other way."""
    present = {_plain(line) for line in text.splitlines()}
    return [line for line in required.lines if not {_plain(line), _plain(line).lstrip("/")} & present]


def line_of(text: str, wanted: str) -> int:
    """The number of the line that holds a required one; 0 when none does."""
    plain = {_plain(wanted), _plain(wanted).lstrip("/")}
    return next((number for number, line in enumerate(text.splitlines(), 1) if _plain(line) in plain), 0)


def with_missing_lines(text: str, required: RequiredLines) -> str:
    """The text with what it lacks at its end or start, in its own line endings; every own line is kept."""
    missing = missing_lines(text, required)
    if not missing:
        return text
    newline = "\r\n" if "\r\n" in text else "\n"
    block = newline.join([*missing, ""])
    if not text:
        return block
    if required.at_start:
        return block + text
    return text + ("" if text.endswith("\n") else newline) + newline + block


def _plain(line: str) -> str:
    return " ".join(line.strip().rstrip("/").split())
