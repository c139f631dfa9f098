"""A cycle whose tests ended, and whose process hasn't yet: what is still to be seen of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from atomci.artifacts.printed.watching import WatchVerdict
from atomci.testing.judging import how_ended
from atomci.watch.going import Going
from atomci.watch.ledger import Ledger
from atomci.watch.snapshot import TreeSnapshot

__all__ = ["Parting"]

_WITHIN = 30.0
"""Seconds that a process may take to end after its tests."""


@dataclass(frozen=True)
class Parting:
    """`before` is what was known without its verdict, `verdict` what was said, `known` whether that told all
    about what changed. `files` are those that were the same all the time, `texts` theirs where they may be
    others when its notes are read.
    """

    going: Going
    before: Ledger
    verdict: WatchVerdict
    known: bool
    files: TreeSnapshot
    texts: Mapping[str, bytes]
    until: float = field(default_factory=lambda: time.monotonic() + _WITHIN)

    @property
    def patience(self) -> float:
        """Seconds until it takes too long."""
        return max(0.0, self.until - time.monotonic())

    @property
    def why_taken_back(self) -> str:
        """Why what was said doesn't stand; empty where it does."""
        run = self.going.run
        if run.said is None:  # then nothing was said before its end
            return ""
        if not run.is_gone:
            return f"pytest's process didn't end within {_WITHIN:.0f} s" if not self.patience else ""
        if run.completed is None:
            return f"pytest's process is lost: {run.error}"
        if (code := run.completed.code) != run.said:
            return f"pytest came to its end with exit code {run.said}, and then its process {how_ended(code)}"
        return ""

    def unsettled(self, now: Ledger) -> Ledger:
        """Where nobody saw how its process ended: what had changed counts as changed still."""
        return Ledger(self.before.base, now.failed, now.disturbed)
