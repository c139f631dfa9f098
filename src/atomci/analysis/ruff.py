"""ruff's JSON. Its exit code alone doesn't tell findings from nothing to look at."""

from __future__ import annotations

import json
from pathlib import Path

from atomci.analysis.paths import relative
from atomci.artifacts.schemas import Finding
from atomci.errors import InfrastructureError
from atomci.tools.process import Completed

__all__ = ["ARGUMENTS", "FILES_ARGUMENTS", "count_files", "parse"]

ARGUMENTS = ("check", "--no-fix", "--output-format=json", ".")
# ruff also lints pyproject.toml, so it never says that its settings left no Python file.
FILES_ARGUMENTS = ("check", "--show-files", ".")


def parse(done: Completed, root: Path, tool: str = "ruff") -> tuple[Finding, ...]:
    """Findings of `ruff check --output-format=json`. Raises InfrastructureError when ruff itself failed."""
    if done.code not in (0, 1):
        raise InfrastructureError(f"ruff failed (exit {done.code}): {done.stderr.strip()[:500]}")
    try:
        rows = json.loads(done.stdout or "[]")
    except json.JSONDecodeError as error:
        raise InfrastructureError(f"ruff's output can't be read: {error}") from None
    return tuple(_finding(row, root, tool) for row in rows)


def count_files(done: Completed) -> int:
    """How many Python files `ruff check --show-files` names."""
    return sum(line.endswith((".py", ".pyi", ".ipynb")) for line in done.stdout.splitlines())


def _finding(row: dict[str, object], root: Path, tool: str) -> Finding:
    start, end = row["location"], row["end_location"]
    assert isinstance(start, dict)
    assert isinstance(end, dict)
    fix = row.get("fix")
    url = row.get("url")
    return Finding(
        path=relative(str(row["filename"]), root),
        line=start["row"],
        column=start["column"],
        end_line=end["row"],
        end_column=end["column"],
        tool=tool,
        rule=str(row.get("code") or "invalid-syntax"),
        message=str(row["message"]),
        lane="lint",
        fixable=isinstance(fix, dict) and fix.get("applicability") == "safe",
        url=str(url) if url else None,
    )
