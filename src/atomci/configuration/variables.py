"""Which environment variables Python code reads, told from its syntax tree."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Read", "from_the_system", "reads_in"]

_READING = {"get", "pop", "setdefault", "__getitem__", "__contains__"}
_WRITING = {"update", "clear", "__setitem__", "__delitem__"}
# What a system, a shell, a terminal or a CI service sets. Nobody puts it into .env.
_SYSTEM = re.compile(
    r"PATH|PATHEXT|HOME|USER|USERNAME|LOGNAME|SHELL|COMSPEC|TERM|COLORTERM|COLUMNS|LINES|NO_COLOR"
    r"|FORCE_COLOR|LANG|LANGUAGE|LC_\w+|TZ|PWD|TMPDIR|TEMP|TMP|OS|DISPLAY|EDITOR|VISUAL|PAGER|APPDATA"
    r"|LOCALAPPDATA|PROGRAMDATA|PROGRAMFILES|SYSTEMROOT|USERPROFILE|MSYSTEM|XDG_\w+|WSL_\w+|VIRTUAL_ENV"
    r"|PSMODULEPATH|PYTHON[A-Z]+|CI|GITHUB_(?!TOKEN$)\w+|RUNNER_\w+|TF_BUILD|[A-Z]+_CI|container"
)


@dataclass(frozen=True)
class Read:
    """One read. `name` is None where it can't be known from the code, and `how` says what is there."""

    path: str
    line: int
    name: str | None
    how: str = ""


def from_the_system(name: str) -> bool:
    """Whether the surroundings set the variable, rather than whoever configures the project."""
    return _SYSTEM.fullmatch(name) is not None


def reads_in(path: str, text: str) -> tuple[Read, ...]:
    """The reads of a file in order. Raises SyntaxError.

    Seen are os.environ, os.getenv, both also by other names, click's `envvar=`, and names that are
    constants of the same module.
    """
    module = _Module(ast.parse(text, path))
    found = {Read(path, line, name, how) for line, name, how in module.reads()}
    return tuple(sorted(found, key=lambda read: (read.line, read.name or "", read.how)))


_Found = tuple[int, str | None, str]


