"""What is to be read before it is used: files that make programs run, and what nobody asked for."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase

from atomci.artifacts.handed.snapshots import PathChange, ReviewedChange, WorkChange

__all__ = ["reviewed"]

# What runs without anybody calling it: by a tool of the project, an editor, a shell, git or CI.
_RUNS = (
    (r"conftest\.py|sitecustomize\.py|usercustomize\.py|.*\.pth", "Python or pytest runs it"),
    (r"pyproject\.toml|setup\.(py|cfg)|tox\.ini|noxfile\.py|tasks\.py|pytest\.ini", "tools run what it says"),
    (r"(GNU)?[Mm]akefile|.*\.mk|[Jj]ustfile|Taskfile\.ya?ml|Rakefile|build\.rs", "a build runs it"),
    (r"package\.json|\.npmrc|\.yarnrc(\.yml)?|\.pnpmfile\.c?js|pnpm-workspace\.yaml", "npm runs its scripts"),
    (r"\.pre-commit-(config|hooks)\.yaml|lefthook\.ya?ml|\.lefthook\.ya?ml", "git hooks run it"),
    (r"\.envrc|\.env(\..*)?|mise\.toml|\.tool-versions", "a shell reads it"),
    (r"Dockerfile.*|.*\.dockerfile|(docker-)?compose.*\.ya?ml|devcontainer\.json", "a container runs it"),
    (r"\.gitattributes|\.gitmodules|\.gitconfig|\.lfsconfig", "git acts by it"),
    (r"\.gitlab-ci\.yml|Jenkinsfile|azure-pipelines\.yml|\.travis\.yml|appveyor\.yml", "CI runs it"),
    (r"CLAUDE\.md|AGENTS\.md|GEMINI\.md|\.cursorrules|\.mcp\.json", "agents follow it"),
)
_FOLDERS = (
    (r"(.*/)?\.github/(workflows|actions)/.*", "CI runs it"),
    (r"(.*/)?\.circleci/.*", "CI runs it"),
    (r"(.*/)?\.(vscode|idea|zed|devcontainer)/.*", "an editor runs what it says"),
    (r"(.*/)?\.(husky|githooks)/.*", "git hooks run it"),
    (r"(.*/)?\.(claude|codex|gemini|cursor)/.*", "agents follow it"),
)


def reviewed(
    change: WorkChange, links: dict[str, str], scope: Collection[str] = ()
) -> tuple[ReviewedChange, ...]:
    """Each change with what is to be looked at. `links` are targets of links by their path; `scope` are globs
    or folders of what was asked for, and without any everything was.
    """
    return tuple(
        ReviewedChange(change=row, eyes=tuple(_eyes(row, links)), outside=not _is_asked(row.path, scope))
        for row in change.changes
    )


def _eyes(row: PathChange, links: Mapping[str, str]) -> Iterator[str]:
    name = row.path.rpartition("/")[2]
    for path in {row.path, row.was} - {""}:
        yield from _by_name(path)
    if row.mode_after == "100755" and row.mode_before != "100755":
        yield "it can be run"
    if row.mode_after == "120000" and _leads_out(row.path, links.get(row.path, "")):
        yield "it leads out of the project"
    if row.kind == "deleted" and re.fullmatch(r"test_.*\.py|.*_test\.py", name):
        yield "tests are gone"


def _by_name(path: str) -> Iterator[str]:
    name = path.rpartition("/")[2]
    found = next((why for pattern, why in _RUNS if re.fullmatch(pattern, name, re.IGNORECASE)), "")
    found = found or next(
        (why for pattern, why in _FOLDERS if re.fullmatch(pattern, path, re.IGNORECASE)), ""
    )
    if found:
        yield found


def _leads_out(path: str, target: str) -> bool:
    if target.startswith("/") or re.match("[A-Za-z]:", target):
        return True
    depth = path.count("/")
    for part in target.replace("\\", "/").split("/"):
        depth += {"..": -1, ".": 0, "": 0}.get(part, 1)
        if depth < 0:
            return True
    return False


def _is_asked(path: str, scope: Collection[str]) -> bool:
    return not scope or any(
        fnmatchcase(path, glob) or f"{path}/".startswith(f"{glob.rstrip('/')}/") for glob in scope
    )
