"""A test doesn't do itself what the code should do, and then find it done."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from atomci.fix.rules.suites.suite import Function

__all__ = ["seeds"]

_PUTS = frozenset(
    {"add", "append", "create", "extend", "fill", "insert", "push", "put", "register", "save"}
    | {"send", "set", "store", "update", "write"}
)


def seeds(old: Function, new: Function, imported: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Line and text of each new statement that makes true by itself what was asserted before."""
    before = {ast.unparse(node) for node in _statements(old)}
    asserted = [each for check in old.checks for each in _parts(check.text)]
    wholes = {ast.unparse(each) for each in asserted}
    names = {each.id for each in asserted if isinstance(each, ast.Name)}
    acted = False
    called = {text.split("(")[0] for text in new.calls(imported)}
    for node in _statements(new):
        text = ast.unparse(node)
        if text not in before and (_gives(node, wholes) or (acted and _puts(node, names))):
            yield node.lineno, text
        acted = acted or any(ast.unparse(each.func) in called for each in _calls(node))


def _statements(function: Function) -> Iterator[ast.stmt]:
    """Those that hold no others, in order."""
    simple = (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Assert, ast.Return, ast.Delete)
    found = [node for node in ast.walk(function.node) if isinstance(node, simple)]
    yield from sorted(found, key=lambda node: (node.lineno, node.col_offset))


def _parts(text: str) -> Iterator[ast.expr]:
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError:
        return
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute | ast.Subscript))


def _calls(node: ast.stmt) -> Iterator[ast.Call]:
    yield from (each for each in ast.walk(node) if isinstance(each, ast.Call))


def _gives(node: ast.stmt, wholes: set[str]) -> bool:
    """It assigns to a part that is asserted."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return any(
        isinstance(each, ast.Attribute | ast.Subscript) and ast.unparse(each) in wholes for each in targets
    )


def _puts(node: ast.stmt, names: set[str]) -> bool:
    """It puts something into a thing that is asserted."""
    for each in _calls(node):
        owner = each.func.value if isinstance(each.func, ast.Attribute) else None
        if isinstance(owner, ast.Name) and isinstance(each.func, ast.Attribute) and owner.id in names:
            verb = each.func.attr.split("_")[0]
            if each.args and verb in _PUTS:
                return True
    return False
