"""Which tests drive git, the file system and HTTP endpoints, by their source and the fixtures that they got.

Nothing is imported. A test counts as driving something when its own body, a fixture of it or a function of
the suite that one of these calls, says so.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

__all__ = ["ENDPOINT", "FILES", "GIT", "GIT_FIXTURE", "Definitions", "files_in", "git_in", "read_definitions"]

FILES, GIT, ENDPOINT = "file system", "git", "endpoint"
GIT_FIXTURE = re.compile(r"git|git_\w+|\w+_git")
"""Names of fixtures that are git's."""

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Definition = _Function | ast.ClassDef
_GIT_LIBRARIES = re.compile(r"(git|pygit2|dulwich)(\..*)?")
# Functions that take a command line, and those that take its words.
_BY_LINE = ("run", "Popen", "call", "check_call", "check_output", "system", "split")
_BY_WORDS = ("create_subprocess_exec", "which")
_WORDS_OF: Mapping[str, re.Pattern[str]] = {
    FILES: re.compile(
        r"fixture:(tmp_path|tmpdir)(_factory)?|import:(tempfile|shutil)(\..*)?|name:open|string:ATOMCI_TMP"
        r"|attribute:(read|write)_(text|bytes)"
    ),
    GIT: re.compile(rf"program:git|fixture:({GIT_FIXTURE.pattern})|import:{_GIT_LIBRARIES.pattern}"),
    ENDPOINT: re.compile(
        r"import:(fastapi|starlette)\.testclient(\..*)?|import:httpx2?\.(ASGITransport|AsyncClient|Client)"
        r"|attribute:(TestClient|ASGITransport)"
    ),
}
# Programs also ask shutil for terminals and programs, and that is no use of files.
_FILES_IN_SOURCES = re.compile(
    r"import:tempfile(\..*)?|import:shutil\.(copy\w*|move|rmtree|make_archive|unpack_archive)"
    r"|name:open|attribute:(read|write)_(text|bytes)"
)


@dataclass(frozen=True)
class _Code:
    """A function or class: keys of what it may use, and what it says, such as `import:shutil`."""

    uses: frozenset[str]
    words: frozenset[str]
    arguments: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Definitions:
    """The functions and classes below tests/, as `PATH::NAME` and, for who imports them, as `MODULE.NAME`."""

    code: Mapping[str, _Code] = field(default_factory=dict)

    def drives(self, nodeid: str, fixtures: Sequence[str]) -> set[str]:
        """What a test drives, by its pytest node id and the fixtures that the recorder saw it get."""
        words = self._words(nodeid, fixtures)
        return {name for name, pattern in _WORDS_OF.items() if any(map(pattern.fullmatch, words))}

    def asked_for(self, nodeid: str) -> frozenset[str]:
        """The names of what a test takes, which are fixtures or parameters."""
        path, _, test = nodeid.partition("::")
        code = self.code.get(f"{path}::{test.partition('[')[0]}")
        return code.arguments if code else frozenset()

    def _words(self, nodeid: str, fixtures: Sequence[str]) -> set[str]:
        path, _, test = nodeid.partition("::")
        queue = [f"{path}::{test.partition('[')[0]}", *fixtures]
        words = {f"fixture:{fixture.rpartition('::')[2]}" for fixture in fixtures}
        visited: set[str] = set()
        while queue:
            key = queue.pop()
            if key in self.code and key not in visited:
                visited.add(key)
                words |= self.code[key].words
                queue += self.code[key].uses
        return words


def read_definitions(root: Path, paths: Iterable[str]) -> Definitions:
    """Read Python files; one that can't be parsed defines nothing, since no test of it ran."""
    found = {}
    for path in paths:
        for name, code in _definitions(path, _parsed(root / path)):
            found[f"{path}::{name}"] = found[f"{PurePosixPath(path).stem}.{name}"] = code
    return Definitions(found)


def git_in(root: Path, paths: Iterable[str]) -> str | None:
    """`PATH:LINE` of the first place in these files that starts git or imports a library of it."""
    return _first_place(root, paths, _WORDS_OF[GIT])


