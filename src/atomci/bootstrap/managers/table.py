"""Every package manager, by the name that the answers give it. A new one is a module and a row."""

from __future__ import annotations

from collections.abc import Mapping

from atomci.bootstrap.managers import pip_tools, uv
from atomci.bootstrap.managers.protocol import Manager, Name

__all__ = ["MANAGERS"]

MANAGERS: Mapping[Name, Manager] = {"uv": uv, "pip-tools": pip_tools}
"""The first one is for projects that show nothing."""
