"""`[tool.atomci.retries]`: whether atomci itself runs tests again, and what is said of those that pass."""

from __future__ import annotations

from typing import Literal

import msgspec

from atomci.project import Project
from atomci.tables import own_table, table_error
from atomci.testing.flaky.plan import RERUNS_OF_A_TEST

__all__ = ["RetrySettings", "read_retries"]


class RetrySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which failures are tried again."""

    times: int = 0
    """How often one test may run again; 0: atomci runs nothing again."""
    causes: tuple[Literal["time-out", "network", "flaky"], ...] = ("time-out", "network", "flaky")
    """`flaky`: the test passed on retry in a run of the last two weeks, so that it may fail in any way."""
    new: Literal["fail", "report"] = "fail"
    """Whether a test that is flaky for the first time makes the run red."""


def read_retries(project: Project) -> RetrySettings:
    """`[tool.atomci.retries]`. Raises UsageError."""
    found = own_table(project, "retries", RetrySettings)
    if not 0 <= found.times <= RERUNS_OF_A_TEST:
        raise table_error(project, ("retries", "times"), f"give a number from 0 to {RERUNS_OF_A_TEST}")
    return found
