"""A run in short Markdown, red first: for the page of a job on GitHub, and for a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator

from atomci.artifacts.printed.reported import AtomReport, RedRow, RunReport, TestReport
from atomci.report.page.document import plain

__all__ = ["COMMENT_LIMIT", "SUMMARY_LIMIT", "markdown"]

SUMMARY_LIMIT = 1_000_000
"""Bytes that GitHub takes for a step's summary; it drops one that is larger, with all that it says."""
COMMENT_LIMIT = 60_000
"""Bytes of a comment, of which GitHub takes 65,536 characters."""
_PROBLEMS = 50
_REPORTS = 3
_REPORT_LINES = 25
_LONGEST = 300
_LEAST = 500
"""Bytes below which nothing of a run can be said."""
_OVERRIDDEN = "⚠️"
_MARKS = {"pass": "✅", "fail": "❌", "vacuous": "❌", "error": "💥", "skipped": "⚪", "unfinished": "⏳"}


def markdown(report: RunReport, limit: int = SUMMARY_LIMIT) -> str:
    """The verdict, what is red, and a row for each atom, in `limit` bytes of UTF-8; nothing in too few.

    No text of a tool or a test can end its place, bring markup or mention anybody.
    """
    if limit < _LEAST:
        return ""
    lines, left = list[str](), limit - 200
    for line in _lines(report):
        left -= len(line.encode("utf-8", "replace")) + 1
        if left < 0:
            lines += ["", "The rest doesn't fit here: it is on the page, `artifacts/index.html`."]
            break
        lines.append(line)
    return "\n".join(lines) + "\n\n"


def _lines(report: RunReport) -> Iterator[str]:
    yield f"### {report.verdict} in {report.seconds:.1f} s"
    yield ""
    if report.problems:
        yield from _problems(report)
    if report.coverage and report.coverage.percent is not None:
        measured = report.coverage
        met = "met" if measured.met else "not met"
        said = measured.said or f"{measured.percent:.2f} % covered, budget {measured.budget:g} %"
        yield f"Coverage: `{_code(said)}`. The budget is {met}."
        yield ""
    if flaky := [test.nodeid for test in report.tests if test.flaky]:
        more = f" and {len(flaky) - 5} more" if len(flaky) > 5 else ""
        yield f"Passed on retry: {', '.join(f'`{_code(nodeid)}`' for nodeid in flaky[:5])}{more}."
        yield ""
    if quarantined := [test for test in report.tests if test.quarantine]:
        yield from (f"- {_quarantined(test)}" for test in quarantined[:5])
        yield from [f"- and {len(quarantined) - 5} more in quarantine"] if len(quarantined) > 5 else []
        yield ""
    yield from (f"Note: {_cell(note)}.\n" for note in report.notes)
    yield "| | atom | examined | seconds | |"
    yield "|-|-|-:|-:|-|"
    for atom in report.atoms:
        yield _row(atom)


def _problems(report: RunReport) -> Iterator[str]:
    for problem in report.problems[:_PROBLEMS]:
        yield f"- {_problem(problem)}"
    if (more := len(report.problems) - _PROBLEMS) > 0:
        yield f"- and {more} more on the page, `artifacts/index.html`"
    yield ""
    for problem in [row for row in report.problems if row.finding and row.details][:_REPORTS]:
        yield from _details(problem)


def _problem(problem: RedRow) -> str:
    excused = f" {_cell(problem.overridden)}" if problem.overridden else ""
    if problem.finding is None:
        return f"`{_code(problem.atom)}`: {_cell(problem.reason)}{excused}"
    return f"`{_code(str(problem.finding))}`{excused}"


def _quarantined(test: TestReport) -> str:
    how = "failed" if test.outcome == "quarantined" else test.outcome
    return f"Quarantined: `{_code(test.nodeid)}` {how} ({_cell(str(test.quarantine))})"


def _details(problem: RedRow) -> Iterator[str]:
    """The end of a test's report, in a fence that none of its lines can close."""
    assert problem.finding is not None
    lines = [line[:_LONGEST] for line in plain(problem.details).splitlines()[-_REPORT_LINES:]]
    ticks = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, ticks + 1)
    yield f"<details><summary><code>{_html(problem.finding.rule)}</code></summary>"
    yield from ("", f"{fence}text", *lines, fence, "", "</details>", "")


def _row(atom: AtomReport) -> str:
    said = "; ".join(filter(None, (atom.reason, atom.override)))
    mark = _OVERRIDDEN if atom.overridden else _MARKS[atom.status]
    seconds = 0.0 if atom.began is None or atom.ended is None else atom.ended - atom.began
    cells = (f"`{_code(atom.name)}`", f"{atom.examined} {_cell(atom.unit)}", f"{seconds:.1f}", _cell(said))
    return f"| {mark} | {' | '.join(cells)} |"


def _code(text: str) -> str:
    """Text that can't end a code span."""
    line = " ".join(plain(text).split()).replace("`", "'")
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _cell(text: str) -> str:
    """Text that can't end a cell, and brings no markup, link or mention of its own."""
    escaped = re.sub(r"([\\*_\[\]|~$!])", r"\\\1", _code(text))
    return _html(escaped).replace("@", "@\u200b").replace("://", ":\u200b//").replace("#", "#\u200b")


def _html(text: str) -> str:
    return plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
