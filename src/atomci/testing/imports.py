"""The import graph of a project's src/ and tests/, read from source with ast."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ImportGraph", "read_graph"]

_DYNAMIC = (
    *("import_module", "__import__", "exec", "eval", "run_module", "run_path"),
    *("spec_from_file_location", "iter_modules", "walk_packages", "entry_points"),
)
_PROCESSES = ("subprocess", "multiprocessing")


@dataclass(frozen=True)
class ImportGraph:
    """`imports` maps a file to the project files it imports; `dynamic` names files that hide some.

    A file that `starts_programs` may run any of the project's code in another process.
    """

    imports: Mapping[str, frozenset[str]]
    dynamic: frozenset[str]
    starts_programs: frozenset[str]

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


def read_graph(root: Path, files: Iterable[str]) -> ImportGraph:
    """Parse the files (POSIX, relative to root). One that can't be parsed counts as dynamic."""
    modules = {_module_name(file): file for file in files}
    imports: dict[str, frozenset[str]] = {}
    dynamic: set[str] = set()
    starts_programs: set[str] = set()
    for name, file in modules.items():
        try:
            tree = ast.parse((root / file).read_bytes())
        except (SyntaxError, ValueError, OSError):
            dynamic.add(file)
            continue
        package = name if file.endswith("__init__.py") else name.rpartition(".")[0]
        wanted: set[str] = set()
        for node in ast.walk(tree):
            wanted.update(_names(node, package))
            if isinstance(node, ast.Call) and _called(node) in _DYNAMIC:
                dynamic.add(file)
        imports[file] = frozenset(_files(wanted, modules)) - {file}
        if wanted & set(_PROCESSES):
            starts_programs.add(file)
    return ImportGraph(imports, frozenset(dynamic), frozenset(starts_programs))


def _module_name(file: str) -> str:
    parts = file.removesuffix(".py").split("/")
    if parts[0] == "src":
        parts = parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _names(node: ast.AST, package: str) -> set[str]:
    """Dotted names that an import statement may load; `from a import b` may load a.b."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*above, *([base] if base else [])])
        return {base, *(f"{base}.{alias.name}" for alias in node.names)}
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and 2 < len(node.value) < 200:
        # monkeypatch.setattr("package.module.name", ...) reaches a module without importing it.
        return {node.value} if "." in node.value and node.value.replace(".", "").isidentifier() else set()
    return set()


def _files(names: set[str], modules: Mapping[str, str]) -> set[str]:
    """Project files behind dotted names; importing a.b.c also runs a/__init__ and a/b/__init__."""
    found = set()
    for name in names:
        parts = name.split(".")
        for end in range(1, len(parts) + 1):
            if file := modules.get(".".join(parts[:end])):
                found.add(file)
    return found


def _called(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
