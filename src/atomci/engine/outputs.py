"""What an atom declares to write under artifacts/: cleared before it runs, demanded after it passed."""

from __future__ import annotations

import shutil
from pathlib import Path

from atomci.catalog import Atom

__all__ = ["clear_outputs", "declared_outputs", "missing_outputs"]


def declared_outputs(atom: Atom) -> tuple[str, ...]:
    """The artifacts it must leave; a path that ends in / is a folder."""
    return tuple(path for path in atom.writes if path.startswith("artifacts/") and "*" not in path)


def clear_outputs(root: Path, atom: Atom) -> None:
    """Remove what an earlier run left, so that nothing stale is taken for new."""
    for path in declared_outputs(atom):
        if path.endswith("/"):
            shutil.rmtree(root / path, ignore_errors=True)
        else:
            (root / path).unlink(missing_ok=True)


def missing_outputs(root: Path, atom: Atom) -> list[str]:
    """Declared artifacts that aren't there."""
    return [path for path in declared_outputs(atom) if not (root / path).exists()]
