"""Rendered paths that have no place in a project: what git ignores there, and what a submodule holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from atomci.tools.git.client import Git, IgnoreRule
from atomci.tools.git.objects import Files, Objects

__all__ = ["left_out", "still_left_out"]

_RULES = ".gitignore"


def left_out(git: Git, mine: Files, rendered: Collection[str]) -> dict[str, str]:
    """Those of the paths that HEAD doesn't hold as files and that have no place here, and why."""
    modules = {path for path, entry in mine.items() if entry.mode == "160000"}
    held = {path: f"{module} is a submodule here" for path in rendered if (module := _above(path, modules))}
    asked = [path for path in rendered if path not in mine and path not in held]
    ignored = git.ignore_rules(asked) if asked else {}
    return {**held, **{path: _reason(rule) for path, rule in ignored.items()}}


def still_left_out(
    objects: Objects, away: Mapping[str, str], mine: Files, merged: Files
) -> Mapping[str, str]:
    """What is left out by the ignore files as they are merged, where these aren't as they were."""
    rules = _rules(merged)
    if not away or rules == _rules(mine):
        return away
    contents = objects.read(entry.oid for entry in rules.values())
    with TemporaryDirectory(prefix="atomci-ignored-") as name:
        folder = Path(name, "top")
        folder.mkdir()
        for path, entry in rules.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(contents[entry.oid])
        return left_out(objects.git_over(folder, Path(name, "index")), mine, away)


def _rules(files: Files) -> Files:
    """The ignore files; git reads none through a link."""
    named = {path: entry for path, entry in files.items() if path.endswith(_RULES) and entry.is_file}
    return {path: entry for path, entry in named.items() if PurePosixPath(path).name == _RULES}


def _above(path: str, modules: Collection[str]) -> str:
    return next((at for at in (path, *map(str, PurePosixPath(path).parents)) if at in modules), "")


def _reason(rule: IgnoreRule) -> str:
    return f"git ignores it here: {rule.source}:{rule.line} says {rule.pattern}"
