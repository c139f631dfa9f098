"""A question of a template at a terminal: on two lines, the answer on the second, that 60 columns hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import click

from atomci.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from prompt_toolkit.application import Application
    from prompt_toolkit.buffer import Buffer
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
    from prompt_toolkit.key_binding.key_processor import KeyProcessor
    from questionary import Question

    from atomci.template.questionnaire import Asked

__all__ = ["ask"]

_KEYS = {"select": "arrows, Enter", "checkbox": "arrows, space, Enter"}
_BACK = "shift-tab: back"
_REPLACED = "type to replace"


def ask(asked: Asked) -> Any:
    """The answer, or NoAnswer.BACK. Raises KeyboardInterrupt, also at the end of the input (ctrl-d)."""
    from prompt_toolkit.key_binding import merge_key_bindings
    from questionary.prompts import AVAILABLE_PROMPTS

    from atomci.template.questionnaire import NoAnswer

    words = {name: value for name, value in asked.structure.items() if name not in ("name", "when", "qmark")}
    kind, parse = words.pop("type"), words.pop("filter")
    if asked.problem:
        click.echo(visible(asked.problem))
    if kind != "path":
        words["instruction"] = _instruction(kind, asked)
    if _is_offered(kind, asked):
        words["mouse_support"] = False  # a mouse that only passes would be a key
    prompt = cast("Callable[..., Question]", AVAILABLE_PROMPTS[kind])
    question = prompt(qmark="?", **words)
    application = question.application
    if asked.can_go_back:
        own = [application.key_bindings] if application.key_bindings else []
        application.key_bindings = merge_key_bindings([*own, _back()])
    if _is_offered(kind, asked):
        _let_typing_replace(application)
    try:
        answer = question.unsafe_ask()
    except EOFError:
        raise KeyboardInterrupt from None
    return answer if answer is NoAnswer.BACK else parse(answer)


def _instruction(kind: str, asked: Asked) -> str | None:
    keys = _REPLACED if _is_offered(kind, asked) else _KEYS.get(kind, "")
    if kind == "confirm":
        keys = "Y/n" if asked.structure.get("default") else "y/N"
    if asked.structure.get("multiline"):
        keys = "Esc, then Enter"
    hints = [text for text in (keys, _BACK if asked.can_go_back else "") if text]
    space = " " if kind == "confirm" else ""
    return f"({'; '.join(hints)}){space}" if hints else None


def _is_offered(kind: str, asked: Asked) -> bool:
    """Whether an answer of one line stands there already."""
    one_line = kind in ("input", "password", "path") and not asked.structure.get("multiline")
    return one_line and bool(asked.structure.get("default"))


def _let_typing_replace(application: Application[Any]) -> None:
    """What is typed or pasted first goes in place of what is offered; any other key begins to edit that."""
    from prompt_toolkit.document import Document

    buffer, keys = application.current_buffer, application.key_processor
    offered = len(buffer.text)

    def replace(_: Buffer) -> None:
        buffer.document = Document(buffer.text[offered:])

    def edit(_: KeyProcessor) -> None:
        buffer.on_text_insert -= replace

    buffer.on_text_insert += replace
    keys.after_key_press += edit


def _back() -> KeyBindings:
    from prompt_toolkit.key_binding import KeyBindings

    from atomci.template.questionnaire import NoAnswer

    bindings = KeyBindings()

    @bindings.add("s-tab", eager=True)
    def _(event: KeyPressEvent) -> None:
        event.app.erase_when_done = True
        event.app.exit(result=NoAnswer.BACK)

    return bindings
