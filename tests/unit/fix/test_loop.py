"""The loop ends for one reason, with the fewest attempts, and keeps only what is better."""

from collections.abc import Callable, Sequence

import pytest

from atomci.artifacts.handed.failures import Failure, Kind
from atomci.artifacts.handed.guarded import Usage
from atomci.fix.fixable import fingerprint
from atomci.fix.loop import Budget, GateAnswer, Mending, Stop, Worked, fix_until_green
from atomci.fix.proposal import Edit, Patch, Refusal, Side
from atomci.fix.rules.bounds import Allowance

Files = dict[str, str]
KINDS: dict[str, Kind] = {"format": "format", "type": "type", "assert": "test-assert", "network": "network"}


def failure(word: str, message: str = "it is red") -> Failure:
    return Failure(atom=f"atom_of_{word}", layer="unit", kind=KINDS[word], reason="seen", message=message)


class Copy:
    """A copy of a project in which each word that a file holds is a failure, and a script is the fixer."""

    def __init__(self, text: str, *steps: str | Worked | Callable[[Files], None]) -> None:
        self.files = {"src/a.py": text}
        self.states: dict[str, Files] = {}
        self.steps = list(steps)
        self.told: list[Sequence[Refusal]] = []
        self.used = Usage()

    def judge(self) -> GateAnswer:
        words = [word for text in self.files.values() for word in text.split("#")[-1].split()]
        if "crash" in words:
            return GateAnswer(broken="the gate crashed")
        return GateAnswer(tuple(failure(word) for word in words if word in KINDS))

    def repair(self) -> None:
        self.files = {path: text.replace("format", "").strip() for path, text in self.files.items()}

    def work(self, failures: Sequence[Failure], refused: Sequence[Refusal]) -> Worked | None:
        assert all(each.kind != "network" for each in failures)
        self.told.append(refused)
        if not self.steps:
            return None
        step = self.steps.pop(0)
        if isinstance(step, Worked):
            return step
        if isinstance(step, str):
            self.files["src/a.py"] = step
        else:
            step(self.files)
        return Worked(self.used)

    def state(self) -> str:
        key = repr(sorted(self.files.items()))
        self.states[key] = dict(self.files)
        return key

    def back_to(self, state: str) -> None:
        self.files = dict(self.states[state])

    def difference(self, since: str) -> Patch:
        sides = (self.states[since], self.files)
        paths = sorted(sides[0] | sides[1])
        found = [[Side(side[path].encode()) if path in side else None for side in sides] for path in paths]
        return Patch([Edit(path, *both) for path, both in zip(paths, found, strict=True)])


def mended(copy: Copy, clock: Callable[[], float] = lambda: 0.0, **budget: int | float) -> Mending:
    return fix_until_green(copy, Budget(**budget), Allowance(scope=("src/**",)), clock)  # type: ignore[arg-type]


def stops(text: str, *steps: str | Worked | Callable[[Files], None], **budget: int | float) -> Stop:
    return mended(Copy(text, *steps), **budget).stop


@pytest.mark.parametrize(
    ("text", "steps", "stop", "attempts"),
    [
        ("#", [], Stop.GREEN, 0),
        ("# format", [], Stop.FIXED, 1),
        ("# type", ["#"], Stop.FIXED, 1),
        ("# format type assert", ["# assert", "#"], Stop.FIXED, 3),
        ("# type", [], Stop.NO_FIXER, 0),
        ("# network", ["#"], Stop.NOT_FIXABLE, 0),
        ("# type network", ["# network"], Stop.NOT_FIXABLE, 1),
        ("# crash", ["#"], Stop.INFRASTRUCTURE, 0),
        ("# type", [Worked(broken="it can't be started")], Stop.INFRASTRUCTURE, 1),
        ("# type", ["# crash"], Stop.INFRASTRUCTURE, 0),
        ("# type", ["# type"], Stop.NO_PROGRESS, 1),
        ("# type", [Worked(late=True)], Stop.WALL, 1),
        ("# type", ["x = 1  # type", "x = 2  # type"], Stop.NO_PROGRESS, 2),
        ("# type", ["x = 1  # assert", "x = 2  # assert"], Stop.NO_PROGRESS, 2),
        ("# type", ["x = 1  # type", "x = 1  # type"], Stop.OSCILLATION, 2),
        ("# type assert", ["x = 1  # type", "# type assert"], Stop.OSCILLATION, 2),
    ],
)
def test_it_ends_for_one_reason(text: str, steps: list[str], stop: Stop, attempts: int) -> None:
    ended = mended(Copy(text, *steps))

    assert (ended.stop, len(ended.attempts)) == (stop, attempts)
    if stop in (Stop.GREEN, Stop.FIXED):
        assert ended.left == ()


