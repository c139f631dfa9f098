"""Every package manager, by the name that the answers give it. A new one is a module and a row."""

from __future__ import annotations

from collections.abc import Mapping

from atomci.artifacts.handed.schemas import ManagerName
from atomci.bootstrap.managers import pip_tools, uv
from atomci.bootstrap.managers.protocol import Manager

__all__ = ["MANAGERS"]


def _by_name(*managers: Manager) -> Mapping[ManagerName, Manager]:
    return {manager.NAME: manager for manager in managers}


MANAGERS = _by_name(uv, pip_tools)
"""The first one is for projects that show nothing."""
