"""The fingerprints by which GitHub knows an alert again when its line has moved.

Computed here, so that they are the same whoever uploads the file, and offline too.
"""

from __future__ import annotations

import struct
from collections import Counter
from itertools import accumulate

__all__ = ["line_fingerprints"]

_WINDOW = 100
_MASK = 2**64 - 1
_BASE = 37
_OF_THE_OLDEST = pow(_BASE, _WINDOW, 2**64)
_END = 65535


def line_fingerprints(text: str) -> list[str]:
    """`hash:n` for each line: a hash of its next 100 non-blank characters, as codeql-action computes it.

    Characters are units of UTF-16, so that one beyond U+FFFF counts as two.
    """
    units = [10 if unit == 13 else unit for unit in _units(text.replace("\r\n", "\n")) if unit not in (32, 9)]
    starts = [0] + [index + 1 for index, unit in enumerate(units) if unit == 10]
    padded = [*units, _END] + [0] * _WINDOW
    rolling = list(accumulate(padded, lambda value, unit: (value * _BASE + unit) & _MASK, initial=0))
    seen: Counter[int] = Counter()
    found = []
    for start in starts:
        value = (rolling[start + _WINDOW] - rolling[start] * _OF_THE_OLDEST) & _MASK
        seen[value] += 1
        found.append(f"{value:x}:{seen[value]}")
    return found


def _units(text: str) -> tuple[int, ...]:
    content = text.encode("utf-16-le", "surrogatepass")
    return struct.unpack(f"<{len(content) // 2}H", content)
