"""How people run things in the project, to see a failure again."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from atomci.bootstrap.managers.choice import prefix
from atomci.engine.context import Context
from atomci.report.failures.again import Ways

__all__ = ["ways_in"]

_LENT = b"ATOMCI_"


def ways_in(ctx: Context) -> Ways:
    """By the package manager's prefix, else by the environment's own Python."""
    before = prefix(ctx.project) if ctx.project.version_of("atomci") else ""
    lent = [path for path in ctx.files("tests/**/*.py") if _LENT in (ctx.root / path).read_bytes()]
    return Ways(
        atomci=f"{before}atomci",
        python=f"{before}python" if before else _shown(ctx),
        uncovered=ctx.project.version_of("pytest-cov") is not None,
        lent=frozenset(lent),
    )


def _shown(ctx: Context) -> str:
    python = Path(ctx.project.python)
    if python.is_relative_to(ctx.root):
        return python.relative_to(ctx.root).as_posix()
    return f'"{python}"' if os.name == "nt" else shlex.quote(str(python))
