"""The layers of tests that have a pipeline of their own, and where each leaves what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from atomci.artifacts.testing import TestResult, TestSummary
from atomci.testing import pytest_runs, results
from atomci.tools.process import Completed

__all__ = ["E2E", "INTEGRATION", "UNIT", "Layer", "gathered", "summary_of"]


@dataclass(frozen=True)
class Layer:
    """A folder below tests/ and the files of its run; `marker` is asked for where one is given.

    `data` and `xml` are empty where coverage isn't measured. `also` are other folders where tests may
    carry the marker.
    """

    name: str
    junit: str
    data: str = ""
    xml: str = ""
    marker: str = ""
    also: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """Where its tests are."""
        return f"tests/{self.name}"

    def folders(self, root: Path) -> list[str]:
        """Where the tests of its run are: those of the folders that exist."""
        return [folder for folder in (self.folder, *self.also) if (root / folder).is_dir()]

    @property
    def log(self) -> str:
        """The recorder's results."""
        return f"artifacts/tests/{self.name}.jsonl"

    @property
    def summary(self) -> str:
        """Their counts."""
        return f"artifacts/tests/{self.name}.json"

    @property
    def kept(self) -> str:
        """What its tests leave to be looked at, such as logs and screenshots."""
        return f"artifacts/{self.name}/files"


UNIT = Layer(
    "unit",
    junit="artifacts/reports/junit.xml",
    data="artifacts/tests/coverage.data",
    xml="artifacts/reports/coverage.xml",
)
INTEGRATION = Layer(
    "integration",
    junit="artifacts/reports/integration.xml",
    data="artifacts/tests/integration.coverage.data",
    xml="artifacts/reports/integration.coverage.xml",
    marker="integration",
    also=("tests/contracts", "tests/auger"),
)
# The installed command runs in processes of its own, where coverage sees nothing.
E2E = Layer("e2e", junit="artifacts/reports/e2e.xml", marker="e2e")


def gathered(layer: Layer, root: Path, done: Completed) -> tuple[TestResult, ...] | None:
    """What the recorder wrote, None when it wrote nothing. A conftest's crash, which no test's result
    shows, is a result of its own.
    """
    log = root / layer.log
    found = results.read_results(log) if log.is_file() else ()
    if done.code not in pytest_runs.COMPLETE and not results.findings(found):
        crash = results.crash(done.stdout + done.stderr, root)
        if crash is not None:
            found = (*found, crash)
            results.write_results(log, found)
    return found if found or log.is_file() else None


def summary_of(found: Sequence[TestResult], left_out: str = "") -> TestSummary:
    """Counts, and why they aren't those of the whole layer: tests were left out, or a failure ended it."""
    why = left_out or ("the suite stopped on a failure" if results.findings(found) else "")
    return TestSummary(counts=results.counts(found), complete=not why, why_incomplete=why)
