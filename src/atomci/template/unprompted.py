"""copier imported early, and without what it asks questions with, which is of no use where nobody is asked.

Of the time of an update of 60 files (bench/update.py): without the questions a tenth less, imported on a
thread of its own, while git looks for the versions, 4 % less.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from types import ModuleType
from typing import Any

__all__ = ["import_meanwhile", "unprompted"]


class Choice:
    """What copier keeps of a choice: the real one's first fields. Once questions are asked, a real one."""

    def __new__(cls, *args: Any, **fields: Any) -> Any:
        if "questionary" in sys.modules:
            return _real("questionary.prompts.common").Choice(*args, **fields)
        return super().__new__(cls)

    def __init__(self, title: Any, value: Any = None, disabled: str | None = None, **_: Any) -> None:
        self.title, self.value, self.disabled = title, title if value is None else value, disabled


class _StandIn(ModuleType):
    """A module of which copier takes names that it calls only to ask."""

    def __init__(self, name: str, **names: Any) -> None:
        super().__init__(name)
        self.__path__: list[str] = []
        self.__dict__.update(names)

    def __getattr__(self, name: str) -> Any:
        # Another copier takes another name: it gets the real one.
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(_real(self.__name__), name)


def import_meanwhile() -> None:
    """Import copier while something else is waited for. Whoever needs it then meets its errors."""
    Thread(target=_import, daemon=True).start()


def _import() -> None:
    with suppress(ImportError), unprompted():
        importlib.import_module("atomci.template.worker")


@contextmanager
def unprompted() -> Iterator[None]:
    """copier may be imported inside; the real modules are what others find afterwards."""
    if "copier" not in sys.modules and "prompt_toolkit" not in sys.modules:
        sys.modules.update({module.__name__: module for module in _stand_ins()})
    try:
        yield
    finally:
        _withdraw()


def _stand_ins() -> Iterator[_StandIn]:
    questions = {name: _later("questionary", name) for name in ("confirm", "unsafe_prompt")}
    lexers = {name: _later("pygments.lexers.data", name) for name in ("JsonLexer", "YamlLexer")}
    yield _StandIn("questionary", **questions)
    yield _StandIn("questionary.prompts")
    yield _StandIn("questionary.prompts.common", Choice=Choice)
    yield _StandIn("prompt_toolkit")
    yield _StandIn("prompt_toolkit.lexers", PygmentsLexer=_later("prompt_toolkit.lexers", "PygmentsLexer"))
    yield _StandIn("pygments")
    yield _StandIn("pygments.lexers")
    yield _StandIn("pygments.lexers.data", **lexers)


def _later(module: str, name: str) -> Callable[..., Any]:
    def call(*args: Any, **words: Any) -> Any:
        return getattr(_real(module), name)(*args, **words)

    return call


def _real(module: str) -> ModuleType:
    _withdraw()
    return importlib.import_module(module)


def _withdraw() -> None:
    for name, module in list(sys.modules.items()):
        if isinstance(module, _StandIn):
            del sys.modules[name]
