"""The layers of tests that have a pipeline of their own, and where each leaves what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from atomci.artifacts import handles
from atomci.artifacts.handed.impact import Escapes, ImpactRecord
from atomci.artifacts.handed.testing import Selection, TestResult, TestSession, TestSummary
from atomci.artifacts.handles import Artifact
from atomci.project import Project
from atomci.testing import pytest_runs, results
from atomci.tools.process import Completed

__all__ = ["E2E", "INTEGRATION", "UNIT", "Layer", "gathered", "unit_tests_of"]


@dataclass(frozen=True)
class Layer:
    """A folder below tests/ and the files of its run; `marker` is asked for where one is given.

    `data` and `xml` are None where coverage isn't measured. `also` are other folders where tests may
    carry the marker.
    """

    name: str
    folder: str
    """Where its tests are; empty for all that pytest finds by the project's own settings."""
    log: Artifact[Any]
    """The recorder's results."""
    summary: Artifact[TestSummary]
    """Their counts."""
    junit: Artifact[Any]
    selection: Artifact[Selection]
    """Which of them the last run took, and why."""
    impact: Artifact[ImpactRecord]
    """What each of them runs."""
    escapes: Artifact[Escapes]
    """Failures that the selection would have missed."""
    data: Artifact[Any] | None = None
    xml: Artifact[Any] | None = None
    marker: str = ""
    also: tuple[str, ...] = ()
    later: bool = False
    """Whether a project may do without it until its first test."""

    def folders(self, root: Path) -> list[str]:
        """Where the tests of its run are: the folders that exist; none where pytest is to find them.

        Where a layer that has begun has none, pytest says that its own isn't there.
        """
        there = [folder for folder in (self.folder, *self.also) if folder and (root / folder).is_dir()]
        return there or [self.folder] * self.later

    def holds(self, path: str) -> bool:
        """Whether a path from the project's root is one of its own."""
        return path.startswith(f"{self.folder}/") if self.folder else True

    def runs(self, path: str) -> bool:
        """Whether a path is below a folder whose tests run with it."""
        return self.holds(path) or any(path.startswith(f"{folder}/") for folder in self.also)

    @property
    def kept(self) -> str:
        """What its tests leave to be looked at, such as logs and screenshots."""
        return f"artifacts/{self.name}/files"


UNIT = Layer(
    "unit",
    "tests/unit",
    log=handles.UNIT_RESULTS,
    summary=handles.UNIT_TESTS,
    junit=handles.UNIT_JUNIT,
    selection=handles.SELECTION,
    impact=handles.IMPACT,
    escapes=handles.ESCAPES,
    data=handles.UNIT_DATA,
    xml=handles.UNIT_COVERAGE,
)
INTEGRATION = Layer(
    "integration",
    "tests/integration",
    log=handles.INTEGRATION_RESULTS,
    summary=handles.INTEGRATION_TESTS,
    junit=handles.INTEGRATION_JUNIT,
    selection=handles.INTEGRATION_SELECTION,
    impact=handles.INTEGRATION_IMPACT,
    escapes=handles.INTEGRATION_ESCAPES,
    data=handles.INTEGRATION_DATA,
    xml=handles.INTEGRATION_COVERAGE,
    marker="integration",
    also=("tests/contracts", "tests/auger"),
    later=True,
)
# The installed command runs in processes of its own: they are measured only where a project asks for it.
E2E = Layer(
    "e2e",
    "tests/e2e",
    log=handles.E2E_RESULTS,
    summary=handles.E2E_TESTS,
    junit=handles.E2E_JUNIT,
    selection=handles.E2E_SELECTION,
    impact=handles.E2E_IMPACT,
    escapes=handles.E2E_ESCAPES,
    marker="e2e",
    later=True,
)

_ALL = replace(UNIT, folder="")


def unit_tests_of(project: Project) -> Layer:
    """Those below tests/unit; all, where a project isn't set up for atomci or has its tests in no layers.

    One that isn't set up may keep tests beside its layers, which no other atom runs.
    """
    if (project.root / UNIT.folder).is_dir():
        return UNIT if project.is_joined or not _has_tests(project, _LAYERS) else _ALL
    layered = any((project.root / layer.folder).is_dir() for layer in (INTEGRATION, E2E))
    return UNIT if project.is_joined and (layered or not _has_tests(project)) else _ALL


_LAYERS = tuple(f"{layer.folder}/" for layer in (UNIT, INTEGRATION, E2E))


def _has_tests(project: Project, but: tuple[str, ...] = ()) -> bool:
    """Whether git knows a file of tests, wherever it is but in these folders."""
    files = project.git.files() or ()
    names = (PurePosixPath(path) for path in files if not (but and path.startswith(but)))
    return any(name.match("test_*.py") or name.match("*_test.py") for name in names)


def gathered(
    layer: Layer, root: Path, done: Completed
) -> tuple[tuple[TestResult, ...], TestSession | None] | None:
    """What the recorder wrote, None when it wrote nothing. A conftest's crash, which no test's result
    shows, is a result of its own.
    """
    log = root / layer.log
    if not log.is_file():
        return None
    found, session = results.read_log(log)
    if done.code not in pytest_runs.COMPLETE and not results.findings(found):
        crash = results.crash(done.stdout + done.stderr, root)
        if crash is not None:
            found = (*found, crash)
            results.write_results(log, found, session)
    return found, session
