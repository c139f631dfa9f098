"""What others give for a pure atom leaves the files as they are: the atoms after it judge the same tree."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from atomci.engine.context import AtomFunction, Context, Outcome
from atomci.engine.inputs.files import matches

__all__ = ["unchanging"]

_NAMED = 5


def unchanging(function: AtomFunction) -> AtomFunction:
    """The function, which is an error where the atom is pure and a project file isn't what it was before.

    New files are let be: tools leave caches and reports.
    """

    def run(ctx: Context) -> Outcome:
        if ctx.atom.effect != "pure":
            return function(ctx)
        inputs = ctx.workspace.inputs
        files = [path for path in inputs.files() if not matches(path, ctx.atom.writes)]
        before = {path: (_kind(ctx.root / path), inputs.hash_of(path)) for path in files}
        touched = _stamps(ctx.root, files)
        outcome = function(ctx)
        rewritten = [path for path, now in _stamps(ctx.root, files).items() if now != touched[path]]
        if rewritten:
            inputs.forget()
        changed = [
            path for path in rewritten if before[path] != (_kind(ctx.root / path), inputs.hash_of(path))
        ]
        return _changed(changed, outcome.examined) if changed else outcome

    return run


def _stamps(root: Path, files: Iterable[str]) -> dict[str, object]:
    """What is other for a file that was written, even if its content isn't."""
    found: dict[str, object] = {}
    for path in files:
        try:
            at = (root / path).lstat()
        except OSError:
            found[path] = None
        else:
            found[path] = (at.st_mode, at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns)
    return found


def _kind(path: Path) -> object:
    """Its mode and where it leads, None for one that is gone."""
    try:
        return path.lstat().st_mode, path.readlink() if path.is_symlink() else None
    except OSError:
        return None


def _changed(paths: list[str], examined: int) -> Outcome:
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    said = "changed while it ran, and a pure atom must not change files: use a command that only reads"
    return Outcome("error", f"{', '.join(paths[:_NAMED])}{more} {said}", examined)
