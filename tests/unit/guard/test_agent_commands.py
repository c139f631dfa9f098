"""Which agent a command starts, and what is added to it."""

from __future__ import annotations

import pytest

from atomci.errors import UsageError
from atomci.guard.agents.table import typed


@pytest.mark.parametrize(
    ("command", "tool", "program", "words"),
    [
        ("claude -p x", "claude", "claude", "-p x"),
        ("/usr/local/bin/claude -p x", "claude", "/usr/local/bin/claude", "-p x"),
        (r"C:\bin\codex.CMD exec x", "codex", r"C:\bin\codex.CMD", "exec x"),
        ("npx -y @openai/codex@latest exec x", "codex", "npx -y @openai/codex@latest", "exec x"),
        ("npx @anthropic-ai/claude-code -p x", "claude", "npx @anthropic-ai/claude-code", "-p x"),
        ("uvx --from aider-chat aider -m x", "aider", "uvx --from aider-chat aider", "-m x"),
        ("env A=b gemini -p x", "gemini", "env A=b gemini", "-p x"),
        ("make claude", "generic", "make", "claude"),
        ("echo codex exec", "generic", "echo", "codex exec"),
    ],
)
def test_an_agent_is_known_by_its_program(command: str, tool: str, program: str, words: str) -> None:
    found = typed(tuple(command.split()), None)
    assert (found.tool, " ".join(found.program), " ".join(found.words)) == (tool, program, words)


def test_a_wrapper_is_what_one_says_it_is() -> None:
    assert typed(("./my-agent", "-p", "x"), "claude").tool == "claude"
    assert typed(("claude", "-p", "x"), "generic").agent is None
    with pytest.raises(UsageError, match="no profile is called 'gpt'"):
        typed(("x",), "gpt")


HELP = {"--output-format", "--verbose", "--json", "--analytics-log", "--yes-always", "--no-pretty"}


@pytest.mark.parametrize(
    ("command", "added"),
    [
        ("claude -p x", "--output-format stream-json --verbose -p x"),
        ("claude -p x --verbose", "--output-format stream-json -p x --verbose"),
        ("claude -p x --output-format=json", None),
        ("codex -m o exec --full-auto x", "-m o exec --json --full-auto x"),
        ("gemini -p x", "--output-format stream-json -p x"),
        ("gemini -p x -o json", None),
        ("aider -m x", "-m x --yes-always --no-pretty"),
        ("aider -m x --no-pretty --yes-always", "-m x --no-pretty --yes-always"),
        ("aider -m x --analytics-log mine", None),
    ],
)
def test_events_are_asked_for_where_no_format_is(command: str, added: str | None) -> None:
    found = typed(tuple(command.split()), None)
    assert found.agent is not None
    words = found.agent.with_events(found.words, HELP)
    assert (None if words is None else " ".join(words)) == added
    assert found.agent.with_events(found.words, ()) is None, "its help doesn't know the option"


@pytest.mark.parametrize(
    ("command", "headless", "events"),
    [
        ("claude", False, False),
        ("claude --print x --output-format stream-json --verbose", True, True),
        ("codex", False, False),
        ("codex e --json x", True, True),
        ("gemini --prompt=x -o stream-json", True, True),
        ("gemini", False, False),
        ("aider --message-file todo.md", True, False),
        ("aider", False, False),
    ],
)
def test_whether_it_waits_for_a_person_and_tells_events(command: str, headless: bool, events: bool) -> None:
    found = typed(tuple(command.split()), None)
    assert found.agent is not None
    assert found.agent.is_headless(found.words) is headless
    assert found.agent.tells_events(found.words) is events
