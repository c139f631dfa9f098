"""The statements that run when a Python file is imported: which names they bind, and by which names others
see a change of them.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass

__all__ = [
    "ANY_ATTRIBUTE",
    "ANY_NAME",
    "ANY_OF_FILE",
    "Statement",
    "docstring_of",
    "identifiers",
    "is_plain_class",
    "is_text",
    "last_name",
    "names_of_file",
    "objects_of_modules",
    "of_defaults",
    "of_function",
    "of_statement",
    "own_names",
    "split_head",
    "whole_head",
]

ANY_NAME = "*"
"""Used by code that makes up names of what some object has, while the program runs."""
ANY_ATTRIBUTE = ".*"
"""Used by code that makes up names of attributes of its own object."""
ANY_OF_FILE = "**"
"""Used by code that makes up names of its own file."""
_MAKING_UP_NAMES = {
    **dict.fromkeys(["vars", "dir", "getmembers"], ANY_NAME),
    **dict.fromkeys(["globals", "eval", "exec"], ANY_OF_FILE),
}
_ASKING = frozenset(["getattr", "hasattr", "setattr", "delattr", "attrgetter", "methodcaller"])
_BUILDING = frozenset(
    [
        *("compile", "frozenset", "set", "dict", "list", "tuple", "str", "int", "float", "bytes", "bool"),
        *("sorted", "len", "min", "max", "sum", "zip", "enumerate", "range", "reversed", "abs", "round"),
        *("any", "all", "ord", "chr", "isinstance", "object", "Path", "TypeVar", "getLogger", "Decimal"),
        *("timedelta", "intern", "MappingProxyType", "OrderedDict", "defaultdict", "Counter", "namedtuple"),
    ]
)
_METHODS = frozenset(
    [
        *("items", "keys", "values", "join", "format", "split", "splitlines", "strip", "lstrip", "rstrip"),
        *(
            "lower",
            "upper",
            "title",
            "replace",
            "encode",
            "decode",
            "fromkeys",
            "union",
            "difference",
            "copy",
        ),
        *("intersection", "escape", "dedent"),
    ]
)
_QUIET = frozenset(
    [
        *("property", "staticmethod", "classmethod", "abstractmethod", "overload", "override", "final"),
        *("contextmanager", "asynccontextmanager", "cached_property", "cache", "lru_cache", "wraps"),
    ]
)
"""Decorators that do nothing with a function but to call it."""
_PLAIN_BASES = ("object", "Exception", "ValueError", "TypeError", "RuntimeError", "ABC")
_MAKING_CLASSES = ("__init_subclass__", "__getattribute__", "__getattr__", "__set_name__")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Statement:
    """What it `binds` where a change of it is seen by these names only; empty where it may do more.

    `NAME` is one of the module, `.NAME` one of a class. `NAME()` stands for the plain values that a function
    takes where it is given none, which its decorators `@NAME` may ask for. What a statement `uses` goes on to
    the names that it `gives`, and to the function that it is the head of.
    """

    binds: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()
    gives: frozenset[str] = frozenset()
    head_of: str = ""
    only_checks: bool = False
    """Whether it ends an import or does nothing, as assert does."""


def of_statement(node: ast.AST, own: Collection[str], *, in_class: bool = False) -> Statement:
    """Of a simple one; `own` are names that don't mean what they do in Python."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        renamed = [alias.asname for alias in node.names if alias.asname not in (None, alias.name)]
        return Statement(uses=identifiers(node), gives=frozenset(name for name in renamed if name))
    if _is_list_for_others(node):
        return Statement()
    if isinstance(node, ast.Assert) and _is_plain(node.test, own):
        return Statement(uses=identifiers(node), only_checks=True)
    mark = "." if in_class else ""
    names = frozenset(f"{mark}{name}" for name in _bound(node, own))
    return Statement(names, identifiers(node), names)


