"""coverage.py's reports: how they are made, and the budget's verdict on the XML one."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from pathlib import Path

from atomci.artifacts.schemas import Finding
from atomci.artifacts.store import ArtifactError
from atomci.artifacts.testing import CoverageBudget, FileCoverage
from atomci.tools.process import Completed

__all__ = ["budget_of", "combine_arguments", "findings", "left_behind", "line_ranges", "report_arguments"]

_FILES_SHOWN = 10
_UNUSABLE = re.compile(r"(?:Couldn't|Can't) .*")
_EXITS = re.compile(r"\((\d+)/(\d+)\)")  # of `condition-coverage="50% (1/2)"`


def report_arguments(kind: str, destination: str, data: str) -> tuple[str, ...]:
    """The words after `python -m coverage` for an xml or html report; the budget isn't its business."""
    words = ("html", "--skip-covered", "-d") if kind == "html" else ("xml", "-o")
    return (*words, destination, f"--data-file={data}", "--fail-under=0", "-q")


def combine_arguments(data: str, files: Sequence[str]) -> tuple[str, ...]:
    """The words after `python -m coverage` that make one data file of several, which stay."""
    return ("combine", "--keep", "--quiet", f"--data-file={data}", *files)


def left_behind(done: Completed) -> str:
    """What `combine` couldn't take; it only warns of that, and ends with 0. Empty when it took all."""
    said = f"{done.stdout}\n{done.stderr}"
    if match := _UNUSABLE.search(said):
        return match[0]
    return f"coverage combine ended with exit code {done.code}: {said.strip()}" if done.code else ""


def budget_of(report: Path, root: Path, budget: float) -> CoverageBudget:
    """The verdict on a Cobertura report, lines and branches together as coverage.py counts its total.

    `percent` is None when there was no statement to cover. Raises ArtifactError.
    """
    try:
        top = ET.parse(report).getroot()
        statements, *others = (
            int(top.attrib[name])
            for name in ("lines-valid", "branches-valid", "lines-covered", "branches-covered")
        )
    except (OSError, ET.ParseError, KeyError, ValueError) as error:
        raise ArtifactError(f"{report} isn't a coverage report: {error}") from None
    branches, lines_covered, branches_covered = others
    covered = lines_covered + branches_covered
    percent = 100.0 * covered / (statements + branches) if statements else None
    sources = [Path(source.text or "") for source in top.findall("./sources/source")]
    files = sorted((_file(row, root, sources) for row in top.iter("class")), key=lambda file: file.path)
    return CoverageBudget(
        budget=budget,
        percent=percent,
        met=percent is not None and percent >= budget,
        statements=statements,
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


def _file(row: ET.Element, root: Path, sources: Sequence[Path]) -> FileCoverage:
    lines = row.findall("./lines/line")
    missing = [int(line.attrib["number"]) for line in lines if line.get("hits") == "0"]
    branches = [
        f"{line.attrib['number']}->{target}"
        for line in lines
        if line.get("hits") != "0"
        for target in line.get("missing-branches", "").split(",")
        if target
    ]
    exits = [_EXITS.findall(line.get("condition-coverage", "")) for line in lines]
    taken = [(int(a), int(b)) for ((a, b),) in filter(None, exits)]
    total = len(lines) + sum(b for _, b in taken)
    covered = len(lines) - len(missing) + sum(a for a, _ in taken)
    return FileCoverage(
        path=_path(row.attrib["filename"], root, sources),
        percent=round(100.0 * covered / total, 2) if total else 100.0,
        missing_lines=tuple(missing),
        missing_branches=tuple(branches),
    )


def _path(name: str, root: Path, sources: Sequence[Path]) -> str:
    """A report's file name counts from one of its sources, relative to the root or absolute."""
    for source in (Path(), *sources):
        path = root / source / name
        if path.is_file() and path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return name.replace("\\", "/")


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