class _Module:
    """A module's tree, with each node's parent and what its names stand for."""

    def __init__(self, tree: ast.Module) -> None:
        self._nodes = list(ast.walk(tree))
        self._parents = {child: node for node in self._nodes for child in ast.iter_child_nodes(node)}
        self._os: set[str] = set()
        self._environ: set[str] = set()
        self._getenv: set[str] = set()
        self._imports()
        self._constants = dict(self._constants_of(tree))
        self._environ |= {
            name for name, value in self._assigned(tree.body) if value is not None and self._is_environ(value)
        }

    def reads(self) -> Iterator[_Found]:
        for node in self._nodes:
            if self._is_environ(node):
                yield from self._of_environ(node)
            elif self._is_getenv(node):
                yield from self._of_getenv(node)
            elif isinstance(node, ast.keyword) and node.arg == "envvar":
                yield from self._of_envvar(node.value)
            elif isinstance(node, ast.ClassDef) and any(_last(b) == "BaseSettings" for b in node.bases):
                yield node.lineno, None, f"{node.name} reads its fields' names"

    def _imports(self) -> None:
        for node in self._nodes:
            if isinstance(node, ast.Import):
                # `import os.path` gives the name os too, `import os.path as p` doesn't.
                self._os |= {a.asname or "os" for a in node.names if a.name == "os"}
                self._os |= {"os" for a in node.names if a.name.startswith("os.") and a.asname is None}
            elif isinstance(node, ast.ImportFrom) and node.module == "os":
                for alias in node.names:
                    if alias.name in ("environ", "environb", "*"):
                        self._environ.add(alias.asname or alias.name.replace("*", "environ"))
                    if alias.name in ("getenv", "getenvb", "*"):
                        self._getenv.add(alias.asname or alias.name.replace("*", "getenv"))

    def _constants_of(self, tree: ast.Module) -> Iterator[tuple[str, str]]:
        """Module-level texts by name, of names that are bound once."""
        bound = Counter(n.id for n in self._nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
        bound.update(n.arg for n in self._nodes if isinstance(n, ast.arg))
        for name, value in self._assigned(tree.body):
            text = _literal(value) if value is not None else None
            if text is not None and bound[name] == 1:
                yield name, text

    @staticmethod
    def _assigned(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr | None]]:
        for node in body:
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                target = node.targets[0]
            elif isinstance(node, ast.AnnAssign):
                target = node.target
            else:
                continue
            if isinstance(target, ast.Name):
                yield target.id, node.value

    def _is_environ(self, node: ast.AST) -> bool:
        return self._is(node, ("environ", "environb"), self._environ)

    def _is_getenv(self, node: ast.AST) -> bool:
        return self._is(node, ("getenv", "getenvb"), self._getenv)

    def _is(self, node: ast.AST, attributes: tuple[str, ...], names: set[str]) -> bool:
        if isinstance(node, ast.Attribute) and node.attr in attributes:
            return isinstance(node.value, ast.Name) and node.value.id in self._os
        return isinstance(node, ast.Name) and node.id in names and isinstance(node.ctx, ast.Load)

    def _of_environ(self, node: ast.AST) -> Iterator[_Found]:
        parent = self._parents.get(node)
        if isinstance(parent, ast.Subscript) and parent.value is node:
            changed = isinstance(self._parents.get(parent), ast.AugAssign)
            if isinstance(parent.ctx, ast.Load) or changed:
                yield self._named(parent.slice, parent.lineno)
        elif isinstance(parent, ast.Attribute):
            yield from self._of_method(parent)
        elif isinstance(parent, ast.Compare) and all(isinstance(op, ast.In | ast.NotIn) for op in parent.ops):
            yield self._named(parent.left, parent.lineno)
        elif not self._gives_a_name(parent):
            yield _line(node), None, "takes the whole environment"

    def _of_method(self, method: ast.Attribute) -> Iterator[_Found]:
        call = self._parents.get(method)
        called = isinstance(call, ast.Call) and call.func is method
        if called and method.attr in _WRITING:
            return
        if called and method.attr in _READING:
            assert isinstance(call, ast.Call)
            yield self._argument(call)
        else:
            yield method.lineno, None, f"takes the whole environment: .{method.attr}"

    def _of_getenv(self, node: ast.AST) -> Iterator[_Found]:
        call = self._parents.get(node)
        if isinstance(call, ast.Call) and call.func is node:
            yield self._argument(call)
        else:
            yield _line(node), None, "passes os.getenv on"

    def _of_envvar(self, value: ast.expr) -> Iterator[_Found]:
        for item in value.elts if isinstance(value, ast.List | ast.Tuple) else [value]:
            if not (isinstance(item, ast.Constant) and item.value is None):
                yield self._named(item, item.lineno)

    def _argument(self, call: ast.Call) -> _Found:
        given = call.args[0] if call.args else next((k.value for k in call.keywords if k.arg == "key"), None)
        return (call.lineno, None, "no name is given") if given is None else self._named(given, call.lineno)

    def _named(self, node: ast.expr, line: int) -> _Found:
        name = self._constants.get(node.id) if isinstance(node, ast.Name) else _literal(node)
        if name is None and isinstance(node, ast.BinOp | ast.JoinedStr):
            name = self._joined(node)
        return (line, name, "") if name is not None else (line, None, f"the name is {ast.unparse(node)}")

    def _joined(self, node: ast.AST) -> str | None:
        """A text that is put together of texts and constants; None when a part isn't known."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            parts = [self._joined(node.left), self._joined(node.right)]
        elif isinstance(node, ast.JoinedStr):
            parts = [self._joined(part) for part in node.values]
        elif isinstance(node, ast.FormattedValue):
            plain = node.conversion == -1 and node.format_spec is None
            parts = [self._joined(node.value) if plain else None]
        else:
            parts = [self._constants.get(node.id) if isinstance(node, ast.Name) else _literal(node)]
        return None if None in parts else "".join(part for part in parts if part is not None)

    def _gives_a_name(self, node: ast.AST | None) -> bool:
        """A module-level `env = os.environ`: what is done by that name is seen by itself."""
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            return False
        single = isinstance(node, ast.AnnAssign) or len(node.targets) == 1
        return single and isinstance(self._parents.get(node), ast.Module)


def _literal(node: ast.AST) -> str | None:
    if not isinstance(node, ast.Constant):
        return None
    if isinstance(node.value, bytes):
        return node.value.decode("utf-8", "replace")
    return node.value if isinstance(node.value, str) else None


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _line(node: ast.AST) -> int:
    return int(getattr(node, "lineno", 1))
