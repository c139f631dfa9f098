"""Every artifact that atoms hand over: where it is, and which published schema it keeps.

Rows of the catalog, `Context.read` and `Context.write`, and the documentation name an artifact by its handle.
The structs are imported when one is read, so that the catalog loads none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from atomci.artifacts.handed.autofix import FixBounds, FixEnd, FixPatch, FixReport
    from atomci.artifacts.handed.failures import Checkpoint, Failures
    from atomci.artifacts.handed.fixing import BehaviorWork, FixedByTools, TypeWork, UnitRounds
    from atomci.artifacts.handed.fixtures import SharedFixtures
    from atomci.artifacts.handed.impact import Escapes, ImpactRecord
    from atomci.artifacts.handed.lines import LinesRecord
    from atomci.artifacts.handed.runs import Index, Result
    from atomci.artifacts.handed.schemas import (
        AllFindings,
        Evidence,
        Exercised,
        Findings,
        Gate,
        HostFacts,
        IntegrationEnv,
        Lanes,
        ManagerChoice,
        OverrideRows,
        Preconditions,
        Protection,
        Rehearsal,
        Reports,
        Retention,
        Stage,
        ToolReport,
    )
    from atomci.artifacts.handed.snapshots import Branched
    from atomci.artifacts.handed.testing import (
        CoverageBudget,
        Durations,
        ParallelPlan,
        PesterRun,
        Selection,
        Shards,
        TestSummary,
    )
    from atomci.artifacts.handed.trends import Trends
    from atomci.artifacts.printed.done import DoneAnswer

__all__ = ["Artifact", "answer", "evidence", "result_of"]

T = TypeVar("T")


class Artifact(NamedTuple, Generic[T]):
    """A file below artifacts/, or a folder where its path ends in /. Text and paths take it as its path."""

    path: str
    schema: str = ""
    """The name of its published schema; empty where it isn't JSON of ours."""
    form: str = ""
    """What it is where it has no schema, such as JUnit."""

    def __str__(self) -> str:
        return self.path

    def __fspath__(self) -> str:
        return self.path

    @property
    def kind(self) -> type[T]:
        """Its struct. Raises KeyError where it has no schema."""
        from atomci.artifacts.published import SCHEMAS

        return SCHEMAS[self.schema]  # type: ignore[return-value]


def evidence(path: str) -> Artifact[Evidence]:
    """What an atom writes down that proves facts."""
    return Artifact(path, "evidence")


def answer(path: str) -> Artifact[DoneAnswer]:
    """An answer of the definition of done."""
    return Artifact(path, "done-answer")


def result_of(atom: str) -> Artifact[Result]:
    """How an atom ended the last time."""
    return Artifact(f"artifacts/atoms/{atom}.json", "result")


HOST: Artifact[HostFacts] = Artifact("artifacts/bootstrap/host.json", "host")
PYTHON: Artifact[ToolReport] = Artifact("artifacts/bootstrap/python.json", "tools")
GIT: Artifact[ToolReport] = Artifact("artifacts/bootstrap/git.json", "tools")
POWERSHELL: Artifact[ToolReport] = Artifact("artifacts/bootstrap/powershell.json", "tools")
NODE: Artifact[ToolReport] = Artifact("artifacts/bootstrap/node.json", "tools")
DOCKER: Artifact[ToolReport] = Artifact("artifacts/bootstrap/docker.json", "tools")
MANAGER: Artifact[ManagerChoice] = Artifact("artifacts/bootstrap/manager.json", "manager")
TOOLCHAIN: Artifact[ToolReport] = Artifact("artifacts/bootstrap/toolchain.json", "tools")

