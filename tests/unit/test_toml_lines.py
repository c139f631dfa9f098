"""The lines of keys in TOML."""

import tomllib

import pytest

from atomci.toml_lines import closest_line, lines_of


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


def test_each_table_of_a_list_and_each_key_of_a_value_has_its_line() -> None:
    assert lines_of("a = {b = [{c = 1}]}\n[[d]]\n[[d]]\nx.y = 1\n") == {
        ("a",): 1, ("a", "b"): 1, ("a", "b", 0): 1, ("a", "b", 0, "c"): 1,
        ("d",): 2, ("d", 0): 2, ("d", 1): 3, ("d", 1, "x"): 4, ("d", 1, "x", "y"): 4,
    }  # fmt: skip


def test_what_is_not_written_down_is_looked_for_at_the_closest_key_above_it() -> None:
    lines = {("a",): 3, ("a", "b"): 4}

    assert closest_line(lines, ("a", "b", "c")) == closest_line(lines, ("a", "b")) == 4
    assert closest_line(lines, ("x",)) == 1
