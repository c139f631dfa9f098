"""Phase 6: the red/green loop."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Callable, Collection, Sequence

from atomci.analysis.table import ATOMS, tool_of
from atomci.artifacts import handles
from atomci.artifacts.handed.fixing import FixedByTools
from atomci.artifacts.handed.impact import numbers
from atomci.artifacts.handed.schemas import Lane
from atomci.artifacts.handles import result_of
from atomci.atoms.parts.layers.impact_record import known_record
from atomci.atoms.parts.layers.layer_runs import why_unrunnable
from atomci.atoms.parts.layers.layer_selection import test_files
from atomci.atoms.parts.layers.shared_fixtures import collecting, look_at_fixtures
from atomci.atoms.parts.layers.unit_rounds import first_round, play_rounds, state_of_files
from atomci.atoms.parts.verdicts.evidence import last_result, never_ran
from atomci.engine.context import Context, Outcome, Verdict, runs
from atomci.engine.events import new_run_id
from atomci.fix.lanes.behavior import behavior_work
from atomci.fix.lanes.types import type_work
from atomci.testing.layers import unit_tests_of
from atomci.testing.results import BAD, read_results
from atomci.testing.selection.settings import read_selection
from atomci.tools.git.branching import HistoryMissing, departure
from atomci.tools.git.changed_lines import changed_lines
from atomci.tools.notices import Notices
from atomci.tools.process import Command

_FIXABLE: tuple[Lane, ...] = ("lint", "format")
_FIXED = ("**/*.py", "**/*.pyi", "**/*.ipynb")


def start_loop_on_fail_holds(ctx: Context) -> Verdict:
    """`atomci watch` can run here: pytest is there, and files that hold tests."""
    if why := why_unrunnable(ctx.project):
        return Verdict(None, (f"left out: {why}",))
    layer = unit_tests_of(ctx.project)
    tests = test_files(ctx, layer)
    if not tests:
        remedy = f"write {layer.folder or 'tests'}/test_first.py"
        return Verdict(False, (f"{layer.folder or 'the project'} holds no file of tests",), remedy)
    said = f"at a save, atomci watch runs tests of up to {len(tests)} file{'' if len(tests) == 1 else 's'}"
    return Verdict(True, (said, f"it learns of a save {Notices(lambda: None).how}"))


def _fixing(ctx: Context) -> Sequence[Command]:
    """The tools that mend, each once, where one of them found something: what one changes another formats."""
    lanes = ctx.read_if_there(handles.LANES)
    if lanes is None or ctx.options.in_ci or not any(row.lane in _FIXABLE for row in lanes.lanes):
        return ()
    settings = {name: ctx.workspace.config.of(name) for name in ATOMS}
    own = [tool_of(ctx.project, name) for name, of in settings.items() if of.enabled and not of.run]
    tools = [tool for tool in own if tool.FILE_MEND]
    return tuple(Command((ctx.tool(tool.PROGRAM), *shlex.split(tool.MEND)[1:])) for tool in tools)


@runs(_fixing)
def route_fix_lane_lint_format(ctx: Context) -> Outcome:
    from atomci.guard.snapshot.take import Limits, take

    if ctx.options.in_ci:
        return Outcome(
            "fail", "it changes files, so it runs on a developer's machine only: atomci run atom_042"
        )
    commands = _fixing(ctx)
    if not commands:
        ctx.write(handles.FIXED, FixedByTools(commands=(), changed=(), undo=""))
        return Outcome("pass", "nothing was found that ruff or black could fix", len(_FIXABLE), "lanes")
    if leading_out := _leading_out(ctx):
        said = f"{leading_out[0]} leads out of this project, where atomci undo brings nothing back"
        return Outcome("fail", f"{said}: have the tools leave it out, or fix it there", len(leading_out))
    before, undo = _texts(ctx), new_run_id()
    own = Limits(ignored_folder_files=0)  # neither caches nor the log of this very run are to be undone
    take(ctx.root, undo, limits=own)
    ended = [ctx.run(command) for command in commands]
    take(ctx.root, undo, "after", own)
    after = _texts(ctx)
    changed = tuple(sorted(path for path in before if before[path] != after.get(path)))
    shown = tuple(shlex.join((command.argv[0].rpartition("/")[2], *command.argv[1:])) for command in commands)
    ctx.write(handles.FIXED, FixedByTools(commands=shown, changed=changed, undo=undo if changed else ""))
    if broken := [done for done in ended if done.code not in (0, 1)]:
        return Outcome("error", f"{shown[ended.index(broken[0])]} ended with {broken[0].code}", len(before))
    if not changed:
        return Outcome("pass", "nothing of what was found can be fixed by a tool", len(before))
    said = f"{len(changed)} changed: {', '.join(changed[:3])}{', ...' if len(changed) > 3 else ''}"
    return Outcome("pass", f"{said}; atomci undo {undo} takes it back", len(before))


def _leading_out(ctx: Context) -> list[str]:
    """Links with findings, through which a tool would write outside."""
    found, root = ctx.read(handles.FINDINGS), ctx.root.resolve()
    seen = [each for run in found.runs for each in (*run.findings, *(run.held or ()))]
    paths = {each.path for each in seen if each.lane in _FIXABLE}
    return sorted(path for path in paths if not (ctx.root / path).resolve().is_relative_to(root))


def _texts(ctx: Context) -> dict[str, bytes]:
    files = ctx.files(*_FIXED)
    return {path: hashlib.sha256((ctx.root / path).read_bytes()).digest() for path in files}


def route_fix_lane_types_interfaces(ctx: Context) -> Outcome:
    found = ctx.read(handles.FINDINGS)
    types = [each for run in found.runs for each in run.findings if each.lane == "type"]
    sources = ctx.files("**/*.py", "**/*.pyi")
    work = type_work(types, sources, lambda path: (ctx.root / path).read_bytes())
    ctx.write(handles.TYPE_WORK, work)
    first = work.symbols[0] if work.symbols else None
    place = f"{first.path}{f', {first.symbol}' if first.symbol else ''}" if first else ""
    said = f"{len(types)} findings in {len(work.symbols)} symbols, first {place}" if first else ""
    return Outcome("pass", said, len(sources))


def route_fix_lane_behavior(ctx: Context) -> Outcome:
    results = read_results(ctx.root / handles.UNIT_RESULTS)
    last = {result.nodeid: result for result in results}
    failing = [result for result in last.values() if result.outcome in BAD]
    git, named = ctx.project.git, ctx.options.since or ctx.project.setting(read_selection).base
    try:
        since = departure(git, named or None)
    except HistoryMissing as missing:
        return Outcome("error", f"{missing} ({missing.hint})", len(last), "tests")
    changed = changed_lines(git, since.commit) if since else {}
    work = behavior_work(
        failing,
        changed,
        since.commit if since else "",
        _ran_by(ctx),
        lambda path: (ctx.root / path).read_bytes(),
    )
    ctx.write(handles.BEHAVIOR_WORK, work)
    reached = sum(bool(test.changed) for test in work.tests)
    said = f"failing: {len(failing)}, of which through changed lines: {reached}" if failing else "none fails"
    return Outcome("pass", said, len(last), "tests")


def _ran_by(ctx: Context) -> Callable[[str], Collection[str] | None]:
    """What each test ran when it was last noted, None of one that wasn't."""
    record = known_record(ctx, unit_tests_of(ctx.project))

    def ran(nodeid: str) -> Collection[str] | None:
        test = record.tests.get(nodeid) if record else None
        if record is None or test is None:
            return None
        return {record.blocks[number] for number in numbers(test.ran, len(record.blocks))}

    return ran


