"""What is tested isn't replaced in the tests by something of theirs."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from atomci.fix.proposal import Edit, Patch, Refusal
from atomci.fix.rules.suites.assertions import last_name
from atomci.fix.rules.suites.renames import Pair
from atomci.fix.rules.suites.suite import Function, TestModule, suite_of

__all__ = ["patches_in", "refusals"]

_PATCHES = frozenset({"setattr", "setitem", "patch", "object", "create_autospec"})


def refusals(proposal: Patch, pairs: Sequence[Pair]) -> Iterator[Refusal]:
    """Each name that a test imported, or has from a fixture, and that stands for something else now."""
    fixtures = _fixtures(pairs)
    imported = {name for _, old, _ in pairs if old for name in old.imported}
    for path, side in proposal.kept.items():
        kept = suite_of(Edit(path, side, None), side)
        imported |= kept.modules if kept else frozenset()
    for change, old, new in pairs:
        yield from _in_place_of_a_package(change, imported | (old.modules if old else frozenset()))
        if new is None:
            continue
        for name, line in _bound(new):
            if old and name in old.imported and name not in dict(_bound(old)):
                yield Refusal(change.path, line, "test-bypassed", f"{name} is the test's own now")
        for text, line in _set(new):
            if not old or text not in dict(_set(old)):
                yield Refusal(change.path, line, "test-bypassed", f"it does {text} when it is read")
        if old:
            yield from _of_functions(change, old, new, fixtures)


def patches_in(function: Function) -> Counter[str]:
    """The texts of what replaces something for a while."""
    return Counter(
        ast.unparse(node)
        for node in ast.walk(function.node)
        if isinstance(node, ast.Call) and last_name(node) in _PATCHES
    )


def _of_functions(
    change: Edit, old: TestModule, new: TestModule, fixtures: Mapping[str, Function]
) -> Iterator[Refusal]:
    for name in old.functions.keys() & new.functions.keys():
        was, now = old.functions[name], new.functions[name]
        if _is_fixture(was) and _is_fixture(now):
            for text in (patches_in(now) + _assigned(now)) - (patches_in(was) + _assigned(was)):
                message = f"{name} does {text}, which it didn't"
                yield Refusal(change.path, now.node.lineno, "test-bypassed", message)
        for taken in _taken(now) - _taken(was):
            if fixture := fixtures.get(taken):
                for text in patches_in(fixture) + _assigned(fixture):
                    message = f"{name} takes {taken}, which does {text}"
                    yield Refusal(change.path, now.node.lineno, "test-bypassed", message)


def _fixtures(pairs: Sequence[Pair]) -> dict[str, Function]:
    """Those that are new, by name."""
    known = {name for _, old, _ in pairs if old for name in old.functions}
    return {
        name: function
        for _, _, new in pairs
        if new
        for name, function in new.functions.items()
        if name not in known and _is_fixture(function)
    }


def _is_fixture(function: Function) -> bool:
    return any("fixture" in text for text in function.decorators)


def _taken(function: Function) -> set[str]:
    return {each.arg for each in ast.walk(function.node.args) if isinstance(each, ast.arg)}


def _assigned(function: Function) -> Counter[str]:
    """The texts of what gives a part to a thing that is no mock, nor the fixture itself."""
    return Counter(
        ast.unparse(node)
        for node in ast.walk(function.node)
        if isinstance(node, ast.Assign) and any(_is_part_of_another(each, function) for each in node.targets)
    )


def _is_part_of_another(target: ast.expr, function: Function) -> bool:
    if not isinstance(target, ast.Attribute) or ast.unparse(target.value) == "self":
        return False
    made = function.assigned.get(ast.unparse(target.value).split(".")[0], [])
    return not (made and all(re.search(r"\b\w*Mock\(", text) for text in made))


def _in_place_of_a_package(change: Edit, imported: frozenset[str] | set[str]) -> Iterator[Refusal]:
    *folders, name = PurePosixPath(change.path).parts
    own = [name.removesuffix(".py"), *folders[1:2]]
    for each in own if change.before is None and len(folders) <= 2 else ():
        if each in imported:
            yield Refusal(change.path, 0, "shadowing", f"it would be imported in the place of {each}")


def _bound(suite: TestModule) -> Iterator[tuple[str, int]]:
    """The names that a file defines itself."""
    yield from ((name, each.node.lineno) for name, each in suite.functions.items())
    for top in suite.rest:
        for node in ast.walk(top):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id, node.lineno


def _set(suite: TestModule) -> Iterator[tuple[str, int]]:
    """What a file sets in modules that it imports, when it is imported itself."""
    for node in suite.rest:
        targets = node.targets if isinstance(node, ast.Assign) else []
        called = isinstance(node, ast.Expr) and last_name(node.value) == "setattr"
        if called or any(isinstance(each, ast.Attribute) for each in targets):
            yield ast.unparse(node), node.lineno
