"""`atomci watch` on a terminal, in lines, and as JSON Lines."""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from collections.abc import Iterator, Sequence

import click

from atomci.artifacts.handed.testing import TestResult
from atomci.artifacts.json_text import json_of
from atomci.artifacts.printed.watching import (
    CycleDropped,
    CycleFinished,
    CycleStarted,
    TriageFinished,
    WatchEvent,
    WatchStarted,
)
from atomci.cli.view.style import paint
from atomci.testing.results import BAD
from atomci.visible import visible
from atomci.watch.board import Board

__all__ = ["Events", "Lines", "Screen"]

_COLOURS = {"green": "green", "red": "red", "broken": "red", "clean": "green", "findings": "red"}
_KEYS = "a all · f failed · p path · t name · Enter again · ? help · q quit"
_HELP = (
    "a      run all tests, and forget the patterns",
    "f      run the tests that failed",
    "p      ask for a pattern of paths: only these files run, at each save",
    "t      ask for a name, or an expression as pytest's -k takes it",
    "c      forget the patterns",
    "Enter  run the last tests again",
    "q      quit, as Ctrl-C does",
)
_LINES_OF_A_FAILURE = 40
_FAILURES_SHOWN = 5
_FINDINGS_SHOWN = 10
_NAMES_SHOWN = 3


class Events:
    """JSON Lines."""

    def tell(self, event: WatchEvent) -> None:
        """One line."""
        click.echo(json_of(event).decode())

    def paint(self, board: Board) -> None:
        """Nothing: what can be seen has been told."""

    def repaint(self, board: Board) -> None:
        """Nothing."""


class Story:
    """Events as lines. Of what failed, only what failed in the cycle that ends is told at length."""

    def __init__(self, *, running: bool) -> None:
        self._running = running
        self._failed: dict[str, TestResult] = {}

    def lines_of(self, event: WatchEvent) -> Iterator[str]:
        """What stays of an event; `running`: what a screen shows below is told, too."""
        match event:
            case WatchStarted():
                files = f"{event.files} file{'' if event.files == 1 else 's'}"
                yield f"watching the tests of {files} {event.notices}; Ctrl-C ends it"
            case CycleStarted():
                self._failed = {}
                if self._running:
                    yield f"{_short_time()}  {_about(event)}: {visible(event.reason)}"
            case TestResult():
                self._failed.pop(event.nodeid, None)
                if event.outcome in BAD:
                    self._failed[event.nodeid] = event
            case CycleDropped():
                yield paint(f"{_short_time()}  dropped: {visible(event.reason)}", "bright_black")
            case CycleFinished():
                yield from _failures(list(self._failed.values()))
                self._failed = {}
                word = paint(f"{event.verdict:8}", _COLOURS.get(event.verdict, "yellow"), bold=True)
                yield f"{_short_time()}  {word} {_said(event)}"
            case TriageFinished():
                yield from _of_the_tools(event)


class Lines:
    """Text that is only added to, for a log or a pipe."""

    def __init__(self) -> None:
        self._story = Story(running=True)

    def tell(self, event: WatchEvent) -> None:
        """Some lines."""
        for line in self._story.lines_of(event):
            click.echo(line)
        sys.stdout.flush()

    def paint(self, board: Board) -> None:
        """Nothing."""

    def repaint(self, board: Board) -> None:
        """Nothing."""


