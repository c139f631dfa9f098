#!/usr/bin/env python3
"""Break a module in one small place at a time, and see whether its tests notice.

A change that no test notices survives: either no rule stands behind that place, or its test is missing. All
happens in a copy of the tree, so no file of yours changes. Tests that start another Python with a clean
environment may run the module as it is here: give those that call it.

examples:
  uv run scripts/break_and_see.py src/atomci/engine/plan.py
  uv run scripts/break_and_see.py src/atomci/update/three_way/pins.py --tests tests/unit/update/test_pins.py
  uv run scripts/break_and_see.py src/atomci/engine/policy.py --limit 40 --seed 7 --json >survivors.json
"""

import argparse
import ast
import copy
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Break", "Undecided", "breaks", "main", "mirrored", "parses", "places"]

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = (".git", ".venv", ".ci", "node_modules", "__pycache__", ".hypothesis", ".*_cache")
PAIRS: list[tuple[type[ast.AST], type[ast.AST]]] = [
    (ast.Eq, ast.NotEq), (ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Is, ast.IsNot), (ast.In, ast.NotIn),
    (ast.And, ast.Or), (ast.Add, ast.Sub), (ast.Mult, ast.FloorDiv), (ast.Div, ast.Mod),
    (ast.BitOr, ast.BitAnd),
]  # fmt: skip
SWAPPED = dict(PAIRS) | {other: one for one, other in PAIRS}
REMOVED = (ast.Raise, ast.AugAssign, ast.Delete, ast.Continue, ast.Break)
# Types say nothing at run time, and what a decorator does has no line of its own.
NOT_RUN = {"annotation", "returns", "decorator_list"}
# Keywords such as in `zip(..., strict=True)`: they catch slips of a programmer, which no test makes.
GUARDS = {"strict", "frozen", "kw_only"}


class Undecided(Exception):
    """The tests can't tell whether the module is broken."""


@dataclass(frozen=True)
class Break:
    """One small change of a module: the bytes from `start` to `stop` become `text`."""

    line: int
    kind: str
    start: int
    stop: int
    text: str

    def applied(self, source: bytes) -> bytes:
        """The module with it."""
        return source[: self.start] + self.text.encode() + source[self.stop :]

    def diff(self, source: bytes) -> str:
        """The lines that it changes, before and after."""
        first, last = source.rfind(b"\n", 0, self.start) + 1, (source + b"\n").find(b"\n", self.stop)
        after = source[first : self.start] + self.text.encode() + source[self.stop : last]
        sides = (("-", source[first:last]), ("+", after))
        return "\n".join(f"{sign}{row}" for sign, side in sides for row in side.decode().splitlines())


def breaks(source: bytes) -> list[Break]:
    """Every break of a module that leaves it a module, by place."""
    return [one for one in places(source) if parses(one.applied(source))]


def places(source: bytes, *, texts: bool = False) -> list[Break]:
    """The same, but some may leave no module; with `texts` each text changes too, not only a default."""
    starts = [0]
    for row in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(row))
    found = set()
    running = list(_running(ast.parse(source)))
    changes = [change for node in running for change in (*_of_statement(node), *_of_expression(node))]
    for node, kind, text in [*changes, *_defaults(running if texts else ())]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = starts[node.lineno - 1] + node.col_offset
        stop = starts[node.end_lineno - 1] + node.end_col_offset
        found.add(Break(node.lineno, kind, start, stop, text))
    return sorted(found, key=lambda one: (one.start, one.stop, one.text))


def parses(source: bytes) -> bool:
    """Whether it is a module."""
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


Change = tuple[ast.expr | ast.stmt, str, str]
"""What is replaced, what that is called, by what text."""


def _running(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.JoinedStr):  # Python 3.11 doesn't know where the parts of an f-string stand
        return
    if isinstance(node, ast.keyword) and node.arg in GUARDS:
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):  # a docstring
        return
    yield node
    for name, value in ast.iter_fields(node):
        for below in value if isinstance(value, list) else [value]:
            if isinstance(below, ast.AST) and name not in NOT_RUN:
                yield from _running(below)


def _of_statement(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.If() | ast.While():
            yield _negated(node.test)
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) != "None":
            yield value, "return value dropped", "None"
        case ast.Return(value=None) | ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()):
            yield node, "statement removed", "pass"
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield node, "statement removed", "pass"
        case ast.stmt() if isinstance(node, REMOVED):
            yield node, "statement removed", "pass"
        case ast.ClassDef():
            yield from _defaults(row.value for row in node.body if isinstance(row, ast.AnnAssign))


