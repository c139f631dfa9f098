"""What pytest is asked, and which modules it may import before it is."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from atomci.watch.cycle import Cycle
from atomci.watch.names import Names
from atomci.watch.processes import Run, WorkOrder
from atomci.watch.snapshot import TreeSnapshot
from atomci.watch.suite import Suite

__all__ = ["Orders"]


class Orders:
    """Knows which files of the project pytest imported until now."""

    def __init__(self, root: Path) -> None:
        self._below = f"{root}{os.sep}"
        self._names = Names(root)
        self._seen: frozenset[str] = frozenset()

    def ahead(self, suite: Suite, now: TreeSnapshot) -> WorkOrder:
        """Before anybody knows which tests."""
        seen = self._seen or frozenset(path for path in now.files if suite.is_first_seen(path))
        rows = [(path, now.files[path]) for path in seen if path in now.files]
        words = suite.words(())
        begins = words if suite.settings_are_above else ()
        return WorkOrder(
            suite.python, words, suite.variables(), names=self._names.of(rows), ahead=begins, plan=suite.plan
        )

    def of(self, suite: Suite, cycle: Cycle, now: TreeSnapshot, *, followed: bool) -> WorkOrder:
        """For a cycle. What is `followed`, the process that waits doesn't do."""
        tests = () if cycle.is_all else (*cycle.files, *cycle.only)
        if cycle.first and not cycle.is_all:  # what failed is collected first, too
            failed = [nodeid.partition("::")[0] for nodeid in cycle.first]
            tests = tuple(dict.fromkeys([*failed, *tests]))
        order = self.ahead(suite, now)
        return replace(
            order,
            words=suite.words(tests, cycle.keyword, followed=followed),
            first=cycle.first,
            only=cycle.only,
            left_out=cycle.left_out,
            ahead=() if followed else order.ahead,
        )

    def saw(self, run: Run, now: TreeSnapshot) -> None:
        """After a run that ended."""
        files = [path.removeprefix(self._below).replace(os.sep, "/") for path in run.modules]
        self._seen |= frozenset(path for path in files if path in now.files)
