"""`atomci fix`, put together: the project's settings and tools, and what it leaves in artifacts/."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from atomci.analysis.table import ATOMS, tool_of
from atomci.artifacts import handles
from atomci.artifacts.handed.autofix import FixAttempt, FixBounds, FixedFile, FixPatch, FixRefusal, FixReport
from atomci.artifacts.redaction import Redactor
from atomci.artifacts.store import write
from atomci.atoms.loading.load import Loader
from atomci.engine.events import new_run_id
from atomci.errors import RefusedError, UsageError
from atomci.fix.copies.patches import patch_between
from atomci.fix.fixing import Fixed, FixRequest, fix
from atomci.fix.judging import refusals
from atomci.fix.loop import Attempt, Stop
from atomci.fix.proposal import Edit, Patch, Refusal
from atomci.fix.rules.bounds import Allowance
from atomci.fix.settings import FixSettings, allowance_of, budget_of, problems_of, read_fix
from atomci.fix.task import task_text
from atomci.fix.telling import fix_markdown
from atomci.fix.watcher import Watcher
from atomci.guard.handover.bring import bring
from atomci.guard.handover.finished import finished
from atomci.project import Project
from atomci.tools.atomic import replace_file
from atomci.tools.git.repository import open_repository
from atomci.tools.process import Children

__all__ = ["EXIT_CODES", "FixOptions", "bounds_of", "bring_here", "fix_and_keep", "judged_again"]

EXIT_CODES = {
    Stop.GREEN: 0,
    Stop.FIXED: 0,
    Stop.INFRASTRUCTURE: 3,
    Stop.SCOPE: 4,
    Stop.WEAKENING: 4,
}
"""Of `atomci fix`; for all other reasons it is 1: something red is left."""


@dataclass(frozen=True)
class FixOptions:
    """What was typed in the place of a setting; None where nothing was."""

    command: str | None = None
    attempts: int | None = None
    wall: str | None = None
    degraded: bool = False

    def over(self, settings: FixSettings) -> FixSettings:
        """The settings with these in them. Raises UsageError."""
        typed = {name: getattr(self, name) for name in ("command", "attempts", "wall")}
        given = {name: value for name, value in typed.items() if value is not None}
        merged = msgspec.structs.replace(settings, **given)
        for key, problem, hint in problems_of(merged):
            raise UsageError(f"--{key}: {problem}", hint)
        return merged


def bounds_of(settings: FixSettings) -> FixBounds:
    """As they are written down."""
    budget, allowed = budget_of(settings), allowance_of(settings)
    return FixBounds(
        command=settings.command,
        attempts=budget.attempts,
        seconds=budget.seconds,
        tokens=budget.tokens,
        usd=budget.usd,
        files=allowed.files,
        lines=allowed.lines,
        paths=allowed.scope,
        protected=allowed.protected,
    )


def fix_and_keep(loader: Loader, options: FixOptions, watcher: Watcher) -> FixReport:
    """Fix what is red, and write down how that went. Raises what `fix` raises."""
    settings = options.over(loader.project.setting(read_fix))
    children, repository = Children(), open_repository(loader.project.root, "fixes are tried in a copy")
    if repository.git.commit() is None:
        raise RefusedError(
            "this repository has no commit yet, so it can have no copy", "git add -A, git commit, then again"
        )
    allowed = allowance_of(settings, repository.prefix)
    request = FixRequest(
        project=loader.project,
        run=new_run_id(),
        command=settings.command,
        budget=budget_of(settings),
        allowed=allowed,
        tools=tuple(_mending(loader)),
        new_run=new_run_id,
        run_in=children.run,
        degraded=options.degraded,
    )
    fixed = fix(request, watcher)
    return _kept(loader.project.root, loader.workspace().redactor, fixed, allowed)


def _mending(loader: Loader) -> Iterable[tuple[str, ...]]:
    """The tools that fix by themselves, those that the project uses."""
    for name in ATOMS:
        config, tool = loader.config.of(name), tool_of(loader.project, name)
        if config.enabled and not config.run and tool.FILE_MEND:
            yield (tool.PROGRAM, *shlex.split(tool.MEND)[1:])


def _kept(root: Path, redactor: Redactor, fixed: Fixed, allowed: Allowance) -> FixReport:
    """Secrets are taken out of what is written; what `atomci guard apply` brings is as it was made."""
    report = _report(fixed)
    patch, work = root / handles.FIX_PATCH, root / handles.FIX_WORK
    for path, text in (
        (patch, fixed.text),
        (work, task_text(fixed.mending.left, (), allowed) if fixed.mending.left else ""),
    ):
        path.unlink(missing_ok=True)
        if text:
            replace_file(path, redactor.clean(text).encode("utf-8", "surrogateescape"))
    if redactor.clean(fixed.text) != fixed.text:
        note = f"secrets were taken out of {handles.FIX_PATCH}"
        report = msgspec.structs.replace(report, notes=(*report.notes, note))
    write(root / handles.FIX_REPORT, report, redactor.clean)
    replace_file(root / handles.FIX_PAGE, redactor.clean(fix_markdown(report)).encode())
    return report


def judged_again(project: Project, report: FixReport) -> FixPatch:
    """What the rules say of a patch that is proposed, by what is kept of it. Raises UsageError where that is
    gone.
    """
    if not report.files:
        return FixPatch(run=report.run, refused=(), files=0, lines=0, applied="")
    repository = open_repository(project.root)
    session = finished(repository, report.run)
    patch = patch_between(session.store.objects, session.before.tree, session.after.tree)
    own = Patch([edit for edit in patch.changes if edit.path not in session.ignored], patch.kept)
    found = refusals(own, allowance_of(project.setting(read_fix), repository.prefix))
    return FixPatch(
        run=report.run,
        refused=_told(found),
        files=len(own.changes),
        lines=sum(edit.lines for edit in own.changes),
        applied="",
    )


def bring_here(project: Project, report: FixReport) -> str:
    """Bring the patch to the checkout, as `atomci guard apply` does. Returns the run that undoes it, empty
    where it is here already. Raises RefusedError where the same lines were changed here.
    """
    session = finished(open_repository(project.root), report.run)
    return bring(session, new_run_id()).undo


def _report(fixed: Fixed) -> FixReport:
    return FixReport(
        run=fixed.run,
        time=fixed.began.isoformat(timespec="milliseconds"),
        seconds=fixed.seconds,
        stop=fixed.mending.stop.value,
        reason=fixed.mending.reason,
        red=fixed.red,
        left=fixed.mending.left,
        attempts=tuple(map(_attempt, fixed.mending.attempts)),
        files=tuple(map(_file, fixed.patch.changes)),
        dropped=fixed.dropped,
        level=fixed.level,
        notes=fixed.notes,
    )


def _attempt(attempt: Attempt) -> FixAttempt:
    return FixAttempt(
        by="tools" if attempt.lane == "tools" else "fixer",
        kept=attempt.kept,
        changed=attempt.changed,
        gone=attempt.gone,
        came=attempt.came,
        refused=_told(attempt.refused),
        usage=attempt.usage,
        record=attempt.record,
    )


def _told(refused: Iterable[Refusal]) -> tuple[FixRefusal, ...]:
    """As they are written down."""
    return tuple(
        FixRefusal(rule=each.rule, path=each.path, line=each.line, message=each.message) for each in refused
    )


def _file(edit: Edit) -> FixedFile:
    return FixedFile(path=edit.path, added=edit.added, removed=edit.lines - edit.added)
