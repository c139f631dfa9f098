"""Nothing that decides how the tests run, or what the tools find when they start."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import PurePosixPath

from atomci.fix.proposal import Edit, Patch, Refusal, Side
from atomci.fix.rules.suites.assertions import last_name

__all__ = ["refusals"]

_TOOLS = frozenset(
    [
        "pytest",
        "_pytest",
        "pluggy",
        "coverage",
        "ruff",
        "black",
        "mypy",
        "bandit",
        "pyright",
        "atomci",
        "hypothesis",
    ]
)
_SETTINGS = frozenset({"collect_ignore", "collect_ignore_glob", "pytest_plugins", "__test__", "load_tests"})
_SIGNS = ("PYTEST_", "GITHUB_ACTIONS", "COVERAGE_RUN", "ATOMCI_")
_ASKS_WHO_CALLS = frozenset(
    {"sys.modules", "sys._getframe", "sys.gettrace", "sys.settrace", "sys.setprofile", "sys.excepthook"}
    | {
        "inspect.stack",
        "inspect.currentframe",
        "traceback.extract_stack",
        "gc.get_objects",
        "gc.get_referrers",
    }
)
_OF_TESTS = re.compile(r"(_?pytest|unittest)(\.\w+)*|(.*/)?tests?/.*|(.*/)?(conftest|test_\w+)\.py")
_ALWAYS = frozenset({"__eq__", "__ne__", "__contains__", "__bool__", "__lt__", "__le__", "__gt__", "__ge__"})


def refusals(proposal: Patch) -> Iterator[Refusal]:
    """Each thing by which a run would be another one."""
    for change in proposal.changes:
        yield from _shadowing(change)
    for change in proposal.python:
        if change.after and change.after.tree is None and not change.is_tests:
            yield Refusal(change.path, 0, "unparsable", "Python can't read it")
        elif change.after:
            before = set(_signs(change, change.before))
            known = {what for what, _ in before}
            for (rule, message), line in sorted(_signs(change, change.after), key=lambda row: row[1]):
                if (rule, message) not in known:
                    yield Refusal(change.path, line, rule, message)


def _shadowing(change: Edit) -> Iterator[Refusal]:
    path = PurePosixPath(change.path)
    top = path.parts[1] if len(path.parts) > 1 and path.parts[0] == "src" else path.parts[0]
    name = top.split(".")[0]
    if change.before or not (change.is_python and (name in _TOOLS or name in sys.stdlib_module_names)):
        return
    if len(path.parts) == 1 or path.parts[0] == "src" or path.name == "__init__.py":
        yield Refusal(change.path, 0, "shadowing", f"it would be imported in the place of {name}")


def _signs(change: Edit, side: Side | None) -> Iterator[tuple[tuple[str, str], int]]:
    """What is told of a file, as rule and message, with the line."""
    if side is None or side.tree is None:
        return
    for node in ast.walk(side.tree):
        if change.is_tests:
            yield from _of_tests(node)
        else:
            yield from _of_code(node)
        yield from _of_comparing(node)
        if isinstance(node, ast.Call) and last_name(node) == "_exit":
            yield ("test-run", "it ends the process with os._exit"), node.lineno


def _of_tests(node: ast.AST) -> Iterator[tuple[tuple[str, str], int]]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        if node.name.startswith("pytest_"):
            body = ast.unparse(node)
            yield ("test-run", f"{node.name} changes how tests run ({len(body)} characters)"), node.lineno
        for each in node.decorator_list:
            if last_name(each) == "fixture" and "autouse=True" in ast.unparse(each):
                yield ("test-run", f"{node.name} is a new fixture for every test"), node.lineno
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            if last_name(target) in _SETTINGS:
                yield ("test-run", f"{ast.unparse(node)} decides what is collected"), node.lineno
    elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("sys.exit", "exit", "quit", "pytest.exit"):
        yield ("test-run", f"{ast.unparse(node)} ends the run"), node.lineno


def _of_code(node: ast.AST) -> Iterator[tuple[tuple[str, str], int]]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if any(sign in node.value for sign in _SIGNS) or _OF_TESTS.fullmatch(node.value):
            yield ("test-aware", f"it asks for {node.value!r}, so it knows when it is tested"), node.lineno
    elif isinstance(node, ast.Import | ast.ImportFrom):
        names = (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]
        )
        for name in names:
            if name.split(".")[0] in ("pytest", "_pytest", "unittest", "mock"):
                yield ("test-aware", f"it imports {name}, which is for tests"), node.lineno
    elif isinstance(node, ast.Attribute) and ast.unparse(node) in _ASKS_WHO_CALLS:
        yield ("test-aware", f"it asks {ast.unparse(node)}, so it can know when it is tested"), node.lineno


def _of_comparing(node: ast.AST) -> Iterator[tuple[tuple[str, str], int]]:
    if isinstance(node, ast.FunctionDef) and node.name in _ALWAYS and _constant(node):
        yield ("always-equal", f"{node.name} always returns the same"), node.lineno
    elif isinstance(node, ast.FunctionDef) and node.name == "__eq__" and not _looks_at_itself(node):
        yield ("always-equal", "__eq__ doesn't look at what it compares"), node.lineno
    elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
        for target in node.targets:
            if last_name(target) in _ALWAYS and isinstance(node.value.body, ast.Constant):
                yield ("always-equal", f"{last_name(target)} always returns the same"), node.lineno


def _looks_at_itself(node: ast.FunctionDef) -> bool:
    own = {"super", *(each.arg for each in node.args.args[:1])}
    return any(isinstance(each, ast.Name) and each.id in own for part in node.body for each in ast.walk(part))


def _constant(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    last = node.body[-1]
    texts = [
        each
        for each in node.body[:-1]
        if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
    ]
    return not texts and isinstance(last, ast.Return) and isinstance(last.value, ast.Constant)
