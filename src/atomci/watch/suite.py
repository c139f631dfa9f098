"""What a cycle of `atomci watch` runs: the tests that changed paths reach, and pytest's words for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath

from atomci.artifacts.handed.impact import ImpactRecord
from atomci.artifacts.handed.testing import Selection, TestResult, TestSession
from atomci.atoms.loading.load import Loader
from atomci.atoms.parts.layers.layer_runs import lent_variables, why_unrunnable
from atomci.atoms.parts.layers.layer_selection import every_test, test_files
from atomci.atoms.parts.layers.retries import quarantine_alone, quarantine_plan
from atomci.engine.context import Context
from atomci.errors import InfrastructureError
from atomci.project import Project
from atomci.testing import pytest_runs
from atomci.testing.flaky.flakiness import Flakiness
from atomci.testing.layers import Layer, unit_tests_of
from atomci.testing.pytest_config import FILES, read_pytest_config
from atomci.watch.record import reached_by

__all__ = ["Suite", "suite_at"]

ATOM = "start_loop_on_fail"


@dataclass(frozen=True)
class Suite:
    """A project's unit tests as they are now, read once: a new one is made for each cycle."""

    ctx: Context
    record: ImpactRecord | None = None
    """What each test was seen to run."""

    @cached_property
    def layer(self) -> Layer:
        """Where they are. Coverage isn't measured."""
        return replace(unit_tests_of(self.ctx.project), data=None)

    @cached_property
    def plan(self) -> bytes:
        """What pytest is told of tests in quarantine; empty without any. Raises UsageError."""
        return quarantine_plan(self.ctx, self.layer)

    def held(self, found: Sequence[TestResult], session: TestSession | None) -> Flakiness:
        """What of them failed, and which entries make the tests red."""
        return quarantine_alone(self.ctx, self.layer, found, session)

    @property
    def python(self) -> str:
        """The interpreter of the tests."""
        return self.ctx.project.python

    def reached_by(self, changed: Sequence[str] | None) -> Selection:
        """The tests that changed paths reach; None where nobody can tell what changed."""
        return reached_by(self.ctx, self.record, changed, self.files)

    @property
    def everything(self) -> Selection:
        """All of them."""
        return every_test(self.ctx, self.layer, "as asked")

    @cached_property
    def files(self) -> list[str]:
        """Files that pytest collects."""
        return test_files(self.ctx, self.layer)

    def is_first_seen(self, path: str) -> bool:
        """Whether the first cycle will import it, as far as paths tell."""
        inside = path.startswith("src/") or path.endswith("conftest.py")
        return path.endswith(".py") and (inside or (bool(self.layer.folder) and self.layer.holds(path)))

    @property
    def settings_are_above(self) -> bool:
        """Whether pytest reads the same settings whichever of the files it is given."""
        folders = {folder for file in self.files for folder in PurePosixPath(file).parents if folder.name}
        return not any(
            (self.ctx.root / folder / name).is_file() for folder in folders for name in (*FILES, "setup.py")
        )

    def words(self, tests: Sequence[str], keyword: str = "", *, followed: bool = False) -> tuple[str, ...]:
        """After `python -m pytest`: no coverage, and all tests though some fail. `followed`: what they run is
        noted.
        """
        layer = self.layer
        config = read_pytest_config(self.ctx.root, layer.folder)
        words = pytest_runs.arguments(
            tests or layer.folders(self.ctx.root),
            keep_going=True,
            marker=pytest_runs.marked(config, layer.marker),
            cover=("--no-cov",) if self.ctx.project.version_of("pytest-cov") else (),
            observed=followed,
            followed=followed,
            retried=bool(self.plan),
        )
        # A file that can't be read hides nothing of the others.
        words = (*words, "--continue-on-collection-errors", "-p", "atomci.testing.chosen")
        return (*words, "-k", keyword) if keyword else words

    def variables(self) -> Mapping[str, str]:
        """What the tests' process is given on top of this one's."""
        return lent_variables(self.ctx)


def suite_at(root: Path, record: ImpactRecord | None = None) -> Suite:
    """Of the project as it is now, and what is known of its tests. Raises AtomciError where its settings or
    its environment are unfit.
    """
    loader = Loader(Project(root))
    ctx = Context(loader.workspace(), loader.catalog.atoms[ATOM])
    why = why_unrunnable(ctx.project)
    if why or not Path(ctx.project.python).exists():
        raise InfrastructureError(
            f"the tests can't be run: {why or 'the project has no environment'}",
            "make one with pytest in it: uv sync, or python -m venv .venv",
        )
    return Suite(ctx, record)
