"""What `atomci audit` prints with --json, as typed structs."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

__all__ = ["AuditFault", "AuditShown", "AuditVerdict"]


class AuditShown(Struct, frozen=True, kw_only=True):
    """`atomci audit show --json`: entries as the log has them, the newest last; no entry, no `head`."""

    schema: Literal["atomci/audit/1"] = "atomci/audit/1"
    head: str
    entries: tuple[dict[str, Any], ...]


class AuditFault(Struct, frozen=True, kw_only=True):
    """What is wrong with the log. `line` counts from 1; 0 is about a run and not about a line."""

    kind: Literal["edited", "missing", "torn", "newer", "cut", "rewritten", "another log", "unrecorded"]
    line: int
    words: str


class AuditVerdict(Struct, frozen=True, kw_only=True):
    """`atomci audit verify --json`. `anchors` are the heads that were kept elsewhere, by where they are."""

    schema: Literal["atomci/audit-verdict/1"] = "atomci/audit-verdict/1"
    entries: int
    faults: tuple[AuditFault, ...]
    anchors: dict[str, str]