def files_in(root: Path, paths: Iterable[str]) -> str | None:
    """`PATH:LINE` of the first place in these files that opens, reads, writes, copies or removes files."""
    return _first_place(root, paths, _FILES_IN_SOURCES)


def _first_place(root: Path, paths: Iterable[str], pattern: re.Pattern[str]) -> str | None:
    for path in paths:
        tree = _parsed(root / path)
        imported = _all_imported(tree)
        for node in ast.walk(tree):
            if any(map(pattern.fullmatch, _said(node, imported))):
                return f"{path}:{getattr(node, 'lineno', 1)}"
    return None


def _all_imported(tree: ast.Module) -> dict[str, str]:
    return {alias: name for node in ast.walk(tree) for alias, name in _imports(node)}


def _parsed(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return ast.Module([], [])


def _definitions(path: str, tree: ast.Module) -> Iterator[tuple[str, _Code]]:
    """Functions and classes, those inside of a class as `CLASS::NAME` and as NAME."""
    imported = _all_imported(tree)

    def walk(body: Sequence[ast.stmt], prefix: str = "") -> Iterator[tuple[str, _Code]]:
        for node in body:
            if isinstance(node, _Definition):
                code = _code(path, node, imported)
                for name in {f"{prefix}{node.name}", node.name, *_given_names(node)}:
                    yield name, code
            if isinstance(node, ast.ClassDef):
                yield from walk(node.body, f"{prefix}{node.name}::")
            elif isinstance(node, ast.If | ast.Try | ast.With):
                yield from walk(node.body, prefix)

    return walk(tree.body)


def _given_names(node: _Definition) -> Iterator[str]:
    """What a fixture goes by: `@pytest.fixture(name="NAME")`."""
    for decorator in node.decorator_list:
        for word in decorator.keywords if isinstance(decorator, ast.Call) else ():
            if word.arg == "name" and isinstance(word.value, ast.Constant):
                yield str(word.value.value)


def _code(path: str, definition: _Definition, imported: Mapping[str, str]) -> _Code:
    nodes = list(ast.walk(definition))
    words = {word for node in nodes for word in _said(node, imported)}
    arguments = {node.arg for node in nodes if isinstance(node, ast.arg)}
    own = {node.id for node in nodes if isinstance(node, ast.Name)} - arguments
    taken = {word.removeprefix("import:") for word in words if word.startswith("import:")}
    uses = {f"{path}::{name}" for name in own} | {".".join(name.split(".")[-2:]) for name in taken}
    return _Code(frozenset(uses), frozenset(words), frozenset(arguments))


def _said(node: ast.AST, imported: Mapping[str, str]) -> Iterator[str]:
    match node:
        case ast.Name(id=name):
            yield f"import:{imported[name]}" if name in imported else f"name:{name}"
        case ast.Attribute(attr=name):
            yield f"attribute:{name}"
            first, _, rest = ast.unparse(node).partition(".")
            if first in imported:
                yield f"import:{imported[first]}.{rest}"
        case ast.Constant(value=str(text)):
            yield f"string:{text}"
    yield from (f"import:{name}" for _, name in _imports(node))
    if _starts_git(node):
        yield "program:git"


def _imports(node: ast.AST) -> Iterator[tuple[str, str]]:
    """The names that an import binds, and what they stand for."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            yield bound, alias.name if alias.asname else bound
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name, f"{'.' * node.level}{node.module or ''}.{alias.name}"


def _starts_git(node: ast.AST) -> bool:
    """A command line, whose first word is git: `["git", "log"]`, `run("git log")`."""
    match node:
        case ast.List(elts=[first, _, *_]) | ast.Tuple(elts=[first, _, *_]):
            return isinstance(first, ast.Constant) and first.value == "git"
        case ast.Call(func=function, args=[ast.Constant(value=str(text)), *_]):
            called = ast.unparse(function).rpartition(".")[2]
            return text == "git" if called in _BY_WORDS else called in _BY_LINE and text.startswith("git ")
    return False
