"""What others wrote, fit to be shown: nothing in it is hidden, moves the cursor, or begins a line."""

from __future__ import annotations

import re

__all__ = ["visible", "visible_lines"]

# Printable by their class, and yet nothing to see.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
# What GitHub's runner obeys: at the beginning of a line, and anywhere.
_COMMAND = re.compile(r"\A\s*::|##\[")


def visible(text: object) -> str:
    """One line, no command, in which each character that can't be seen is written as Python writes it."""
    return _seen(_COMMAND.sub(lambda found: found[0][:-1] + f"\\x{ord(found[0][-1]):x}", str(text)))


def _seen(plain: str) -> str:
    if plain.isprintable() and _UNSEEN.search(plain) is None:
        return plain
    return "".join(sign if _is_seen(sign) else _written(sign) for sign in plain)


def visible_lines(text: str) -> str:
    """Lines and tabs stay, also lines that end in CR LF, and bytes that aren't UTF-8."""
    return re.sub(r"[^\n\t]+", lambda run: _kept_end(run[0]), text)


def _kept_end(run: str) -> str:
    body = run.removesuffix("\r")
    shown = re.sub("[^\udc80-\udcff]+", lambda found: _seen(found[0]), body)
    return shown + run[len(body) :]


def _is_seen(sign: str) -> bool:
    return sign.isprintable() and _UNSEEN.match(sign) is None


def _written(sign: str) -> str:
    if "\udc80" <= sign <= "\udcff":  # a byte of a name that isn't UTF-8
        return f"\\x{ord(sign) - 0xdc00:02x}"
    return sign.encode("unicode_escape").decode("ascii")
