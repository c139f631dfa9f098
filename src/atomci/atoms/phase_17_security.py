"""Phase 17: secrets, and what artifacts may hold and for how long."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import PurePosixPath

from atomci.artifacts import handles, retention
from atomci.artifacts.handed.schemas import RemovedRun, Retention
from atomci.artifacts.privacy import Scan, scan
from atomci.artifacts.redaction import ENV_FILE, redactor_for
from atomci.artifacts.retention import RetentionSettings, read_retention
from atomci.atoms.parts.ci_files import verdict_of
from atomci.atoms.parts.verdicts.recorded import outcome_of, recorded
from atomci.audit.anchors import anchors_in, of_this_log
from atomci.audit.chain import against_anchors
from atomci.audit.log import NAME, read_log
from atomci.audit.runs import disagreements
from atomci.configuration import env_example
from atomci.configuration.ci import declared_secrets, publishing
from atomci.configuration.ci.declared_secrets import read_secrets
from atomci.configuration.documents import Document, Unreadable, read_text, toml_document, yaml_document
from atomci.configuration.facts import Fact, Place, problem, seen, unknown_to_us
from atomci.configuration.variables import Read, reads_in
from atomci.engine.context import Context, Outcome, Verdict

_LOG = f"artifacts/{NAME}"
_REMEDY = "atomci run enforce_artifact_privacy_and_retention removes what is too old"
_WORKFLOWS = (
    ".github/workflows/*.yml",
    ".github/workflows/*.yaml",
    ".github/actions/**/*.yml",
    ".github/actions/**/*.yaml",
)

# What else may read a variable of the example.
_PYTHON = ("tests/**/*.py", "scripts/**/*.py")
_SCRIPTS = ("scripts/**/*.sh", "scripts/**/*.ps1", "Taskfile.yml", "Dockerfile")
_COMPOSE = ("*compose*.yml", "*compose*.yaml")


def manage_env_and_secrets_safely(ctx: Context) -> Outcome:
    verdict = manage_env_and_secrets_safely_holds(ctx)
    outcome = recorded(ctx, verdict)
    unknown = [str(fact) for fact in verdict.facts if not fact.known]
    if outcome.status != "pass" or not unknown:
        return outcome
    more = f"; and {len(unknown) - 1} more such reads" if len(unknown) > 1 else ""
    return replace(outcome, reason=f"{unknown[0]}{more}")


def manage_env_and_secrets_safely_holds(ctx: Context) -> Verdict:
    return verdict_of(_env(ctx))


def enforce_artifact_privacy_and_retention(ctx: Context) -> Outcome:
    kept = ctx.project.setting(read_retention)
    removed, kept_back = _remove_old(ctx, kept)
    found = scan(ctx.root, ctx.redactor)
    verdict = verdict_of((*privacy(found), *kept_back, *upload_facts(ctx)))
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
    ctx.write(handles.RETENTION, report)
    if outcome.status != "pass":
        return replace(outcome, examined=found.files, unit="files")
    said = [f"{len(removed)} old run{'s' * (len(removed) > 1)} removed"] if removed else []
    said += [f"not looked into: {path} ({why})" for path, why in found.unseen.items()][:3]
    return Outcome("pass", "; ".join(said), found.files, "files")


def enforce_artifact_privacy_and_retention_holds(ctx: Context) -> Verdict:
    """Looks again, and removes nothing."""
    found = scan(ctx.root, redactor_for(ctx.root, os.environ))
    return verdict_of((*privacy(found), *_retention(ctx), *upload_facts(ctx)), _REMEDY)


def audit_logging_for_tooling_and_ci(ctx: Context) -> Outcome:
    verdict = audit_logging_for_tooling_and_ci_holds(ctx)
    return recorded(ctx, verdict)


def audit_logging_for_tooling_and_ci_holds(ctx: Context) -> Verdict:
    """The log's lines follow each other; it has the heads that were kept elsewhere, and each run."""
    return verdict_of(_logged(ctx))


def _logged(ctx: Context) -> Iterator[Fact]:
    chain = read_log(ctx.root / "artifacts")
    if not chain.entries:
        yield unknown_to_us(_LOG, "nothing was run here yet, so there is no log")
    for fault in chain.faults:
        yield problem(Place(_LOG, fault.line), fault.words)
    anchors = of_this_log(anchors_in(ctx.project.git), chain)
    for fault in against_anchors(chain, anchors) if chain.entries else ():
        yield problem(Place(_LOG, fault.line), fault.words)
    for words in disagreements(ctx.root, chain):
        yield problem(_LOG, words)
    if chain.entries:
        kept = (
            f"{len(anchors)} heads are kept in tags and commits" if anchors else "no head is kept elsewhere"
        )
        yield seen(_LOG, f"{len(chain.entries)} entries follow each other; {kept}")


