"""What single atoms can be asked for on the command line. The engine hands it through."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from atomci.errors import UsageError

__all__ = [
    "FixtureOptions",
    "InstallOptions",
    "OneShard",
    "PatchOptions",
    "ProtectionOptions",
    "RoundOptions",
    "ShardOptions",
]


@dataclass(frozen=True)
class InstallOptions:
    """Phase 0: install missing programs with this host's package manager."""

    install: bool = False


@dataclass(frozen=True)
class ProtectionOptions:
    """atom_072: make GitHub what the project's files say; else it is only compared."""

    apply: bool = False
    prune: bool = False
    """Count and, with `apply`, take away what only GitHub has."""


@dataclass(frozen=True)
class FixtureOptions:
    """atom_045: move shared fixtures to the conftest that should hold them; else they are only named."""

    write: bool = False


@dataclass(frozen=True)
class RoundOptions:
    """atom_046: how many rounds at most, and how many seconds a round waits for an edit of what is red."""

    rounds: int = 5
    wait: float = 0.0


@dataclass(frozen=True)
class PatchOptions:
    """atom_054: bring the patch to the checkout; else it is only judged."""

    apply: bool = False


@dataclass(frozen=True)
class OneShard:
    """One of `count` parts of the unit suite, counted from 1."""

    index: int
    count: int

    def __str__(self) -> str:
        return f"shard {self.index} of {self.count}"

    @classmethod
    def named(cls, text: str, count: int) -> OneShard:
        """The shard I/N, where the project has `count` shards. Raises UsageError."""
        if not (match := re.fullmatch(r"(\d+)/(\d+)", text.strip(), re.ASCII)):
            raise UsageError(f"--shard: {text!r} isn't I/N", f"--shard 1/{count}")
        shard = cls(int(match[1]), int(match[2]))
        if shard.count != count:
            raise UsageError(
                f"--shard: {text}, but there are {count} shards in [tool.atomci.shards] of pyproject.toml",
                f"set count = {shard.count} there, or give I/{count}",
            )
        if not 1 <= shard.index <= count:
            raise UsageError(f"--shard: there is no {shard}", f"shards are 1/{count} to {count}/{count}")
        return shard


@dataclass(frozen=True)
class ShardOptions:
    """Phase 5: run one shard, or judge together what all shards left in a folder instead of running any."""

    one: OneShard | None = None
    left_in: Path | None = None
