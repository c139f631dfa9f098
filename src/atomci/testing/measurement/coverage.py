"""coverage.py's reports: how they are made, and the budget's verdict."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import structs

from atomci.artifacts.handed.runs import CoverageMeasured
from atomci.artifacts.handed.schemas import Finding
from atomci.artifacts.handed.testing import ChangeCoverage, CoverageBudget, FileCoverage
from atomci.decoding import decoded
from atomci.testing.measurement import changes
from atomci.testing.measurement.line_ranges import line_ranges
from atomci.tools.process import Completed

__all__ = [
    "SOURCES_VARIABLE",
    "Settled",
    "budget_of",
    "combine_arguments",
    "event",
    "findings",
    "is_met",
    "left_behind",
    "reading_arguments",
    "report_arguments",
    "said",
    "settled_arguments",
    "settled_by",
]

SOURCES_VARIABLE = "ATOMCI_SOURCES"
"""It names the folder of sources as coverage read them, for each of the programs below."""
_FILES_SHOWN = 10
_SOURCES = "atomci.testing.measurement.sources"
_UNUSABLE = re.compile(r"(?:Couldn't|Can't) .*")


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What coverage itself says of a run, by its own settings and rules (coverage_report.py).

    `settings` is the file that it read, `source` whether that limits what is measured, `shadowed` are budgets
    of files that it doesn't read. `under` is its verdict on `total`, in percent. `files` are those with lines
    or branches to cover. `error` stands alone.
    """

    budget: float = 0.0
    settings: str = ""
    source: bool = False
    shadowed: dict[str, float] = {}
    total: float = 0.0
    under: bool = False
    statements: int = 0
    files: tuple[FileCoverage, ...] = ()
    changes: changes.Changes | None = None
    error: str = ""


def report_arguments(kind: str, destination: str, data: str, rcfile: str = "") -> tuple[str, ...]:
    """The words after `python` for coverage's xml or html report; the budget isn't its business."""
    words = ("html", "--skip-covered", "-d") if kind == "html" else ("xml", "-o")
    return (
        "-m",
        _SOURCES,
        *words,
        destination,
        f"--data-file={data}",
        "--fail-under=0",
        "-q",
        *_rcfile(rcfile),
    )


def reading_arguments(folders: Sequence[str], rcfile: str = "") -> tuple[str, ...]:
    """The words after `python` that have coverage read the sources there, for its reports."""
    return ("-m", _SOURCES, "read", *_rcfile(rcfile), *folders)


def settled_arguments(
    data: str,
    rcfile: str = "",
    fail_under: str | None = None,
    precision: str | None = None,
    changed: str = "",
) -> tuple[str, ...]:
    """The words after `python` that print coverage's own verdict; the budget and the precision are options of
    pytest-cov, `changed` is a file of changed lines.
    """
    beside = [f"--fail-under={fail_under}"] if fail_under is not None else []
    beside += [f"--precision={precision}"] if precision is not None else []
    beside += [f"--changed={changed}"] if changed else []
    return (
        "-m",
        "atomci.testing.measurement.coverage_report",
        f"--data-file={data}",
        *_rcfile(rcfile),
        *beside,
    )


def _rcfile(path: str) -> tuple[str, ...]:
    return (f"--rcfile={path}",) if path else ()


def settled_by(done: Completed) -> Settled:
    """The last line of that program."""
    try:
        return decoded(done.stdout.strip().rpartition("\n")[2], Settled)
    except msgspec.DecodeError:
        return Settled(error=f"exit {done.code}: {done.last_line}")


def is_met(measured: CoverageBudget) -> bool:
    """Both budgets: that of the total, and that of the changed lines where there is one."""
    return measured.met and (measured.change is None or measured.change.met)


def said(measured: CoverageBudget) -> str:
    """`79.50 % covered, budget 80 %`, with as many digits as tell the two apart."""
    percent, budget = measured.percent or 0.0, measured.budget
    digits = next((n for n in range(2, 12) if (round(percent, n) >= budget) == (percent >= budget)), 12)
    text = f"{percent:.{digits}f} % covered, budget {budget:g} %"
    if measured.settings not in ("", "pyproject.toml"):
        text += f" of {measured.settings}"
    if measured.met and percent < budget:
        text += ", which coverage rounds to"
    unread = (f"{value:g} % in {path} isn't read" for path, value in measured.shadowed.items())
    change = (changes.said(measured.change),) if measured.change else ()
    if measured.layers != ("unit",):
        text = f"{' and '.join(measured.layers)} together: {text}"
    earlier = (f"{measured.reused:,} lines from earlier runs",) if measured.reused else ()
    return "; ".join((text, *change, *earlier, *unread))


def combine_arguments(data: str, files: Sequence[str], rcfile: str = "") -> tuple[str, ...]:
    """The words after `python -m coverage` that make one data file of several, which stay."""
    return ("combine", "--keep", "--quiet", f"--data-file={data}", *_rcfile(rcfile), *files)


def left_behind(done: Completed) -> str:
    """What `combine` couldn't take; it only warns of that, and ends with 0. Empty when it took all."""
    said = f"{done.stdout}\n{done.stderr}"
    if match := _UNUSABLE.search(said):
        return match[0]
    return f"coverage combine ended with exit code {done.code}: {said.strip()}" if done.code else ""


def budget_of(
    settled: Settled, root: Path, layers: Sequence[str] = ("unit",), change: ChangeCoverage | None = None
) -> CoverageBudget:
    """Coverage's verdict and what is to cover; `percent` is None when there was no statement to cover."""
    files = (structs.replace(file, path=_relative(file.path, root)) for file in settled.files)
    return CoverageBudget(
        budget=settled.budget,
        percent=settled.total if settled.statements else None,
        met=bool(settled.statements) and not settled.under,
        statements=settled.statements,
        settings=_relative(settled.settings, root),
        shadowed=settled.shadowed,
        files=tuple(sorted(files, key=lambda file: file.path)),
        layers=tuple(layers),
        change=change,
    )


def event(atom: str, coverage: CoverageBudget) -> CoverageMeasured:
    """What a run tells of it."""
    return CoverageMeasured(
        atom=atom,
        budget=coverage.budget,
        percent=coverage.percent,
        met=coverage.met,
        statements=coverage.statements,
        files=coverage.files,
    )


def findings(coverage: CoverageBudget) -> tuple[Finding, ...]:
    """Which lines to cover, the changed ones and the files with most of them first."""
    change = coverage.change
    changed = () if change is None or change.met else tuple(changes.findings_of(change))
    if coverage.met:
        return changed
    worst = sorted(coverage.files, key=lambda file: -len(file.missing_lines) - len(file.missing_branches))
    return (*changed, *(_finding(file) for file in worst[:_FILES_SHOWN]))


def _relative(path: str, root: Path) -> str:
    place = Path(path)
    inside = path and place.is_relative_to(root)
    return place.relative_to(root).as_posix() if inside else path.replace("\\", "/")


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
