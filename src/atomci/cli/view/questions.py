"""A question of a template at a terminal: on two lines, the answer on the second, that 60 columns hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import click

from atomci.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
    from questionary import Question

    from atomci.template.questionnaire import Asked

__all__ = ["ask"]

_KEYS = {"select": "arrows, Enter", "checkbox": "arrows, space, Enter"}
_BACK = "shift-tab: back"


def ask(asked: Asked) -> Any:
    """The answer, or NoAnswer.BACK. Raises KeyboardInterrupt."""
    from prompt_toolkit.key_binding import merge_key_bindings
    from questionary.prompts import AVAILABLE_PROMPTS

    from atomci.template.questionnaire import NoAnswer

    words = {name: value for name, value in asked.structure.items() if name not in ("name", "when", "qmark")}
    kind, parse = words.pop("type"), words.pop("filter")
    if asked.problem:
        click.echo(visible(asked.problem))
    if kind != "path":
        words["instruction"] = _instruction(kind, asked)
    prompt = cast("Callable[..., Question]", AVAILABLE_PROMPTS[kind])
    question = prompt(qmark="?", **words)
    application = question.application
    if asked.can_go_back:
        own = [application.key_bindings] if application.key_bindings else []
        application.key_bindings = merge_key_bindings([*own, _back()])
    answer = question.unsafe_ask()
    return answer if answer is NoAnswer.BACK else parse(answer)


def _instruction(kind: str, asked: Asked) -> str | None:
    keys = _KEYS.get(kind, "")
    if kind == "confirm":
        keys = "Y/n" if asked.structure.get("default") else "y/N"
    if asked.structure.get("multiline"):
        keys = "Esc, then Enter"
    hints = [text for text in (keys, _BACK if asked.can_go_back else "") if text]
    space = " " if kind == "confirm" else ""
    return f"({'; '.join(hints)}){space}" if hints else None


def _back() -> KeyBindings:
    from prompt_toolkit.key_binding import KeyBindings

    from atomci.template.questionnaire import NoAnswer

    bindings = KeyBindings()

    @bindings.add("s-tab", eager=True)
    def _(event: KeyPressEvent) -> None:
        event.app.erase_when_done = True
        event.app.exit(result=NoAnswer.BACK)

    return bindings