def test_what_is_kept_is_the_last_state_that_was_better() -> None:
    copy = Copy("# type assert", "x = 1  # type", "x = 2  # type format", "x = 3  # type")

    ended = mended(copy)

    assert copy.files == {"src/a.py": "x = 1  # type"}
    assert [attempt.kept for attempt in ended.attempts] == [True, False, False]
    assert [each.kind for each in ended.attempts[0].gone] == ["test-assert"]


def test_attempts_are_bounded() -> None:
    steps = [f"x = {n}  # type assert" for n in range(9)]
    assert stops("# type assert format", *steps, attempts=1) == Stop.ATTEMPTS


def test_time_is_bounded() -> None:
    times = iter([100.0, 101.0, 199.0])  # no clock begins at 0
    copy = Copy("# type assert", "x = 1  # type", "#")
    ended = mended(copy, lambda: next(times), seconds=10)
    assert (ended.stop, len(ended.attempts)) == (Stop.WALL, 1)


@pytest.mark.parametrize(
    ("used", "stop"),
    [
        (Usage(total=100), Stop.TOKENS),
        (Usage(usd=2.0), Stop.USD),
        # What nobody knows isn't nothing, and isn't too much: the other bounds hold.
        (Usage(), Stop.FIXED),
    ],
)
def test_tokens_and_cost_are_bounded(used: Usage, stop: Stop) -> None:
    copy = Copy("# type assert", "x = 1  # type", "#")
    copy.used = used
    assert mended(copy, tokens=100, usd=2.0).stop == stop


def test_a_fixer_that_uses_all_tokens_and_changes_nothing_reached_that_bound() -> None:
    copy = Copy("# type", "# type")
    copy.used = Usage(total=100)
    assert mended(copy, tokens=100).stop == Stop.TOKENS


def _weaken(files: Files) -> None:
    files["src/a.py"] = "import os  # noqa: F401 #"


def _leave_scope(files: Files) -> None:
    files["README.md"] = "hello"


@pytest.mark.parametrize(("step", "stop"), [(_weaken, Stop.WEAKENING), (_leave_scope, Stop.SCOPE)])
def test_what_is_refused_is_undone_and_told_and_the_second_time_ends_it(
    step: Callable[[Files], None], stop: Stop
) -> None:
    copy = Copy("# type", step, step, "#")

    ended = mended(copy)

    assert (ended.stop, copy.files) == (stop, {"src/a.py": "# type"})
    assert [len(refused) for refused in copy.told] == [0, 1]
    assert not any(attempt.kept for attempt in ended.attempts)


def test_after_one_refusal_an_honest_attempt_is_kept() -> None:
    assert stops("# type", _weaken, "#") == Stop.FIXED


def test_a_failure_is_known_again_by_another_line_time_and_folder() -> None:
    said = ("/var/x1/src/a.py:12: took 1.5 s at 0x7fab", "/home/me/src/a.py:13: took 2 s at 0x11")
    assert len({fingerprint(failure("assert", message)) for message in said}) == 1
    assert fingerprint(failure("assert", "1 != x")) != fingerprint(failure("assert", "1 != y"))
