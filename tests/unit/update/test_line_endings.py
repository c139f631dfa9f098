"""Which line endings a merged file has, and that they never make every line a conflict."""

import pytest

from atomci.update.three_way.line_endings import settle_endings

LF, CRLF = b"one\ntwo\n", b"one\r\ntwo\r\n"
MINE, THEIRS = b"mine\ntwo\n", b"one\ntheirs\n"


def windows(text: bytes) -> bytes:
    return text.replace(b"\n", b"\r\n")


@pytest.mark.parametrize(
    ("versions", "settled"),
    [
        pytest.param((LF, windows(MINE), THEIRS), (CRLF, windows(MINE), windows(THEIRS)), id="ours to CRLF"),
        pytest.param((LF, MINE, windows(THEIRS)), (CRLF, windows(MINE), windows(THEIRS)), id="theirs to CRLF"),
        pytest.param((CRLF, MINE, windows(THEIRS)), (LF, MINE, THEIRS), id="ours to LF"),
        pytest.param((CRLF, MINE, THEIRS), (LF, MINE, THEIRS), id="both"),
        pytest.param((LF, MINE, THEIRS), (LF, MINE, THEIRS), id="none"),
        pytest.param((CRLF, CRLF, CRLF), (CRLF, CRLF, CRLF), id="none of CRLF"),
        pytest.param((LF, b"one\r\ntwo\n", THEIRS), (LF, b"one\r\ntwo\n", THEIRS), id="mixed"),
        pytest.param((b"one\r\ntwo\n", MINE, THEIRS), (b"one\r\ntwo\n", MINE, THEIRS), id="mixed base"),
        pytest.param((LF, MINE, b"one\r\ntwo\n"), (LF, MINE, b"one\r\ntwo\n"), id="mixed theirs"),
        pytest.param((LF, b"\0\r\n", THEIRS), (LF, b"\0\r\n", THEIRS), id="binary"),
        pytest.param((LF, b"", windows(THEIRS)), (CRLF, b"", windows(THEIRS)), id="empty"),
        pytest.param((b"\xe9\n", b"\xe9\r\nb\r\n", b"\xe9\na\n"), (b"\xe9\r\n", b"\xe9\r\nb\r\n", b"\xe9\r\na\r\n"),
                     id="no UTF-8"),
    ],
)  # fmt: skip
def test_the_side_that_changed_line_endings_is_followed(
    versions: tuple[bytes, bytes, bytes], settled: tuple[bytes, bytes, bytes]
) -> None:
    assert settle_endings(*versions) == settled
