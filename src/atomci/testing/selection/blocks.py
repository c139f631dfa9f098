"""The blocks of a Python file: its functions and methods, and what runs when it is imported.

A block's hash goes by what its code says, not by comments, layout or where it stands, and is the same for
every version of Python that can parse it.
"""

from __future__ import annotations

import ast
import copy
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

__all__ = ["MODULE", "Blocks", "read_blocks"]

MODULE = ""
"""The name of the block that runs on import: statements outside of functions, decorators and defaults."""
_KEEPING = ("cache", "lru_cache", "cached_property", "memoize", "memoized", "cached", "singleton")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Blocks:
    """`hashes` are by name, such as `Class.method`; `keeping` functions keep what they once gave."""

    hashes: Mapping[str, str]
    keeping: frozenset[str] = frozenset()
    defines: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The hashes of the statements that run on import, each with the names that it binds; of those that may
    do more, none."""
    uses: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The identifiers, and texts that may be some, of each block."""


@lru_cache(maxsize=10_000)  # `atomci watch` asks again at each save
def read_blocks(source: bytes) -> Blocks | None:
    """Of a file's text; None where it can't be parsed."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found: dict[str, list[ast.AST]] = defaultdict(list)
    statements: list[tuple[ast.AST, frozenset[str]]] = []
    keeping = set()
    for name, function in _functions(tree.body, statements, ""):
        found[name].append(function)
        if any(_last_name(decorator) in _KEEPING for decorator in function.decorator_list):
            keeping.add(name)
    outside = [node for node, _ in statements]
    try:
        hashes = {name: _hash(*nodes) for name, nodes in found.items()}
        uses = {name: _identifiers(nodes) for name, nodes in found.items()}
        hashes[MODULE] = _hash(*outside)
        uses[MODULE] = _identifiers([node for node in outside if not _only_passes_on(node)])
        defines = {_hash(node): bound for node, bound in statements}
    except RecursionError:
        return None
    return Blocks(hashes, frozenset(keeping), defines, uses)


_Statements = list[tuple[ast.AST, frozenset[str]]]


def _functions(body: list[ast.stmt], outside: _Statements, prefix: str) -> Iterator[tuple[str, _Function]]:
    """The outermost functions; what else runs is added to `outside`, with the names that it only binds."""
    for node in body:
        if isinstance(node, _Function):
            outside.append((_head(node), _bound(node)))
            yield f"{prefix}{node.name}", node
        elif isinstance(node, ast.ClassDef):
            outside.append((_head(node), frozenset()))
            yield from _functions(node.body, outside, f"{prefix}{node.name}.")
        elif isinstance(node, ast.If | ast.Try | ast.With | ast.For | ast.While):
            outside.append((_without_functions(node), frozenset()))
            yield from _functions(_statements(node), [], prefix)
        else:
            # What the body of a class says, a base or a decorator may make more of.
            outside.append((node, frozenset() if prefix and not _is_text(node) else _bound(node)))


def _statements(node: ast.stmt) -> list[ast.stmt]:
    found: list[ast.stmt] = []
    for name in ("body", "orelse", "finalbody"):
        found += getattr(node, name, [])
    for handler in getattr(node, "handlers", []):
        found += handler.body
    return found


def _without_functions(node: ast.stmt) -> ast.stmt:
    """A statement that holds others, with the heads of functions in their place."""

    class _Heads(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
            return _head(node)

        def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
            return _head(node)

    return _Heads().visit(copy.deepcopy(node))  # type: ignore[no-any-return]


def _head(node: _Function | ast.ClassDef) -> ast.AST:
    """What of a definition runs when it is met."""
    if isinstance(node, ast.ClassDef):
        return ast.ClassDef(
            name=node.name,
            bases=node.bases,
            keywords=node.keywords,
            body=[],
            decorator_list=node.decorator_list,
        )
    return type(node)(name=node.name, args=node.args, body=[], decorator_list=node.decorator_list)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        return _last_name(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _hash(*nodes: ast.AST) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for node in nodes:
        for word in _told(node):
            digest.update(word.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()


def _told(value: object) -> Iterator[str]:
    """What is empty is left out, since newer Pythons have fields that older ones lack."""
    if isinstance(value, ast.AST):
        yield type(value).__name__
        for name, part in ast.iter_fields(value):
            if name not in ("kind", "type_comment", "type_ignores") and part is not None and part != []:
                yield name
                yield from _told(part)
        yield ")"
    elif isinstance(value, list):
        for part in value:
            yield from _told(part)
    else:
        yield f"{type(value).__name__} {value!r}"


def _identifiers(nodes: list[ast.AST]) -> frozenset[str]:
    found = set()
    for node in nodes:
        for part in ast.walk(node):
            match part:
                case (
                    ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name) | ast.keyword(arg=str(name))
                ):
                    found.add(name)
                case ast.alias(name=name):
                    found.update(name.split("."))
                case ast.Constant(value=str(text)) if len(text) < 80:
                    found.update(word for word in text.replace(":", ".").split(".") if word.isidentifier())
    return frozenset(found)


def _only_passes_on(node: ast.AST) -> bool:
    """An import under the same names, and the list of names for others: who uses these, names them too."""
    match node:
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return all(alias.asname in (None, alias.name) for alias in names)
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
    return False


def _bound(node: ast.AST) -> frozenset[str]:
    """The names that a statement binds where it does nothing else."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            told = {_last_name(decorator) for decorator in node.decorator_list} - _QUIET
            return frozenset() if told or name.startswith("__") else frozenset([name])
        case ast.Assign(targets=targets, value=value) if _is_plain(value):
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            plain = len(names) == len(targets) and not any(name.startswith("__") for name in names)
            return frozenset(names) if plain else frozenset()
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if _is_plain(
            value
        ) and not name.startswith("__"):
            return frozenset([name])
    return frozenset(["__doc__"]) if _is_text(node) else frozenset()


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_plain(value: ast.expr) -> bool:
    """Whether nothing is called but what only builds a value."""
    calls = [node for node in ast.walk(value) if isinstance(node, ast.Call)]
    yields = any(isinstance(node, ast.Lambda | ast.Await | ast.NamedExpr) for node in ast.walk(value))
    return not yields and all(_last_name(call) in _BUILDING for call in calls)


_BUILDING = frozenset(
    ["compile", "frozenset", "set", "dict", "list", "tuple", "str", "int", "float", "bytes", "bool"]
)
_QUIET = frozenset(["property", "staticmethod", "classmethod", "abstractmethod", "overload"])
