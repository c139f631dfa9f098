"""What a program that is killed leaves of a terminal, and what brings it back."""

import pytest

from atomci.tools.terminal import Modes


def undone(*pieces: bytes) -> bytes:
    modes = Modes()
    for piece in pieces:
        modes.feed(piece)
    return modes.undo()


@pytest.mark.parametrize(
    ("printed", "undo"),
    [
        (b"plain text", b""),
        (b"\x1b[?1049h\x1b[?25l editing", b"\x1b[?1049l\x1b[?25h"),
        (b"\x1b[?1049h editing \x1b[?1049l", b""),
        (b"\x1b[?1000;1006h\x1b[?2004h", b"\x1b[?1000l\x1b[?1006l\x1b[?2004l"),
        (b"\x1b[?7h a mode that others set too", b""),
        (b"\x1b[?25l\x1b[?25h", b""),
        (b"\x1b[?1003;1015h\x1b[>1u", b"\x1b[?1003l\x1b[?1015l\x1b[<u"),
        (b"\x1b[>1u \x1b[<u", b""),
    ],
)
def test_what_is_still_on_is_turned_off(printed: bytes, undo: bytes) -> None:
    assert undone(printed) == undo
    assert undone(*(printed[at : at + 1] for at in range(len(printed)))) == undo
