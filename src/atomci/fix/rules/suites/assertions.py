"""What a test asserts: each thing with the conditions under which it is asked at all."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["Assertion", "checks_of", "context_of", "last_name", "reachable"]

_CONTEXTS = frozenset(
    {"raises", "warns", "deprecated_call", "assertRaises", "assertRaisesRegex", "assertWarns"}
)
_LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_CATCHES_ALL = frozenset({"AssertionError", "Exception", "BaseException", "Failed"})


@dataclass(frozen=True)
class Assertion:
    """One thing that is asserted: its text without the message, what it stands under, and its line."""

    text: str
    guards: tuple[str, ...]
    line: int


def checks_of(body: Sequence[ast.stmt], guards: tuple[str, ...] = ()) -> Iterator[Assertion]:
    """What a block asserts, as far as it can be reached, and under which guards."""
    for node in reachable(body):
        if isinstance(node, ast.Assert):
            yield from (Assertion(ast.unparse(part), guards, node.lineno) for part in _parts(node.test))
        elif isinstance(node, ast.Expr | ast.Assign) and _asserts(node.value):
            yield Assertion(ast.unparse(node.value), guards, node.lineno)
        elif isinstance(node, ast.With | ast.AsyncWith):
            yield from _of_contexts(node, guards)
        elif isinstance(node, ast.Try):
            yield from _of_try(node, guards)
        else:
            for guard, block in _guarded(node):
                yield from checks_of(block, (*guards, *guard))


def last_name(node: ast.expr) -> str:
    """`skip` of `pytest.mark.skip(...)`."""
    if isinstance(node, ast.Call):
        return last_name(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def context_of(text: str) -> tuple[ast.Call | None, str]:
    """The call of a context that is asserted, and the text of what stands under it; None without one."""
    for at in [place for place in range(len(text)) if text.startswith("): ", place)]:
        try:
            node = ast.parse(text[: at + 1], mode="eval").body
        except SyntaxError:
            continue
        if isinstance(node, ast.Call):
            return node, text[at + 3 :]
    return None, ""


def reachable(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a block up to the first that leaves it."""
    for node in body:
        yield node
        if isinstance(node, _LEAVING) or _skips(node):
            return


def _skips(node: ast.stmt) -> bool:
    leaving = ("skip", "xfail", "skipTest", "exit")
    return (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and last_name(node.value) in leaving
    )


def _guarded(node: ast.stmt) -> Iterator[tuple[tuple[str, ...], Sequence[ast.stmt]]]:
    """The blocks of a statement, each with what it newly stands under."""
    if isinstance(node, ast.If):
        yield from _of_if(node)
    elif isinstance(node, ast.For | ast.AsyncFor):
        yield (f"for {ast.unparse(node.iter)}",), node.body
        yield ("for else",), node.orelse
    elif isinstance(node, ast.While):
        yield (f"while {ast.unparse(node.test)}",), node.body
    elif isinstance(node, ast.Match):
        yield from (((f"case {ast.unparse(case.pattern)}",), case.body) for case in node.cases)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield (f"def {node.name}",), node.body


def _parts(test: ast.expr) -> Iterator[ast.expr]:
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        for value in test.values:
            yield from _parts(value)
    else:
        yield test


def _asserts(value: ast.expr) -> bool:
    value = value.value if isinstance(value, ast.Await) else value
    name = last_name(value) if isinstance(value, ast.Call) else ""
    return name.startswith("assert") or name in ("fail", *_CONTEXTS)


def _of_contexts(node: ast.With | ast.AsyncWith, guards: tuple[str, ...]) -> Iterator[Assertion]:
    for item in node.items:
        name = last_name(item.context_expr)
        if name in _CONTEXTS:
            inside = "; ".join(map(ast.unparse, node.body))
            yield Assertion(f"{ast.unparse(item.context_expr)}: {inside}", guards, node.lineno)
        elif name in ("suppress", "skip"):
            guards = (*guards, ast.unparse(item.context_expr))
    yield from checks_of(node.body, guards)


def _of_try(node: ast.Try, guards: tuple[str, ...]) -> Iterator[Assertion]:
    caught = [handler for handler in node.handlers if _catches_assertions(handler)]
    inner = (*guards, "except AssertionError") if caught else guards
    yield from checks_of(node.body, inner)
    yield from checks_of(node.orelse, inner)
    for handler in node.handlers:
        yield from checks_of(handler.body, (*guards, "in except"))
    yield from checks_of(node.finalbody, guards)


def _catches_assertions(handler: ast.ExceptHandler) -> bool:
    if any(isinstance(node, ast.Raise) for node in handler.body):
        return False
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(each is None or last_name(each) in _CATCHES_ALL for each in types)


def _of_if(node: ast.If) -> Iterator[tuple[tuple[str, ...], Sequence[ast.stmt]]]:
    test = ast.unparse(node.test)
    if not isinstance(node.test, ast.Constant):
        yield from (((f"if {test}",), node.body), ((f"if not {test}",), node.orelse))
    else:
        yield (), node.body if node.test.value else node.orelse
