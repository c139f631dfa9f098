"""Nothing that is shown hides, moves the cursor, or begins a line of its own."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atomci.visible import visible, visible_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain/päth with spaces.txt", "plain/päth with spaces.txt"),
        ("evil\nstaged", r"evil\nstaged"),
        ("\x1b[2Kx\r", r"\x1b[2Kx\r"),
        ("\x9b2J", r"\x9b2J"),
        ("a\u202etxt", r"a\u202etxt"),
        ("a\u2066b\u2069", r"a\u2066b\u2069"),
        ("a\u200bb\u00adc", r"a\u200bb\xadc"),
        ("a\u2028b", r"a\u2028b"),
        ("a\u3164b\ufe0f", r"a\u3164b\ufe0f"),
        ("caf\udce9", r"caf\xe9"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_what_is_shown_is_one_line_of_signs_that_can_be_seen(text: str) -> None:
    shown = visible(text)
    assert len(shown.splitlines()) <= 1
    assert all(unicodedata.category(sign) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for sign in shown)


def test_lines_tabs_and_foreign_bytes_of_a_file_stay() -> None:
    assert visible_lines("-\ta\r\n+b\x1b[31m\rc\n caf\udce9\n") == "-\ta\r\n+b\\x1b[31m\\rc\n caf\udce9\n"


def test_a_name_is_no_command_to_githubs_runner() -> None:
    assert visible("a##[stop-commands]b") == r"a##\x5bstop-commands]b"
    assert visible(" ::add-mask::b") == r" :\x3aadd-mask::b"
    assert visible("a::b") == "a::b"
    assert visible("# [a] ## [b] #[c]") == "# [a] ## [b] #[c]"
