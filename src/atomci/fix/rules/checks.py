"""No tool is told to ask for less: what configures a check changes only where it is known to ask for more."""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from atomci.fix.proposal import Edit, Patch, Refusal, Side
from atomci.fix.rules.requirements import required_tools

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
_BUILDS = frozenset(
    {"setuptools", "setuptools_scm", "flit", "poetry", "maturin", "scikit-build"}
    | {"meson-python", "bumpversion", "bumpver", "commitizen", "semantic_release", "towncrier"}
    | {"versioneer", "cibuildwheel", "briefcase", "uv", "hatch", "pdm", "rye", "options"}
    | {"metadata", "egg_info", "bdist_wheel", "sdist", "build_ext", "install", "files", "wheel"}
    | {"build_sphinx"}
)
"""Tables that say how a project is built; each other one is a check's."""
_RUNS = {
    "uv": ("sources", "override-dependencies", "constraint-dependencies"),
    "hatch": ("envs",),
    "pdm": ("scripts",),
    "rye": ("scripts",),
    "poetry": ("plugins",),
}
"""What in those says what is run, or where a tool comes from."""
_LOCKS = frozenset({"uv.lock", "poetry.lock", "pdm.lock"})
_RAISED = frozenset({"fail_under", "fail-under", "precision"})
_STRICT = ("strict", "disallow_", "warn_", "check_", "no_implicit", "branch", "xfail_strict", "extra_checks")
_ASKS_FOR_MORE = frozenset(
    ["select", "extend-select", "enable_error_code", "source", "source_pkgs", "markers"]
)
"""Lists that may grow."""
_LOOKS_AWAY = frozenset(
    {"ignore", "extend-ignore", "disable", "disable_error_code", "omit", "skips"}
    | {"ignore_imports", "ignore-words", "ignore-vulns", "exclude_also", "partial_also"}
    | {"deselect", "filterwarnings"}
)
"""Lists that may shrink; without one, nothing is overlooked."""


def refusals(proposal: Patch) -> Iterator[Refusal]:
    """Each setting that changes in another way than to ask for more."""
    for change in proposal.changes:
        if change.name in _FILES | _SHARED | _LOCKS:
            yield from _settings(change)


def _settings(change: Edit) -> Iterator[Refusal]:
    if change.name not in _SHARED | _LOCKS and not (change.before and change.after):
        yield Refusal(change.path, 0, "threshold", "a file of a check's settings comes or goes")
        return
    old, new = (_tables(change, side) for side in (change.before, change.after))
    if old is None or new is None:
        yield Refusal(change.path, 0, "unparsable", "it can't be read, before or after")
        return
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if before != after and not (_is_new_tool(key, before) or _asks_for_more(key[-1], before, after)):
            shown = [_shown(each) for each in (before, after)]
            yield Refusal(change.path, 0, "threshold", f"{'.'.join(key)} is {shown[1]}; it was {shown[0]}")


def _tables(change: Edit, side: Side | None) -> dict[tuple[str, ...], Any] | None:
    """The settings of checks by their path of keys; nothing where the file isn't there."""
    if side is None:
        return {}
    if side.text is None:
        return None
    try:
        if change.name.endswith((".toml", ".lock")):
            whole: Mapping[str, Any] = tomllib.loads(side.text)
        elif change.name.endswith((".json", ".yaml", ".yml")):
            return {("all",): side.text}
        else:
            parser = configparser.RawConfigParser(strict=False)
            parser.read_string(side.text)
            whole = {name: dict(parser[name]) for name in parser.sections()}
    except (tomllib.TOMLDecodeError, configparser.Error):
        return None
    if change.name in _LOCKS:
        whole = {"required": required_tools(whole)}
    elif change.name == "pyproject.toml":
        whole = _of_checks(whole)
    elif change.name in _SHARED:
        whole = {name: table for name, table in whole.items() if _is_of_a_check(name)}
    return dict(_leaves(whole, ()))


def _of_checks(whole: Mapping[str, Any]) -> dict[str, Any]:
    """What of a project's file the checks depend on."""
    tables = whole.get("tool", {})
    found = {name: table for name, table in tables.items() if name not in _BUILDS}
    for name in _RUNS.keys() & tables.keys():
        found[name] = {key: tables[name][key] for key in _RUNS[name] if key in tables[name]}
    # A package that says so is loaded by pytest, also the project itself.
    plugins = whole.get("project", {}).get("entry-points", {}).get("pytest11", {})
    return {**found, "pytest11": plugins, "required": required_tools(whole)}


def _is_new_tool(key: tuple[str, ...], before: Any) -> bool:
    """A tool that checks more; a plugin of one may make it check less."""
    return key[0] == "required" and before is None and "-" not in key[-1]


def _is_of_a_check(section: str) -> bool:
    return re.split(r"[:.]", section.removeprefix("tool:"))[0] not in _BUILDS


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
    if name in _LOOKS_AWAY and isinstance(before, list) and isinstance(after, list | None):
        return all(each in before for each in after or ())
    return False


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _shown(value: Any) -> str:
    return "not there" if value is None else repr(value)
