"""Types are looked into by one thread at a time: msgspec ends the process where two do it at once."""

import ast
import graphlib
import importlib
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from atomci import decoding

SOURCES = Path(decoding.__file__).parent
LOOKS_INTO_NO_TYPE = {
    *(f"msgspec.{name}" for name in ("Struct", "UNSET", "UnsetType", "to_builtins", "structs.replace")),
    *(f"msgspec.{name}" for name in ("DecodeError", "ValidationError")),
    *(f"msgspec.json.{name}" for name in ("encode", "format")),
}


class Inner(msgspec.Struct):
    number: int


class Outer(msgspec.Struct):
    inner: Inner


def _users() -> list[Path]:
    return [path for path in SOURCES.rglob("*.py") if "msgspec" in path.read_text(encoding="utf-8")]


def _asked_of_msgspec(source: str) -> set[str]:
    """The dotted names of msgspec that a source uses, whatever it calls them."""
    nodes = list(ast.walk(ast.parse(source)))
    called: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            called |= {one.asname: one.name for one in node.names if one.asname}
            called |= {one.name.partition(".")[0]: one.name.partition(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            called |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
    parts = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    used = {_dotted(node, called) for node in nodes if id(node) not in parts}
    imported = set(called.values()) - {"msgspec", "msgspec.json", "msgspec.structs"}
    return {name for name in used | imported if name.partition(".")[0] == "msgspec"}


def _dotted(node: ast.AST, called: dict[str, str]) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value, called)}.{node.attr}"
    return called.get(node.id, "") if isinstance(node, ast.Name) else ""


def test_only_one_module_has_msgspec_look_into_types() -> None:
    found = {
        path.relative_to(SOURCES).as_posix(): bad
        for path in _users()
        if (bad := sorted(_asked_of_msgspec(path.read_text(encoding="utf-8")) - LOOKS_INTO_NO_TYPE))
    }

    assert found == {"decoding.py": ["msgspec.convert", "msgspec.json.Decoder"]}


@pytest.mark.parametrize(
    "source",
    [
        "import msgspec\nmsgspec.json.decode(b'1')",
        "import msgspec.json as j\nj.decode(b'1')",
        "from msgspec import json\njson.Decoder(int)",
        "from msgspec import convert as made\nmade(1, int)",
        "from msgspec.json import decode\ndecode(b'1')",
        "from msgspec import json\nread = json\nread.decode(b'1')",
        "import msgspec\nm = msgspec\nm.convert(1, int)",
        "import msgspec\ngetattr(msgspec, 'convert')(1, int)",
        "def f():\n    import msgspec\n    return msgspec.inspect.type_info(int)",
        "from msgspec import *\nconvert(1, int)",
    ],
)
def test_it_is_asked_for_under_no_other_name_either(source: str) -> None:
    assert _asked_of_msgspec(source) - LOOKS_INTO_NO_TYPE


def test_a_type_is_looked_into_once_and_under_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    real = msgspec.json.Decoder

    def decoder(kind: type[Outer]) -> msgspec.json.Decoder[Outer]:
        seen.append(decoding._LOOKING.locked())
        return real(kind)

    monkeypatch.setattr(msgspec.json, "Decoder", decoder)
    text = '{"inner": {"number": 1}}'

    for _ in range(2):
        assert decoding.decoded(text, Outer).inner.number == 1
        assert decoding.converted({"inner": {"number": 1}}, Outer).inner.number == 1

    assert seen == [True]


def _structs() -> Iterator[type[msgspec.Struct]]:
    for path in _users():
        name = ".".join(("atomci", *path.relative_to(SOURCES).with_suffix("").parts))
        found = vars(importlib.import_module(name)).values()
        yield from (one for one in found if isinstance(one, type) and issubclass(one, msgspec.Struct))


def _within(kind: Any) -> Iterator[type[msgspec.Struct]]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
    for part in typing.get_args(kind):
        yield from _within(part)


def test_no_struct_holds_itself() -> None:
    """Ctrl-C while msgspec looks into such a one leaves half of it, and its next use ends by SIGSEGV."""
    holds = {one: {part for hint in typing.get_type_hints(one).values() for part in _within(hint)}
             for one in {*_structs()} - {msgspec.Struct}}  # fmt: skip

    assert len(holds) > 50
    graphlib.TopologicalSorter(holds).prepare()  # it raises CycleError
