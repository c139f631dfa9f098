"""Colour, only where it helps: on a terminal, and not where NO_COLOR asks for none."""

from __future__ import annotations

import os
import sys

import click

__all__ = ["paint"]


def paint(text: str, colour: str, *, bold: bool = False) -> str:
    """The text in a colour where standard output is a terminal."""
    if os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return text
    return click.style(text, fg=colour, bold=bold)
