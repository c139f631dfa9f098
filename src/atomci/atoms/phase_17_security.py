"""Phase 17: secrets, and what artifacts may hold and for how long."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from atomci.artifacts import retention
from atomci.artifacts.privacy import scan
from atomci.artifacts.schemas import RemovedRun, Retention
from atomci.atoms import checks_17_security as checks
from atomci.atoms.checks_01_configuration import verdict_of
from atomci.atoms.recorded import outcome_of, recorded
from atomci.configuration.facts import Fact
from atomci.engine.config import RetentionConfig, load_retention
from atomci.engine.context import Context, Outcome


def manage_env_and_secrets_safely(ctx: Context) -> Outcome:
    verdict = checks.manage_env_and_secrets_safely(ctx)
    outcome = recorded(ctx, verdict)
    unknown = [line for line in verdict.evidence if "can't be known" in line]
    if outcome.status != "pass" or not unknown:
        return outcome
    more = f"; and {len(unknown) - 1} more such reads" if len(unknown) > 1 else ""
    return replace(outcome, reason=f"{unknown[0]}{more}")


def enforce_artifact_privacy_and_retention(ctx: Context) -> Outcome:
    kept = load_retention(ctx.project)
    removed, kept_back = _remove_old(ctx, kept)
    found = scan(ctx.root, ctx.redactor)
    verdict = verdict_of((*checks.privacy(found), *kept_back, *checks.upload_facts(ctx)))
    outcome = outcome_of(ctx, verdict)
    left = retention.run_folders(ctx.root, datetime.now(UTC))
    report = Retention(
        days=kept.days,
        megabytes=kept.megabytes,
        removed=tuple(removed),
        runs=len(left),
        size=sum(run.size for run in left),
        files=found.files,
        unseen=found.unseen,
        findings=outcome.findings,
    )
    ctx.write(ctx.atom.writes[0], report)
    if outcome.status != "pass":
        return replace(outcome, examined=found.files, unit="files")
    said = [f"{len(removed)} old run{'s' * (len(removed) > 1)} removed"] if removed else []
    said += [f"not looked into: {path} ({why})" for path, why in found.unseen.items()][:3]
    return Outcome("pass", "; ".join(said), found.files, "files")


def _remove_old(ctx: Context, kept: RetentionConfig) -> tuple[list[RemovedRun], list[Fact]]:
    """Remove what is too old or too much, and say so; what can't be removed is a problem."""
    now = datetime.now(UTC)
    removed, refused = [], []
    runs = retention.run_folders(ctx.root, now)
    for run, why in retention.to_remove(runs, now, kept.days, kept.megabytes):
        path = run.path.relative_to(ctx.root).as_posix()
        try:
            retention.remove(run)
        except OSError as error:
            refused.append(Fact(False, f"{path}: can't be removed: {error.strerror}"))
            continue
        ctx.log(f"removed {path}: {why}\n")
        removed.append(RemovedRun(path=path, size=run.size, reason=why))
    return removed, refused
