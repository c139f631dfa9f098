"""The cases of a parametrised test, and whether a test that is gone is one of them."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence

from atomci.fix.rules.suites.assertions import last_name
from atomci.fix.rules.suites.suite import Function

__all__ = ["is_a_case_of", "rows_of"]


def rows_of(decorator: ast.expr) -> Counter[str]:
    """The texts of the cases that a decorator gives; none where it gives none."""
    return Counter(ast.unparse(row) for row in _rows(decorator))


def is_a_case_of(gone: Function, test: Function) -> bool:
    """The other test does, with one of its cases, just what the one that is gone did."""
    others = [each for each in test.node.decorator_list if last_name(each) != "parametrize"]
    kept = {ast.unparse(each) for each in others} <= set(gone.decorators)
    if not (kept and test.collected and len(test.node.decorator_list) == len(others) + 1):
        return False
    if set(test.guards) - set(gone.guards) or type(gone.node) is not type(test.node):
        return False
    given = next(each for each in test.node.decorator_list if last_name(each) == "parametrize")
    wanted = _text(gone.node.body)
    return any(_text(test.node.body, values) == wanted for values in _cases(given))


def _rows(decorator: ast.expr) -> Iterator[ast.expr]:
    if not isinstance(decorator, ast.Call) or last_name(decorator) != "parametrize":
        return
    values = [*decorator.args[1:2], *(each.value for each in decorator.keywords if each.arg == "argvalues")]
    for value in values:
        yield from value.elts if isinstance(value, ast.List | ast.Tuple) else [value]


def _cases(decorator: ast.expr) -> Iterator[dict[str, ast.expr]]:
    """What each name stands for in each case that is run."""
    names = _names(decorator)
    for row in _rows(decorator):
        if isinstance(row, ast.Call) and last_name(row) == "param":
            if any(each.arg == "marks" for each in row.keywords):
                continue
            values: Sequence[ast.expr] = row.args
        else:
            values = row.elts if len(names) > 1 and isinstance(row, ast.List | ast.Tuple) else [row]
        if len(values) == len(names):
            yield dict(zip(names, values, strict=True))


def _names(decorator: ast.expr) -> Sequence[str]:
    first = decorator.args[0] if isinstance(decorator, ast.Call) and decorator.args else None
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        return [name.strip() for name in first.value.split(",") if name.strip()]
    if isinstance(first, ast.List | ast.Tuple):
        return [str(each.value) for each in first.elts if isinstance(each, ast.Constant)]
    return []


def _text(body: Sequence[ast.stmt], values: dict[str, ast.expr] | None = None) -> str:
    """A body without its docstring, with values in the places of names."""
    tree = ast.parse("\n".join(map(ast.unparse, body)))
    if tree.body and isinstance(tree.body[0], ast.Expr) and isinstance(tree.body[0].value, ast.Constant):
        tree.body.pop(0)
    return ast.unparse(_Given(values).visit(tree) if values else tree)


class _Given(ast.NodeTransformer):
    def __init__(self, values: dict[str, ast.expr]) -> None:
        self._values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._values.get(node.id, node)
