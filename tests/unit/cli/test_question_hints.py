"""What a question says of its keys: all that are needed, on a line of 60 columns."""

from typing import Any

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from atomci.cli.view.questions import _instruction, ask
from atomci.template.questionnaire import Asked


@pytest.mark.parametrize(
    ("kind", "structure", "first", "later"),
    [
        ("input", {}, None, "(shift-tab: back)"),
        ("input", {"default": "x"}, "(type to replace)", "(type to replace; shift-tab: back)"),
        ("input", {"default": ""}, None, "(shift-tab: back)"),
        (
            "input",
            {"multiline": True, "default": "x"},
            "(Esc, then Enter)",
            "(Esc, then Enter; shift-tab: back)",
        ),
        ("password", {}, None, "(shift-tab: back)"),
        ("select", {}, "(arrows, Enter)", "(arrows, Enter; shift-tab: back)"),
        ("checkbox", {}, "(arrows, space, Enter)", "(arrows, space, Enter; shift-tab: back)"),
        ("confirm", {"default": True}, "(Y/n) ", "(Y/n; shift-tab: back) "),
        ("confirm", {"default": False}, "(y/N) ", "(y/N; shift-tab: back) "),
    ],
)
def test_a_question_says_its_keys(
    kind: str, structure: dict[str, Any], first: str | None, later: str
) -> None:
    assert _instruction(kind, Asked(structure, can_go_back=False, problem="")) == first
    assert _instruction(kind, Asked(structure, can_go_back=True, problem="")) == later
    assert len(later) < 56


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["ctrl-c", "ctrl-d"])
def test_both_keys_that_end_a_program_end_the_questions(key: str) -> None:
    structure = {"type": "input", "message": "Who?", "default": "", "filter": str}
    with create_pipe_input() as typed, create_app_session(input=typed, output=DummyOutput()):
        typed.send_text(key)
        with pytest.raises(KeyboardInterrupt):
            ask(Asked(structure, can_go_back=False, problem=""))
