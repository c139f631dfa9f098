"""The functions and classes of a Python file, and which one a line stands in."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["Symbol", "around", "symbols_of"]

_Node = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Symbol:
    """A function or class: its name with those around it, its lines, and what its first one says."""

    name: str
    first: int
    last: int
    text: str


def symbols_of(content: bytes) -> tuple[Symbol, ...]:
    """In the order of the file; none where Python can't read it."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return tuple(_walk(tree, ""))


def _walk(node: ast.AST, inside: str) -> Iterator[Symbol]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Node):
            name = f"{inside}{child.name}"
            first = min([child.lineno, *(each.lineno for each in child.decorator_list)])
            yield Symbol(name, first, child.end_lineno or child.lineno, _head(child))
            yield from _walk(child, f"{name}.")
        else:
            yield from _walk(child, inside)


def _head(node: _Node) -> str:
    """`def f(a: int) -> str`, in one line."""
    (alone,) = ast.parse(ast.unparse(node)).body
    assert isinstance(alone, _Node)
    alone.decorator_list, alone.body = [], [ast.Pass()]
    return ast.unparse(alone).partition(":\n")[0]


def around(places: Sequence[Symbol], line: int) -> Symbol | None:
    """The innermost symbol that a line stands in."""
    around = [place for place in places if place.first <= line <= place.last]
    return max(around, key=lambda place: place.first, default=None)
