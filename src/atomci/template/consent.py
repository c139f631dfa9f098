"""Which templates may run code here: what the user said of each, in a file of the user's own."""

from __future__ import annotations

import os
from pathlib import Path

from atomci.errors import InfrastructureError, UsageError
from atomci.template.sources import address, on_this_machine, own_source

__all__ = ["consents", "is_trusted", "trust"]


def consents() -> Path:
    """The file: an address on each line. It lies beside the user's other settings, never in a project."""
    if os.name == "nt" and os.environ.get("APPDATA"):
        return Path(os.environ["APPDATA"], "atomci", "trusted.txt")
    named = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    return (named if named.is_absolute() else Path.home() / ".config") / "atomci" / "trusted.txt"


def is_trusted(location: str) -> bool:
    """Whether the user said so of a template, or atomci itself was installed from it."""
    name = _name(location)
    try:
        own = _name(own_source().location)
    except UsageError:
        own = None
    try:
        said = consents().read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        said = []
    return name == own or name in said


def trust(location: str) -> Path:
    """Remember that a template may run code; returns the file. Raises InfrastructureError where it can't."""
    file = consents()
    if is_trusted(location):
        return file
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as lines:
            lines.write(f"{_name(location)}\n")
    except OSError as error:
        raise InfrastructureError(f"{file} can't be written: {error}", "or leave out --trust") from None
    return file


def _name(location: str) -> str:
    """The same for each way to write an address."""
    place = on_this_machine(location)
    return str(place.resolve()) if place else address(location).removesuffix(".git")
