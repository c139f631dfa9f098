"""The test suite as its source says it: tests, fixtures, names. Nothing is imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from atomci.configuration.documents import Unreadable, read_text
from atomci.configuration.facts import Place

__all__ = ["Fixture", "SuiteFile", "Test", "read_suite"]

_SKIP_ALL = "allow_module_level=True"
_SKIP = re.compile(rf"\b(mark|unittest)\.skip\b|{_SKIP_ALL}")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Test:
    """A test. `uses` are the fixtures it asks for; `skipped` when it never runs."""

    name: str
    line: int
    uses: tuple[str, ...]
    skipped: bool


@dataclass(frozen=True)
class Fixture:
    """A fixture and those it builds on."""

    name: str
    line: int
    uses: tuple[str, ...]
    autouse: bool


@dataclass(frozen=True)
class SuiteFile:
    """A Python file below tests/. `names` are its string constants and the modules it imports."""

    path: str
    tests: tuple[Test, ...]
    fixtures: tuple[Fixture, ...]
    names: frozenset[str]

    @property
    def is_conftest(self) -> bool:
        """Whether its fixtures are shared."""
        return PurePosixPath(self.path).name == "conftest.py"

    def serves(self, path: str) -> bool:
        """Whether a file finds its fixtures here: in itself, or in a conftest above it."""
        return path == self.path or (
            self.is_conftest and path.startswith(self.path.removesuffix("conftest.py"))
        )


def read_suite(
    root: Path, paths: Iterable[str], patterns: Sequence[str]
) -> tuple[tuple[SuiteFile, ...], tuple[Unreadable, ...]]:
    """Read Python files, those that don't parse second; `patterns` are pytest's python_files."""
    sources, unreadable = [], []
    for path in paths:
        try:
            sources.append(_read(root, path, patterns))
        except Unreadable as error:
            unreadable.append(error)
    return tuple(sources), tuple(unreadable)


def _read(root: Path, path: str, patterns: Sequence[str]) -> SuiteFile:
    try:
        tree = ast.parse(read_text(root, path))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise Unreadable(Place(path, line), f"not Python: {error}") from None
    collected = any(fnmatch(PurePosixPath(path).name, pattern) for pattern in patterns)
    return SuiteFile(
        path,
        tuple(_tests(tree.body)) if collected else (),
        tuple(_fixtures(tree)),
        frozenset(_names(tree)),
    )


def _tests(body: Sequence[ast.stmt], outer: Sequence[ast.expr] = ()) -> Iterator[Test]:
    marks = [*outer, *_marks(body)]
    for node in body:
        if isinstance(node, _Function) and node.name.startswith("test"):
            own = [*marks, *node.decorator_list]
            skipped = any(_SKIP.search(ast.unparse(mark)) for mark in own)
            uses = (*_asked_for(node), *_given_to("mark.usefixtures", own))
            yield Test(node.name, node.lineno, uses, skipped)
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            for test in _tests(node.body, [*marks, *node.decorator_list]):
                yield replace(test, name=f"{node.name}::{test.name}")
        elif isinstance(node, ast.If | ast.Try | ast.With):
            yield from _tests(node.body, marks)


def _marks(body: Sequence[ast.stmt]) -> Iterator[ast.expr]:
    """What a module or class assigns to pytestmark, and a `pytest.skip` of all that nothing stands before."""
    for node in body:
        match node:
            case ast.Assign(targets=[ast.Name("pytestmark")], value=ast.List(marks) | ast.Tuple(marks)):
                yield from marks
            case ast.Assign(targets=[ast.Name("pytestmark")], value=mark):
                yield mark
            case ast.Expr(ast.Call() as call) if _SKIP_ALL in ast.unparse(call):
                yield call


def _fixtures(tree: ast.Module) -> Iterator[Fixture]:
    for node in (node for node in ast.walk(tree) if isinstance(node, _Function)):
        for decorator in node.decorator_list:
            call = decorator if isinstance(decorator, ast.Call) else ast.Call(decorator, [], [])
            if re.search(r"(^|\.)fixture$", ast.unparse(call.func)):
                words = [word for word in call.keywords if isinstance(word.value, ast.Constant)]
                given = {word.arg: ast.literal_eval(word.value) for word in words}
                name, autouse = str(given.get("name", node.name)), given.get("autouse") is True
                yield Fixture(name, node.lineno, tuple(_asked_for(node)), autouse)


def _asked_for(node: _Function) -> Iterator[str]:
    """Parameters, and what the body asks `request` for."""
    names = (argument.arg for argument in ast.walk(node.args) if isinstance(argument, ast.arg))
    yield from (name for name in names if name not in ("self", "request"))
    yield from _given_to(".getfixturevalue", ast.walk(node))


def _given_to(function: str, nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The constants in the calls of a function, by the end of its name."""
    for node in nodes:
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(function):
            yield from (str(word.value) for word in node.args if isinstance(word, ast.Constant))


def _names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
            yield node.module or ""
