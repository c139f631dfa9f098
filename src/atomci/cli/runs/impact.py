"""`atomci explain impact`: each test that runs and why, each that doesn't and why that is safe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from atomci.artifacts.handed.impact import ImpactRecord, numbers
from atomci.artifacts.handed.testing import InQuarantine, Selection
from atomci.artifacts.printed.listings import ImpactExplanation, LayerImpact, RestingTest, RunningTest
from atomci.testing.flaky.quarantine import Quarantined

__all__ = ["explained", "impact_lines"]


def explained(
    selections: Mapping[str, tuple[Selection, ImpactRecord | None]],
    paths: Sequence[str],
    held: Sequence[Quarantined] = (),
) -> ImpactExplanation:
    """What the selection of each layer says of each test, the unit tests' first; with `paths`, only tests
    that use one of them, or run for it. Those that `held` names are in quarantine.
    """
    unit, *others = (_of(name, *found, paths, held) for name, found in selections.items())
    return ImpactExplanation(
        mode=unit.mode,
        reason=unit.reason,
        changed=unit.changed,
        running=unit.running,
        resting=unit.resting,
        others=tuple(others),
    )


def _of(
    layer: str,
    selection: Selection,
    record: ImpactRecord | None,
    paths: Sequence[str],
    held: Sequence[Quarantined],
) -> LayerImpact:
    running = [
        RunningTest(test=test, reasons=why, quarantine=_held(held, test))
        for row in selection.tests
        for test, why in (row.ids or {row.path: row.reasons}).items()
    ]
    resting = [_resting(record, nodeid, held) for nodeid in selection.left_out] if record else []
    if paths:
        running = [row for row in running if any(path in why for path in paths for why in row.reasons)]
        resting = [row for row in resting if {*row.runs, *row.reads} & set(paths)]
    return LayerImpact(
        layer=layer,
        mode=selection.mode,
        reason=selection.reason,
        changed=selection.changed,
        running=tuple(running),
        resting=tuple(resting),
    )


def _held(held: Sequence[Quarantined], nodeid: str) -> InQuarantine | None:
    return next((row.today for row in held if row.covers(nodeid)), None)


def _resting(record: ImpactRecord, nodeid: str, held: Sequence[Quarantined]) -> RestingTest:
    test = record.tests[nodeid]
    blocks = [record.blocks[number] for number in numbers(test.ran, len(record.blocks))]
    reads = [record.paths[number] for number in numbers(test.read, len(record.paths))]
    files = tuple(dict.fromkeys(block.rpartition("::")[0] for block in blocks))
    functions = sum("#" not in block for block in blocks)
    return RestingTest(
        test=nodeid,
        outcome=test.outcome,
        functions=functions,
        runs=files,
        reads=tuple(reads),
        quarantine=_held(held, nodeid),
    )


def impact_lines(told: ImpactExplanation) -> Iterator[str]:
    """For people. Each layer is named where there are several."""
    yield from _layer_lines(told, "unit: " if told.others else "")
    for one in told.others:
        yield from _layer_lines(one, f"{one.layer}: ")


def _layer_lines(told: ImpactExplanation | LayerImpact, name: str) -> Iterator[str]:
    yield f"{name}{told.mode}: {told.reason}"
    if told.changed:
        yield f"changed: {', '.join(told.changed)}"
    for row in told.running:
        yield f"runs   {row.test}"
        yield from (f"         {why}" for why in row.reasons)
        yield from _in_quarantine(row.quarantine)
    for rest in told.resting:
        yield f"rests  {rest.test}"
        read = f", and {len(rest.reads)} files that it read or listed" if rest.reads else ""
        yield (
            f"         {rest.outcome} the last time; the {rest.functions} functions that it ran "
            f"in {len(rest.runs)} files{read} are as they were"
        )
        yield from _in_quarantine(rest.quarantine)


def _in_quarantine(held: InQuarantine | None) -> Iterator[str]:
    if held is not None:
        yield f"         in quarantine: {held}"
