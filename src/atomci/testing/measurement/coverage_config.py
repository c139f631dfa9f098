"""Whether coverage's own settings say what to measure: asked before the tests run.

What the settings are worth is coverage's answer, which comes with its report (coverage_report.py).
"""

from __future__ import annotations

import configparser
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["FILES", "names_source", "sets_budget"]

FILES = (".coveragerc", ".coveragerc.toml", "setup.cfg", "tox.ini", "pyproject.toml")
"""Where coverage looks, in this order: the first that has settings is the only one."""
_SOURCES = ("source", "source_pkgs", "source_dirs", "include")


def names_source(root: Path, rcfile: str = "") -> bool:
    """Whether `[run]` limits what is measured; `rcfile` is named by an option."""
    run = _read(root, rcfile).get("run", {})
    return any(run.get(key) for key in _SOURCES)


def sets_budget(root: Path, rcfile: str = "") -> bool:
    """Whether `[report]` sets a budget."""
    return bool(_read(root, rcfile).get("report", {}).get("fail_under"))


def _read(root: Path, rcfile: str) -> Mapping[str, Mapping[str, Any]]:
    named = rcfile or os.environ.get("COVERAGE_RCFILE", "")
    for name in (named,) if named else FILES:
        settings = _settings(root / name, own=bool(named) or name.startswith(".coveragerc"))
        if settings is not None:
            return settings
    return {}


def _settings(path: Path, *, own: bool) -> Mapping[str, Mapping[str, Any]] | None:
    """Sections by name; None where coverage goes on to the next file. One of its own is always the last."""
    try:
        text = path.read_text(encoding="utf-8")
        sections = _toml(text, own=own) if path.suffix == ".toml" else _ini(text, own=own)
    except (OSError, UnicodeDecodeError):
        return None
    except (tomllib.TOMLDecodeError, configparser.Error):
        return {}  # coverage says so itself
    return sections if own or any(sections.values()) else None


def _toml(text: str, *, own: bool) -> dict[str, Mapping[str, Any]]:
    tables = tomllib.loads(text)
    return {**(tables if own else {}), **tables.get("tool", {}).get("coverage", {})}


def _ini(text: str, *, own: bool) -> dict[str, Mapping[str, Any]]:
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(text)
    found: dict[str, Mapping[str, Any]] = {}
    for section in parser.sections():
        if own or section.startswith("coverage:"):
            found[section.removeprefix("coverage:")] = dict(parser.items(section))
    return found
