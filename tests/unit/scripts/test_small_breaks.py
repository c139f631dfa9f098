"""What can be broken in a module, and the change as a diff."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "break_and_see.py"


def load() -> Any:
    spec = importlib.util.spec_from_file_location("break_and_see", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


tool = load()


@pytest.mark.parametrize(
    ("source", "broken"),
    [
        ("x = a == b", {"x = a != b"}),
        ("x = a < b <= c", {"x = a <= b <= c", "x = a < b < c"}),
        ("x = a in b", {"x = a not in b"}),
        ("x = a and b", {"x = (a or b)"}),
        ("x = a + b", {"x = (a - b)"}),
        ("x = a ** b", set()),
        ("x = True", {"x = False"}),
        ("x = None", {"x = True"}),
        ("x = 4", {"x = 5"}),
        ("x = 'text'", set()),
        ("if a:\n    f()", {"if (not (a)):\n    f()", "if a:\n    pass"}),
        ("x = [a for a in b if a]", {"x = [a for a in b if (not (a))]"}),
        ("def f():\n    return a", {"def f():\n    return None"}),
        ("def f():\n    return", {"def f():\n    pass"}),
        ("def f(a='b', *, c='d'): ...", {"def f(a='bx', *, c='d'): ...", "def f(a='b', *, c='dx'): ..."}),
        ("class A:\n    b: str = 'c'", {"class A:\n    b: str = 'cx'"}),
        ("raise a", {"pass"}),
        ("a.b = c", {"pass"}),
        ("a += b", {"pass"}),
        ("def f(a: 1 | None) -> None: ...", set()),
        ("@f(True)\ndef g(): ...", set()),
        ("x = f'{a + b}'", set()),
        ("x = zip(a, b, strict=True)", set()),
        ("x = 'ü', a == b", {"x = 'ü', a != b"}),
    ],
)
def test_each_small_change_is_one_break(source: str, broken: set[str]) -> None:
    found = tool.breaks(source.encode())

    assert {one.applied(source.encode()).decode() for one in found} == broken


def test_a_break_is_shown_as_a_diff() -> None:
    source = b"x = 1\nif (\n    a == b\n):\n    f()\n"
    shown = {(one.line, one.kind): one.diff(source) for one in tool.breaks(source)}

    assert shown == {
        (1, "constant changed"): "-x = 1\n+x = 2",
        (3, "comparison flipped"): "-    a == b\n+    a != b",
        (3, "condition negated"): "-    a == b\n+    (not (a == b))",
        (5, "statement removed"): "-    f()\n+    pass",
    }


def test_tests_are_those_of_the_room_or_of_the_one_around_it(tmp_path: Path) -> None:
    (tmp_path / "tests/unit/engine").mkdir(parents=True)

    def found(module: str) -> str:
        return tool.mirrored(tmp_path / "src/atomci" / module, tmp_path).relative_to(tmp_path).as_posix()

    assert found("engine/deep/plan.py") == "tests/unit/engine"
    assert found("errors.py") == found("forge/api.py") == "tests/unit"


def test_a_sweep_that_is_stopped_has_said_what_it_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "sums.py").write_text("x = 1\ny = 2\n", encoding="utf-8")

    def passes(content: bytes) -> bool:
        if b"y = 3" in content:
            raise KeyboardInterrupt
        return True

    @contextmanager
    def copied(*_: object) -> Iterator[Callable[[bytes], bool]]:
        yield passes

    monkeypatch.setattr(tool, "_copied", copied)
    with pytest.raises(KeyboardInterrupt):
        tool.main(["src/sums.py"], tmp_path)

    assert capsys.readouterr().out == "src/sums.py:1: constant changed\n-x = 1\n+x = 2\n\n"