def _remove_old(ctx: Context, kept: RetentionSettings) -> tuple[list[RemovedRun], list[Fact]]:
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


def privacy(found: Scan) -> Iterator[Fact]:
    """What a scan of artifacts/ found."""
    for leak in found.leaks:
        yield problem(Place(leak.path, leak.line), f"holds {leak.kind}; revoke it, and delete the file")
    for path, why in found.unseen.items():
        yield seen(path, f"can't be looked into: {why}")
    if not found.leaks:
        said = f"{found.files} files hold no known secret" if found.files else "there is no file yet"
        yield seen("artifacts/", said)


def upload_facts(ctx: Context) -> Iterator[Fact]:
    """What workflows upload isn't kept for ever. Raises Unreadable."""
    for document in workflow_documents(ctx):
        yield from publishing.uploads(document)


def _retention(ctx: Context) -> Iterator[Fact]:
    kept, now = ctx.project.setting(read_retention), datetime.now(UTC)
    runs = retention.run_folders(ctx.root, now)
    for run, why in retention.to_remove(runs, now, kept.days, kept.megabytes):
        yield problem(run.path.relative_to(ctx.root).as_posix(), why)
    size = sum(run.size for run in runs)
    yield seen(
        "artifacts/",
        f"{len(runs)} runs take {size / 1e6:.1f} MB; kept: {kept.days} days, {kept.megabytes} MB",
    )


def workflow_documents(ctx: Context) -> Iterator[Document]:
    """The project's workflows and local actions. Raises Unreadable."""
    for path in ctx.files(*_WORKFLOWS):
        if ".github/workflows/" in path or PurePosixPath(path).stem == "action":
            yield yaml_document(ctx.root, path)


def _env(ctx: Context) -> Iterator[Fact]:
    yield from _example(ctx)
    yield from _ignored(ctx)
    yield from _secrets(ctx)


def _example(ctx: Context) -> Iterator[Fact]:
    files = ctx.files("src/**/*.py")
    if not files:
        yield Fact(False, "src/ holds no Python file to look at")
    reads: list[Read] = []
    for path in files:
        try:
            reads += reads_in(path, read_text(ctx.root, path))
        except SyntaxError as error:
            yield problem(Place(path, error.lineno or 1), f"can't be parsed: {error.msg}")
        except Unreadable as error:
            yield error.fact
    there = (ctx.root / env_example.FILE).is_file()
    text = read_text(ctx.root, env_example.FILE) if there else None
    yield from env_example.facts(text, reads, _elsewhere(ctx))


def _elsewhere(ctx: Context) -> dict[str, str]:
    """Variables that other files than the code read, each with one that does."""
    found: dict[str, str] = {}
    for path in ctx.files(*_PYTHON):
        try:
            names = {read.name for read in reads_in(path, read_text(ctx.root, path)) if read.name}
        except (SyntaxError, Unreadable):
            continue  # other atoms are red for it
        found |= dict.fromkeys(names, path)
    for path in ctx.files(*_SCRIPTS, *_COMPOSE):
        found |= dict.fromkeys(env_example.mentioned(read_text(ctx.root, path)), path)
    return found


def _ignored(ctx: Context) -> Iterator[Fact]:
    """git never takes up .env, wherever the repository is cloned."""
    kept = ctx.project.git.tracked(ENV_FILE, f"{ENV_FILE}.*")
    if kept is None:
        yield Fact(False, "git keeps nothing here: atomci run initialize_git_repository")
        return
    for path in kept:
        if not path.endswith((".example", ".sample", ".template")):
            mend = f"git rm --cached {path}, and revoke what it holds"
            yield problem(Place(path, 1), f"git has it, and everyone can read it: {mend}")
    rule = ctx.project.git.ignore_rule(ENV_FILE)
    if rule is None or rule.pattern.startswith("!"):
        yield problem(Place(".gitignore", rule.line if rule else 1), f"git doesn't ignore {ENV_FILE}")
    elif (file := PurePosixPath(rule.source)).is_absolute() or file.name != ".gitignore":
        yield problem(Place(".gitignore", 1), f"only this machine ignores {ENV_FILE}, by {file.name}")
    else:
        yield seen(Place(rule.source, rule.line), f"git ignores {ENV_FILE}")


def _secrets(ctx: Context) -> Iterator[Fact]:
    declared = ctx.project.setting(read_secrets)
    where = toml_document(ctx.root, "pyproject.toml").at("tool", "atomci", "secrets") if declared else ""
    yield from declared_secrets.facts(list(workflow_documents(ctx)), declared, where)
