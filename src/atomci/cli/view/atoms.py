"""Atoms as `atomci explain` shows them: their commands; of one, also what it reads, writes and rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

__all__ = ["INSIDE", "atom_lines", "command_lines"]

INSIDE = "# inside atomci, no program is started"


def atom_lines(row: Mapping[str, Any], *, whole: bool) -> Iterator[str]:
    """The lines of one atom; `whole` lists all that its last result rests on."""
    yield click.style(f"{row['number']:03d} {row['name']}", bold=True) + f"  {row['summary']}"
    yield from (f"    {command}" for command in row.get("commands", ()))
    for key in ("needs", "after", "reads", "writes"):
        if row[key]:
            yield f"    {key:8} {', '.join(row[key])}"
    if row["planned"]:
        yield "    planned, not built yet"
    if row.get("origin", "built-in") != "built-in":
        yield f"    swapped  {row['origin']}"
    if "last_run" in row:
        yield from _last_run_lines(row["last_run"], whole=whole)


def command_lines(target: str, summary: str, rows: Sequence[Mapping[str, Any]], root: Path) -> Iterator[str]:
    """The commands of several atoms in order; all else is comments, so that a shell takes each line."""
    from atomci.tools.process import shell_line

    inside = [row["name"] for row in rows if row.get("commands") == [INSIDE]]
    planned = [row["name"] for row in rows if row["planned"]]
    yield f"# {target}: {summary or f'{len(rows)} atoms'}"
    if root != Path.cwd():
        yield shell_line(("cd", str(root)))
    for row in rows:
        if row["name"] in inside or row["planned"]:
            continue
        swapped = f"; swapped: {row['origin']}" if row["origin"] != "built-in" else ""
        yield f"# {row['number']:03d} {row['name']}: {row['summary']}{swapped}"
        yield from row["commands"]
    if inside:
        yield f"# inside atomci, without a program: {', '.join(inside)}"
    if planned:
        yield f"# planned, not built yet: {', '.join(planned)}"
    yield f"# what each needs, reads and writes: atomci explain {target} --whole"


def _last_run_lines(last: Mapping[str, Any], *, whole: bool) -> Iterator[str]:
    why = f", which ran because {last['because']}" if last["because"] else ""
    yield f"    last     {last['status']} in run {last['run']}{why}"
    seen = last["observed"]
    kinds = ("files", "folders", "searched", "variables", "facts")
    yield "    rests on " + ", ".join(f"{len(seen[kind])} {kind}" for kind in kinds if seen.get(kind))
    for kind in kinds if whole else ():
        yield from (f"             {name}" for name in seen.get(kind, ()))
    yield from (f"             {seen[key]}" for key in ("widened", "unkept") if seen.get(key))
    kept = last["status"] == "pass" and not seen.get("unkept")
    unchanged = "nothing of that has changed" + ("; its result is reused" if kept else "")
    yield f"    now      {last['changed'] or unchanged}" + ("; it runs again" if last["changed"] else "")
