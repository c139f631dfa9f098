"""Whether what a test asserts now can't hold unless what it asserted before would."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeGuard, cast

from atomci.fix.rules.suites.assertions import Assertion, context_of, last_name

__all__ = ["is_as_strong"]

_Names = Mapping[str, Sequence[str]]
_COMPARED: dict[str, type[ast.cmpop]] = {
    "assertEqual": ast.Eq,
    "assertEquals": ast.Eq,
    "assertListEqual": ast.Eq,
    "assertDictEqual": ast.Eq,
    "assertNotEqual": ast.NotEq,
    "assertIs": ast.Is,
    "assertIsNot": ast.IsNot,
    "assertIn": ast.In,
    "assertNotIn": ast.NotIn,
    "assertGreater": ast.Gt,
    "assertGreaterEqual": ast.GtE,
    "assertLess": ast.Lt,
    "assertLessEqual": ast.LtE,
}
_NONE: dict[str, type[ast.cmpop]] = {"assertIsNone": ast.Is, "assertIsNotNone": ast.IsNot}
_ORDERS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.NotEq: operator.ne,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
}
_CALLED = {
    "assert_called": ("assert_called_once", "assert_called_with", "assert_called_once_with"),
    "assert_called_once": ("assert_called_once_with",),
    "assert_called_with": ("assert_called_once_with",),
}
_OF_EVERYTHING = frozenset(
    name
    for kind in (type(None), bool, float, complex, str, bytes, list, tuple, dict, set)
    for name in dir(kind)
)


def is_as_strong(before: Assertion, after: Assertion, old: _Names, new: _Names) -> bool:
    """It says the same in another way, or more; `old` and `new` give the texts of what names stand for."""
    if set(after.guards) - set(before.guards):
        return False
    if ": " in before.text and before.text.split("(")[0].endswith(("raises", "assertRaises")):
        return _raises_no_less(before.text, after.text)
    was, now = (_plain(text, names) for text, names in ((before.text, old), (after.text, new)))
    return was is not None and now is not None and _implies(now, was)


def _plain(text: str, names: _Names) -> ast.expr | None:
    """As a comparison, with what a name stands for in its place, where it is given one value only."""
    try:
        node = ast.parse(text, mode="eval").body
    except SyntaxError:
        return None
    if isinstance(node, ast.Await):
        node = node.value
    return cast(ast.expr, _Values(names).visit(_compared(node)))


class _Values(ast.NodeTransformer):
    def __init__(self, names: _Names) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        values = self._names.get(node.id, ())
        return ast.parse(values[0], mode="eval").body if len(values) == 1 and _is_call(values[0]) else node


def _is_call(text: str) -> bool:
    try:
        return isinstance(ast.parse(text, mode="eval").body, ast.Call)
    except SyntaxError:
        return False


def _compared(node: ast.expr) -> ast.expr:
    """`a == b` of `self.assertEqual(a, b)`."""
    name = last_name(node) if isinstance(node, ast.Call) else ""
    if not isinstance(node, ast.Call) or node.keywords:
        return node
    match name, node.args:
        case _, [left, right, *_] if name in _COMPARED:
            return ast.Compare(left, [_COMPARED[name]()], [right])
        case _, [value, *_] if name in _NONE:
            return ast.Compare(value, [_NONE[name]()], [ast.Constant(None)])
        case "assertIsInstance", [value, kind, *_]:
            return ast.Call(ast.Name("isinstance", ast.Load()), [value, kind], [])
    return node


def _implies(now: ast.expr, was: ast.expr) -> bool:
    """Where `now` holds, `was` does."""
    if ast.unparse(now) == ast.unparse(was):
        return True
    if isinstance(was, ast.BoolOp) and isinstance(was.op, ast.Or):
        return any(_implies(now, each) for each in was.values)
    if isinstance(was, ast.Call) and isinstance(now, ast.Call) and last_name(was) in _CALLED:
        return last_name(now) in _CALLED[last_name(was)] and _owner(now) == _owner(was)
    if not isinstance(was, ast.Compare):
        return _implies_truth(now, was)
    if not (isinstance(now, ast.Compare) and len(now.ops) == len(was.ops) == 1):
        return _is_not_none(was) and _implies_truth(now, was.left)
    return _compares_no_less(now, was)


def _owner(node: ast.Call) -> str:
    return ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""


def _is_not_none(node: ast.Compare) -> bool:
    return isinstance(node.ops[0], ast.IsNot | ast.NotEq) and ast.unparse(node.comparators[0]) == "None"


def _implies_truth(now: ast.expr, value: ast.expr) -> bool:
    """A value that is compared with something true is true; so is one that has a part of its own."""
    text = ast.unparse(value)
    if isinstance(value, ast.Call) and last_name(value) == "isinstance":
        kinds = {type(_literal(now.comparators[0])).__name__} if _is_equality(now) else set()
        return (
            len(value.args) == 2
            and _left(now) == ast.unparse(value.args[0])
            and (ast.unparse(value.args[1]) in kinds)
        )
    if isinstance(value, ast.UnaryOp | ast.BoolOp | ast.Compare):
        return False
    if _is_equality(now) and _left(now) == text:
        return bool(_literal(now.comparators[0]))
    part = now.left if _is_equality(now) else now
    return (
        isinstance(part, ast.Attribute)
        and part.attr not in _OF_EVERYTHING
        and ast.unparse(part.value) == text
    )


def _is_equality(node: ast.expr) -> TypeGuard[ast.Compare]:
    return isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq | ast.Is)


def _left(node: ast.expr) -> str:
    return ast.unparse(node.left) if isinstance(node, ast.Compare) else ""


def _literal(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _compares_no_less(now: ast.Compare, was: ast.Compare) -> bool:
    old, new = (_literal(each.comparators[0]) for each in (was, now))
    operation = was.ops[0]
    if _is_equality(now) and isinstance(new, list | tuple) and _is_equality(was):
        return _is_part(was, ast.unparse(now.left), new)
    if isinstance(operation, ast.In) and _is_equality(now):
        return _holds_it(now, was, new)
    if ast.unparse(now.left) != ast.unparse(was.left):
        return False
    if _is_not_none(was):
        return _is_equality(now) and new is not None
    return old is not None and new is not None and _is_within(now, new, operation, old)


def _is_part(was: ast.Compare, whole: str, values: Sequence[Any]) -> bool:
    """The length of a list, or what is at one of its places, where all of it is asserted."""
    left, value = was.left, _literal(was.comparators[0])
    if isinstance(left, ast.Call) and ast.unparse(left) == f"len({whole})":
        return type(value) is int and value == len(values)
    if not isinstance(left, ast.Subscript) or ast.unparse(left.value) != whole or value is None:
        return False
    at = _literal(left.slice)
    return type(at) is int and -len(values) <= at < len(values) and values[at] == value


def _is_within(now: ast.Compare, new: Any, operation: ast.cmpop, old: Any) -> bool:
    try:
        if _is_equality(now):
            ordered = _ORDERS.get(type(operation))
            return bool(ordered and ordered(new, old))
        return type(now.ops[0]) is type(operation) and _is_narrower(operation, new, old)
    except TypeError:
        return False


def _holds_it(now: ast.Compare, was: ast.Compare, new: object) -> bool:
    """`x == 'abc'` is more than `'b' in x`, and than `x in ('abc', 'd')`."""
    part, whole = _literal(was.left), _literal(was.comparators[0])
    if ast.unparse(now.left) == ast.unparse(was.left):
        return new is not None and isinstance(whole, list | tuple | set | dict) and new in whole
    if ast.unparse(now.left) != ast.unparse(was.comparators[0]) or part is None:
        return False
    if isinstance(new, str):
        return isinstance(part, str) and part in new
    return isinstance(new, list | tuple) and part in new


def _is_narrower(operation: ast.cmpop, new: Any, old: Any) -> bool:
    if isinstance(operation, ast.Gt | ast.GtE):
        return bool(new >= old)
    return isinstance(operation, ast.Lt | ast.LtE) and bool(new <= old)


def _raises_no_less(before: str, after: str) -> bool:
    """The same statements raise the same, or one of it, of which more is asked."""
    (was, did), (now, does) = (context_of(text) for text in (before, after))
    if was is None or now is None or did != does or last_name(was) != last_name(now):
        return False
    if not (was.args and now.args):
        return False
    kept = {ast.unparse(each) for each in was.keywords} <= {ast.unparse(each) for each in now.keywords}
    kinds = [ast.unparse(each.args[0]) for each in (was, now)]
    return kept and (kinds[0] == kinds[1] or kinds[0] in ("Exception", "BaseException"))
