"""What a run depended on: artifacts/runs/<id>/manifest.json, for comparing runs of several machines."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from atomci.artifacts.handed.schemas import Status

__all__ = ["MANIFEST", "DifferenceKind", "Manifest", "Parity", "Ran", "RunDifference"]

MANIFEST = "manifest.json"
DifferenceKind = Literal[
    "verdict", "commit", "lock", "package", "python", "system", "file", "variable", "atom", "run"
]


class Ran(Struct, frozen=True, kw_only=True):
    """How an atom ended, and what it started; paths of the project are relative to its root."""

    status: Status
    reason: str
    cached: bool
    commands: tuple[str, ...]


class Manifest(Struct, frozen=True, kw_only=True):
    """What a run depended on. Hashes are those of `Observed`."""

    schema: Literal["atomci/manifest/1"] = "atomci/manifest/1"
    run: str
    time: str
    atomci: str
    targets: tuple[str, ...]
    event: str
    """What started it: GitHub's name of the event, or `local`."""
    since: str | None
    commit: str | None
    uncommitted: tuple[str, ...] | None
    """Paths that differ from the commit, new ones too; None where git doesn't say."""
    python: str
    system: str
    packages: dict[str, str]
    """Versions of all that is installed in the project's environment."""
    inputs: dict[str, str]
    """Files of the project that a result rests on, settings and locks, each with its hash."""
    variables: dict[str, str]
    """Values of those that change what Python, pytest or a locale does; of others that count, hashes."""
    atoms: dict[str, Ran]


class RunDifference(Struct, frozen=True, kw_only=True):
    """One thing in which two runs differ."""

    kind: DifferenceKind
    what: str
    first: str
    second: str
    counts: bool
    """Whether a verdict may differ because of it."""
    remedy: str = ""


class Parity(Struct, frozen=True, kw_only=True):
    """`atomci parity A B --json`."""

    schema: Literal["atomci/parity/1"] = "atomci/parity/1"
    first: str
    second: str
    same: bool
    """Whether there is no difference that counts."""
    differences: tuple[RunDifference, ...]
