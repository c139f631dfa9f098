"""Line endings of a file that is merged: to git, whoever changed only these changed every line."""

from __future__ import annotations

__all__ = ["settle_endings"]

_LF, _CRLF = b"\n", b"\r\n"


def settle_endings(base: bytes, ours: bytes, theirs: bytes) -> tuple[bytes, bytes, bytes]:
    """The three with the line endings that the merge is to have: those of the side that changed them.

    Ours count where both did. Texts of mixed endings, or with NUL bytes, stay as they are.
    """
    was, mine, yours = (_ending(text) for text in (base, ours, theirs))
    if was is None or mine is None or yours is None:
        return base, ours, theirs
    wanted = mine if mine != was else yours
    return _with(base, wanted), _with(ours, wanted), _with(theirs, wanted)


def _ending(text: bytes) -> bytes | None:
    lines, windows = text.count(_LF), text.count(_CRLF)
    if b"\0" in text or windows not in (0, lines):
        return None
    return _CRLF if windows else _LF


def _with(text: bytes, ending: bytes) -> bytes:
    return text if _ending(text) == ending else text.replace(_CRLF, _LF).replace(_LF, ending)