def of_function(node: _Function, prefix: str) -> Statement:
    """Of what runs when a function is defined, but for its plain defaults."""
    mark = "." if prefix else ""
    quiet = not (_decorators(node) or node.name.startswith("__"))
    binds = frozenset([f"{mark}{node.name}"] if quiet else [])
    head, _ = split_head(node)
    return Statement(binds, identifiers(head), binds, f"{prefix}{node.name}")


def of_defaults(node: _Function, prefix: str) -> Statement:
    """Of the plain values that a function takes where it is given none."""
    return Statement(frozenset([f"{prefix}{node.name}()", *(f"@{name}" for name in _decorators(node))]))


def docstring_of(node: _Function) -> tuple[ast.AST, Statement] | None:
    """What a function says of itself, of which a decorator may make more; None where it says nothing."""
    if ast.get_docstring(node, clean=False) is None:
        return None
    binds = frozenset[str]() if _decorators(node) else frozenset(["__doc__"])
    return node.body[0], Statement(binds)


def _decorators(node: _Function) -> set[str]:
    """Those that may do something with a function but to call it."""
    return {last_name(decorator) for decorator in node.decorator_list} - _QUIET


def split_head(node: _Function) -> tuple[ast.AST, ast.AST | None]:
    """What of a function runs when it's defined: all but plain defaults, and these; None without any."""
    plain: list[ast.expr] = []

    def without(value: ast.expr | None) -> ast.expr | None:
        if not isinstance(value, ast.Constant):
            return value
        plain.append(value)
        return ast.Constant(value=...)

    told = node.args
    arguments = ast.arguments(
        posonlyargs=told.posonlyargs,
        args=told.args,
        vararg=told.vararg,
        kwonlyargs=told.kwonlyargs,
        kw_defaults=[without(value) for value in told.kw_defaults],
        kwarg=told.kwarg,
        defaults=[value for value in map(without, told.defaults) if value is not None],
    )
    if not plain:
        return whole_head(node), None
    head = type(node)(name=node.name, args=arguments, body=[], decorator_list=node.decorator_list)
    return head, ast.Call(func=ast.Name(id=node.name, ctx=ast.Load()), args=plain, keywords=[])


def whole_head(node: _Function) -> ast.AST:
    """What of a function runs when it is defined."""
    return type(node)(name=node.name, args=node.args, body=[], decorator_list=node.decorator_list)


def own_names(tree: ast.Module) -> frozenset[str]:
    """Names of functions, classes and imports of a module."""
    found = set()
    for node in tree.body:
        if isinstance(node, _Function | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.ImportFrom) and node.level:
            found.update(alias.asname or alias.name for alias in node.names)
    return frozenset(found)


def names_of_file(tree: ast.Module) -> frozenset[str]:
    """All that code of a file may call by name without an object, but for what functions bind."""
    found = set()
    queue: list[ast.AST] = [tree]
    for node in queue:
        if isinstance(node, _Function | ast.ClassDef):
            found.add(node.name)
            continue
        if isinstance(node, ast.alias):
            found.add(node.asname or node.name.partition(".")[0])
        if isinstance(node, ast.Name):
            found.add(node.id)
        queue += ast.iter_child_nodes(node)
    return frozenset(found)


def objects_of_modules(tree: ast.Module) -> frozenset[str]:
    """The last names of what a file imports, may be modules, and is used otherwise than for one of its names.

    Whoever has a module as an object may ask it for any name.
    """
    imported: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.alias):
            name = node.asname or node.name.partition(".")[0]
            imported[name] = node.name.rpartition(".")[2] if node.asname else name
    return frozenset(imported[name] for name in _alone(tree, frozenset(imported)))


def _alone(node: ast.AST, names: frozenset[str]) -> Iterator[str]:
    """Those of the names that are used otherwise than before a dot, and that no function has for its own."""
    if isinstance(node, ast.Name):
        if node.id in names:
            yield node.id
        return
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return
    if isinstance(node, _Function):
        for outside in (*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)):
            yield from _alone(outside, names)
        own = {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}
        own |= {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and _is_store(part)}
        for part in node.body:
            yield from _alone(part, names - own)
        return
    for child in ast.iter_child_nodes(node):
        yield from _alone(child, names)


