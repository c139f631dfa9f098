"""The journal of a switch: what replaces what, on the disk before anything is replaced."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from atomci.decoding import converted
from atomci.errors import InfrastructureError
from atomci.tools.atomic import replace_file
from atomci.tools.git.links import link_text
from atomci.tools.git.repository import Repository

__all__ = ["FOLDER", "JOURNAL", "Journal", "Replacement", "digest", "journal_of", "write_journal"]

FOLDER = "atomci-update"
"""The folder in git's own that holds the journal and what is staged."""
JOURNAL = "journal.json"


class Replacement(Struct, frozen=True):
    """One path from the top: digests of what stands there before and after, and where the new one lies."""

    path: str
    before: str
    after: str
    staged: str


class Journal(Struct, frozen=True, kw_only=True):
    """What is being switched. `heads` are files of git's folder to write last, or to remove (None).

    `switch` fills in what was staged: the steps, and the digests of the index before and after. `unseen` are
    paths that a sparse checkout left out, `entries` mode and id of what the update puts into the index.
    """

    phase: Literal["switching", "staged", "conflicts"] = "switching"
    then: Literal["staged", "conflicts", "gone"]
    head: str
    index_before: str = ""
    index_after: str = ""
    steps: tuple[Replacement, ...] = ()
    heads: dict[str, str | None] = {}
    message: str = ""
    template: str
    versions: tuple[str, str]
    conflicted: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    entries: dict[str, str] = {}


def journal_of(repository: Repository) -> Journal | None:
    """The journal of an update that is under way here or was broken off; None without one."""
    path = repository.git_dir / FOLDER / JOURNAL
    try:
        return converted(json.loads(path.read_bytes()), Journal)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, msgspec.ValidationError) as error:
        raise InfrastructureError(f"{path} can't be read: {error}", f"remove {path.parent}") from None


def write_journal(repository: Repository, journal: Journal, name: str = JOURNAL) -> None:
    """Write it to the disk, under its own name or another."""
    # Not by msgspec, which takes no path that isn't UTF-8.
    content = json.dumps(msgspec.to_builtins(journal), separators=(",", ":")).encode()
    replace_file(repository.git_dir / FOLDER / name, content, durable=True)


def digest(path: Path) -> str:
    """What tells a file from another: kind, executable bit and content; "" where there is none."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        if path.is_symlink():
            return f"link {os.fsdecode(link_text(path))}"
        if path.is_dir():
            return "folder"
        if not stat.S_ISREG(path.stat().st_mode):
            return "pipe or device"
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        return f"{'x' if os.name != 'nt' and path.stat().st_mode & 0o100 else '-'} {content}"
    return ""
