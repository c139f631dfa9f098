"""What a file of tests holds: its functions, and what each of them checks, calls and compares with."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from atomci.fix.proposal import Edit, Side
from atomci.fix.rules.suites.assertions import Assertion, checks_of, last_name, reachable

__all__ = ["SKIPS", "Function", "TestModule", "constants", "suite_of"]

_Def = ast.FunctionDef | ast.AsyncFunctionDef
SKIPS = frozenset(
    {"skip", "skipif", "skipIf", "skipUnless", "skipTest", "SkipTest", "xfail", "importorskip"}
    | {"expectedFailure", "flaky"}
)
"""What keeps a test from running, or from counting."""
_PREPARING = frozenset(
    {
        "time",
        "random",
        "os",
        "sys",
        "re",
        "io",
        "json",
        "textwrap",
        "tempfile",
        "pathlib",
        "string",
        "datetime",
    }
    | {"sleep", "dedent", "indent", "StringIO", "BytesIO", "Path", "getcwd", "Decimal", "timedelta", "date"}
)
"""Modules and names of the standard library by which tests get ready, and start no program."""
_FIRST_PARTY_NOT = frozenset({"pytest", "unittest", "mock", "hypothesis", "tests", "conftest"})


@dataclass(frozen=True)
class Function:
    """A function of a file of tests; `guards` are the conditions under which it is defined at all."""

    path: str
    name: str
    node: _Def
    guards: tuple[str, ...]
    collected: bool

    @cached_property
    def checks(self) -> tuple[Assertion, ...]:
        """What it asserts, as far as it can be reached."""
        return tuple(checks_of(self.node.body))

    @cached_property
    def decorators(self) -> Counter[str]:
        """Their texts."""
        return Counter(ast.unparse(each) for each in self.node.decorator_list)

    @cached_property
    def constants(self) -> Counter[str]:
        """Every literal in it, but for its docstring, annotations and the reasons to skip it."""
        kept = [each for each in self.node.decorator_list if last_name(each) not in SKIPS]
        return constants([*kept, self.node.args, *_without_docstring(self.node.body)])

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name that it uses."""
        return frozenset(node.id for node in ast.walk(self.node) if isinstance(node, ast.Name))

    @cached_property
    def assigned(self) -> dict[str, list[str]]:
        """The texts of what each name is given, in order."""
        found: dict[str, list[str]] = {}
        for node in ast.walk(self.node):
            for name, value in _bindings(node):
                found.setdefault(name, []).append(value)
        return found

    def calls(self, imported: Iterable[str]) -> Counter[str]:
        """The texts of its calls of what is imported, outside what it asserts."""
        known = frozenset(imported)
        return Counter(
            ast.unparse(node)
            for statement in reachable(self.node.body)
            for node in ast.walk(statement)
            if isinstance(node, ast.Call) and _root(node.func) in known and not _only_prepares(node)
        )

    def same_as(self, other: Function) -> bool:
        """But for places, annotations and docstrings."""
        if self.guards == other.guards and ast.dump(self.node) == ast.dump(other.node):
            return True
        return _normal(self.node) == _normal(other.node) and self.guards == other.guards


@dataclass(frozen=True)
class TestModule:
    """The functions of one side of a file, by name, what else it holds, and what it imports to test it.

    The last as the names that it has then, and as the first parts of the modules' names.
    """

    functions: dict[str, Function]
    rest: Sequence[ast.stmt]
    imported: frozenset[str]
    modules: frozenset[str]


def suite_of(change: Edit, side: Side | None) -> TestModule | None:
    """None where the side isn't there or can't be parsed."""
    if side is None or side.tree is None:
        return None
    collectable = change.name.startswith("test_") or change.name.endswith("_test.py")
    found = _Found(change.path)
    found.gather(side.tree.body, "", (), collected=collectable)
    return TestModule(
        found.functions, found.rest, frozenset(_imported(side.tree)), frozenset(_modules(side.tree))
    )


def constants(nodes: Iterable[ast.AST]) -> Counter[str]:
    """The literals below some nodes, with a number's sign; how long something sleeps is none."""
    found: Counter[str] = Counter()
    for top in nodes:
        for node in _awake(top):
            if isinstance(node, ast.Constant):
                found[repr(node.value)] += 1
            elif isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant):
                found[ast.unparse(node)] += 1
    return found


