"""mypy's JSON lines. Its columns count from 0; its exit code 2 stands for both a syntax error and a crash."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path

from atomci.analysis.paths import relative
from atomci.artifacts.schemas import Finding
from atomci.errors import InfrastructureError
from atomci.tools.process import Completed

__all__ = ["ARGUMENTS", "await_next_second", "parse"]

ARGUMENTS = ("--output=json", "src")


def await_next_second(files: Iterable[Path]) -> None:
    """Wait, for a second at most, while a file's last change lies in the second that it is.

    mypy's cache takes a file for unchanged by its size and the whole second of its change. Read in that very
    second, it could be changed once more without mypy ever seeing it.
    """
    newest = max((file.stat().st_mtime for file in files), default=0.0)
    seconds = int(newest) + 1 - time.time()
    if 0 < seconds <= 1:
        time.sleep(seconds)


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