RUFF: Artifact[Findings] = Artifact("artifacts/findings/ruff.json", "findings")
BLACK: Artifact[Findings] = Artifact("artifacts/findings/black.json", "findings")
MYPY: Artifact[Findings] = Artifact("artifacts/findings/mypy.json", "findings")
STATIC_SARIF: Artifact[Any] = Artifact("artifacts/reports/static.sarif", form="SARIF 2.1.0")
FINDINGS: Artifact[AllFindings] = Artifact("artifacts/reports/findings.json", "all-findings")
LANES: Artifact[Lanes] = Artifact("artifacts/reports/lanes.json", "lanes")
FIX_BRANCH: Artifact[Branched] = Artifact("artifacts/guard/branch.json", "branched")
FIXED: Artifact[FixedByTools] = Artifact("artifacts/fix/fixed.json", "fixed")
BEHAVIOR_WORK: Artifact[BehaviorWork] = Artifact("artifacts/fix/behavior.json", "behavior-work")
FIX_BOUNDS: Artifact[FixBounds] = Artifact("artifacts/fix/bounds.json", "fix-bounds")
FIX_REPORT: Artifact[FixReport] = Artifact("artifacts/fix/fix.json", "fix")
FIX_PATCH: Artifact[Any] = Artifact("artifacts/fix/fix.patch", form="what `git apply` takes")
FIX_WORK: Artifact[Any] = Artifact("artifacts/fix/work.md", form="Markdown")
FIX_JUDGED: Artifact[FixPatch] = Artifact("artifacts/fix/judged.json", "fix-patch")
FIX_END: Artifact[FixEnd] = Artifact("artifacts/fix/end.json", "fix-end")
FIX_PAGE: Artifact[Any] = Artifact("artifacts/reports/autofix.md", form="Markdown")
TYPE_WORK: Artifact[TypeWork] = Artifact("artifacts/fix/types.json", "type-work")
SHARED_FIXTURES: Artifact[SharedFixtures] = Artifact("artifacts/fix/fixtures.json", "shared-fixtures")
UNIT_ROUNDS: Artifact[UnitRounds] = Artifact("artifacts/fix/rounds.json", "unit-rounds")
ROUND_RESULTS: Artifact[Any] = Artifact("artifacts/fix/round.jsonl", form="`test` events, then one `session`")

SELECTION: Artifact[Selection] = Artifact("artifacts/tests/selection.json", "selection")
PARALLEL: Artifact[ParallelPlan] = Artifact("artifacts/tests/parallel.json", "parallel")
UNIT_RESULTS: Artifact[Any] = Artifact("artifacts/tests/unit.jsonl", form="`test` events, then one `session`")
UNIT_TESTS: Artifact[TestSummary] = Artifact("artifacts/tests/unit.json", "tests")
UNIT_DATA: Artifact[Any] = Artifact("artifacts/tests/coverage.data", form="coverage's own")
UNIT_JUNIT: Artifact[Any] = Artifact("artifacts/reports/junit.xml", form="JUnit")
UNIT_COVERAGE: Artifact[Any] = Artifact("artifacts/reports/coverage.xml", form="Cobertura")
UNIT_HTML: Artifact[Any] = Artifact("artifacts/reports/htmlcov/", form="HTML")
UNIT_PAGE: Artifact[Any] = Artifact("artifacts/reports/htmlcov/index.html", form="HTML")
DURATIONS: Artifact[Durations] = Artifact("artifacts/tests/durations.json", "durations")
IMPACT: Artifact[ImpactRecord] = Artifact("artifacts/tests/impact.json", "impact")
LINES: Artifact[LinesRecord] = Artifact("artifacts/tests/impact-lines.json", "impact-lines")
ESCAPES: Artifact[Escapes] = Artifact("artifacts/tests/impact-escapes.json", "impact-escapes")
BUDGET: Artifact[CoverageBudget] = Artifact("artifacts/tests/coverage.json", "coverage")

LINT_TYPES_STAGE: Artifact[Stage] = Artifact("artifacts/stages/lint_types.json", "stage")
UNIT_STAGE: Artifact[Stage] = Artifact("artifacts/stages/unit_tests.json", "stage")
REPORTS: Artifact[Reports] = Artifact("artifacts/reports/index.json", "reports")
GATE: Artifact[Gate] = Artifact("artifacts/gate.json", "gate")

