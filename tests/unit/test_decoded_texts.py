"""Whatever is wrong with a text, whoever reads it meets one kind of error."""

import sys

import msgspec
import pytest

from atomci.decoding import decoded


class Row(msgspec.Struct):
    number: int = 0
    word: str = ""


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff",
        b'{"word": "\xff"}',
        "\udcff",
        '{"word": "\udcff"}',
        '{"word": "\\ud800"}',
        '{"number": NaN}',
        f'{{"number": {"9" * 5000}}}',
        "[" * sys.getrecursionlimit(),
        '{"more": ' + "[" * sys.getrecursionlimit(),
        '{"more": ' + '{"a":' * sys.getrecursionlimit(),
    ],
    ids=range(11),
)
def test_a_text_that_is_none_of_a_kind_is_said_to_be_so(text: bytes | str) -> None:
    with pytest.raises(msgspec.DecodeError):
        decoded(text, Row)
