"""Signals that are held while something begins or ends, and let through in between."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

import pytest

from atomci.tools import interrupts

Send = Callable[[], None]
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@pytest.fixture(autouse=True)
def _own_handlers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for name, value in (("raises", True), ("begins", False), ("first", 0.0)):
        monkeypatch.setattr(interrupts._State, name, value)
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def send(number: int = signal.SIGINT) -> None:
    """To this process; its handler has run when this returns."""
    signal.raise_signal(number)


@pytest.mark.parametrize("number", SIGNALS)
def test_what_arrives_while_something_begins_is_raised_once_it_is_let_through(number: int) -> None:
    interrupts.hold()
    send(number)
    assert interrupts.held()
    with pytest.raises(KeyboardInterrupt), interrupts.let_through():
        raise AssertionError("the block isn't begun")
    send(number)  # what ends now isn't disturbed


def test_another_one_ends_what_begins_for_too_long() -> None:
    interrupts.hold()
    send()
    with pytest.raises(KeyboardInterrupt):
        send()


def test_what_arrives_in_the_block_is_raised_there_and_once() -> None:
    interrupts.hold()
    with pytest.raises(KeyboardInterrupt), interrupts.let_through():
        send()
    send()


def test_what_arrives_after_the_block_is_held_where_it_was_held_before() -> None:
    interrupts.hold()
    with interrupts.let_through():
        pass
    send()
    assert interrupts.held()


def test_where_nothing_is_held_it_is_raised_before_in_and_after_the_block() -> None:
    interrupts.hold()
    interrupts.release()
    with interrupts.let_through():
        pass
    with pytest.raises(KeyboardInterrupt):
        send()


def test_who_asks_again_after_seconds_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []
    monkeypatch.setattr(os, "_exit", left.append)
    now = [100.0]
    monkeypatch.setattr("atomci.tools.interrupts.time.monotonic", lambda: now[0])
    interrupts.hold()
    with interrupts.let_through():
        pass
    send()
    now[0] += 4
    send()
    assert left == []
    now[0] += 2
    send()
    assert left == [130]


def test_a_signal_that_this_process_is_deaf_to_stays_so() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    interrupts.hold()
    send(signal.SIGTERM)
    assert not interrupts.held()


def test_to_hold_twice_loses_nothing() -> None:
    interrupts.hold()
    send()
    interrupts.hold()
    assert interrupts.held()
