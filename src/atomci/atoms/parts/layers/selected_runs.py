"""Running those tests of a layer that a change reaches, and learning from it what each of them runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from atomci.artifacts.handed.testing import Selection, TestSummary
from atomci.atoms.parts.layers.impact_record import is_recorded, keep_escapes, keep_record
from atomci.atoms.parts.layers.layer_runs import not_begun, pytest_command, run_tests
from atomci.atoms.parts.layers.layer_selection import collecting, every_test, selection_for
from atomci.atoms.parts.layers.layer_writes import hashes_before
from atomci.engine.cache import clear_notes, notes_in
from atomci.engine.context import Context, Outcome
from atomci.testing.layers import Layer
from atomci.tools.process import Command

__all__ = [
    "ONLY_IMPACTED",
    "command_of",
    "nothing_reached",
    "planned_commands",
    "run_selected",
    "standing_pass",
]

ONLY_IMPACTED = "only impacted tests ran"


def planned_commands(ctx: Context, layer: Layer, env: Mapping[str, str]) -> Sequence[Command]:
    """What a run would start."""
    selection = selection_for(ctx, layer) if ctx.options.preview else ctx.read_if_there(layer.selection)
    selection = selection or every_test(ctx, layer, "")
    return () if selection.mode == "none" else (command_of(ctx, layer, selection, env),)


def command_of(ctx: Context, layer: Layer, selection: Selection, env: Mapping[str, str]) -> Command:
    """pytest on the files that were selected, or on the whole layer."""
    followed = is_recorded(ctx, layer)
    return pytest_command(
        ctx,
        layer,
        [test.path for test in selection.tests] if selection.mode == "impacted" else (),
        env=env,
        observed=notes_in(ctx.root, ctx.atom) if followed else None,
        followed=followed,
        narrowed=bool(selection.left_out),
    )


def run_selected(ctx: Context, layer: Layer, env: Mapping[str, str]) -> Outcome:
    """Select, run, and keep what was seen."""
    if not_begun(ctx, layer):
        return run_tests(ctx, layer, ())
    selection = selection_for(ctx, layer)
    ctx.write(layer.selection, selection)
    for test in selection.tests:
        ctx.log(f"{test.path}: {'; '.join(test.reasons)}\n")
    if selection.mode == "none":
        ctx.write(layer.summary, TestSummary(counts={}, complete=False, why_incomplete=selection.reason))
        return Outcome("skipped", selection.reason, 0, "tests")
    clear_notes(ctx.root, ctx.atom)
    recorded = is_recorded(ctx, layer)
    before = hashes_before(ctx) if recorded else {}
    is_part = selection.mode == "impacted"
    command = command_of(ctx, layer, selection, env)
    outcome = run_tests(ctx, layer, (command,), left_out=ONLY_IMPACTED if is_part else "")
    if recorded:
        if not is_part:
            keep_escapes(ctx, layer, before, lambda: collecting(ctx, layer))
        keep_record(ctx, layer, before, selection)
    return _of_a_part(outcome, selection) if is_part else outcome


def _of_a_part(outcome: Outcome, selection: Selection) -> Outcome:
    """Tests that were skipped, or files without any, prove nothing; the others stand all the same."""
    said = f"{selection.reason}; {outcome.reason}" if outcome.reason else selection.reason
    if outcome.status == "vacuous":
        return Outcome("skipped", said, 0, "tests")
    return replace(outcome, reason=said) if outcome.status == "pass" else outcome


def nothing_reached(ctx: Context, layer: Layer) -> str:
    """Why no test of a layer ran in the last run; empty where some did, or should have."""
    selection = ctx.read_if_there(layer.selection)
    return selection.reason if selection and selection.mode == "none" else ""


def standing_pass(ctx: Context, layer: Layer) -> Mapping[str, Sequence[str]]:
    """Tests that the last run left out, since they passed and nothing that they use changed; each with the
    functions of tests and fixtures that it ran.
    """
    selection, record = ctx.read_if_there(layer.selection), ctx.read_if_there(layer.impact)
    if selection is None or record is None:
        return {}
    known = {nodeid: record.tests.get(nodeid) for nodeid in selection.left_out}
    return {
        nodeid: record.ran_by(test)
        for nodeid, test in known.items()
        if test is not None and test.outcome == "passed"
    }
