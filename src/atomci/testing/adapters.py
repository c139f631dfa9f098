"""Which tests drive git, the file system and HTTP endpoints, told from their source and their fixtures.

Nothing is imported. A test counts as driving something when its own body, a fixture that it reaches or a
function of the suite that one of these calls, says so.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

__all__ = ["ENDPOINT", "FILES", "GIT", "Suite", "git_in", "read_suite"]

FILES, GIT, ENDPOINT = "file system", "git", "endpoint"

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_GIT_LIBRARIES = re.compile(r"(git|pygit2|dulwich)(\..*)?")
_GIT_FIXTURE = re.compile(r"git|git_\w+|\w+_git")
_WORDS_OF: Mapping[str, re.Pattern[str]] = {
    FILES: re.compile(
        r"fixture:(tmp_path|tmpdir)(_factory)?|import:(tempfile|shutil)(\..*)?|name:open|string:ATOMCI_TMP"
        r"|attribute:(read|write)_(text|bytes)"
    ),
    GIT: re.compile(rf"program:git|fixture:({_GIT_FIXTURE.pattern})|import:{_GIT_LIBRARIES.pattern}"),
    ENDPOINT: re.compile(
        r"import:(fastapi|starlette)\.testclient(\..*)?|import:httpx2?\.(ASGITransport|AsyncClient|Client)"
        r"|attribute:(TestClient|ASGITransport)"
    ),
}


@dataclass(frozen=True)
class _Code:
    """A function of the suite: what it asks for or calls, and what it says, such as `import:shutil`."""

    uses: frozenset[str]
    words: frozenset[str]
    autouse: bool = False


@dataclass(frozen=True)
class Suite:
    """The Python files below tests/: their functions by file, fixtures under the names they go by."""

    files: Mapping[str, Mapping[str, _Code]] = field(default_factory=dict)

    def drives(self, nodeid: str) -> set[str]:
        """What a test drives, by its pytest node id."""
        words = self._words(*_split(nodeid))
        return {name for name, pattern in _WORDS_OF.items() if any(map(pattern.fullmatch, words))}

    def fixture_of_git(self, folder: str) -> str | None:
        """A fixture, by its name one of git, that tests of that folder can ask for."""
        for path, functions in self.files.items():
            if path.startswith(folder) or _is_above(path, folder):
                for name, code in functions.items():
                    if "fixture:" in code.words and _GIT_FIXTURE.fullmatch(name):
                        return f"{path}: {name}"
        return None

    def _words(self, path: str, test: str) -> set[str]:
        helpers = [functions for file, functions in self.files.items() if _is_helper(file)]
        seen = [{name: code for functions in helpers for name, code in functions.items()}]
        seen += [dict(functions) for file, functions in self.files.items() if _is_above(file, path)]
        seen.append(dict(self.files.get(path, {})))
        queue = [test, *(name for functions in seen for name, code in functions.items() if code.autouse)]
        words: set[str] = set()
        visited: set[tuple[str, int]] = set()
        while queue:
            # The nearest definition counts, and one that asks for its own name gets the one further up.
            name = queue.pop()
            for level in reversed(range(len(seen))):
                if name in seen[level] and (name, level) not in visited:
                    visited.add((name, level))
                    words |= seen[level][name].words
                    queue += seen[level][name].uses
                    break
        return words


def read_suite(root: Path, paths: Iterable[str]) -> Suite:
    """Read Python files; one that can't be parsed holds nothing, since no test of it ran."""
    files = {}
    for path in sorted(paths):
        if (tree := _parsed(root / path)) is not None:
            files[path] = dict(_functions(tree))
    return Suite(files)


def git_in(root: Path, paths: Iterable[str]) -> str | None:
    """`PATH:LINE` of the first place in these files that starts git or imports a library of it."""
    for path in paths:
        tree = _parsed(root / path)
        for node in ast.walk(tree) if tree is not None else ():
            if _starts_git(node) or any(_GIT_LIBRARIES.fullmatch(name) for _, name in _imports(node)):
                return f"{path}:{getattr(node, 'lineno', 1)}"
    return None


