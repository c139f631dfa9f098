"""What a function says of all its code, wherever it stands: which names are its own, and whether it yields.

A name that is bound in one place of a function is its own everywhere in it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

__all__ = ["scopes_of"]

_Scope = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)


def scopes_of(node: ast.AST) -> Iterator[str]:
    """A line for the scope that a node makes, and one for each in it."""
    own: set[str] = set()
    inner: list[ast.AST] = []
    queue = list(ast.iter_child_nodes(node))
    for part in queue:
        own.update(_bound(part))
        if isinstance(part, _Scope):
            inner.append(part)
        else:
            queue += ast.iter_child_nodes(part)
    yield f"{type(node).__name__} {' '.join(sorted(own))}"
    for one in inner:
        yield from scopes_of(one)


def _bound(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.arg(arg=name):
            yield name
        case ast.alias():
            yield node.asname or node.name.partition(".")[0]
        case ast.Global(names=names):
            yield from (f"global:{name}" for name in names)
        case ast.Nonlocal(names=names):
            yield from (f"nonlocal:{name}" for name in names)
        case (
            ast.ExceptHandler(name=str(name))
            | ast.MatchAs(name=str(name))
            | ast.MatchStar(name=str(name))
            | ast.MatchMapping(rest=str(name))
        ):
            yield name
        case ast.Yield() | ast.YieldFrom() | ast.Await():
            yield f"it:{type(node).__name__}"
