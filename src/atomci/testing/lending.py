"""The plugins of pytest, lent to an environment that has no atomci."""

from __future__ import annotations

import re
from pathlib import Path

from atomci.testing import lent

__all__ = ["lent_package", "why_not_lent"]

_OLDEST = 11
"""Of Python 3, what they run on."""
_MINOR = re.compile(r"^version(?:_info)?\s*=\s*3\.(\d+)", re.MULTILINE)


def lent_package() -> Path:
    """The folder that holds this very package and no other, so that no other can be imported.

    It lies beside atomci's own code: below the project, tools that look for Python would find it.
    """
    return Path(lent.__file__).parent


def why_not_lent(environment: Path) -> str:
    """Why an environment's Python can't run them; empty where it can, or nobody knows which it is."""
    settings = environment / "pyvenv.cfg"
    found = _MINOR.findall(settings.read_text("utf-8", "replace")) if settings.is_file() else []
    found += [folder.name.removeprefix("python3.") for folder in environment.glob("lib/python3.*")]
    if not found or int(found[0]) >= _OLDEST:
        return ""
    return f"{environment.name} has Python 3.{found[0]}, and atomci follows tests from 3.{_OLDEST} on"
