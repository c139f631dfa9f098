"""mypy's JSON lines. Its columns count from 0; its exit code 2 stands for both a syntax error and a crash."""

from __future__ import annotations

import json
from pathlib import Path

from atomci.analysis.paths import relative
from atomci.artifacts.schemas import Finding
from atomci.errors import InfrastructureError
from atomci.tools.process import Completed

__all__ = ["ARGUMENTS", "parse"]

ARGUMENTS = ("--output=json", "src")


def parse(done: Completed, root: Path, tool: str = "mypy") -> tuple[Finding, ...]:
    """Findings of `mypy --output=json`. Raises InfrastructureError when mypy itself failed."""
    try:
        rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    except json.JSONDecodeError as error:
        raise InfrastructureError(f"mypy's output can't be read: {error}") from None
    found = tuple(
        Finding(
            path=relative(row["file"], root),
            line=max(row["line"], 1),
            column=max(row["column"], 0) + 1,
            tool=tool,
            rule=row["code"] or "mypy",
            message=row["message"] + (f" ({row['hint']})" if row.get("hint") else ""),
            lane="type",
        )
        for row in rows
        if row.get("severity") == "error"
    )
    if done.code not in (0, 1) and not found:
        text = (done.stderr or done.stdout).strip()[:500]
        raise InfrastructureError(f"mypy failed (exit {done.code}): {text}")
    return found
