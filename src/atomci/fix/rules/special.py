"""No code answers just what a test asks: an input of a test's with the output that the test expects."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from atomci.fix.proposal import Edit, Patch, Refusal, Side

__all__ = ["refusals"]

_Answer = tuple[str, str]
"""An input and an output, as Python writes them."""
_ALL_BUT = 0.5
"""A table in which tests name more than this share of the rows is made of the tests."""
_MANY = 8
"""Literals in one statement of a test: with more of them, two say nothing about each other."""


def refusals(proposal: Patch) -> Iterator[Refusal]:
    """Each answer that came, where a test has both its input and its output."""
    places = [(change, line, came) for change in proposal.python for line, came in _came(change)]
    asked = frozenset(_asked(proposal)) if places else frozenset()
    for change, line, came in places:
        told = [answer for answer in came if answer in asked]
        if told and len(told) > _ALL_BUT * len(came):
            given, gives = told[0]
            yield Refusal(change.path, line, "special-cased", f"it has {gives} for {given}, as a test does")


def _came(change: Edit) -> Iterator[tuple[int, Sequence[_Answer]]]:
    """The answers that a file of the code didn't give before, a place at a time."""
    if change.is_tests:
        return
    known = {answer for _, answers in _answers(change.before) for answer in answers}
    for line, answers in _answers(change.after):
        if came := [answer for answer in answers if answer not in known]:
            yield line, came


def _asked(proposal: Patch) -> Iterator[_Answer]:
    """Literals that stand in one statement, or one case, of a test, two at a time."""
    sides = [change.before for change in proposal.tests if change.before]
    for side in (*sides, *proposal.kept.values()):
        for node in ast.walk(side.tree) if side.tree else ():
            if isinstance(node, ast.Assert | ast.Tuple | ast.Call | ast.List):
                yield from _pairs(node)


def _pairs(node: ast.AST) -> Iterator[_Answer]:
    texts = _literals(node)
    if 2 <= len(texts) <= _MANY:
        yield from ((one, other) for one in texts for other in texts if one != other)


def _literals(node: ast.AST) -> Sequence[str]:
    """Those below a node."""
    return sorted({repr(each.value) for each in ast.walk(node) if isinstance(each, ast.Constant)})


def _answers(side: Side | None) -> Iterator[tuple[int, Sequence[_Answer]]]:
    """Each place that gives an output for an input, both literals: a branch, a case of a match, a table."""
    for node in ast.walk(side.tree) if side and side.tree else ():
        if isinstance(node, ast.If):
            yield node.lineno, list(_of_branch(_compared(node.test), node.body))
        elif isinstance(node, ast.IfExp):
            yield node.lineno, list(_answered(_compared(node.test), node.body))
        elif isinstance(node, ast.Match):
            yield node.lineno, [
                answer for case in node.cases for answer in _of_branch(_matched(case.pattern), case.body)
            ]
        elif isinstance(node, ast.Dict):
            yield node.lineno, [
                answer
                for key, value in zip(node.keys, node.values, strict=True)
                if key
                for answer in _answered([key], value)
            ]


def _of_branch(inputs: Sequence[ast.expr], body: Sequence[ast.stmt]) -> Iterator[_Answer]:
    for node in body:
        if isinstance(node, ast.Return | ast.Assign) and node.value:
            yield from _answered(inputs, node.value)


def _answered(inputs: Sequence[ast.expr], output: ast.expr) -> Iterator[_Answer]:
    if isinstance(output, ast.Constant):
        for each in inputs:
            yield from ((text, repr(output.value)) for text in _literals(each) if _says(text))


def _says(text: str) -> bool:
    """An empty text, a letter, a flag or a small number is a case of its own in honest code too."""
    return len(text) > 4 if text[0] in "'\"b" else text.lstrip("-").isdigit() and abs(int(text)) > 2


def _compared(test: ast.expr) -> Sequence[ast.expr]:
    return [
        part
        for node in ast.walk(test)
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.In)
        for part in (node.left, *node.comparators)
    ]


def _matched(pattern: ast.pattern) -> Sequence[ast.expr]:
    return [node.value for node in ast.walk(pattern) if isinstance(node, ast.MatchValue)]
