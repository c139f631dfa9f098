"""The blocks of a Python file: its functions and methods, and what runs when it is imported.

A block's hash goes by what its code says, not by comments, layout or where it stands, and is the same for
every version of Python that can parse it.
"""

from __future__ import annotations

import ast
import copy
import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from atomci.testing.observation.suites import suites_of
from atomci.testing.selection.scopes import scopes_of
from atomci.testing.selection.statements import (
    Statement,
    docstring_of,
    identifiers,
    is_plain_class,
    is_text,
    last_name,
    names_of_file,
    objects_of_modules,
    of_defaults,
    of_function,
    of_statement,
    own_names,
    split_head,
    whole_head,
)

__all__ = ["MODULE", "Blocks", "read_blocks"]

MODULE = ""
"""The name of the block that runs on import: statements outside of functions, decorators and defaults."""
_KEEPING = frozenset(["cache", "lru_cache", "cached_property", "memoize", "memoized", "cached", "singleton"])
_UNBOUND = frozenset(["classmethod", "staticmethod"])
_MAKING = ("__new__", "__init_subclass__", "__class_getitem__")
_TEXT = frozenset(["__doc__"])
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Blocks:
    """`hashes` are by name, such as `Class.method`; `keeping` functions keep what they once gave."""

    hashes: Mapping[str, str]
    keeping: frozenset[str] = frozenset()
    statements: Mapping[str, Statement] = field(default_factory=dict)
    """Those that run on import, by their hashes."""
    uses: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The identifiers, and texts that may be some, of each function."""
    suites: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The hashes of the suites of functions, by their paths; the empty one is what is in none."""
    unbound: frozenset[str] = frozenset()
    """Methods that are called without an object."""
    names: frozenset[str] = frozenset()
    """What is called by name without an object, but for what functions bind."""
    objects: frozenset[str] = frozenset()
    """What may be modules that are used as objects, by their last names."""


@lru_cache(maxsize=10_000)  # `atomci watch` asks again at each save
def read_blocks(source: bytes) -> Blocks | None:
    """Of a file's text; None where it can't be parsed."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found: dict[str, list[ast.AST]] = defaultdict(list)
    outside: _Outside = []
    keeping, unbound = set(), set()
    for name, function in _functions(tree.body, outside, _Scope.of_module(tree)):
        found[name].append(function)
        told = {last_name(decorator) for decorator in function.decorator_list}
        if told & _KEEPING:
            keeping.add(name)
        if told & _UNBOUND or function.name in _MAKING:
            unbound.add(name)
    try:
        hashes = {name: _hash(*nodes) for name, nodes in found.items()}
        hashes[MODULE] = _hash(*(node for node, *_ in outside))
        suites = {name: _suites(nodes[0]) for name, nodes in found.items() if len(nodes) == 1}
        uses = {name: identifiers(*nodes) for name, nodes in found.items()}
        statements = {_hash(node, where): statement for node, where, statement in outside}
    except RecursionError:
        return None
    names, objects = names_of_file(tree), objects_of_modules(tree)
    return Blocks(hashes, frozenset(keeping), statements, uses, suites, frozenset(unbound), names, objects)


_Outside = list[tuple[ast.AST, ast.AST, Statement]]
"""Each statement, with the class in which it stands, and what it does."""


@dataclass(frozen=True)
class _Scope:
    """Where statements stand: the prefix of names there, whether it's a class that only holds what it says,
    which classes of the file are such ones, and which names don't mean what they do in Python.
    """

    prefix: str
    plain: bool
    classes: frozenset[str]
    own: frozenset[str]

    @classmethod
    def of_module(cls, tree: ast.Module) -> _Scope:
        classes: set[str] = set()
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and is_plain_class(node, classes):
                classes.add(node.name)
        return cls("", False, frozenset(classes), own_names(tree))

    def of_class(self, node: ast.ClassDef) -> _Scope:
        plain = not self.prefix and node.name in self.classes
        return replace(self, prefix=f"{self.prefix}{node.name}.", plain=plain)


def _functions(body: list[ast.stmt], outside: _Outside, here: _Scope) -> Iterator[tuple[str, _Function]]:
    """The outermost functions; what else runs is added to `outside`."""
    where = ast.Name(id=here.prefix)
    for node in body:
        if isinstance(node, _Function):
            head, defaults = split_head(node)
            outside.append((head, where, of_function(node, here.prefix)))
            if defaults is not None:
                outside.append((defaults, where, of_defaults(node, here.prefix)))
            if (text := docstring_of(node)) is not None:
                outside.append((text[0], where, text[1]))
            yield f"{here.prefix}{node.name}", node
        elif isinstance(node, ast.ClassDef):
            head = _class_head(node)
            outside.append((head, where, Statement(uses=identifiers(head))))
            yield from _functions(node.body, outside, here.of_class(node))
        elif isinstance(node, ast.If | ast.Try | ast.With | ast.For | ast.While):
            bare = _without_functions(node)
            outside.append((bare, where, Statement(uses=identifiers(bare))))
            yield from _functions(_statements(node), [], here)
        elif here.prefix and not here.plain:
            # What the body of a class says, a base or a decorator may make more of.
            binds = _TEXT if is_text(node) else frozenset[str]()
            outside.append((node, where, Statement(binds, identifiers(node))))
        else:
            outside.append((node, where, of_statement(node, here.own, in_class=bool(here.prefix))))


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
            return whole_head(node)

        def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
            return whole_head(node)

    return _Heads().visit(copy.deepcopy(node))  # type: ignore[no-any-return]


def _class_head(node: ast.ClassDef) -> ast.AST:
    """What of a class runs before its body."""
    return ast.ClassDef(
        name=node.name, bases=node.bases, keywords=node.keywords, body=[], decorator_list=node.decorator_list
    )


def _suites(function: ast.AST) -> Mapping[str, str]:
    found = suites_of(function) if isinstance(function, _Function) else []
    if not found:
        return {}
    cuts = frozenset(id(suite.body) for suite in found)
    whole = ast.Constant(value="\n".join(scopes_of(function)))
    return {"": _hash(function, whole, cuts=cuts), **{one.path: _hash(*one.body, cuts=cuts) for one in found}}


def _hash(*nodes: ast.AST, cuts: Collection[int] = ()) -> str:
    """What is in one of the lists that are cut, by their `id`, doesn't count."""
    digest = hashlib.blake2b(digest_size=8)
    for node in nodes:
        for word in _told(node, cuts):
            digest.update(word.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()


def _told(value: object, cuts: Collection[int] = ()) -> Iterator[str]:
    """What is empty is left out, since newer Pythons have fields that older ones lack."""
    if isinstance(value, ast.AST):
        yield type(value).__name__
        for name, part in ast.iter_fields(value):
            if name not in ("kind", "type_comment", "type_ignores") and part is not None and part != []:
                yield name
                yield from _told(part, cuts)
        yield ")"
    elif isinstance(value, list):
        if id(value) in cuts:
            yield "suite"
            return
        for part in value:
            yield from _told(part, cuts)
    else:
        yield f"{type(value).__name__} {value!r}"
