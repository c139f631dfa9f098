"""The project's virtual environment: where it is, whether it may be replaced, and what makes it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["folder", "interpreter", "make_words", "why_not_replaced"]


def folder(root: Path, environ: Mapping[str, str]) -> Path:
    """`.venv`, or what UV_PROJECT_ENVIRONMENT names."""
    return root / (environ.get("UV_PROJECT_ENVIRONMENT") or ".venv")


def interpreter(environment: Path) -> Path:
    """Where an environment keeps its python."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def why_not_replaced(environment: Path) -> str | None:
    """Why something that stands there must not be cleared; None when it may, or nothing is there."""
    if environment.is_symlink():
        return f"it is a link to {environment.readlink()}"  # clearing would empty what it points to
    if environment.exists() and not (environment / "pyvenv.cfg").is_file():
        return "it isn't a virtual environment (no pyvenv.cfg)"
    if sys.prefix != sys.base_prefix and environment.resolve() == Path(sys.prefix).resolve():
        return "its Python doesn't fit, and atomci runs from it"
    return None


def make_words(python: str, environment: Path) -> tuple[str, ...]:
    """The words that make it anew with Python's own venv."""
    clear = ("--clear",) if environment.exists() else ()
    return (python, "-m", "venv", *clear, str(environment))
