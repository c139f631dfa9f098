"""What a render may cost at most."""

import signal
from contextlib import nullcontext
from pathlib import Path

import pytest

from atomci.errors import InfrastructureError, UsageError
from atomci.template import limits

ROOT = Path(__file__).parents[3]
NAMES = ("ATOMCI_RENDER_SECONDS", "ATOMCI_RENDER_MEMORY_MIB", "ATOMCI_RENDER_SIZE_MIB")


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user set none."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_the_limits_are_those_that_the_page_names() -> None:
    page = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    seconds, memory, size = (limits._LIMITS[name] for name in NAMES)
    assert f"{seconds} seconds of processor time, {memory} MiB of memory or {size} MiB of files" in page
    assert limits.size_limit() == size << 20


@pytest.mark.parametrize("text", ["0", "-1", "much", "1e9", "0.0", "inf"])
@pytest.mark.parametrize("name", NAMES[:2])
def test_a_limit_is_a_number_above_nothing(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, text)

    with pytest.raises(UsageError, match=name), limits.bounded("t"):
        pytest.fail("it is checked first")


def test_the_size_is_limited_where_the_system_limits_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "setitimer", raising=False)
    monkeypatch.setattr(limits, "_data", lambda: None)
    monkeypatch.setenv(NAMES[2], "1")

    with limits.bounded("t"):
        pass

    assert limits.size_limit() == 1 << 20
    assert isinstance(limits.too_big("t"), InfrastructureError)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no such timer")
def test_afterwards_nothing_is_limited() -> None:
    import resource

    def now() -> tuple[object, ...]:
        handler, timer = signal.getsignal(signal.SIGPROF), signal.getitimer(signal.ITIMER_PROF)
        return handler, timer, resource.getrlimit(resource.RLIMIT_DATA)

    before = now()
    with limits.bounded("t"):
        assert now() != before
    assert now() == before


def test_patterns_of_many_stars_share_the_time_of_one_render(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1_000, 25))
    monkeypatch.setattr(limits.time, "process_time", lambda: float(next(clock)))
    spent: list[float] = []
    monkeypatch.setattr(limits, "bounded", lambda _, before: spent.append(before) or nullcontext())

    assert limits.within_limits("t", ["/src/**", "*.py"], str.isalpha)("a")
    matches = limits.within_limits("t", ["*a*a*b"], str.isalpha)
    assert [matches("a"), matches("1"), matches("b")] == [True, False, True]

    assert spent == [0.0, 25.0, 50.0]
