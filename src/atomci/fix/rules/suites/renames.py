"""Whether a test only says the same with other names."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from atomci.fix.proposal import Edit, Patch, Side
from atomci.fix.rules.suites.assertions import Assertion, context_of, last_name
from atomci.fix.rules.suites.followed import Reworded, follows, reworded_in
from atomci.fix.rules.suites.suite import Function, TestModule

__all__ = ["Pair", "Renames", "is_renamed", "only_renamed", "renames_of"]

Pair = tuple[Edit, TestModule | None, TestModule | None]
"""A file of tests with what it held before and after."""


@dataclass(frozen=True)
class Renames:
    """Names that are gone, each with one that came, and the places where the code says other words."""

    names: frozenset[tuple[str, str]]
    places: tuple[Reworded, ...]

    def is_followed(self, was: str, now: str) -> bool:
        """Two literals, as Python writes them, differ as the code does."""
        return follows(was, now, self.places)


class _Positions(ast.NodeTransformer):
    """Names and literals by the order in which they come."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        self.names.append(f"={node.value!r}")
        return ast.Constant(type(node.value).__name__)

    def visit_keyword(self, node: ast.keyword) -> ast.keyword:
        self.names.append(f"{node.arg}=")
        return ast.keyword("_" if node.arg else None, self.visit(node.value))

    def visit_Name(self, node: ast.Name) -> ast.Name:
        self.names.append(node.id)
        return ast.Name("_", node.ctx)

    def visit_Attribute(self, node: ast.Attribute) -> ast.Attribute:
        value = self.visit(node.value)
        self.names.append("." + node.attr)
        return ast.Attribute(value, "_", node.ctx)


def is_renamed(before: Assertion, after: Assertion, old: Function, new: Function, renames: Renames) -> bool:
    """They differ in names only, and each new name stands for what the old one stood for."""
    if set(after.guards) - set(before.guards):
        return False
    try:
        trees = [_tree(check.text) for check in (before, after)]
    except SyntaxError:
        return False
    return _same_but_for_names(trees, old, new, renames)


def _tree(text: str) -> ast.AST:
    call, body = context_of(text)
    return ast.Module([ast.Expr(call), *ast.parse(body).body], []) if call else ast.parse(text, mode="eval")


def only_renamed(old: Function, new: Function, renames: Renames) -> bool:
    """The whole of it differs in names only."""
    if ast.dump(old.node.args) != ast.dump(new.node.args) or old.decorators != new.decorators:
        return False
    bodies = [ast.fix_missing_locations(ast.Module(list(each.node.body), [])) for each in (old, new)]
    return _same_but_for_names([ast.parse(ast.unparse(body)) for body in bodies], old, new, renames)


def _same_but_for_names(trees: Sequence[ast.AST], old: Function, new: Function, renames: Renames) -> bool:
    shapes = [_Positions(), _Positions()]
    if len({ast.dump(shape.visit(tree)) for shape, tree in zip(shapes, trees, strict=True)}) > 1:
        return False
    pairs = {(was, now) for was, now in zip(shapes[0].names, shapes[1].names, strict=True) if was != now}
    return all(_stands_for(was, now, old, new, renames) for was, now in pairs)


def _stands_for(was: str, now: str, old: Function, new: Function, renames: Renames) -> bool:
    if was.startswith("="):
        return renames.is_followed(was[1:], now[1:])
    if was.endswith("="):
        return (was[:-1], now[:-1]) in renames.names
    if hasattr(builtins, was) or hasattr(builtins, now):
        return False
    if (was.removeprefix("."), now.removeprefix(".")) in renames.names:
        return True
    gone = was not in new.names and now not in old.names
    return gone and was in old.assigned and old.assigned[was] == new.assigned.get(now)


def renames_of(proposal: Patch, pairs: Sequence[Pair]) -> Renames:
    """What is called, or says something, otherwise now."""
    return Renames(frozenset(_renamed(proposal, pairs)), reworded_in(proposal))


def _renamed(proposal: Patch, pairs: Sequence[Pair]) -> Iterator[tuple[str, str]]:
    """What has another name in the code, or, with the same body, in the tests: each old with each new one."""
    code = [change for change in proposal.python if not change.is_tests]
    old = {name for change in code for name in _defined(change.before)}
    new = {name for change in code for name in _defined(change.after)}
    yield from ((was, now) for was in old - new for now in new - old)
    for _, before, after in pairs:
        if before and after:
            yield from _renamed_helpers(before, after)


def _renamed_helpers(before: TestModule, after: TestModule) -> Iterator[tuple[str, str]]:
    came = {_body(now): now for name, now in after.functions.items() if name not in before.functions}
    for name, was in before.functions.items():
        if name not in after.functions and (now := came.get(_body(was))):
            yield was.node.name, now.node.name


def _body(function: Function) -> str:
    return ast.dump(function.node.args) + ast.dump(ast.Module(function.node.body, []))


def _defined(side: Side | None) -> Iterator[str]:
    for node in ast.walk(side.tree) if side and side.tree else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield last_name(node)
