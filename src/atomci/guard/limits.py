"""How long a session may take where nobody says so."""

from __future__ import annotations

import re

from atomci.artifacts.handed.guarded import SessionLimits

__all__ = ["HEADLESS", "INTERACTIVE", "STREAMING", "seconds_of"]

HEADLESS = SessionLimits(inactivity=600.0, grace=10.0, wall=7200.0)
"""For a program that nobody types to."""
STREAMING = SessionLimits(first_byte=300.0, inactivity=600.0, grace=10.0, wall=7200.0)
"""The same, of one that tells at its start that it runs."""
INTERACTIVE = SessionLimits()
"""For a person, who may think for an hour."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")


def seconds_of(text: str) -> float | None:
    """Seconds of `90`, `90s`, `1h30m` or `250ms`; None for `off`. Raises ValueError."""
    plain = text.strip().lower()
    if plain == "off":
        return None
    if re.fullmatch(r"\d+(\.\d+)?", plain):
        plain += "s"
    parts = _PART.findall(plain)
    if not parts or "".join(number + unit for number, unit in parts) != plain:
        raise ValueError(text)
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if seconds <= 0:
        raise ValueError(text)
    return seconds
