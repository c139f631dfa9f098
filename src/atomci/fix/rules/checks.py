"""No tool is told to ask for less: what configures a check changes only where it is known to ask for more."""

from __future__ import annotations

import configparser
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from atomci.fix.proposal import Edit, Patch, Refusal, Side

__all__ = ["refusals"]

_FILES = frozenset(
    [
        "ruff.toml",
        ".ruff.toml",
        "mypy.ini",
        ".mypy.ini",
        "pytest.ini",
        ".pytest.ini",
        "pytest.toml",
        ".pytest.toml",
        ".coveragerc",
        ".coveragerc.toml",
        ".flake8",
        ".pylintrc",
        "pylintrc",
        "pyrightconfig.json",
        ".bandit",
        "bandit.yaml",
        "bandit.yml",
        ".importlinter",
        ".isort.cfg",
        "tox.ini",
        "tox.toml",
        "setup.cfg",
        "atomci.toml",
    ]
)
_SHARED = frozenset({"setup.cfg", "tox.ini", "pyproject.toml"})
_TABLES = frozenset(
    [
        "ruff",
        "black",
        "mypy",
        "pytest",
        "coverage",
        "bandit",
        "pyright",
        "basedpyright",
        "importlinter",
        "atomci",
        "flake8",
        "pylint",
        "isort",
        "ty",
        "pyrefly",
        "pydocstyle",
        "interrogate",
        "vulture",
        "codespell",
        "tox",
        "nox",
    ]
)
_RAISED = frozenset({"fail_under", "fail-under", "precision"})
_STRICT = ("strict", "disallow_", "warn_", "check_", "no_implicit", "branch", "xfail_strict", "extra_checks")
_ASKS_FOR_MORE = frozenset(
    ["select", "extend-select", "enable_error_code", "source", "source_pkgs", "markers"]
)
"""Lists that may grow."""


def refusals(proposal: Patch) -> Iterator[Refusal]:
    """Each setting that changes in another way than to ask for more."""
    for change in proposal.changes:
        if change.name == "pyproject.toml" or change.name in _FILES:
            yield from _settings(change)


def _settings(change: Edit) -> Iterator[Refusal]:
    if change.name not in _SHARED and not (change.before and change.after):
        yield Refusal(change.path, 0, "threshold", "a file of a check's settings comes or goes")
        return
    old, new = (_tables(change, side) for side in (change.before, change.after))
    if old is None or new is None:
        yield Refusal(change.path, 0, "unparsable", "it can't be read, before or after")
        return
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if before != after and not _asks_for_more(key[-1], before, after):
            shown = [_shown(each) for each in (before, after)]
            yield Refusal(change.path, 0, "threshold", f"{'.'.join(key)} is {shown[1]}; it was {shown[0]}")


def _tables(change: Edit, side: Side | None) -> dict[tuple[str, ...], Any] | None:
    """The settings of checks by their path of keys; nothing where the file isn't there."""
    if side is None:
        return {}
    if side.text is None:
        return None
    try:
        if change.name.endswith(".toml"):
            whole: Mapping[str, Any] = tomllib.loads(side.text)
        elif change.name.endswith((".json", ".yaml", ".yml")):
            return {("all",): side.text}
        else:
            parser = configparser.RawConfigParser(strict=False)
            parser.read_string(side.text)
            whole = {name: dict(parser[name]) for name in parser.sections()}
    except (tomllib.TOMLDecodeError, configparser.Error):
        return None
    if change.name == "pyproject.toml":
        whole = {name: table for name, table in whole.get("tool", {}).items() if name in _TABLES}
    elif change.name in _SHARED:
        whole = {name: table for name, table in whole.items() if _is_of_a_check(name)}
    return dict(_leaves(whole, ()))


def _is_of_a_check(section: str) -> bool:
    return section.removeprefix("tool:").split(":")[0].split("-")[0] in _TABLES | {"testenv"}


def _leaves(table: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*above, name))
        else:
            yield (*above, name), value


def _asks_for_more(name: str, before: Any, after: Any) -> bool:
    if name in _RAISED:
        return _number(after) is not None and (_number(before) or 0) <= (_number(after) or 0)
    if name.startswith(_STRICT) and isinstance(after, bool | str):
        return after is True or str(after).lower() == "true"
    # What none of them names is a default, which a first list replaces.
    if name in _ASKS_FOR_MORE and isinstance(after, list) and (before is not None or name == "markers"):
        return all(each in after for each in before or ())
    return False


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _shown(value: Any) -> str:
    return "not there" if value is None else repr(value)
