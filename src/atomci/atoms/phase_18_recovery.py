"""Phase 18: what happens when something stays red."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import DecodeError, structs

from atomci.artifacts import handles
from atomci.artifacts.handed.failures import Checkpoint, Failures, QuarantineRow
from atomci.artifacts.handed.runs import AtomFinished, Event, RunFinished, RunStarted
from atomci.artifacts.handed.schemas import OverrideRow, OverrideRows, Status
from atomci.artifacts.handed.testing import TestResult
from atomci.artifacts.handed.trends import HISTORY
from atomci.atoms.parts.ci_files import verdict_of
from atomci.atoms.parts.verdicts.evidence import never_ran
from atomci.atoms.parts.verdicts.recorded import outcome_of
from atomci.atoms.parts.verdicts.since_green import since_green
from atomci.atoms.parts.ways import ways_in
from atomci.bootstrap.profile import has_layers, left_out
from atomci.configuration import playbooks
from atomci.configuration.documents import toml_document
from atomci.configuration.facts import Fact, problem, seen
from atomci.deadlines import today
from atomci.decoding import decoded
from atomci.engine.context import Context, Outcome, Verdict
from atomci.report.failures.classes import Rows, failures_of
from atomci.report.failures.markdown import markdown
from atomci.report.history import past_runs
from atomci.report.pages import newest
from atomci.report.quarantine import LONG, quarantine_rows
from atomci.testing.flaky.flakiness import flakiness_of
from atomci.testing.flaky.quarantine import FILE, quarantine_today
from atomci.tools.atomic import replace_file

_TAIL = 8_000


def classify_pipeline_failures(ctx: Context) -> Outcome:
    found = _failures(ctx)
    if found is None:
        return Outcome("skipped", "no run was here yet", 0, "failures")
    failures, atoms = found
    ctx.write(handles.FAILURES, failures)
    kinds = Counter(f"{failure.layer} {failure.kind}" for failure in failures.failures)
    said = ", ".join(f"{count} {kind}" for kind, count in kinds.items()) or "nothing is red"
    return Outcome("pass", f"run {failures.run}: {said}", atoms, "atoms")


def classify_pipeline_failures_holds(ctx: Context) -> Verdict:
    """The failures that are written down are those of the newest run."""
    if (verdict := never_ran(ctx)) is not None:
        return verdict
    written, found = ctx.read_if_there(handles.FAILURES), _failures(ctx)
    if found is None:
        return Verdict(None, ("no run was here yet",), f"atomci run {ctx.atom.name}", not_run=True)
    if written is None or written.run != found[0].run:
        return Verdict(
            None,
            (f"run {found[0].run} isn't classified yet",),
            f"atomci run {ctx.atom.name}",
            out_of_date=True,
        )
    return Verdict(True, (f"{len(written.failures)} failures of run {written.run}",))


def _failures(ctx: Context) -> tuple[Failures, int] | None:
    """Those of the newest run that looked at something, and how many of its atoms have ended."""
    if (log := newest(ctx.root)) is None:
        return None
    events = tuple(_events(log))
    rows = Rows(
        {name: row.phase for name, row in ctx.catalog.atoms.items()},
        {name: (*row.needs, *row.after) for name, row in ctx.catalog.atoms.items()},
    )
    ways = ways_in(ctx)
    found = failures_of(events, rows, lambda atom: _tail(log.parent / f"{atom}.log"))
    atoms = {failure.atom for failure in found}
    return (
        Failures(
            run=log.parent.name,
            failures=tuple(structs.replace(failure, command=ways.again(failure)) for failure in found),
            since=since_green(ctx, atoms, log.parent.name) if found else None,
        ),
        sum(isinstance(event, AtomFinished) for event in events),
    )


def _events(log: Path) -> Iterator[Event]:
    for line in log.read_bytes().splitlines():
        with suppress(DecodeError):  # torn, as where the process was killed
            yield decoded(line, Event)


def _tail(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def surface_actionable_diagnostics(ctx: Context) -> Outcome:
    failures = ctx.read_if_there(handles.FAILURES)
    if failures is None:
        return Outcome("skipped", "nothing is classified yet", 0, "sections")
    replace_file(ctx.root / handles.DIAGNOSTICS, ctx.redactor.clean(markdown(failures)).encode())
    count = len(failures.failures)
    return Outcome("pass", f"{handles.DIAGNOSTICS} has {count or 'no'} failures", count + 1, "sections")


def surface_actionable_diagnostics_holds(ctx: Context) -> Verdict:
    """The page is of the failures that are written down."""
    if (verdict := never_ran(ctx)) is not None:
        return verdict
    wanted = ctx.redactor.clean(markdown(ctx.read(handles.FAILURES))).encode()
    path = ctx.root / handles.DIAGNOSTICS
    problems = (
        [] if path.is_file() and path.read_bytes() == wanted else [f"{handles.DIAGNOSTICS} is of another run"]
    )
    return Verdict.of(problems, [str(handles.DIAGNOSTICS)], "atomci run diagnostics")


def implement_checkpoint_and_retry_policies(ctx: Context) -> Outcome:
    checkpoint = _checkpoint(ctx)
    if checkpoint is None:
        return Outcome("skipped", "no run was here yet", 0, "atoms")
    ctx.write(handles.CHECKPOINT, checkpoint)
    said = [f"run {checkpoint.run}: {len(checkpoint.passed)} atoms passed, {len(checkpoint.left)} are left"]
    said += [f"{checkpoint.resume} goes on"] if checkpoint.resume else []
    said += [f"{len(checkpoint.flaky)} tests passed on retry"] if checkpoint.flaky else []
    said += [_quarantined(row) for row in checkpoint.quarantine]
    text = "; ".join((*checkpoint.objections, *said))
    status: Status = "fail" if checkpoint.objections else "pass"
    return Outcome(status, text, len(checkpoint.passed) + len(checkpoint.left), "atoms")


def implement_checkpoint_and_retry_policies_holds(ctx: Context) -> Verdict:
    """The checkpoint is that of the newest run, its retries keep their bounds, and no quarantine is over."""
    if lapsed := [row.lapse for row in quarantine_today(ctx.project).lapsed]:
        return Verdict(False, lapsed)
    if (verdict := never_ran(ctx)) is not None:
        return verdict
    written, found, again = ctx.read_if_there(handles.CHECKPOINT), _checkpoint(ctx), "atomci run diagnostics"
    if found is None or written is None or written.run != found.run:
        return Verdict(None, ("the newest run isn't looked at yet",), again, out_of_date=True)
    seen = [f"{len(written.passed)} atoms passed in run {written.run}", *map(_quarantined, found.quarantine)]
    return Verdict.of(found.objections, seen, again)


def _quarantined(row: QuarantineRow) -> str:
    """What is said of an entry, and that it may go."""
    days = f"{row.days_left} day{'' if row.days_left == 1 else 's'} left"
    how = f"{row.failed} of {row.ran} failed" if row.ran > 1 else "failed" if row.failed else "passed"
    said = f"{row.test} is quarantined ({row.owner}, {days}), and {how if row.ran else 'did not run'}"
    may_go = f"; it was green in {row.green_for} runs: delete it from {FILE}" if row.green_for >= LONG else ""
    return f"{said}{may_go}"


def _checkpoint(ctx: Context) -> Checkpoint | None:
    """How far the newest run came, and what it ran again."""
    if (log := newest(ctx.root)) is None:
        return None
    events = list(_events(log))
    started = next((event for event in events if isinstance(event, RunStarted)), None)
    finished = next((event for event in events if isinstance(event, RunFinished)), None)
    rows = [event for event in events if isinstance(event, AtomFinished)]
    passed = [row.atom for row in rows if row.status == "pass"]
    green = finished is not None and finished.exit_code == 0
    found = [event for event in events if isinstance(event, TestResult)]
    tests, quarantine = flakiness_of(found, lambda path: False), quarantine_today(ctx.project)
    return Checkpoint(
        run=log.parent.name,
        passed=tuple(passed),
        left=tuple(name for name in (started.atoms if started else ()) if name not in passed),
        resume="" if green else "atomci run --resume",
        flaky=tests.tests,
        objections=(*tests.objections, *(row.lapse for row in quarantine.lapsed)),
        quarantine=tuple(quarantine_rows(quarantine, found, past_runs(ctx.root / HISTORY))),
    )


def support_manual_override_and_escalation(ctx: Context) -> Outcome:
    day = today()
    rows = [*ctx.overrides.in_force.values(), *ctx.overrides.lapsed.values()]
    ctx.write(
        handles.OVERRIDES,
        OverrideRows(
            overrides=tuple(
                OverrideRow(
                    atom=row.atom,
                    owner=row.owner,
                    reason=row.reason,
                    until=row.until.isoformat(),
                    days_left=(row.until - day).days,
                )
                for row in rows
            )
        ),
    )
    return outcome_of(ctx, support_manual_override_and_escalation_holds(ctx))


def support_manual_override_and_escalation_holds(ctx: Context) -> Verdict:
    return verdict_of((*_overrides(ctx), *_playbooks(ctx)))


def _playbooks(ctx: Context) -> Iterator[Fact]:
    if not has_layers(ctx.project.answers) and not (ctx.root / playbooks.FOLDER).is_dir():
        yield seen(f"{playbooks.FOLDER}/", left_out(ctx.project, "pages on what to do"))
    else:
        yield from playbooks.facts(ctx.root)


def _overrides(ctx: Context) -> Iterator[Fact]:
    """Each is well-formed, or nothing would run; what is left to ask is whether it is over."""
    overrides = ctx.overrides
    if not overrides.in_force and not overrides.lapsed:
        yield Fact(True, "nothing is overridden")
        return
    document = toml_document(ctx.root, "pyproject.toml")
    for index, row in document.rows("tool", "atomci", "override"):
        place = document.at("tool", "atomci", "override", index, "until")
        if (held := overrides.in_force.get(str(row["atom"]))) is not None:
            left = (held.until - today()).days
            yield seen(place, f"{held.atom} is {held} ({held.owner}, {left} days left)")
        elif (over := overrides.lapsed.get(str(row["atom"]))) is not None:
            mend = f"{over.owner} fixes it, or gives a new date and the reason"
            yield problem(place, f"{over.atom}: {over.lapse}; {mend}")
