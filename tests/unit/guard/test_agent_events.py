"""What is read of each agent's events; the streams are made after their documentation."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from atomci.artifacts.handed.guarded import AgentActed, AgentEnded, AgentSaid, AgentUsed, Usage
from atomci.guard.agents import aider, claude, codex, gemini
from atomci.guard.agents.protocol import Agent, Told
from atomci.guard.agents.table import typed
from atomci.guard.listening import EventLines, Heard

STREAMS = Path(__file__).parents[2] / "fixtures" / "agents"


def told(tool: str, stream: bytes | None = None, size: int = 1 << 16) -> list[Told]:
    """What a tool's stream tells, in pieces of a size."""
    agent = typed((tool,), None).agent
    assert agent is not None
    found: list[Told] = []
    lines = EventLines(agent.reader(), found.append)
    data = (STREAMS / f"{tool}.jsonl").read_bytes() if stream is None else stream
    for at in range(0, len(data), size):
        lines.feed(data[at : at + size])
    lines.close()
    return found


def only(kind: type, events: Iterable[Told]) -> list[Told]:
    return [event for event in events if isinstance(event, kind)]


def test_what_they_say_and_do() -> None:
    done = [AgentActed(tool="Bash", on="pytest -q"), AgentActed(tool="Edit", on="/project/src/adding.py")]
    assert only(AgentActed, told("claude")) == done
    done = [
        AgentActed(tool="command_execution", on="bash -lc 'pytest -q'"),
        AgentActed(tool="update", on="src/adding.py"),
    ]
    assert only(AgentActed, told("codex")) == done
    assert only(AgentActed, told("gemini")) == [AgentActed(tool="run_shell_command", on="pytest -q")]
    said = [AgentSaid(text="I read the test "), AgentSaid(text="first.")]
    assert only(AgentSaid, told("gemini")) == said
    assert AgentSaid(text="The sum is right now.") in told("codex")


def test_their_results() -> None:
    assert only(AgentEnded, told("claude")) == [
        AgentEnded(ok=True, kind="success", text="The sum is right now.")
    ]
    assert only(AgentEnded, told("codex")) == [AgentEnded(ok=True, kind="turn.completed")]
    assert only(AgentEnded, told("gemini")) == [AgentEnded(ok=True, kind="success")]
    assert only(AgentEnded, told("aider")) == [AgentEnded(ok=True, kind="Completed --message")]


@pytest.mark.parametrize(
    ("tool", "line", "kind", "text"),
    [
        ("claude", {"type": "result", "subtype": "error_max_turns", "is_error": False}, "error_max_turns", ""),
        ("claude", {"type": "result", "subtype": "success", "is_error": True, "result": "Invalid API key"},
         "success", "Invalid API key"),
        ("claude", {"type": "result", "subtype": "error_max_budget_usd", "is_error": True},
         "error_max_budget_usd", ""),
        ("codex", {"type": "turn.failed", "error": {"message": "usage limit"}}, "turn.failed", "usage limit"),
        ("gemini", {"type": "result", "status": "error", "error": {"message": "quota"}}, "error", "quota"),
    ],
)  # fmt: skip
def test_a_result_that_says_no_is_no(tool: str, line: dict[str, object], kind: str, text: str) -> None:
    assert only(AgentEnded, told(tool, json.dumps(line).encode())) == [
        AgentEnded(ok=False, kind=kind, text=text)
    ]


def test_aider_did_nothing_where_no_model_answered() -> None:
    """It ends with 0 all the same."""
    end = b'{"event":"launched","properties":{}}\n{"event":"exit","properties":{"reason":"Completed --message"}}'
    assert told("aider", end) == [AgentEnded(ok=False, kind="no answer of a model")]


def test_tokens_count_once_for_each_message_of_claude() -> None:
    """Its blocks repeat the usage of the whole message."""
    used = [event.usage for event in told("claude") if isinstance(event, AgentUsed)]
    assert [usage.total for usage in used] == [7021, 7052, 14220, 14220]
    assert used[-1] == Usage(input=2120, output=100, cached=12000, total=14220, usd=0.0421)


def test_what_the_others_used() -> None:
    def last(tool: str) -> Usage:
        return [event.usage for event in told(tool) if isinstance(event, AgentUsed)][-1]

    assert last("codex") == Usage(input=24763, cached=24448, output=122, total=24885)
    assert last("gemini") == Usage(input=1200, output=300, cached=800, total=1500)
    assert last("aider") == Usage(input=6300, output=300, total=6600, usd=0.023)


@pytest.mark.parametrize("cost", [0, 0.0, None, "0.1", True, -1, float("nan")])
def test_a_cost_that_nobody_knows_stays_unknown(cost: object) -> None:
    """A subscription says 0."""
    line = {"type": "result", "subtype": "success", "is_error": False, "total_cost_usd": cost}
    used = [
        event.usage for event in told("claude", json.dumps(line).encode()) if isinstance(event, AgentUsed)
    ]
    assert used == [Usage()]


@pytest.mark.parametrize("tool", ["claude", "codex", "gemini", "aider"])
@pytest.mark.parametrize("size", [1, 7, 100])
def test_events_are_the_same_in_pieces_of_any_size(tool: str, size: int) -> None:
    assert told(tool, size=size) == told(tool)


@pytest.mark.parametrize("agent", [claude, codex, gemini, aider])
def test_events_may_be_anything(agent: Agent) -> None:
    values: list[object] = [None, 1, "text", [], {}, [{}], {"content": 3}, {"content": [1, {"type": "text"}]}]
    kinds = [
        "assistant",
        "result",
        "item.completed",
        "turn.completed",
        "turn.failed",
        "message",
        "message_send",
    ]
    keys = ["message", "item", "usage", "stats", "properties", "error", "result", "total_cost_usd", "content"]
    for kind in kinds:
        for key in keys:
            for value in values:
                event = {"type": kind, "event": kind, key: value}
                for found in agent.reader().read(event):
                    assert isinstance(found, Told)


def test_what_is_no_event_is_given_back() -> None:
    plain: list[bytes] = []
    lines = EventLines(claude.reader(), lambda event: None, plain.append)
    lines.feed(b'Invalid API key\n[1]\n{broken\n\n{"type":"system"}\nlast')
    lines.close()
    assert plain == [b"Invalid API key\n", b"[1]\n", b"{broken\n", b"last"]


def test_a_line_without_end_takes_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atomci.guard.listening._LONGEST_LINE", 100)
    found: list[Told] = []
    lines = EventLines(codex.reader(), found.append)
    for _ in range(50):
        lines.feed(b"x" * 60)
        assert len(lines._rest) <= 100
    lines.feed(b'\n{"type":"turn.completed"}\n')
    assert found == [AgentEnded(ok=True, kind="turn.completed")]


def test_counts_come_from_all_threads() -> None:
    heard = Heard()
    heard.printed(b"1234")
    heard.typed(b"12")
    heard.told(AgentUsed(usage=Usage(total=7, usd=0.5)))
    seen = heard.seen()
    assert (seen.printed, seen.typed, seen.has_result, seen.tokens, seen.usd) == (4, 2, False, 7, 0.5)
    heard.told(AgentEnded(ok=True, kind="success"))
    assert heard.seen().has_result
