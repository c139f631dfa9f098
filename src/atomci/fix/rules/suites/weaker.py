"""No test goes, and none checks less than before."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from atomci.fix.proposal import Edit, Patch, Refusal
from atomci.fix.rules.suites import stand_ins
from atomci.fix.rules.suites.assertions import Assertion, last_name
from atomci.fix.rules.suites.cases import is_a_case_of, rows_of
from atomci.fix.rules.suites.renames import Pair, Renames, is_renamed, only_renamed, renames_of
from atomci.fix.rules.suites.seeded import seeds
from atomci.fix.rules.suites.stand_ins import patches_in
from atomci.fix.rules.suites.strength import is_as_strong
from atomci.fix.rules.suites.suite import SKIPS, Function, TestModule, constants, suite_of

__all__ = ["refusals"]

_Refused = Callable[..., Refusal]


def refusals(proposal: Patch) -> Iterator[Refusal]:
    """Each thing by which the tests would see less."""
    pairs = [
        (change, suite_of(change, change.before), suite_of(change, change.after)) for change in proposal.tests
    ]
    for change, _, after in pairs:
        if change.after and after is None:
            yield Refusal(change.path, 0, "unparsable", "Python can't read it")
    renames = renames_of(proposal, pairs)
    yield from _of_functions(pairs, renames)
    for change, before, after in pairs:
        if before and after:
            yield from _of_modules(change, before, after, renames)
    yield from stand_ins.refusals(proposal, pairs)
    yield from _of_data(proposal)


def _of_data(proposal: Patch) -> Iterator[Refusal]:
    for change in proposal.changes:
        if change.is_tests and not change.is_python and change.before and not _is_moved(change, proposal):
            what = "changes" if change.after else "removes"
            yield Refusal(change.path, 0, "expectation-changed", f"it {what} a file that tests compare with")


def _is_moved(change: Edit, proposal: Patch) -> bool:
    """The same bytes came in another place."""
    return change.after is None and any(
        change.before == each.after for each in proposal.changes if not each.before and each.is_tests
    )


def _of_functions(pairs: Sequence[Pair], renames: Renames) -> Iterator[Refusal]:
    after = {
        (change.path, name): each for change, _, new in pairs if new for name, each in new.functions.items()
    }
    cases = [each for each in after.values() if any("parametrize" in text for text in each.decorators)]
    free = {
        place: each
        for place, each in after.items()
        if not any(change.path == place[0] and old and place[1] in old.functions for change, old, _ in pairs)
    }
    for change, old, new in pairs:
        if old is None:
            continue
        for name, function in old.functions.items():
            found = after.get((change.path, name)) or _moved(function, free)
            imported = old.imported | (new.imported if new else frozenset())
            yield from _of_function(change, function, found, cases, imported, renames)


def _moved(function: Function, free: dict[tuple[str, str], Function]) -> Function | None:
    """The same test in another place, or by another name."""
    for place in sorted(free, key=lambda place: place[1] != function.name):
        if place[1] == function.name or _is_same(function, free[place]):
            return free.pop(place)
    return None


def _is_same(function: Function, other: Function) -> bool:
    if other.node.name == function.node.name:
        return not _differences(function.checks, other.checks)[0]
    return ast.unparse(other.node).replace(other.node.name, function.node.name, 1) == ast.unparse(
        function.node
    )


def _of_function(
    change: Edit,
    old: Function,
    new: Function | None,
    others: Sequence[Function],
    imported: frozenset[str],
    renames: Renames,
) -> Iterator[Refusal]:
    if new is None:
        yield from _removed(change, old, others)
        return

    def refused(rule: str, message: str, line: int = 0) -> Refusal:
        return Refusal(new.path, line or new.node.lineno, rule, f"{new.name} {message}")

    if old.collected and not new.collected:
        yield refused("tests-removed", "wouldn't be collected any more")
    if set(new.guards) - set(old.guards):
        yield refused(
            "tests-removed", f"is only there {', '.join(sorted(set(new.guards) - set(old.guards)))}"
        )
    if old.same_as(new) or is_a_case_of(old, new):
        return
    if type(old.node) is not type(new.node) or (_yields(new) and not _yields(old)):
        yield refused("test-skipped", "isn't called as before: it is a coroutine or a generator now")
    yield from _decorators(old, new, refused)
    if only_renamed(old, new, renames):
        return
    yield from _guarded(old, new, refused)
    yield from _weaker(old, new, renames, refused)
    yield from _bypassed(old, new, imported, renames, refused)


def _removed(change: Edit, old: Function, others: Sequence[Function]) -> Iterator[Refusal]:
    if any(is_a_case_of(old, each) for each in others):
        return
    if old.collected:
        yield Refusal(change.path, 0, "tests-removed", f"{old.name} is gone")
    elif old.checks and change.after is None:
        yield Refusal(change.path, 0, "asserts-removed", f"{old.name}, which checks something, is gone")


def _yields(function: Function) -> bool:
    fixture = any("fixture" in text for text in function.decorators)
    return not fixture and any(
        isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(function.node)
    )


def _decorators(old: Function, new: Function, refused: _Refused) -> Iterator[Refusal]:
    for node in new.node.decorator_list:
        text = ast.unparse(node)
        if text in old.decorators:
            continue
        if last_name(node) in SKIPS:
            yield refused("test-skipped", f"has @{text}", node.lineno)
        elif old.collected and last_name(node) != "parametrize":
            yield refused("test-decorated", f"has @{text}, which it had not", node.lineno)
        elif last_name(node) == "fixture" and "autouse=True" in text:
            yield refused("test-run", "is for every test now", node.lineno)
    for node in old.node.decorator_list:
        rows = rows_of(node)
        kept = sum((rows_of(each) for each in new.node.decorator_list), Counter[str]())
        if lost := rows - kept:
            yield refused("tests-removed", f"has no longer the case {next(iter(lost))}")


def _guarded(old: Function, new: Function, refused: _Refused) -> Iterator[Refusal]:
    """What is asserted under more conditions, never asserted, or true whatever comes."""
    lost, came = _differences(old.checks, new.checks)
    for check in lost:
        same = next((each for each in came if each.text == check.text), None)
        if same and (more := set(same.guards) - set(check.guards)):
            yield refused("assert-weakened", f"checks {check.text} only {', '.join(sorted(more))}", same.line)
    if old.collected and (leaves := _leaves(new) - _leaves(old)):
        yield refused("test-skipped", f"may end at {next(iter(leaves))}")
    for check in came:
        if _is_always_true(check.text):
            yield refused("assert-weakened", f"checks {check.text}, which always holds", check.line)


def _weaker(old: Function, new: Function, renames: Renames, refused: _Refused) -> Iterator[Refusal]:
    """What is asserted no longer, or otherwise."""
    lost, came = _differences(old.checks, new.checks)
    for check in lost:
        same = next((each for each in came if each.text == check.text), None)
        twin = same or next((each for each in came if is_renamed(check, each, old, new, renames)), None)
        if twin:
            came.remove(twin)
        elif _is_still_asked(check, old, new):
            continue
        elif len(new.checks) < len(old.checks):
            yield refused("asserts-removed", f"no longer checks {check.text}")
        else:
            yield refused("expectation-changed", f"checked {check.text} before")


def _is_still_asked(check: Assertion, old: Function, new: Function) -> bool:
    return any(is_as_strong(check, each, old.assigned, new.assigned) for each in new.checks)


def _differences(
    old: Sequence[Assertion], new: Sequence[Assertion]
) -> tuple[list[Assertion], list[Assertion]]:
    def of(checks: Sequence[Assertion], others: Sequence[Assertion]) -> list[Assertion]:
        known = Counter((each.text, each.guards) for each in others)
        left = []
        for check in checks:
            if known[check.text, check.guards]:
                known[check.text, check.guards] -= 1
            else:
                left.append(check)
        return left

    return of(old, new), of(new, old)


def _is_always_true(text: str) -> bool:
    node = _expression(text)
    if isinstance(node, ast.Constant):
        return bool(node.value)
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        return any(_is_always_true(ast.unparse(each)) for each in node.values)
    if (
        isinstance(node, ast.Compare)
        and len(node.ops) == 1
        and isinstance(node.ops[0], ast.Eq | ast.Is | ast.GtE)
    ):
        return ast.unparse(node.left) == ast.unparse(node.comparators[0])
    return isinstance(node, ast.Tuple) and bool(node.elts)


def _expression(text: str) -> ast.expr | None:
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError:
        return None


def _leaves(function: Function) -> Counter[str]:
    """Where it may end before its end."""
    return Counter(
        ast.unparse(node)
        for node in _own_nodes(function.node)
        if isinstance(node, ast.Return) or (isinstance(node, ast.Call | ast.Raise) and _skip_text(node))
    )


def _own_nodes(top: ast.AST) -> Iterator[ast.AST]:
    """What is in a function, but not in one that is defined in it, unless that skips."""
    for node in ast.iter_child_nodes(top):
        inner = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from (each for each in _own_nodes(node) if not (inner and isinstance(each, ast.Return)))
        yield node


def _skip_text(node: ast.Call | ast.Raise) -> bool:
    called = node if isinstance(node, ast.Call) else node.exc
    return called is not None and last_name(called) in (*SKIPS, "exit", "_exit", "SystemExit")


def _gone(old: Counter[str], new: Counter[str], renames: Renames) -> Iterator[str]:
    """The literals that are gone, without those that the code says otherwise too."""
    came = list((new - old).elements())
    for text in (old - new).elements():
        if instead := next((each for each in came if renames.is_followed(text, each)), None):
            came.remove(instead)
        else:
            yield text


def _bypassed(
    old: Function, new: Function, imported: frozenset[str], renames: Renames, refused: _Refused
) -> Iterator[Refusal]:
    before, after = (function.calls(imported) for function in (old, new))
    came = [Assertion(text, (), 0) for text in after - before]
    for text in before - after:
        if not any(is_renamed(Assertion(text, (), 0), each, old, new, renames) for each in came):
            yield refused("test-bypassed", f"no longer calls {text}")
            return
    asked = [check.text for check in old.checks if _is_still_asked(check, old, new)]
    told = constants(node for node in map(_expression, asked) if node)
    for text in _gone(old.constants - told, new.constants, renames):
        yield refused("expectation-changed", f"held {text} before")
    checked = {name for check in old.checks for name in _names(check.text)}
    for name in sorted(checked & old.assigned.keys()):
        if len(new.assigned.get(name, ())) > len(old.assigned[name]):
            yield refused("test-bypassed", f"gives {name} another value than before")
    for line, text in seeds(old, new, imported) if old.collected else ():
        yield refused("test-bypassed", f"does by itself what it looks for: {text}", line)
    if old.collected and (patches := patches_in(new) - patches_in(old)):
        yield refused("test-bypassed", f"replaces something by {next(iter(patches))}")


def _names(text: str) -> Iterator[str]:
    node = _expression(text.split(": ", 1)[0])
    yield from (each.id for each in ast.walk(node) if isinstance(each, ast.Name)) if node else ()


def _of_modules(change: Edit, old: TestModule, new: TestModule, renames: Renames) -> Iterator[Refusal]:
    """What a file of tests holds outside its functions."""
    for text in _gone(constants(old.rest), constants(new.rest), renames):
        yield Refusal(change.path, 0, "expectation-changed", f"it held {text} before")
    known = Counter(_skips(old))
    for text, line in _skips(new).items():
        if known[text] == 0:
            yield Refusal(change.path, line, "test-skipped", f"it has {text}, which it had not")


def _skips(suite: TestModule) -> dict[str, int]:
    """What skips, outside of tests that are new: those of functions by the function's name."""
    found: dict[str, int] = {}
    nodes = [("", node) for node in suite.rest]
    nodes += [(name, each.node) for name, each in suite.functions.items() if not each.collected]
    for name, top in nodes:
        for node in ast.walk(top):
            if isinstance(node, ast.Attribute | ast.Name) and last_name(node) in SKIPS:
                found.setdefault(f"{name} {ast.unparse(node)}".strip(), node.lineno)
    return found
