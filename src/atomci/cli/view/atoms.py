"""An atom as `atomci explain` shows it: what it reads and writes, its commands, what its result rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

__all__ = ["atom_lines"]


def atom_lines(row: Mapping[str, Any], *, whole: bool) -> Iterator[str]:
    """The lines of one atom; `whole` lists all that its last result rests on."""
    yield click.style(f"{row['number']:03d} {row['name']}", bold=True) + f"  {row['summary']}"
    for key in ("needs", "after", "reads", "writes"):
        if row[key]:
            yield f"    {key:8} {', '.join(row[key])}"
    if row["planned"]:
        yield "    planned, not built yet"
    for command in row.get("commands", ()):
        yield f"    $ {command}"
    if row.get("origin", "built-in") != "built-in":
        yield f"    swapped  {row['origin']}"
    if "last_run" in row:
        yield from _last_run_lines(row["last_run"], whole=whole)


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
