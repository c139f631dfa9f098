"""No check is told to look away, and nothing is caught or left untyped to make it quiet."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from atomci.fix.proposal import Edit, Patch, Refusal, Side
from atomci.fix.rules.suites.assertions import last_name

__all__ = ["refusals"]

_COMMENT = re.compile(
    r"""\#\s*(?:
      (?P<file>ruff|flake8|pylint|mypy|pyright|ty|pyrefly|isort|fmt|yapf|black)\s*:\s*(?P<what>[^\#]*)
    | (?P<noqa>noqa)\b\s*(?::\s*(?P<rules>[^\#]*))?
    | type:\s*(?P<ignore>ignore)\s*(?:\[(?P<codes>[^\]]*)\])?
    | (?P<nosec>nosec|nosemgrep|nosonar)\b:?\s*(?P<tests>[^\#]*)
    | pragma:\s*(?P<pragma>no\s*(?:cover|branch|mutate)[^\#]*)
    | (?P<secret>pragma:\s*allowlist[^\#]*)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_TOOLS = ("file", "noqa", "ignore", "nosec", "pragma", "secret")
_TOOLS = ("file", "noqa", "ignore", "nosec", "pragma", "secret")
_RULES = ("rules", "codes", "tests", "what", "pragma")
"""Groups of the pattern: which tool is told to look away, and of what."""
_NOT_CHECKED = ("not TYPE_CHECKING", "not typing.TYPE_CHECKING")
_BROAD = frozenset({"Exception", "BaseException", "AssertionError"})
_KINDS = 5
"""Kinds of errors that one handler may catch: more of them are nearly all."""


@dataclass(frozen=True)
class _Silence:
    """A comment that silences a tool: which, of which rules (none: of all), and where."""

    tool: str
    rules: frozenset[str]
    line: int
    text: str

    def within(self, other: _Silence) -> bool:
        """It silences no more than the other one."""
        return self.tool == other.tool and (
            not other.rules or (bool(self.rules) and self.rules <= other.rules)
        )


def refusals(proposal: Patch) -> Iterator[Refusal]:
    """Each thing by which a tool, or a reader of an error, would see less."""
    for change in proposal.python:
        yield from _silenced(change)
        if change.after and change.after.tree:
            yield from _caught(change)
            yield from _untyped(change)


def _silenced(change: Edit) -> Iterator[Refusal]:
    left = list(_silences(change.before))
    for silence in _silences(change.after):
        if held := next((each for each in left if silence.within(each)), None):
            left.remove(held)
        else:
            yield Refusal(change.path, silence.line, "suppression", f"it adds `{silence.text}`")


def _silences(side: Side | None) -> Iterator[_Silence]:
    for line, text in _comments(side):
        for match in _COMMENT.finditer(text):
            groups = match.groupdict()
            tool = next(name for name in _TOOLS if groups[name])
            rules = next(filter(None, map(groups.get, _RULES)), "")
            named = frozenset(filter(None, re.split(r"[,\s]+", rules)))
            yield _Silence(f"{tool} {groups['file'] or ''}".strip(), named, line, match.group().strip())


def _comments(side: Side | None) -> Iterator[tuple[int, str]]:
    if side is None or side.text is None:
        return
    try:
        for token in tokenize.generate_tokens(io.StringIO(side.text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string
    except (tokenize.TokenError, SyntaxError):
        # What is left can't be read by a tool either; its comments may still be counted line by line.
        yield from ((n, line) for n, line in enumerate(side.text.splitlines(), 1) if "#" in line)


def _caught(change: Edit) -> Iterator[Refusal]:
    known = Counter(text for text, _ in _broad(change.before))
    for text, line in _broad(change.after):
        if known[text]:
            known[text] -= 1
        else:
            yield Refusal(change.path, line, "broad-except", f"{text} hides every error")


def _broad(side: Side | None) -> Iterator[tuple[str, int]]:
    names = _BROAD | _other_names(side)
    for node in ast.walk(side.tree) if side and side.tree else ():
        if isinstance(node, ast.ExceptHandler):
            types = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            raises = any(isinstance(each, ast.Raise) for part in node.body for each in ast.walk(part))
            if not raises and (
                len(types) > _KINDS or any(each is None or last_name(each) in names for each in types)
            ):
                yield f"except {ast.unparse(node.type)}" if node.type else "except", node.lineno
        elif isinstance(node, ast.Call) and last_name(node) == "suppress":
            if any(last_name(each) in _BROAD for each in node.args):
                yield ast.unparse(node), node.lineno
        elif isinstance(node, ast.Try):
            left = (
                each for part in node.finalbody for each in ast.walk(part) if isinstance(each, ast.Return)
            )
            yield from (("return in finally", each.lineno) for each in left)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _swallows(node):
            yield f"{node.name}, which returns True,", node.lineno


def _swallows(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return node.name in ("__exit__", "__aexit__") and ast.unparse(node.body[-1]) == "return True"


def _other_names(side: Side | None) -> frozenset[str]:
    """What a file calls the broad kinds of errors, alone or among others."""
    return frozenset(
        last_name(target)
        for node in (ast.walk(side.tree) if side and side.tree else ())
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name | ast.Attribute | ast.Tuple)
        for each in (node.value.elts if isinstance(node.value, ast.Tuple) else [node.value])
        if last_name(each) in _BROAD
        for target in node.targets
    )


def _untyped(change: Edit) -> Iterator[Refusal]:
    before, after = (_annotations(side) for side in (change.before, change.after))
    for name in sorted(before.keys() & after.keys()):
        was, now = ([text for text, _ in each[name]] for each in (before, after))
        for text, line in after[name]:
            if text in was or sum(map(_is_loose, now)) <= sum(map(_is_loose, was)):
                continue
            if not text or (_is_any(text) and not any(map(_is_any, was))):
                said = f"{was[0]} became {text}" if text else f"it has no type any more; it was {was[0]}"
                yield Refusal(change.path, line, "annotation", f"{name}: {said}")
    known = Counter(text for text, _ in _escapes(change.before))
    for text, line in _escapes(change.after):
        if known[text]:
            known[text] -= 1
        else:
            yield Refusal(change.path, line, "annotation", f"{text} keeps the type checker out")


def _is_any(text: str) -> bool:
    return bool(re.search(r"\b(Any|object)\b", text))


def _is_loose(text: str) -> bool:
    return not text or _is_any(text)


def _annotations(side: Side | None) -> dict[str, list[tuple[str, int]]]:
    """The texts of each, with lines: a function that is defined twice has two."""
    found: dict[str, list[tuple[str, int]]] = {}
    for inside, node in _functions(side.tree if side else None, ""):
        name = f"{inside}{node.name}"
        texts = [(f"the result of {name}", node.returns)]
        texts += [
            (f"{arg.arg} of {name}", arg.annotation)
            for arg in ast.walk(node.args)
            if isinstance(arg, ast.arg)
        ]
        for what, annotation in texts:
            text = ast.unparse(annotation) if annotation else ""
            found.setdefault(what, []).append((text, node.lineno))
    return found


def _functions(
    top: ast.AST | None, inside: str
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Each with the classes and functions that it is in."""
    for node in ast.iter_child_nodes(top) if top else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield inside, node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _functions(node, f"{inside}{node.name}.")
        else:
            yield from _functions(node, inside)


def _escapes(side: Side | None) -> Iterator[tuple[str, int]]:
    for node in ast.walk(side.tree) if side and side.tree else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for each in node.decorator_list:
                if last_name(each) == "no_type_check":
                    yield "@no_type_check", node.lineno
        elif isinstance(node, ast.Call) and _casts_to_any(node):
            yield ast.unparse(node.func) + " to Any", node.lineno
        elif isinstance(node, ast.If) and ast.unparse(node.test) in _NOT_CHECKED:
            yield "if not TYPE_CHECKING", node.lineno


def _casts_to_any(node: ast.Call) -> bool:
    return last_name(node) == "cast" and bool(node.args) and _is_any(ast.unparse(node.args[0]))
