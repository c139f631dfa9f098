"""What the loop is told, and whom it tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from atomci.artifacts.printed.watching import WatchEvent
from atomci.watch.board import Board
from atomci.watch.processes import Run
from atomci.watch.triage import Triage

__all__ = ["Key", "Message", "ProcessGone", "Repaint", "Saved", "Shown", "TestsDone", "TriageDone"]


@dataclass(frozen=True)
class Saved:
    """Some file may have changed."""


@dataclass(frozen=True)
class Key:
    """Somebody pressed it; empty at the end of the input."""

    name: str


@dataclass(frozen=True)
class Repaint:
    """The terminal has another size, or is ours again."""


@dataclass(frozen=True)
class TestsDone:
    """A cycle's pytest has said its exit code; its process is still to end."""

    run: Run


@dataclass(frozen=True)
class ProcessGone:
    """A cycle's process is gone."""

    run: Run


@dataclass(frozen=True)
class TriageDone:
    """The static tools have looked."""

    triage: Triage


Message = Saved | Key | Repaint | TestsDone | ProcessGone | TriageDone


class Shown(Protocol):
    """Whoever is told."""

    def tell(self, event: WatchEvent) -> None:
        """Something happened."""

    def paint(self, board: Board) -> None:
        """What there is to see now."""

    def repaint(self, board: Board) -> None:
        """The same, though nothing that was drawn may still be there."""
