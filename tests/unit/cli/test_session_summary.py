"""What a guarded session's end says at the terminal."""

from __future__ import annotations

import msgspec
import pytest

from atomci.artifacts.handed.guarded import Session, SessionLimits, StopReason, Usage
from atomci.cli.view.guarding import summary

ENDED = Session(
    run="20261127T210000-abcdef",
    tool="claude",
    command=("claude", "-p", "x"),
    started=("claude", "-p", "x"),
    folder=".",
    place="/places/repository",
    in_place=False,
    backend="landlock",
    level="os-fs",
    time="2026-11-27T21:00:00.000+00:00",
    seconds=125.0,
    limits=SessionLimits(),
    stop=StopReason.ENDED,
    verdict="done",
    reason="it ended by itself",
    exit_code=0,
    result=None,
    usage=Usage(total=14220, usd=0.0421),
    changed=True,
    environment=(),
    files=(),
)
RECORD = "  record: artifacts/cli_runs/claude/20261127T210000-abcdef/index.json"
KEPT = "  kept within bounds by: landlock (os-fs)"


def test_what_it_changed_can_be_read_brought_and_dropped() -> None:
    assert summary(ENDED) == [
        "guard: done · it ended by itself · 2m05s · 14,220 tokens · $0.04",
        "  it changed files in /places/repository",
        "  read them: atomci guard show 20261127T210000-abcdef",
        "  bring them here: atomci guard apply 20261127T210000-abcdef",
        "  or drop them: atomci guard drop 20261127T210000-abcdef",
        KEPT,
        RECORD,
    ]


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({"changed": False}, ["  it changed nothing", KEPT, RECORD]),
        (
            {"in_place": True, "outside": ("/home/me/.bashrc",), "incomplete": "the disk was full"},
            [
                "  it changed files here",
                "  take them back: atomci undo 20261127T210000-abcdef",
                "  changed outside, by whomever: /home/me/.bashrc",
                KEPT,
                RECORD,
                "  the record isn't whole: the disk was full",
            ],
        ),
    ],
)
def test_the_rest_is_what_there_is_to_know(changes: dict[str, object], lines: list[str]) -> None:
    assert summary(msgspec.structs.replace(ENDED, **changes))[1:] == lines


def test_tokens_and_cost_that_nobody_knows_are_not_shown_as_nothing() -> None:
    head = summary(msgspec.structs.replace(ENDED, usage=Usage()))[0]
    assert head == "guard: done · it ended by itself · 2m05s"