def _of_expression(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Compare():
            for at, operator in enumerate(node.ops):
                flipped = copy.deepcopy(node)
                flipped.ops[at] = SWAPPED[type(operator)]()  # type: ignore[call-overload]
                yield node, "comparison flipped", ast.unparse(flipped)
        case ast.BoolOp() | ast.BinOp() if type(node.op) in SWAPPED:
            swapped = copy.deepcopy(node)
            swapped.op = SWAPPED[type(node.op)]()  # type: ignore[assignment]
            yield node, (
                "and for or" if isinstance(node, ast.BoolOp) else "arithmetic"
            ), f"({ast.unparse(swapped)})"
        case ast.Constant(value=None | int()):
            yield node, "constant changed", _another(node.value)
        case ast.IfExp():
            yield _negated(node.test)
        case ast.comprehension():
            yield from map(_negated, node.ifs)
        case ast.arguments():
            yield from _defaults((*node.defaults, *node.kw_defaults))


def _defaults(values: Iterable[ast.AST | None]) -> Iterator[Change]:
    """Texts alone; other constants are changed wherever they stand."""
    for value in values:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value, "default changed", repr(f"{value.value}x")


def _negated(test: ast.expr) -> Change:
    return test, "condition negated", f"(not ({ast.unparse(test)}))"


def _another(value: object) -> str:
    if isinstance(value, bool):
        return repr(not value)
    return repr(value + 1) if isinstance(value, int) else "True"


def mirrored(module: Path, root: Path = ROOT) -> Path:
    """The folder of the unit tests of a module's room, or of the next room around it that has some."""
    rooms = module.relative_to(root / "src").parts[1:-1]
    folders = [root.joinpath("tests", "unit", *rooms[:depth]) for depth in range(len(rooms), 0, -1)]
    return next((folder for folder in folders if folder.is_dir()), root / "tests" / "unit")


Passes = Callable[[bytes], bool]


def _left_out(root: Path) -> Callable[[str, list[str]], set[str]]:
    """What needn't be copied. `artifacts/` at the root is results; a package may have that name."""
    patterns = shutil.ignore_patterns(*LEFT_OUT)

    def ignored(folder: str, names: list[str]) -> set[str]:
        return patterns(folder, names) | ({"artifacts"} if Path(folder) == root else set())

    return ignored


@contextmanager
def _copied(root: Path, module: Path, tests: Sequence[str]) -> Iterator[Passes]:
    """Whether the tests pass, in a copy of the tree, with other contents of the module.

    Raises `Undecided` where they fail as it is, or pass with a module that can't be imported.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / root.name
        shutil.copytree(root, folder, symlinks=True, ignore=_left_out(root))
        stamps, patience = itertools.count(int(time.time())), 3600.0
        env = os.environ | {"PYTHONPATH": str(folder / "src")}
        env.pop("PYTHONDONTWRITEBYTECODE", None)  # or every run compiles all modules and tests anew
        words = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]

        def passes(content: bytes) -> bool:
            (folder / module).write_bytes(content)
            stamp = next(stamps)  # by which Python knows that it is another
            os.utime(folder / module, (stamp, stamp))
            try:
                done = subprocess.run(
                    words, cwd=folder, env=env, capture_output=True, timeout=patience, check=False
                )
            except subprocess.TimeoutExpired:
                return False
            return done.returncode == 0

        started = time.monotonic()
        if not passes((root / module).read_bytes()):
            raise Undecided(f"{' '.join(tests)}: no test there, or one fails with nothing broken")
        patience = 10 + 5 * (time.monotonic() - started)
        if passes(b"raise SystemError('broken')\n"):
            raise Undecided(f"{' '.join(tests)}: no test there imports {module}")
        yield passes


def _parser() -> argparse.ArgumentParser:
    described, examples, rest = (__doc__ or "").partition("examples:")
    parser = argparse.ArgumentParser(
        description=described, epilog=examples + rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("module", type=Path, help="the file to break, below src/")
    parser.add_argument(
        "--tests", nargs="+", metavar="PATH", help="the tests [default: the unit tests of its room]"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="no more breaks than this, chosen at random")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of that choice [default: 0]")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def main(words: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """The exit code: 0 where every break is noticed, 1 where one isn't, 2 where that can't be told."""
    parser = _parser()
    options = parser.parse_args(words)
    path = (root / options.module).resolve()
    if not path.is_file() or not path.is_relative_to(root / "src"):
        parser.error(f"{options.module} is no file below src/")
    module, source = path.relative_to(root), path.read_bytes()
    tests = options.tests or [str(mirrored(path, root).relative_to(root))]
    tried = breaks(source)
    if options.limit is not None and options.limit < len(tried):
        chosen = random.Random(options.seed).sample(range(len(tried)), options.limit)  # noqa: S311
        tried = [tried[at] for at in sorted(chosen)]
    rows = []
    try:
        for one in _survivors(root, module, tests, tried):
            rows.append({"line": one.line, "kind": one.kind, "diff": one.diff(source)})
            if not options.json:  # at once, so that a sweep that is stopped has said what it found
                print(f"{module.as_posix()}:{one.line}: {one.kind}\n{rows[-1]['diff']}\n", flush=True)
    except Undecided as error:
        parser.error(str(error))
    if options.json:
        found = {"module": module.as_posix(), "tests": tests, "breaks": len(tried), "survivors": rows}
        print(json.dumps(found, indent=2))
    else:
        print(f"{len(rows)} of {len(tried)} breaks survived")
    return 1 if rows else 0


def _survivors(root: Path, module: Path, tests: Sequence[str], tried: Sequence[Break]) -> Iterator[Break]:
    source = (root / module).read_bytes()
    with _copied(root, module, tests) as passes:
        for number, one in enumerate(tried, start=1):
            survived = passes(one.applied(source))
            fate = "survived" if survived else "noticed "
            print(f"{number}/{len(tried)} {fate} {module.as_posix()}:{one.line} {one.kind}", file=sys.stderr)
            if survived:
                yield one


if __name__ == "__main__":
    sys.exit(main())
