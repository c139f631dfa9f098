"""coverage.py's JSON report against the budget."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from atomci.artifacts.schemas import CoverageBudget, FileCoverage, Finding

__all__ = ["budget_of", "findings", "line_ranges", "report_arguments"]

_FILES_SHOWN = 10


def report_arguments(kind: str, destination: str, data: str) -> tuple[str, ...]:
    """The words after `python -m coverage` for a json, xml or html report; the budget isn't its business."""
    flag = "-d" if kind == "html" else "-o"
    quiet = () if kind == "json" else ("--skip-covered",) if kind == "html" else ()
    return (kind, f"--data-file={data}", "--fail-under=0", "-q", flag, destination, *quiet)


def budget_of(report: Path, budget: float) -> CoverageBudget:
    """The budget's verdict on a JSON report; `percent` is None when there was no statement to cover."""
    loaded = json.loads(report.read_text(encoding="utf-8"))
    totals = loaded["totals"]
    measured = totals["num_statements"] > 0
    percent = float(totals["percent_covered"]) if measured else None
    files = [_file(path, row) for path, row in sorted(loaded["files"].items())]
    return CoverageBudget(
        budget=budget,
        percent=percent,
        met=percent is not None and percent >= budget,
        statements=totals["num_statements"],
        files=tuple(file for file in files if file.missing_lines or file.missing_branches),
    )


def findings(coverage: CoverageBudget) -> tuple[Finding, ...]:
    """Which lines to cover, the files with most of them first."""
    worst = sorted(coverage.files, key=lambda file: -len(file.missing_lines) - len(file.missing_branches))
    return tuple(_finding(file) for file in worst[:_FILES_SHOWN])


def line_ranges(lines: Iterable[int]) -> str:
    """3, 5-9, 12."""
    ranges: list[list[int]] = []
    for line in sorted(lines):
        if ranges and line == ranges[-1][1] + 1:
            ranges[-1][1] = line
        else:
            ranges.append([line, line])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges)


def _file(path: str, row: dict[str, Any]) -> FileCoverage:
    return FileCoverage(
        path=path.replace("\\", "/"),
        percent=round(row["summary"]["percent_covered"], 2),
        missing_lines=tuple(row["missing_lines"]),
        missing_branches=tuple(f"{a}->{b if b > 0 else 'exit'}" for a, b in row.get("missing_branches", ())),
    )


def _finding(file: FileCoverage) -> Finding:
    parts = []
    if file.missing_lines:
        parts.append(f"lines {line_ranges(file.missing_lines)}")
    if file.missing_branches:
        parts.append(f"branches {', '.join(file.missing_branches[:8])}")
    first = file.missing_lines[0] if file.missing_lines else int(file.missing_branches[0].partition("->")[0])
    return Finding(
        path=file.path,
        line=first,
        tool="coverage",
        rule="uncovered",
        message=f"not covered: {' and '.join(parts)} ({file.percent:g} %)",
    )
