"""`atomci watch`."""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from atomci.cli.options import project_at, project_option

if TYPE_CHECKING:
    from types import FrameType

    from atomci.tools.keys import Keyboard
    from atomci.watch.messages import Message, Shown

__all__ = ["watch_command"]


@click.command("watch")
@click.option("--all", "everything", is_flag=True, help="Begin with all tests.")
@click.option("--poll", is_flag=True, help="Look at the files twice a second.")
@click.option("--no-triage", is_flag=True, help="Run no linters and type checkers after the tests.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines: one event per line.")
@project_option
def watch_command(everything: bool, poll: bool, no_triage: bool, as_json: bool, project: Path | None) -> int:
    """At each save, run the unit tests that it reaches: those that failed first.

    A newer save drops what still runs. Green is said only of the files as they are. Keys: a runs all tests,
    f those that failed, p and t ask for a pattern, Enter runs again, q quits. After the tests, the static
    tools look at the changed files, as the gate would.

    \b
    atomci watch                   begin with what isn't committed yet
    atomci watch --all             begin with all tests
    atomci watch --poll            on a network drive, or a folder of the host in a container
    atomci watch | tee watch.log   lines for a log; no keys
    """
    from atomci.artifacts.printed.watching import WatchStarted
    from atomci.engine.guest import make_room
    from atomci.tools.keys import Keyboard, keyboard_at_hand
    from atomci.watch.going import clock
    from atomci.watch.loop import Loop
    from atomci.watch.suite import suite_at

    here = project_at(project)
    suite = suite_at(here.root)  # what can't be run is told before anything is followed
    make_room(here)
    at_terminal = not as_json and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
    with _shown(inbox, as_json=as_json, at_terminal=at_terminal) as shown:
        loop = Loop(here.root, inbox, shown, look=poll, triage=not no_triage)
        from atomci.tools.distributions import own_version
        from atomci.watch.going import clock

        shown.tell(
            WatchStarted(
                time=clock(), version=own_version(), files=len(suite.files), notices=loop.notices.how
            )
        )
        try:
            if at_terminal and keyboard_at_hand():
                with Keyboard() as keyboard, _resumed(keyboard, inbox):
                    threading.Thread(target=_read, args=(keyboard, inbox), daemon=True).start()
                    loop.run(everything=everything)
            else:
                loop.run(everything=everything)
        finally:
            loop.end()
    return 0


@contextmanager
def _shown(inbox: queue.SimpleQueue[Message], *, as_json: bool, at_terminal: bool) -> Iterator[Shown]:
    from atomci.cli.view.watching import Events, Lines, Screen
    from atomci.watch.messages import Repaint

    if as_json or not at_terminal:
        yield Events() if as_json else Lines()
        return
    screen = Screen()

    def resized(number: int, frame: FrameType | None) -> None:
        inbox.put(Repaint())

    if hasattr(signal, "SIGWINCH"):
        signal.signal(signal.SIGWINCH, resized)
    try:
        yield screen
    finally:
        screen.leave()


@contextmanager
def _resumed(keyboard: Keyboard, inbox: queue.SimpleQueue[Message]) -> Iterator[None]:
    """After Ctrl-Z and fg, keys come one at a time again."""
    from atomci.watch.messages import Repaint

    def again(number: int, frame: FrameType | None) -> None:
        keyboard.take()
        inbox.put(Repaint())

    if hasattr(signal, "SIGCONT"):
        signal.signal(signal.SIGCONT, again)
    yield


def _read(keyboard: Keyboard, inbox: queue.SimpleQueue[Message]) -> None:
    from atomci.watch.messages import Key

    for key in keyboard.pressed():
        inbox.put(Key(key))
    inbox.put(Key(""))
