"""How a run is shown: live on a terminal, plain lines elsewhere, JSON Lines; for GitHub see github.py."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING

import click

from atomci.artifacts.handed.runs import AtomFinished, AtomStarted, Event, RunFinished
from atomci.artifacts.handed.testing import TestResult
from atomci.artifacts.json_text import json_of
from atomci.catalog import PIPELINES
from atomci.cli.view.advice import typed_here
from atomci.cli.view.style import paint
from atomci.cli.view.width import fits, folded, is_narrow
from atomci.engine.context import Context, Options
from atomci.engine.events import Listener
from atomci.engine.plan import Plan
from atomci.engine.policy import STOPPED
from atomci.project import Project
from atomci.report.excerpts import TESTS_SHOWN, excerpt

if TYPE_CHECKING:
    from atomci.atoms.loading.load import Loader

__all__ = ["dry_run_lines", "listener_for"]

_WORDS = {
    "pass": ("ok", "green"),
    "fail": ("FAIL", "red"),
    "skipped": ("skip", "yellow"),
    "vacuous": ("VACUOUS", "red"),
    "error": ("ERROR", "red"),
}
_COLOURS = {"green": "green", "overridden": "yellow", "interrupted": "yellow"}
_FINDINGS_SHOWN = 20
_MODULES_SHOWN = 5


def listener_for(
    plan: Plan, as_json: bool, project: Project, *, kept: bool = True
) -> AbstractContextManager[Listener]:
    """The listener that suits where standard output goes. No file of a project that isn't kept is named."""
    if as_json:
        return _json_lines()
    in_actions = os.environ.get("GITHUB_ACTIONS") == "true"
    lines = _Lines(plan, project, with_reports=not in_actions, kept=kept)
    if in_actions:  # which shows the whole log
        from atomci.cli.view.github import github_lines

        return github_lines(lines.of, lines.head, project.root)
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        return _live(lines, len(plan.atoms))
    return _plain(lines)


def dry_run_lines(loader: Loader, plan: Plan, options: Options, as_json: bool) -> Iterator[str]:
    """Each atom in order with the commands it would start, all of them exact."""
    workspace = loader.workspace(options)
    for atom in plan.atoms:
        ctx = Context(workspace, atom)
        enabled = loader.config.of(atom.name).enabled
        commands = [str(command) for command in loader.implementation(atom).commands(ctx)] if enabled else []
        if as_json:
            yield json.dumps({"atom": atom.name, "enabled": enabled, "commands": commands})
            continue
        yield f"# {atom.number:03d} {atom.name}" + ("" if enabled else ": disabled in pyproject.toml")
        yield from commands or (["#     inside atomci, no program is started"] if enabled else [])


@contextmanager
def _json_lines() -> Iterator[Listener]:
    def show(event: Event) -> None:
        sys.stdout.write(json_of(event).decode() + "\n")
        sys.stdout.flush()

    yield show


@contextmanager
def _plain(lines: _Lines) -> Iterator[Listener]:
    def show(event: Event) -> None:
        for line in lines.of(event):
            click.echo(line)

    yield show


@contextmanager
def _live(lines: _Lines, atoms: int) -> Iterator[Listener]:
    """Finished atoms as lines, the running ones in one line below that changes."""
    from rich.console import Console
    from rich.live import Live
    from rich.spinner import Spinner
    from rich.text import Text

    running: dict[str, float] = {}
    finished = 0

    class Status:
        def __rich__(self) -> Spinner:
            names = "  ".join(
                f"{name} {time.monotonic() - since:.0f} s" for name, since in list(running.items())
            )
            return Spinner(
                "dots",
                Text(f" {finished}/{atoms}  {names}", no_wrap=True, overflow="ellipsis"),
            )

    console = Console(highlight=False)
    live = Live(Status(), console=console, transient=True, refresh_per_second=8)

    def show(event: Event) -> None:
        nonlocal finished
        if isinstance(event, AtomStarted):
            running[event.atom] = time.monotonic()
        elif isinstance(event, AtomFinished):
            running.pop(event.atom, None)
            finished += 1
        for line in lines.of(event):
            console.print(Text.from_ansi(line), soft_wrap=True)

    live.start()
    try:
        yield show
    finally:
        with suppress(OSError):  # the terminal may have been closed
            live.stop()


def _one_line(text: str) -> str:
    return " ".join(text.split())