def _awake(top: ast.AST) -> Iterator[ast.AST]:
    """All below a node, but for how long it sleeps."""
    yield top
    for node in ast.iter_child_nodes(top):
        if not (isinstance(node, ast.Call) and last_name(node) == "sleep"):
            yield from _awake(node)


@dataclass
class _Found:
    path: str
    functions: dict[str, Function] = field(default_factory=dict)
    rest: list[ast.stmt] = field(default_factory=list)

    def gather(
        self, body: Sequence[ast.stmt], inside: str, guards: tuple[str, ...], *, collected: bool
    ) -> None:
        """Functions of a module or class; a later one of the same name takes the earlier one's place."""
        for node in body:
            if isinstance(node, _Def):
                name, is_test = inside + node.name, collected and node.name.startswith("test")
                self.functions[name] = Function(self.path, name, node, guards, is_test)
            elif isinstance(node, ast.ClassDef):
                self.rest.extend(_heads(node))
                holds = collected and _holds_tests(node)
                self.gather(node.body, f"{inside}{node.name}.", guards, collected=holds)
            elif isinstance(node, ast.If | ast.Try | ast.With):
                for text, block in _blocks(node):
                    self.gather(block, inside, (*guards, text), collected=collected)
            else:
                for name in _unbound(node):
                    self.functions.pop(inside + name, None)
                self.rest.append(node)


def _heads(node: ast.ClassDef) -> Iterator[ast.stmt]:
    """What a class says before its body."""
    yield from (ast.Expr(each, lineno=node.lineno) for each in [*node.bases, *node.decorator_list])


def _holds_tests(node: ast.ClassDef) -> bool:
    made = any(isinstance(each, _Def) and each.name in ("__init__", "__new__") for each in node.body)
    return (node.name.startswith("Test") and not made) or any(
        "TestCase" in last_name(base) for base in node.bases
    )


def _blocks(node: ast.If | ast.Try | ast.With) -> Iterator[tuple[str, Sequence[ast.stmt]]]:
    if isinstance(node, ast.If):
        test = ast.unparse(node.test)
        yield from ((f"if {test}", node.body), (f"if not {test}", node.orelse))
    elif isinstance(node, ast.Try):
        yield from (("try", node.body), ("try", node.orelse), ("try", node.finalbody))
        yield from (("except", handler.body) for handler in node.handlers)
    else:
        yield "with", node.body


def _unbound(node: ast.stmt) -> Iterator[str]:
    """Names that a statement binds anew, or removes."""
    targets = node.targets if isinstance(node, ast.Assign | ast.Delete) else []
    yield from (target.id for target in targets if isinstance(target, ast.Name))


def _modules(tree: ast.Module) -> Iterator[str]:
    """The first part of each module that is imported, and isn't for tests."""
    for node in ast.walk(tree):
        names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
        yield from {name.split(".")[0] for name in names} - _FIRST_PARTY_NOT


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (
                (each.asname or each.name).split(".")[0]
                for each in node.names
                if each.name.split(".")[0] not in _FIRST_PARTY_NOT
            )
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] not in _FIRST_PARTY_NOT:
            yield from (each.asname or each.name for each in node.names)


def _only_prepares(node: ast.Call) -> bool:
    """It is Python's own, and given nothing but literals: no call of what is tested."""
    inside = [each for part in (*node.args, *node.keywords) for each in ast.walk(part)]
    names = {each.id for each in inside if isinstance(each, ast.Name)}
    return (
        _root(node.func) in _PREPARING
        and names <= _PREPARING
        and not any(isinstance(each, ast.Starred) for each in inside)
    )


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _bindings(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            for each in ast.walk(target):
                if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
                    yield each.id, ast.unparse(node.value)
    elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and isinstance(
        node.target, ast.Name
    ):
        yield node.target.id, ast.unparse(node.value) if node.value else ""


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    match body:
        case [ast.Expr(value=ast.Constant(value=str())), *rest]:
            return rest
    return body


class _Bare(ast.NodeTransformer):
    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(node.arg)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        if node.value is None:
            return ast.Pass()
        return ast.Assign([node.target], node.value)


def _normal(node: _Def) -> str:
    copy = ast.parse(ast.unparse(node)).body[0]
    assert isinstance(copy, _Def)
    copy.body = _without_docstring(copy.body) or [ast.Pass()]
    copy.returns = None
    return ast.dump(_Bare().visit(copy))