INTEGRATION_ENV: Artifact[IntegrationEnv] = Artifact("artifacts/integration/env.json", "integration-env")
INTEGRATION_RESULTS: Artifact[Any] = Artifact(
    "artifacts/tests/integration.jsonl", form="`test` events, then one `session`"
)
INTEGRATION_TESTS: Artifact[TestSummary] = Artifact("artifacts/tests/integration.json", "tests")
INTEGRATION_DATA: Artifact[Any] = Artifact(
    "artifacts/tests/integration.coverage.data", form="coverage's own; combines with that of the unit tests"
)
INTEGRATION_SELECTION: Artifact[Selection] = Artifact(
    "artifacts/tests/integration.selection.json", "selection"
)
INTEGRATION_IMPACT: Artifact[ImpactRecord] = Artifact("artifacts/tests/integration.impact.json", "impact")
INTEGRATION_ESCAPES: Artifact[Escapes] = Artifact(
    "artifacts/tests/integration.impact-escapes.json", "impact-escapes"
)
INTEGRATION_JUNIT: Artifact[Any] = Artifact("artifacts/reports/integration.xml", form="JUnit")
INTEGRATION_COVERAGE: Artifact[Any] = Artifact("artifacts/reports/integration.coverage.xml", form="Cobertura")
INTEGRATION_FILES: Artifact[Any] = Artifact("artifacts/integration/files/", form="what tests put there")
EXERCISED: Artifact[Exercised] = Artifact("artifacts/integration/exercised.json", "exercised")
INTEGRATION_REPORTS: Artifact[Reports] = Artifact("artifacts/integration/collected.json", "reports")
INTEGRATION_STAGE: Artifact[Stage] = Artifact("artifacts/stages/integration.json", "stage")

SERVICES: Artifact[Preconditions] = Artifact("artifacts/e2e/services.json", "preconditions")
E2E_RESULTS: Artifact[Any] = Artifact("artifacts/tests/e2e.jsonl", form="`test` events, then one `session`")
E2E_TESTS: Artifact[TestSummary] = Artifact("artifacts/tests/e2e.json", "tests")
E2E_DATA: Artifact[Any] = Artifact(
    "artifacts/tests/e2e.coverage.data", form="coverage's own, where it counts"
)
E2E_SELECTION: Artifact[Selection] = Artifact("artifacts/tests/e2e.selection.json", "selection")
E2E_IMPACT: Artifact[ImpactRecord] = Artifact("artifacts/tests/e2e.impact.json", "impact")
E2E_ESCAPES: Artifact[Escapes] = Artifact("artifacts/tests/e2e.impact-escapes.json", "impact-escapes")
E2E_JUNIT: Artifact[Any] = Artifact("artifacts/reports/e2e.xml", form="JUnit")
E2E_FILES: Artifact[Any] = Artifact("artifacts/e2e/files/", form="what tests put there")
REHEARSAL: Artifact[Rehearsal] = Artifact("artifacts/e2e/workflow.json", "workflow")
E2E_REPORTS: Artifact[Reports] = Artifact("artifacts/e2e/captured.json", "reports")
E2E_STAGE: Artifact[Stage] = Artifact("artifacts/stages/e2e.json", "stage")

PROTECTION: Artifact[Protection] = Artifact("artifacts/pull_request/protection.json", "protection")

PESTER_FINDINGS: Artifact[Findings] = Artifact("artifacts/findings/pester.json", "findings")
PESTER_RUN: Artifact[PesterRun] = Artifact("artifacts/tests/pester.json", "pester")
PESTER_JUNIT: Artifact[Any] = Artifact("artifacts/reports/pester.xml", form="JUnit")

ALL_COVERAGE: Artifact[Any] = Artifact(
    "artifacts/reports/coverage/", form="Cobertura, HTML and coverage's own, of all layers together"
)
ALL_BUDGET: Artifact[CoverageBudget] = Artifact("artifacts/tests/coverage.all.json", "coverage")
TRENDS: Artifact[Trends] = Artifact("artifacts/performance/trends.json", "trends")
TRENDS_PAGE: Artifact[Any] = Artifact("artifacts/performance/trends.html", form="HTML")
PAGE: Artifact[Any] = Artifact("artifacts/index.html", form="HTML")

SUMMARY: Artifact[Any] = Artifact("artifacts/reports/summary.md", form="Markdown")

RETENTION: Artifact[Retention] = Artifact("artifacts/security/retention.json", "retention")
FAILURES: Artifact[Failures] = Artifact("artifacts/reports/failures.json", "failures")
CHECKPOINT: Artifact[Checkpoint] = Artifact("artifacts/checkpoint.json", "checkpoint")
DIAGNOSTICS: Artifact[Any] = Artifact("artifacts/reports/diagnostics.md", form="Markdown")
OVERRIDES: Artifact[OverrideRows] = Artifact("artifacts/overrides.json", "overrides")
SHARDS: Artifact[Shards] = Artifact("artifacts/performance/shards.json", "shards")
INDEX: Artifact[Index] = Artifact("artifacts/index.json", "index")