def _parsed(file: Path) -> ast.Module | None:
    try:
        return ast.parse(file.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return None


def _split(nodeid: str) -> tuple[str, str]:
    """`tests/a.py::TestB::test_c[d::e]` is tests/a.py and TestB::test_c."""
    path, _, name = nodeid.partition("::")
    return path, name.partition("[")[0]


def _is_above(conftest: str, path: str) -> bool:
    if PurePosixPath(conftest).name != "conftest.py" or conftest == path:
        return False
    return path.startswith(conftest.removesuffix("conftest.py"))


def _is_helper(path: str) -> bool:
    name = PurePosixPath(path).name
    return name != "conftest.py" and not re.fullmatch(r"test_.*|.*_test\.py", name)


def _functions(tree: ast.Module) -> Iterator[tuple[str, _Code]]:
    imported = {alias: name for node in ast.walk(tree) for alias, name in _imports(node)}
    marks = [node for node in tree.body if isinstance(node, ast.Assign) and _assigns(node, "pytestmark")]

    def walk(body: Sequence[ast.stmt], prefix: str, outer: Sequence[ast.AST]) -> Iterator[tuple[str, _Code]]:
        for node in body:
            if isinstance(node, _Function):
                name, code = _code(node, [*outer, *node.decorator_list], imported)
                yield f"{prefix}{name}", code
                if prefix:  # a fixture of a class
                    yield name, code
            elif isinstance(node, ast.ClassDef):
                inner = dict(walk(node.body, f"{prefix}{node.name}::", [*outer, *node.decorator_list]))
                yield from inner.items()
                yield node.name, _together(inner.values())
            elif isinstance(node, ast.If | ast.Try | ast.With):
                yield from walk(node.body, prefix, outer)

    yield from walk(tree.body, "", marks)


def _together(codes: Iterable[_Code]) -> _Code:
    """A class, for those who make one: what any of its functions does."""
    methods = list(codes)
    uses = {use for code in methods for use in code.uses}
    return _Code(frozenset(uses), frozenset(word for code in methods for word in code.words))


def _code(function: _Function, around: Sequence[ast.AST], imported: Mapping[str, str]) -> tuple[str, _Code]:
    arguments = function.args
    asks = {word.arg for word in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    asks |= {name for mark in around for name in _by_mark(mark)}
    words: set[str] = set()
    calls: set[str] = set()
    name, autouse = function.name, False
    for decorator in function.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        if re.search(r"(^|\.)fixture$", ast.unparse(call.func if call else decorator)):
            words.add("fixture:")
            given = {word.arg: word.value for word in call.keywords} if call else {}
            own, auto = given.get("name"), given.get("autouse")
            name = str(own.value) if isinstance(own, ast.Constant) else name
            autouse = isinstance(auto, ast.Constant) and auto.value is True
    for node in ast.walk(function):
        words |= set(_said(node, imported))
        calls |= {node.id} if isinstance(node, ast.Name) else set()
    words |= {f"fixture:{ask}" for ask in asks}
    return name, _Code(frozenset(asks | calls), frozenset(words), autouse)


def _said(node: ast.AST, imported: Mapping[str, str]) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield f"import:{imported[node.id]}" if node.id in imported else f"name:{node.id}"
    elif isinstance(node, ast.Attribute):
        yield f"attribute:{node.attr}"
        yield from (f"import:{name}" for name in _dotted(node, imported))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield f"string:{node.value}"
    yield from (f"import:{name}" for _, name in _imports(node))
    if _starts_git(node):
        yield "program:git"


def _by_mark(mark: ast.AST) -> Iterator[str]:
    for node in ast.walk(mark):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.usefixtures"):
            yield from (str(word.value) for word in node.args if isinstance(word, ast.Constant))


def _dotted(node: ast.Attribute, imported: Mapping[str, str]) -> Iterator[str]:
    first, _, rest = ast.unparse(node).partition(".")
    if first in imported:
        yield f"{imported[first]}.{rest}"


def _imports(node: ast.AST) -> Iterator[tuple[str, str]]:
    """The names that an import binds, and what they stand for."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            yield bound, alias.name if alias.asname else bound
    elif isinstance(node, ast.ImportFrom) and not node.level:
        for alias in node.names:
            yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _starts_git(node: ast.AST) -> bool:
    """A command line, whose first word is git: `["git", "log"]`, `run("git log")`."""
    if isinstance(node, ast.List | ast.Tuple) and len(node.elts) > 1:
        return _says(node.elts[0], lambda text: text == "git")
    if isinstance(node, ast.Call) and node.args:
        called = ast.unparse(node.func).rpartition(".")[2]
        whole = called in ("run", "Popen", "call", "check_call", "check_output", "system", "split")
        one_by_one = called in ("create_subprocess_exec", "which")
        return (whole and _says(node.args[0], lambda text: text.startswith("git "))) or (
            one_by_one and _says(node.args[0], lambda text: text == "git")
        )
    return False


def _says(node: ast.AST, rule: Callable[[str], bool]) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and rule(node.value)


def _assigns(node: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
