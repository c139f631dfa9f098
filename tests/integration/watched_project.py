"""The loop of `atomci watch` in this process, on a thread: what it tells, and how to wait for that."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from atomci.artifacts.printed.watching import (
    CycleDropped,
    CycleFinished,
    CycleStarted,
    TriageFinished,
    WatchEvent,
)
from atomci.watch.board import Board
from atomci.watch.loop import Loop
from atomci.watch.messages import Key, Message, Repaint

__all__ = ["Watched", "watched"]

_PATIENCE = 60.0


class Watched:
    """Collects what the loop tells."""

    def __init__(self, root: Any, *, look: bool) -> None:
        self.inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self.told: list[WatchEvent] = []
        self.board = Board()
        self.loop = Loop(root, self.inbox, self, look=look)
        self._news = threading.Condition()
        self._taken = 0
        self.failed: BaseException | None = None

    def tell(self, event: WatchEvent) -> None:
        """Of the loop."""
        with self._news:
            self.told.append(event)
            self._news.notify_all()

    def paint(self, board: Board) -> None:
        """Of the loop."""
        with self._news:
            self.board = board
            self._news.notify_all()

    repaint = paint

    def press(self, *keys: str) -> None:
        """As at a terminal."""
        for key in keys:
            self.inbox.put(Key(key))

    def next(self, kind: type[Any]) -> Any:
        """The next event of that kind that wasn't taken yet; all before it count as taken."""
        end = time.monotonic() + _PATIENCE
        with self._news:
            while True:
                for number, event in enumerate(self.told[self._taken :], self._taken):
                    if isinstance(event, kind):
                        self._taken = number + 1
                        return event
                assert self.failed is None, self.failed
                assert self._news.wait(max(0.0, end - time.monotonic())), self.told

    def verdict(self) -> CycleFinished:
        """Of the next cycle that ends."""
        found: CycleFinished = self.next(CycleFinished)
        return found

    def seen_off(self) -> CycleFinished:
        """The same, when the process of its tests is gone too."""
        found = self.verdict()
        end = time.monotonic() + _PATIENCE
        while self.loop._parting is not None:
            assert time.monotonic() < end
            time.sleep(0.05)
        return found

    def started(self) -> CycleStarted:
        """The next cycle's begin."""
        found: CycleStarted = self.next(CycleStarted)
        return found

    def dropped(self) -> CycleDropped:
        """The next cycle that is dropped."""
        found: CycleDropped = self.next(CycleDropped)
        return found

    def triaged(self) -> TriageFinished:
        """What the static tools say next."""
        found: TriageFinished = self.next(TriageFinished)
        return found

    def settled(self) -> int:
        """How many events there are once the loop has nothing to do for a while."""
        before = -1
        while before != len(self.told) or self.board.running is not None or self.board.triage:
            before = len(self.told)
            time.sleep(0.3)
        return before

    def shake(self) -> None:
        """As where the terminal gets another size."""
        self.inbox.put(Repaint())


@contextmanager
def watched(sample: Any, *, look: bool = False, everything: bool = False) -> Iterator[Watched]:
    """The loop runs in the block, with the environment of the sample."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(sample.env)
    one = Watched(sample.root, look=look)

    def run() -> None:
        try:
            one.loop.run(everything=everything)
        except BaseException as error:  # for the test, which waits for what doesn't come
            one.failed = error
            raise

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield one
    finally:
        one.press("q")
        thread.join(_PATIENCE)
        one.loop.end()
        os.environ.clear()
        os.environ.update(before)