def _collecting(ctx: Context) -> Sequence[Command]:
    return () if why_unrunnable(ctx.project) else (collecting(ctx),)


@runs(_collecting)
def update_shared_fixtures_as_needed(ctx: Context) -> Outcome:
    if why := why_unrunnable(ctx.project):
        return Outcome.leaving_out(f"the fixtures, since {why}", 0, "tests")
    return look_at_fixtures(ctx)


def update_shared_fixtures_as_needed_holds(ctx: Context) -> Verdict:
    """No fixture is unknown, none is there twice; those that no test uses are named."""
    verdict = last_result(ctx)
    if not verdict.holds:
        return verdict
    unused = (f"unused: {each.name}, {each.places[0]}" for each in ctx.read(handles.SHARED_FIXTURES).found)
    return Verdict(True, (*verdict.evidence, *unused))


def _rounds(ctx: Context) -> Sequence[Command]:
    return () if why_unrunnable(ctx.project) else (first_round(ctx),)


@runs(_rounds)
def repeat_unit_tests_until_green(ctx: Context) -> Outcome:
    if why := why_unrunnable(ctx.project):
        return Outcome.leaving_out(f"the tests, since {why}", 0, "tests")
    return play_rounds(ctx)


def repeat_unit_tests_until_green_holds(ctx: Context) -> Verdict:
    """The last rounds ended green, on the files as they are; what passed on retry is said."""
    again = f"atomci run {ctx.atom.name}"
    if (verdict := never_ran(ctx)) is not None:
        return verdict
    last = ctx.read_if_there(handles.UNIT_ROUNDS)
    if last is None:
        return Verdict(None, (f"{handles.UNIT_ROUNDS} is missing",), again, not_run=True)
    said = f"{last.ended}: {last.reason}"
    if last.files != state_of_files(ctx):
        return Verdict(None, (f"{said}; files have changed since",), again, out_of_date=True)
    passed = ctx.read(result_of(ctx.atom.name)).status == "pass"
    return Verdict(passed, (said,), "" if passed else again)
