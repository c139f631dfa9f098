"""Small changes to Python files, of the kinds that programmers get wrong: what impact.py lets tests find."""

from __future__ import annotations

import ast
import os
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


@dataclass(frozen=True)
class Mutant:
    """Bytes `start` to `end` of a file become `after`; `kind` says what was done to the code."""

    file: str
    line: int
    kind: str
    start: int
    end: int
    before: str
    after: str

    @property
    def name(self) -> str:
        """What tells it from others of its project."""
        return f"{self.file}:{self.start}:{self.kind}"

    @property
    def diff(self) -> str:
        """What was there, and what is there now."""
        return f"{self.file}:{self.line} [{self.kind}] {self.before!r} -> {self.after!r}"


def draw(mutants: Sequence[Mutant], seed: str) -> Iterator[Mutant]:
    """All of them once, in an order that the seed decides; each kind has the same chance to be next."""
    chance = random.Random(seed)  # noqa: S311 -- a draw that can be repeated
    kinds: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in sorted(mutants, key=lambda mutant: (mutant.file, mutant.start, mutant.kind)):
        kinds[mutant.kind].append(mutant)
    for kind in sorted(kinds):
        chance.shuffle(kinds[kind])
    while kinds:
        kind = chance.choice(sorted(kinds))
        yield kinds[kind].pop()
        if not kinds[kind]:
            del kinds[kind]


def mutants_of(root: Path, files: Sequence[str]) -> list[Mutant]:
    """Each change of each file; not all of them leave it valid Python."""
    return [mutant for file in files for mutant in _in_file(file, (root / file).read_bytes())]


def _in_file(file: str, text: bytes) -> Iterator[Mutant]:
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    tree = ast.parse(text)
    for node, kind, after in _changes(tree):
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or 1) - 1] + (node.end_col_offset or 0)
        yield Mutant(file, node.lineno, kind, start, end, text[start:end].decode(), after)


def is_another_program(text: bytes, mutant: Mutant) -> bool:
    """Whether the changed file is valid Python that isn't the same Python."""
    try:
        return ast.dump(ast.parse(mutated(text, mutant))) != ast.dump(ast.parse(text))
    except SyntaxError:
        return False


def mutated(text: bytes, mutant: Mutant) -> bytes:
    """The file with the change."""
    return text[: mutant.start] + mutant.after.encode() + text[mutant.end :]


def _changes(tree: ast.Module) -> Iterator[tuple[ast.expr, str, str]]:
    """Expressions, what is done to each, and its new text."""
    unseen = set(_without_effect(tree))
    for node in ast.walk(tree):
        if node in unseen:
            continue
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            flipped = _FLIPPED[type(node.ops[0])]()
            yield node, "compare", ast.unparse(ast.Compare(node.left, [flipped], node.comparators))
        elif isinstance(node, ast.BoolOp):
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield node, "boolean", f"({ast.unparse(ast.BoolOp(other, node.values))})"
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield node, "not", f"({ast.unparse(node.operand)})"
        elif isinstance(node, ast.Return) and node.value is not None:
            yield node.value, "return", "None"
        elif isinstance(node, (ast.If, ast.IfExp, ast.While)):
            yield node.test, "condition", f"(not ({ast.unparse(node.test)}))"
        elif isinstance(node, ast.Constant) and (changed := _other_constant(node.value)):
            yield node, "constant", changed


def _other_constant(value: object) -> str:
    if isinstance(value, bool):
        return str(not value)
    if isinstance(value, int | float):
        return repr(value + 1)
    return repr(value + "x") if isinstance(value, str) and value and "\n" not in value else ""


def _without_effect(tree: ast.Module) -> Iterator[ast.AST]:
    """What a run doesn't see: docstrings, annotations; parts of f-strings can't be replaced."""
    for node in ast.walk(tree):
        hidden: list[ast.AST | None] = []
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            hidden = [node.value]
        elif isinstance(node, ast.arg | ast.AnnAssign):
            hidden = [node.annotation]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            hidden = [node.returns]
        elif isinstance(node, ast.JoinedStr) or _is_for_types(node):
            hidden = [node]
        for top in filter(None, hidden):
            yield from ast.walk(top)


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


@contextmanager
def applied(root: Path, mutant: Mutant, number: int) -> Iterator[None]:
    """The project with the change, and afterwards as before.

    Compiled Python goes by the second of a file's time and by its size, so each number is another second.
    """
    path = root / mutant.file
    text, stat = path.read_bytes(), path.stat()
    path.write_bytes(mutated(text, mutant))
    later = int(stat.st_mtime) + 10 + 2 * number
    os.utime(path, (later, later))
    try:
        yield
    finally:
        path.write_bytes(text)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
