"""How much of a change is covered, against its own budget."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from atomci.artifacts.handed.schemas import Finding
from atomci.artifacts.handed.testing import ChangeCoverage, ChangedStatements
from atomci.testing.measurement.line_ranges import line_ranges

__all__ = ["Changes", "findings_of", "judged", "said"]

_FILES_SHOWN = 10


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What coverage says of the changed lines (coverage_report.py).

    `unknown` are changed files that its report doesn't have, `elsewhere` those that it measured outside of
    the project, `packages` the folders of those inside.
    """

    files: tuple[ChangedStatements, ...] = ()
    unknown: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()


def judged(found: Changes, since: str, budget: float) -> ChangeCoverage:
    """The verdict. A file of which nothing is known is never taken for covered."""
    covered = sum(file.covered for file in found.files)
    statements = covered + sum(len(file.missing) for file in found.files)
    percent = 100.0 * covered / statements if statements else None
    unknown, why = _unknown(found)
    return ChangeCoverage(
        since=since,
        budget=budget,
        percent=percent,
        met=not unknown and (percent is None or percent >= budget),
        files=found.files,
        unknown=unknown,
        why_unknown=why,
        unmeasured=tuple(path for path in found.unknown if path not in unknown),
    )


def _unknown(found: Changes) -> tuple[tuple[str, ...], str]:
    """Changed files that ought to have been measured, and why they weren't."""
    twins = {
        path: twin
        for path in found.unknown
        if (twin := next((place for place in found.elsewhere if _ends_alike(place, path)), None))
    }
    if twins:
        hint = '[tool.coverage.paths] source = ["src", "*/site-packages"], or an editable installation'
        return tuple(twins), f"{next(iter(twins.values()))} was measured in its place: {hint}"
    owed = [path for path in found.unknown if path.startswith(tuple(f"{one}/" for one in found.packages))]
    return tuple(owed), "no test imports it, or [tool.coverage.run] source doesn't hold it" if owed else ""


def _ends_alike(place: str, path: str) -> bool:
    """Whether both are the same module of the same package, installed and not."""
    parts = path.split("/")
    parts = parts[1:] if parts[0] in ("src", "lib") else parts
    return place.replace("\\", "/").endswith("/" + "/".join(parts)) and len(parts) > 1


def said(change: ChangeCoverage) -> str:
    """`87.50 % of 16 changed statements since main covered, budget 90 %`."""
    if change.unknown:
        more = f" and {len(change.unknown) - 1} more" if len(change.unknown) > 1 else ""
        return f"coverage knows nothing of {change.unknown[0]}{more}, which changed: {change.why_unknown}"
    if change.percent is None:
        return _without_statements(change)
    statements = sum(file.covered + len(file.missing) for file in change.files)
    percent = change.percent
    shown = f"{percent:.2f}" if (round(percent, 2) >= change.budget) == change.met else f"{percent:.6f}"
    which = "1 changed statement" if statements == 1 else f"{statements} changed statements"
    return f"{shown} % of {which} since {change.since} covered, budget {change.budget:g} %"


def _without_statements(change: ChangeCoverage) -> str:
    if not change.unmeasured:
        return f"no statement changed since {change.since}"
    first, *rest = change.unmeasured
    which = f"{first} and {len(rest)} more, which aren't" if rest else f"{first}, which isn't"
    return f"no statement changed since {change.since} but in {which} measured"


def findings_of(change: ChangeCoverage) -> Iterator[Finding]:
    """Which changed lines to cover, the files with most of them first."""
    for file in _worst_first(change.files)[:_FILES_SHOWN]:
        lines = line_ranges(file.missing)
        yield Finding(
            path=file.path,
            line=file.missing[0],
            tool="coverage",
            rule="uncovered-change",
            message=f"changed and not covered: {'line' if len(file.missing) == 1 else 'lines'} {lines}",
        )


def _worst_first(files: Sequence[ChangedStatements]) -> list[ChangedStatements]:
    return sorted((file for file in files if file.missing), key=lambda file: -len(file.missing))
