"""The suites of a function: what is below an `if`, a loop, a `try` and so on, which doesn't run each time.

Kept to the standard library, since it runs inside the tests' process.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["FunctionSuite", "by_function", "suites_of"]

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_FIELDS = ("body", "orelse", "finalbody")


@dataclass(frozen=True)
class FunctionSuite:
    """`path` is its place: `2.1` is the first suite in the second one. Lines are from `first` to `last`."""

    path: str
    first: int
    last: int
    body: Sequence[ast.stmt]


def suites_of(function: _Function) -> list[FunctionSuite]:
    """Those that have lines of their own, the outer ones first."""
    return list(_below(function.body, ""))


def by_function(tree: ast.Module) -> Mapping[str, list[FunctionSuite]]:
    """Of each function and method that is the only one of its name."""
    found: dict[str, list[_Function]] = {}
    for name, function in _functions(tree.body, ""):
        found.setdefault(name, []).append(function)
    return {name: suites_of(nodes[0]) for name, nodes in found.items() if len(nodes) == 1}


def _functions(body: Sequence[ast.stmt], prefix: str) -> Iterator[tuple[str, _Function]]:
    for node in body:
        if isinstance(node, _Function):
            yield f"{prefix}{node.name}", node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node.body, f"{prefix}{node.name}.")
        else:
            for part in _parts(node):
                yield from _functions(part, prefix)


def _below(body: Sequence[ast.stmt], path: str) -> Iterator[FunctionSuite]:
    """The suites of statements, and theirs."""
    number = 0
    for statement in body:
        for part in [] if isinstance(statement, ast.ClassDef) else _parts(statement):
            if not _has_own_lines(part, statement):
                continue
            number += 1
            own = f"{path}.{number}" if path else str(number)
            yield FunctionSuite(own, _first_line(part[0]), part[-1].end_lineno or part[-1].lineno, part)
            yield from _below(part, own)


def _parts(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for field in _FIELDS:
        part = getattr(node, field, None)
        if isinstance(part, list) and part and isinstance(part[0], ast.stmt):
            yield part
    for field in ("handlers", "cases"):
        for holder in getattr(node, field, ()):
            yield holder.body


def _has_own_lines(part: Sequence[ast.stmt], statement: ast.stmt) -> bool:
    """Whether no other code of the statement is on a line of this part."""
    first, last = _first_line(part[0]), part[-1].end_lineno or part[-1].lineno
    inside = {id(node) for one in part for node in ast.walk(one)}
    for node in ast.walk(statement):
        if id(node) in inside or not isinstance(node, ast.expr | ast.stmt | ast.excepthandler | ast.pattern):
            continue
        begins = _first_line(node) if isinstance(node, ast.stmt) else node.lineno
        ends = begins if isinstance(node, ast.excepthandler) or _holds(node) else node.end_lineno or begins
        if begins <= last and ends >= first:
            return False
    return True


def _holds(node: ast.AST) -> bool:
    return any(True for _ in _parts(node))


def _first_line(node: ast.stmt) -> int:
    decorators: Sequence[ast.expr] = getattr(node, "decorator_list", ())
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])