class _Lines:
    """Events as lines of text."""

    def __init__(self, plan: Plan, project: Project, *, with_reports: bool = True, kept: bool = True) -> None:
        self._project, self._kept = project, kept
        self._numbers = {atom.name: atom.number for atom in plan.atoms}
        self._targets = " ".join(plan.targets)
        self._width = max(map(len, self._numbers), default=0)
        self._red: list[AtomFinished] = []
        self._stopped: list[str] = []
        self._left_out: list[str] = []
        self._reused = 0
        self._tests_shown = TESTS_SHOWN if with_reports else 0
        self._reports: dict[str, list[str]] = {}

    def of(self, event: Event) -> list[str]:
        """No line, or several."""
        if isinstance(event, TestResult) and event.details and len(self._reports) < self._tests_shown:
            self._reports[event.nodeid] = excerpt(event)
        if isinstance(event, AtomFinished):
            self._reused += event.cached
            if event.status in ("fail", "vacuous", "error"):
                self._red.append(event)
            if event.reason.startswith(STOPPED):
                self._stopped.append(event.atom)
            if event.left_out and event.left_out not in self._left_out:
                self._left_out.append(event.left_out)
            return [self.head(event), *self._findings(event)]
        if isinstance(event, RunFinished):
            return self._end(event)
        return []

    def head(self, event: AtomFinished) -> str:
        """`ok    031 run_ruff_lint   12 files   0.1 s   reason`."""
        word, colour = _WORDS[event.status]
        number = f"{self._numbers[event.atom]:03d}"
        unit = event.unit.removesuffix("s") if event.examined == 1 else event.unit
        amount = f"{event.examined} {unit}" if event.examined or event.status == "pass" else ""
        time_taken = "unchanged" if event.cached else f"{event.seconds:.2f} s"
        override = paint(event.override, "yellow") if event.override else ""
        reason = "; ".join(filter(None, (_one_line(event.reason), override)))
        columns = (f"{event.atom:{self._width}}", f"{amount:>14}", f"{time_taken:>9}")
        cells = (event.atom, amount, time_taken)
        begin = f"{paint(f'{word:7}', colour)} {number} "
        in_columns, close = (
            f"{begin}{'  '.join(filter(None, (*said, reason)))}".rstrip() for said in (columns, cells)
        )
        if is_narrow() or (fits(close) and not fits(in_columns)):
            return folded(close)
        return folded(in_columns)

    def _findings(self, event: AtomFinished) -> list[str]:
        shown, lines = event.findings[:_FINDINGS_SHOWN], list[str]()
        for finding in shown:
            lines.append(f"        {_one_line(str(finding))}")
            lines += [f"            {line}".rstrip() for line in self._reports.pop(finding.rule, ())]
        more = len(event.findings) - len(shown)
        return lines + ([f"        and {more} more in {event.log}"] if more > 0 else [])

    def _end(self, event: RunFinished) -> list[str]:
        counts = ", ".join(f"{count} {_WORDS[status][0].lower()}" for status, count in event.counts.items())
        reused = f", {self._reused} unchanged" if self._reused else ""
        head = paint(f"{self._targets}: {event.verdict}", _COLOURS.get(event.verdict, "red"), bold=True)
        if not event.counts and event.verdict in ("broken", "interrupted"):
            return [f"{head} in {event.seconds:.1f} s, nothing was run"]
        if self._red and not self._kept:
            return [f"{head} in {event.seconds:.1f} s ({counts})"]
        run = f"artifacts/runs/{event.run}"
        lines = [f"{head} in {event.seconds:.1f} s ({counts}{reused})  {run}"]
        lines += [f"  {name}: {text}" for name, text in {**event.overridden, **event.expired}.items()]
        for finished in [row for row in self._red if row.atom not in event.overridden][:1]:
            from atomci.bootstrap.managers.choice import prefix

            lines.append(f"  first red: {finished.atom}, log {finished.log}")
            own = prefix(self._project) if self._project.version_of("atomci") else ""
            lines.append(f"  again:     {own}atomci run {finished.atom}")
            lines.append(f"  page:      {own}atomci report --open")
            lines += [f"  to add:    {line}" for line in self._to_add()]
        if event.interrupted:
            lines.append("  continue:  " + typed_here("atomci run --resume"))
        if self._left_out:
            lines.append(f"  left out:  {_first_of(self._left_out, ', and')}")
        if self._stopped:
            lines.append(f"  not run:   {_first_of(self._stopped)}; -k runs later phases too")
        elif event.exit_code == 0 and (text := self._not_run()):
            lines.append(f"  not run:   {text}")
        return lines

    def _not_run(self) -> str:
        """Parts of the gate that a run of one part says nothing about. In CI other jobs run them."""
        from atomci.atoms.parts.verdicts.parts_of_the_gate import what_was_not_run

        if not self._kept or os.environ.get("CI") or not all(map(_is_group, self._targets.split())):
            return ""
        # pre-commit tells its hooks so.
        at_push = "PRE_COMMIT_REMOTE_NAME" in os.environ
        return typed_here(what_was_not_run(self._project, self._numbers, before_a_push=at_push))

    def _to_add(self) -> list[str]:
        from atomci.bootstrap.managers.choice import typed
        from atomci.bootstrap.missing_modules import how_to_add

        found = how_to_add(self._project, (finding for row in self._red for finding in row.findings))
        return [typed(self._project, line) for line in found[:_MODULES_SHOWN]]


def _is_group(target: str) -> bool:
    return target.startswith("phase_") or any(target == pipeline.name for pipeline in PIPELINES)


def _first_of(said: Sequence[str], joint: str = " and") -> str:
    return said[0] + (f"{joint} {len(said) - 1} more" if len(said) > 1 else "")
