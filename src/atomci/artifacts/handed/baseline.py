"""The file that holds what was found before the gate was there, and what changed in it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from msgspec import Struct

from atomci.artifacts.handed.schemas import Finding

__all__ = ["BaselineEntry", "BaselineHead", "BaselineRenewal", "Kind"]


class Kind(NamedTuple):
    """What is counted together: findings of one atom that say the same in one file."""

    atom: str
    path: str
    rule: str
    message: str


class BaselineHead(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first line."""

    schema: Literal["atomci/baseline/1"] = "atomci/baseline/1"
    about: str = "found before the gate; atomci baseline removes what is fixed"


class BaselineEntry(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Findings that are held: as many as `lines`, each a hash of the text of its line.

    In `message`, N stands for a number. `why` says why they were added after the file was made.
    """

    path: str
    atom: str
    rule: str
    message: str
    lines: tuple[str, ...]
    why: str = ""

    @property
    def kind(self) -> Kind:
        """What it holds."""
        return Kind(self.atom, self.path, self.rule, self.message)


class BaselineRenewal(Struct, frozen=True, kw_only=True):
    """What `atomci baseline --json` prints, in numbers of findings.

    `new` are found and not held. `unread` can't be held, since the tool read no further. `missing` are atoms
    that left no findings, with the reason; their entries stay.
    """

    schema: Literal["atomci/baseline-renewal/1"] = "atomci/baseline-renewal/1"
    held: int
    added: int
    fixed: int
    renamed: int
    edited: int
    new: tuple[Finding, ...]
    unread: tuple[Finding, ...]
    missing: dict[str, str]
