"""What a fix may touch at all, whatever it does there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from atomci.artifacts.secrets.tokens import tokens_in
from atomci.fix.proposal import Edit, Patch, Refusal

__all__ = ["Allowance", "refusals"]

PROTECTED = (
    ".git",
    ".git/**",
    ".gitattributes",
    ".gitignore",
    ".gitmodules",
    ".github/**",
    ".gitlab-ci.yml",
    ".circleci/**",
    ".pre-commit-config.yaml",
    ".atomci/**",
    ".copier-answers.yml",
    ".env*",
    ".vscode/**",
    "Makefile",
    "Taskfile.yml",
    "justfile",
    "noxfile.py",
    "tox.ini",
    "scripts/**",
    "CODEOWNERS",
    "LICENSE*",
    "**/*.pth",
    "**/sitecustomize.py",
    "**/usercustomize.py",
)
"""Files that decide what runs, and with what; a fix of code has no business there."""


@dataclass(frozen=True)
class Allowance:
    """Globs of paths, in which `**` is any number of folders, and sizes."""

    scope: tuple[str, ...] = ("**",)
    protected: tuple[str, ...] = PROTECTED
    files: int = 20
    lines: int = 400


def refusals(proposal: Patch, bounds: Allowance) -> Iterator[Refusal]:
    """What lies outside the bounds."""
    for change in proposal.changes:
        yield from _place(change, bounds)
        yield from _kind(change)
        yield from _secrets(change)
    if (count := len(proposal.changes)) > bounds.files:
        yield Refusal("", 0, "size", f"it changes {count} files; {bounds.files} are allowed")
    if (count := sum(change.lines for change in proposal.changes)) > bounds.lines:
        yield Refusal("", 0, "size", f"it changes {count} lines; {bounds.lines} are allowed")


def _place(change: Edit, bounds: Allowance) -> Iterator[Refusal]:
    path = PurePosixPath(change.path)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        yield Refusal(change.path, 0, "scope", "it lies outside the project")
    elif by := _first(change.path, bounds.protected):
        yield Refusal(change.path, 0, "protected", f"{by} is protected")
    elif not _first(change.path, bounds.scope):
        yield Refusal(change.path, 0, "scope", f"only {', '.join(bounds.scope)} may change")


def _first(path: str, globs: tuple[str, ...]) -> str:
    # Where the file system doesn't tell capitals apart, .GitHub is .github.
    return next((glob for glob in globs if _pattern(glob).fullmatch(path)), "")


@lru_cache(maxsize=1024)
def _pattern(glob: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    signs = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(signs.get(part, re.escape(part)) for part in parts), re.IGNORECASE | re.DOTALL)


def _kind(change: Edit) -> Iterator[Refusal]:
    before, after = change.before, change.after
    kinds = {side.kind for side in change.sides}
    for kind in ("submodule", "link"):
        if kind in kinds:
            yield Refusal(change.path, 0, kind, f"it is a {kind}, before or after")
            return
    if before and after and before.kind != after.kind:
        yield Refusal(change.path, 0, "mode", f"from {before.kind} to {after.kind}")
    elif after and not before and after.kind == "executable":
        yield Refusal(change.path, 0, "mode", "a new executable")
    if any(side.text is None for side in change.sides):
        yield Refusal(change.path, 0, "binary", "it isn't text")


def _secrets(change: Edit) -> Iterator[Refusal]:
    if not change.after or change.after.text is None:
        return
    known = change.before.text or "" if change.before else ""
    lines = frozenset(known.splitlines())
    for number, line in enumerate(change.after.text.splitlines(), 1):
        for hit in tokens_in(line) if line not in lines else ():
            if line[hit.start : hit.end] not in known:
                yield Refusal(change.path, number, "secret", f"it adds what looks like {hit.kind}")
