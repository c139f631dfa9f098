"""The one command that shows a failure again, as it is pasted into this host's shell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from atomci.artifacts.handed.failures import Failure
from atomci.tools.process import shell_line

__all__ = ["Ways"]

_MARKERS: Mapping[str, str] = {"integration": "integration", "e2e": "e2e"}


@dataclass(frozen=True)
class Ways:
    """How things are run in a project: `atomci` and `python` as they are typed there."""

    atomci: str
    python: str
    uncovered: bool
    """pytest-cov is there, and has to be told to leave one test alone."""
    lent: frozenset[str] = frozenset()
    """Files of tests that use what atomci lends them, so that plain pytest wouldn't do."""

    def again(self, failure: Failure) -> str:
        """A test by plain pytest where that shows the same, all else by its atom."""
        if not failure.test or failure.test.partition("::")[0] in self.lent or failure.kind == "flaky":
            return f"{self.atomci} run {failure.atom}"
        words = ["-m", "pytest"]
        if (marker := _MARKERS.get(failure.layer)) and "::" in failure.test:
            words += ["-m", marker]
        if self.uncovered:
            words.append("--no-cov")
        return f"{self.python} {shell_line([*words, failure.test])}"
