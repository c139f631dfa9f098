"""Times as people type them."""

import pytest

from atomci.guard.limits import seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("1h30m", 5400), ("250ms", 0.25), ("1.5m", 90), (" 2H ", 7200), ("off", None)],
)
def test_a_time_is_typed_as_ever(text: str, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5", "0", "0s", "10x", "5m later", "1m2", "nan", "inf"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        seconds_of(text)