def _is_store(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


def is_plain_class(node: ast.ClassDef, plain: Collection[str]) -> bool:
    """Whether what its body binds is only seen by its names; `plain` are classes of which that is known."""
    bases = all(isinstance(base, ast.Name) and base.id in (*_PLAIN_BASES, *plain) for base in node.bases)
    makes = any(isinstance(part, _Function) and part.name in _MAKING_CLASSES for part in node.body)
    return bases and not (makes or node.keywords or node.decorator_list)


def last_name(node: ast.expr) -> str:
    """`c` of `a.b.c(…)`."""
    if isinstance(node, ast.Call):
        return last_name(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def is_text(node: ast.AST) -> bool:
    """Whether it is a text that stands alone."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def identifiers(*nodes: ast.AST) -> frozenset[str]:
    """Those that code names, and texts that may be some, but for imports that keep a name. A package that it
    imports stands as `import NAME`.
    """
    return frozenset(name for node in nodes for part in ast.walk(node) for name in _named(part))


def _named(part: ast.AST) -> Iterator[str]:
    match part:
        case ast.Attribute(attr="__doc__", ctx=ast.Store() | ast.Del()):
            return  # it gives one a docstring, and reads none
        case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
            yield ANY_NAME if name == "__dict__" else name
        case ast.alias(name=name, asname=str(other)) if name != other:
            yield from name.split(".")
        case ast.Import(names=aliases):
            yield from (f"import {alias.name.partition('.')[0]}" for alias in aliases)
        case ast.ImportFrom(module=str(name), level=0):
            yield f"import {name.partition('.')[0]}"
        case ast.MatchClass(kwd_attrs=names):
            yield from names
        case ast.Constant(value=str(text)) if len(text) < 80:
            words = text.replace(":", ".").split(".")
            yield from (word for word in words if word.isidentifier())
            if len(words) > 1 and all(word.isidentifier() for word in words):
                yield text
        case ast.Call():
            yield from _made_up(part)


def _made_up(call: ast.Call) -> Iterator[str]:
    """Whether something is asked for by a name that the code doesn't say."""
    match last_name(call), call.args:
        case "eval" | "exec", [_, _, *_]:
            return  # whoever puts a name into what it is given, names it
        case name, _ if name in _MAKING_UP_NAMES:
            yield _MAKING_UP_NAMES[name]
        case name, _ if name not in _ASKING:
            return
        case _, [_, ast.Constant(), *_] | [ast.Constant()] | []:
            return
        case _, [ast.Name(id="self"), _, *_]:
            yield ANY_ATTRIBUTE
        case _:
            yield ANY_NAME


def _is_list_for_others(node: ast.AST) -> bool:
    """Who uses what it names, names that too."""
    match node:
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
    return False


def _bound(node: ast.AST, own: Collection[str]) -> frozenset[str]:
    """The names that a statement binds where it does nothing else."""
    match node:
        case ast.Assign(targets=targets, value=value) if _is_plain(value, own):
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            plain = len(names) == len(targets) and not any(name.startswith("__") for name in names)
            return frozenset(names) if plain else frozenset()
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if _is_plain(
            value, own
        ) and not name.startswith("__"):
            return frozenset([name])
    return frozenset(["__doc__"]) if is_text(node) else frozenset()


def _is_plain(value: ast.expr, own: Collection[str]) -> bool:
    """Whether nothing is called but what only builds a value."""
    if any(isinstance(node, ast.Await | ast.NamedExpr) for node in ast.walk(value)):
        return False
    keys = [node.value for node in ast.walk(value) if isinstance(node, ast.keyword) and node.arg == "key"]
    if any(isinstance(node, ast.Lambda) and node not in keys for node in ast.walk(value)):
        return False
    calls = [node.func for node in ast.walk(value) if isinstance(node, ast.Call)]
    return all(
        (
            last_name(function) in _BUILDING | _METHODS
            if isinstance(function, ast.Attribute)
            else last_name(function) in _BUILDING - frozenset(own)
        )
        for function in calls
    )