class Screen:
    """What ended goes to the terminal's own history; below it stand a few lines that are drawn anew.

    All that changes at once is one write, so nothing flickers, also over a slow line.
    """

    def __init__(self) -> None:
        self._drawn: tuple[str, ...] = ()
        self._recent: list[str] = []
        self._story = Story(running=False)

    def tell(self, event: WatchEvent) -> None:
        """What stays."""
        if lines := list(self._story.lines_of(event)):
            self._recent = [*self._recent, *lines][-200:]
            self._write(lines, ())

    def paint(self, board: Board) -> None:
        """The lines below, where they aren't what they were."""
        drawn = tuple(_cut(line, _size().columns - 1) for line in block_of(board, _size().lines))
        if drawn != self._drawn:
            self._write((), drawn)

    def repaint(self, board: Board) -> None:
        """On a screen of another size: what ended lately, and the lines below."""
        size = _size()
        drawn = tuple(_cut(line, size.columns - 1) for line in block_of(board, size.lines))
        kept = self._recent[-max(0, size.lines - len(drawn) - 1) :] if size.lines > len(drawn) + 1 else []
        self._drawn = ()
        self._put("\x1b[H\x1b[2J")
        self._write([_cut(line, size.columns - 1) for line in kept], drawn)

    def leave(self) -> None:
        """The lines below are taken away."""
        self._write((), ())

    def _write(self, lines: Sequence[str], drawn: tuple[str, ...]) -> None:
        up = len(self._drawn) - 1
        back = "\r" + (f"\x1b[{up}A" if up > 0 else "") if self._drawn else ""
        text = "".join(f"{line}\r\n" for line in lines) + "\r\n".join(drawn)
        self._put(f"\x1b[?2026h{back}\x1b[J{text}\x1b[?2026l")
        self._drawn = drawn

    @staticmethod
    def _put(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def _failures(failed: Sequence[TestResult]) -> Iterator[str]:
    for result in failed[:_FAILURES_SHOWN]:
        yield from _failure(result)
    if len(failed) > _FAILURES_SHOWN:
        yield f"and {len(failed) - _FAILURES_SHOWN} more that fail"


def _said(event: CycleFinished) -> str:
    what = [_of_all(event)] if event.tests else []
    bad = [f"{count} {word}" for word, count in event.counts.items() if word != "passed"]
    failed = event.verdict == "red" and not event.counts.keys().isdisjoint(BAD)
    plain = (failed or event.verdict == "green") and "quarantined" not in event.counts
    why = [event.reason] if event.reason and not plain else []
    still = f"{len(event.failed)} known to fail"
    after = [still] if event.failed else []
    took = f"{event.seconds:.2f} s" if event.tests else ""
    parts = [*what, *bad, *(visible(one) for one in why), *after, took]
    said = "  ".join(filter(None, parts))
    return f"{said}  {_because(event.changed)}" if event.changed else said


def _of_the_tools(event: TriageFinished) -> Iterator[str]:
    """Their findings in the files that changed, and one line that also says how the tests ended."""
    for finding in event.findings[:_FINDINGS_SHOWN]:
        place = f"{finding.path}:{finding.line}:{finding.column}"
        yield visible(f"{place}  {finding.tool} {finding.rule}  {_first_line(finding.message)}")
    if len(event.findings) > _FINDINGS_SHOWN:
        yield f"and {len(event.findings) - _FINDINGS_SHOWN} more in these files"
    counts = [f"{tool} {count}" for tool, count in event.tools.items()]
    broken = [f"{tool} broke: {_first_line(why)}" for tool, why in event.broken.items()]
    others = [f"{tool} left out: {why}" for tool, why in event.left_out.items()]
    more = [f"{event.elsewhere} in other files"] if event.elsewhere else []
    said = visible(", ".join([*counts, *more, *broken, *others]))
    word = paint(f"{event.verdict:8}", _COLOURS.get(event.verdict, "yellow"), bold=True)
    yield f"{_short_time()}  {word} {said}  tests {event.tests}  {_because(event.changed)}"


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _of_all(event: CycleFinished) -> str:
    if event.known > event.tests:
        return f"{event.tests} of {event.known} tests, {event.kind}"
    tests = f"{event.tests} test{'' if event.tests == 1 else 's'}"
    if event.files >= event.total:
        return f"{tests}, all"
    return f"{tests} in {event.files} of {event.total} files, {event.kind}"


def _because(changed: Sequence[str]) -> str:
    shown = ", ".join(visible(path) for path in changed[:_NAMES_SHOWN])
    more = len(changed) - _NAMES_SHOWN
    return paint(f"({shown}{f' and {more} more' if more > 0 else ''})", "bright_black")


def _failure(result: TestResult) -> Iterator[str]:
    where = f"{result.path}:{result.line}" if result.path else ""
    yield paint(f"── {visible(result.nodeid)}  {visible(where)}", "red", bold=True)
    lines = result.details.rstrip().splitlines() or [result.message]
    skipped = len(lines) - _LINES_OF_A_FAILURE
    if skipped > 0:  # the end says what went wrong
        yield f"[{skipped} lines before these]"
    for line in lines[-_LINES_OF_A_FAILURE:]:
        yield visible(line.expandtabs())


def _about(event: CycleStarted) -> str:
    if event.files < event.total:
        return f"{event.files} of {event.total} files"
    return f"all {event.total} files"


def block_of(board: Board, height: int) -> list[str]:
    """The lines below: what fails, what runs, what may be typed."""
    lines = [""]
    if board.help:
        lines += _HELP
    shown = max(1, height // 3)
    for result in list(board.failed.values())[:shown]:
        said = result.message.splitlines()[0] if result.message else ""
        lines.append(paint(f"✗ {visible(result.nodeid)}", "red") + f"  {visible(said)}")
    if len(board.failed) > shown:
        lines.append(f"  and {len(board.failed) - shown} more that fail")
    lines.append(_state(board))
    return lines[-max(1, height - 1) :]


def _state(board: Board) -> str:
    if board.prompt is not None:
        return f"{board.prompt}▏  (Enter: run, Escape: leave it)"
    asked = f"[{board.asked}]  " if board.asked else ""
    if board.running is None:
        return asked + ("tools run  " if board.triage else "") + _KEYS
    at = f"  {visible(board.now)}" if board.now and board.seconds >= 2 else ""
    took = f"  {board.seconds} s" if board.seconds >= 2 else ""
    return f"{asked}running {_about(board.running)}, {board.done} tests done{took}{at}"


def _short_time() -> str:
    from datetime import datetime

    return datetime.now().astimezone().strftime("%H:%M:%S")


def _size() -> os.terminal_size:
    return shutil.get_terminal_size()


def _cut(line: str, width: int) -> str:
    """What fits into so many columns; colours take none."""
    out, used, at = [], 0, 0
    coloured = False
    while at < len(line):
        if line[at] == "\x1b":
            end = line.index("m", at) + 1
            out.append(line[at:end])
            coloured, at = True, end
            continue
        used += _width(line[at])
        if used > width:
            break
        out.append(line[at])
        at += 1
    return "".join(out) + ("\x1b[0m" if coloured and at < len(line) else "")


def _width(sign: str) -> int:
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1
