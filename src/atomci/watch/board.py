"""What there is to see of the loop at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from atomci.artifacts.handed.testing import TestResult
from atomci.artifacts.printed.watching import CycleFinished, CycleStarted
from atomci.watch.cycle import Filter

__all__ = ["Board"]


@dataclass(frozen=True)
class Board:
    """`running` is the cycle that goes on, `last` the one that ended last, `failed` what failed since."""

    running: CycleStarted | None = None
    done: int = 0
    selected: int = 0
    now: str = ""
    """The test that runs."""
    seconds: int = 0
    """How long the cycle has been running, whole seconds."""
    triage: bool = False
    """Whether static tools run."""
    last: CycleFinished | None = None
    failed: Mapping[str, TestResult] = field(default_factory=dict)
    asked: Filter = field(default_factory=Filter)
    prompt: str | None = None
    """What is being asked and typed; None where nothing is."""
    help: bool = False
