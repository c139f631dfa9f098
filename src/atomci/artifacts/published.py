"""Which artifacts have a published JSON Schema in docs/."""

from __future__ import annotations

from atomci.artifacts.handed.autofix import FixBounds, FixEnd, FixPatch, FixReport, FixStep
from atomci.artifacts.handed.baseline import BaselineEntry, BaselineRenewal
from atomci.artifacts.handed.failures import Checkpoint, Failures
from atomci.artifacts.handed.fixing import BehaviorWork, FixedByTools, TypeWork, UnitRounds
from atomci.artifacts.handed.fixtures import SharedFixtures
from atomci.artifacts.handed.guarded import GuardEvent, Session
from atomci.artifacts.handed.impact import Escapes, ImpactRecord
from atomci.artifacts.handed.lines import LinesRecord
from atomci.artifacts.handed.manifests import Manifest, Parity
from atomci.artifacts.handed.runs import Event, Index, Result
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
from atomci.artifacts.handed.snapshots import (
    Branched,
    Brought,
    SessionChange,
    Undoable,
    Undone,
    WorkChange,
    WorkSnapshot,
)
from atomci.artifacts.handed.testing import (
    CoverageBudget,
    Durations,
    ParallelPlan,
    PesterRun,
    Selection,
    Shards,
    TestSummary,
)
from atomci.artifacts.handed.trends import PastRun, Trends
from atomci.artifacts.handed.verdicts import CheckReport
from atomci.artifacts.printed.audit import AuditShown, AuditVerdict
from atomci.artifacts.printed.done import DoneAnswer, DoneReport
from atomci.artifacts.printed.listings import Diagnosis, Explanation, ImpactExplanation, Listing, Restored
from atomci.artifacts.printed.reported import RunReport
from atomci.artifacts.printed.sync import Adoption, Exported, Lock, Proposal, SyncStatus, Update
from atomci.artifacts.printed.watching import WatchEvent

__all__ = ["SCHEMAS"]

SCHEMAS: dict[str, object] = {
    "host": HostFacts,
    "tools": ToolReport,
    "manager": ManagerChoice,
    "evidence": Evidence,
    "findings": Findings,
    "all-findings": AllFindings,
    "lanes": Lanes,
    "baseline": BaselineEntry,
    "baseline-renewal": BaselineRenewal,
    "selection": Selection,
    "parallel": ParallelPlan,
    "durations": Durations,
    "impact": ImpactRecord,
    "impact-lines": LinesRecord,
    "impact-escapes": Escapes,
    "tests": TestSummary,
    "pester": PesterRun,
    "coverage": CoverageBudget,
    "stage": Stage,
    "reports": Reports,
    "gate": Gate,
    "integration-env": IntegrationEnv,
    "exercised": Exercised,
    "preconditions": Preconditions,
    "workflow": Rehearsal,
    "overrides": OverrideRows,
    "fixed": FixedByTools,
    "type-work": TypeWork,
    "behavior-work": BehaviorWork,
    "shared-fixtures": SharedFixtures,
    "unit-rounds": UnitRounds,
    "fix-bounds": FixBounds,
    "fix": FixReport,
    "fix-step": FixStep,
    "fix-patch": FixPatch,
    "fix-end": FixEnd,
    "failures": Failures,
    "checkpoint": Checkpoint,
    "retention": Retention,
    "shards": Shards,
    "protection": Protection,
    "guard": GuardEvent,
    "session": Session,
    "result": Result,
    "index": Index,
    "events": Event,
    "watch": WatchEvent,
    "lock": Lock,
    "status": SyncStatus,
    "update": Update,
    "proposal": Proposal,
    "adoption": Adoption,
    "export": Exported,
    "check": CheckReport,
    "list": Listing,
    "explanation": Explanation,
    "impact-explanation": ImpactExplanation,
    "restored": Restored,
    "doctor": Diagnosis,
    "done-answer": DoneAnswer,
    "done": DoneReport,
    "manifest": Manifest,
    "parity": Parity,
    "report": RunReport,
    "audit": AuditShown,
    "audit-verdict": AuditVerdict,
    "snapshot": WorkSnapshot,
    "work-change": WorkChange,
    "session-change": SessionChange,
    "brought": Brought,
    "branched": Branched,
    "undone": Undone,
    "undoable": Undoable,
    "past-run": PastRun,
    "trends": Trends,
}
"""Schema name to struct; the published file is docs/schemas/<name>.schema.json."""
