"""The import graph of a project's Python files, read from source with ast."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

__all__ = ["ImportGraph", "read_graph"]

_DYNAMIC = frozenset(
    (
        *("import_module", "__import__", "exec", "eval", "run_module", "run_path", "resolve_name"),
        *("spec_from_file_location", "iter_modules", "walk_packages", "entry_points"),
    )
)
_PROCESSES = frozenset(("subprocess", "multiprocessing", "pexpect", "plumbum", "sh", "invoke"))
_STARTING = frozenset(("system", "popen", "posix_spawn", "create_subprocess_exec", "create_subprocess_shell"))
_LISTING = frozenset(("glob", "rglob", "iglob", "iterdir", "listdir", "scandir", "walk"))

_Modules = Mapping[str, Iterable[str]]


@dataclass(frozen=True)
class ImportGraph:
    """`imports` maps a file to the project files it imports; `dynamic` names files that hide some.

    A file that `starts_programs` may run any of the project's code in another process; one that
    `lists_folders` may read files that it doesn't name.
    """

    imports: Mapping[str, frozenset[str]]
    dynamic: frozenset[str]
    starts_programs: frozenset[str]
    lists_folders: frozenset[str]
    modules: _Modules
    """Files by the dotted names under which they may be imported."""

    def distances_to(self, target: str) -> dict[str, int]:
        """Every file that imports `target`, directly (1) or through others, with the number of steps."""
        importers: dict[str, set[str]] = {}
        for file, imported in self.imports.items():
            for other in imported:
                importers.setdefault(other, set()).add(file)
        found = {target: 0}
        queue = [target]
        for file in queue:
            for importer in sorted(importers.get(file, ())):
                if importer not in found:
                    found[importer] = found[file] + 1
                    queue.append(importer)
        del found[target]
        return found

    def reached_from(self, files: Iterable[str]) -> set[str]:
        """These files, and all that they import."""
        queue = list(dict.fromkeys(files))
        found = set(queue)
        for file in queue:
            new = self.imports.get(file, frozenset()) - found
            found |= new
            queue += sorted(new)
        return found


def read_graph(root: Path, files: Iterable[str], searched: Iterable[str] = ()) -> ImportGraph:
    """Parse the files (POSIX, relative to root). One that can't be parsed counts as dynamic.

    `searched` are folders on the module path beside the root, src/ and those of the tests, from which
    pytest imports helpers by their bare names. Where a file changes that path, each folder may be on it.
    """
    files = list(files)
    said = {file: told for file in files if (told := _said(root / file, file)) is not None}
    tops = {"", "src", *searched, *(_folder(file) for file in files if file.startswith("tests/"))}
    if any(told.changes_the_path for told in said.values()):
        tops |= {folder for file in files for folder in _folders(file)}
    modules = _modules(files, tops)
    return ImportGraph(
        {file: frozenset(_files(told.wanted, modules)) - {file} for file, told in said.items()},
        dynamic=frozenset(files) - said.keys() | _those(said, lambda told: told.called & _DYNAMIC),
        starts_programs=_those(said, lambda told: told.wanted & _PROCESSES or told.called & _STARTING),
        lists_folders=_those(said, lambda told: told.called & _LISTING),
        modules=modules,
    )


@dataclass(frozen=True)
class _Said:
    """What a file's text says: dotted names that it may load, and names that it calls."""

    wanted: frozenset[str]
    called: frozenset[str]
    changes_the_path: bool


def _those(said: Mapping[str, _Said], do: Callable[[_Said], object]) -> frozenset[str]:
    return frozenset(file for file, told in said.items() if do(told))


def _said(path: Path, file: str) -> _Said | None:
    """None of a file that isn't there, or can't be parsed."""
    try:
        return _parsed(path.read_bytes(), file)
    except OSError:
        return None


@lru_cache(maxsize=10_000)  # `atomci watch` asks again at each save
def _parsed(source: bytes, file: str) -> _Said | None:
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError):
        return None
    called = frozenset(_called(node) for node in nodes if isinstance(node, ast.Call))
    return _Said(frozenset(_wanted(file, nodes)), called, _changes_the_path(nodes))


def _folder(file: str) -> str:
    return file.rpartition("/")[0]


def _folders(file: str) -> Iterator[str]:
    parts = file.split("/")[:-1]
    return ("/".join(parts[:end]) for end in range(len(parts) + 1))


def _modules(files: Iterable[str], tops: Iterable[str]) -> dict[str, set[str]]:
    """A file's name from each folder of the module path that it lies below."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in files:
        for top in {"", *_folders(file)} & set(tops):
            below = file.removeprefix(f"{top}/") if top else file
            found[_dotted(below)].add(file)
    return found


def _dotted(path: str) -> str:
    parts = path.removesuffix(".py").split("/")
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def _wanted(file: str, nodes: Iterable[ast.AST]) -> set[str]:
    name = _dotted(file.removeprefix("src/"))
    package = name if file.endswith("__init__.py") else name.rpartition(".")[0]
    return {wanted for node in nodes for wanted in _names(node, package)}


def _changes_the_path(nodes: Iterable[ast.AST]) -> bool:
    return any(
        isinstance(node, ast.Attribute)
        and ((node.attr == "path" and _is_sys(node.value)) or node.attr in ("syspath_prepend", "addsitedir"))
        for node in nodes
    )


def _is_sys(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "sys"


def _names(node: ast.AST, package: str) -> set[str]:
    """Dotted names that an import statement may load; `from a import b` may load a.b."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*above, *([base] if base else [])])
        return {base, *(f"{base}.{alias.name}" if base else alias.name for alias in node.names)}
    if isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "pytest_plugins" for target in node.targets
    ):
        return {
            text.value
            for text in ast.walk(node.value)
            if isinstance(text, ast.Constant) and isinstance(text.value, str)
        }
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and 2 < len(node.value) < 200:
        # monkeypatch.setattr("package.module.name", ...) reaches a module without importing it, and so do
        # "package.module:name" and importorskip.
        name = node.value.replace(":", ".")
        return {name} if "." in name and name.replace(".", "").isidentifier() else set()
    return set()


def _files(names: Iterable[str], modules: _Modules) -> set[str]:
    """Project files behind dotted names; importing a.b.c also runs a/__init__ and a/b/__init__."""
    found: set[str] = set()
    for name in names:
        parts = name.split(".")
        for end in range(1, len(parts) + 1):
            found.update(modules.get(".".join(parts[:end]), ()))
    return found


def _called(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
