"""The test suite as its source says it: tests, fixtures, names. Nothing is imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from atomci.configuration.documents import Unreadable, read_text
from atomci.configuration.facts import Place

__all__ = ["Fixture", "SuiteFile", "Test", "read_suite"]

_SKIP = re.compile(r"\b(mark|unittest)\.skip\b")
_USE = re.compile(r"\bmark\.usefixtures$")
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
        tuple(_tests(tree.body, _marks(tree.body))) if collected else (),
        tuple(_fixtures(tree)),
        frozenset(_names(tree)),
    )


def _tests(body: Sequence[ast.stmt], marks: Sequence[ast.expr]) -> Iterator[Test]:
    skipped = any(_SKIP.search(ast.unparse(mark)) for mark in marks) or any(map(_skips_all, body))
    for node in body:
        if isinstance(node, _Function) and node.name.startswith("test"):
            own = [*marks, *node.decorator_list]
            never = skipped or any(_SKIP.search(ast.unparse(mark)) for mark in node.decorator_list)
            yield Test(node.name, node.lineno, (*_asked_for(node), *_by_marks(own)), never)
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            inner = [*marks, *node.decorator_list, *_marks(node.body)]
            for test in _tests(node.body, inner):
                yield Test(f"{node.name}::{test.name}", test.line, test.uses, test.skipped or skipped)
        elif isinstance(node, ast.If | ast.Try | ast.With):
            yield from _tests(node.body, marks)


def _fixtures(tree: ast.Module) -> Iterator[Fixture]:
    for node in ast.walk(tree):
        if not isinstance(node, _Function):
            continue
        for decorator in node.decorator_list:
            call = decorator if isinstance(decorator, ast.Call) else None
            target = call.func if call else decorator
            if not re.search(r"(^|\.)fixture$", ast.unparse(target)):
                continue
            given = {word.arg: word.value for word in call.keywords} if call else {}
            name, autouse = given.get("name"), given.get("autouse")
            yield Fixture(
                str(name.value) if isinstance(name, ast.Constant) else node.name,
                node.lineno,
                _asked_for(node),
                isinstance(autouse, ast.Constant) and autouse.value is True,
            )


def _marks(body: Sequence[ast.stmt]) -> list[ast.expr]:
    """What a module or class assigns to pytestmark."""
    found: list[ast.expr] = []
    for node in body:
        targets = node.targets if isinstance(node, ast.Assign) else ()
        if any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in targets):
            assert isinstance(node, ast.Assign)
            found += node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
    return found


def _skips_all(node: ast.stmt) -> bool:
    """`pytest.skip(..., allow_module_level=True)` that nothing stands before."""
    return isinstance(node, ast.Expr) and "allow_module_level=True" in ast.unparse(node)


def _asked_for(node: _Function) -> tuple[str, ...]:
    """Parameters, and what the body asks `request` for."""
    names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith(".getfixturevalue"):
            names += [str(word.value) for word in call.args if isinstance(word, ast.Constant)]
    return tuple(name for name in names if name not in ("self", "request"))


def _by_marks(marks: Iterable[ast.expr]) -> Iterator[str]:
    for mark in marks:
        if isinstance(mark, ast.Call) and _USE.search(ast.unparse(mark.func)):
            yield from (str(word.value) for word in mark.args if isinstance(word, ast.Constant))


def _names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
            yield node.module or ""
