"""The check of a working atom: what it left in artifacts/ the last time, and whether that still holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from atomci.artifacts.handed.runs import OutputFile
from atomci.artifacts.handles import result_of
from atomci.artifacts.printed.listings import LastRun
from atomci.artifacts.store import sha256
from atomci.engine.cache import goes_by_its_files, surroundings
from atomci.engine.context import Context, Options, Verdict

__all__ = ["last_result", "last_run", "never_ran"]


def last_run(ctx: Context) -> LastRun | None:
    """How the atom ended the last time, and whether what that rests on is as it was.

    None where it hasn't run here, or doesn't go by what it reads.
    """
    result = ctx.read_if_there(result_of(ctx.atom.name))
    if result is None or result.observed is None:
        return None
    now = surroundings(ctx.atom, ctx.workspace, Options(since=result.since))
    return LastRun(
        run=result.run,
        status=result.status,
        because=result.because,
        observed=result.observed,
        changed=result.observed.unsettled or now.difference(result.observed),
    )


def never_ran(ctx: Context) -> Verdict | None:
    """The verdict on an atom that hasn't run here, which neither holds nor is broken; None on another."""
    path = result_of(ctx.atom.name)
    if ctx.read_if_there(path) is not None:
        return None
    return Verdict(
        None, (f"{path} is missing: it hasn't run here",), f"atomci run {ctx.atom.name}", not_run=True
    )


def last_result(ctx: Context) -> Verdict:
    """Holds when the last run passed, its files are as it left them, and what it rests on hasn't changed.

    Without a last run, and where what that rests on has changed since, it neither holds nor is it broken.
    """
    name = ctx.atom.name
    again = f"atomci run {name}"
    if (verdict := never_ran(ctx)) is not None:
        return verdict
    result = ctx.read(result_of(name))
    if result.status == "skipped":  # it examined nothing: what came before it was red, or the run stopped
        owes = not (ctx.atom.optional or result.left_out)
        said = f"skipped in run {result.run}: {result.reason}"
        return Verdict(None, (said,), again if owes else "", not_run=owes)
    changed = [f"{change} since run {result.run}" for change in _changed(ctx)]
    red: list[str] = []
    if result.status != "pass":
        red = [f"{result.status} in run {result.run}: {result.reason}"]
    elif altered := [f"{row.path} {how}" for row in result.outputs if (how := _altered(ctx.root, row))]:
        return Verdict(False, [*(f"{text} since run {result.run}" for text in altered), *changed], again)
    if changed:  # a red result is told first: an older state isn't forgotten, but no verdict on this one
        first, *others = changed
        return Verdict(None, ["; ".join([*red, first]), *others], again, out_of_date=True)
    if red:
        return Verdict(False, [*red, *map(str, result.findings[:5])], again)
    examined = f"{result.examined} {result.unit} in run {result.run}"
    return Verdict(True, (examined, *(row.path for row in result.outputs[:3])))


def _altered(root: Path, output: OutputFile) -> str | None:
    path = root / output.path
    if not path.is_file():
        return "is missing"
    return None if sha256(path) == output.sha256 else "was changed"


def _changed(ctx: Context) -> Iterator[str]:
    """What changed of its own inputs, and of those of the atoms before it whose artifacts it stands on."""
    before = [ctx.atom]
    for atom in before:
        result = ctx.read_if_there(result_of(atom.name))
        if result is not None and result.observed is not None and goes_by_its_files(atom):
            now = surroundings(atom, ctx.workspace, Options(since=result.since))
            if changed := result.observed.unsettled or now.difference(result.observed):
                yield changed if atom is ctx.atom else f"{atom.name} is out of date: {changed}"
        rows = [ctx.catalog.atoms[name] for name in (*atom.needs, *atom.after)]
        before += [row for row in rows if row not in before]
