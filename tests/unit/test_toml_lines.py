"""The lines of keys in TOML."""

import tomllib

import pytest

from atomci.toml_lines import lines_of


@pytest.mark.parametrize("odd", ["\u2028", "\u0085"])
def test_only_toml_s_own_line_ends_count(odd: str) -> None:
    assert lines_of(f"# a comment{odd}and more\n[tool.a]\nb = 1\n")["tool", "a", "b"] == 3


def test_a_file_with_the_line_ends_of_windows_has_the_same_lines() -> None:
    assert lines_of("[tool.a]\r\nb = [\r\n  1,\r\n]\r\nc = 2\r\n")["tool", "a", "c"] == 5


def test_a_long_list_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    whole = tomllib.loads
    monkeypatch.setattr("atomci.toml_lines.tomllib.loads", lambda text: calls.append(text) or whole(text))
    text = "[tool.a]\nb = [\n" + "".join(f'  "{n}",\n' for n in range(500)) + "]\nc = 1\n"
    assert lines_of(text)["tool", "a", "c"] == 504
    assert len(calls) < 10
