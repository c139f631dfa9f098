"""The report of a fix, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from atomci.artifacts.handed.autofix import FixAttempt, FixReport
from atomci.artifacts.handed.failures import Failure
from atomci.visible import visible

__all__ = ["failure_line", "fix_markdown", "verdict_line"]

_SAID = {
    "green": "Nothing was red",
    "fixed": "Fixed",
    "not_fixable": "What is red can't be fixed by a change of the code",
    "no_fixer": "The tools are done, and no fixer is configured for the rest",
    "no_progress": "Stopped: no progress",
    "oscillation": "Stopped: it goes in circles",
    "attempts": "Stopped: all attempts are used",
    "wall": "Stopped: the time is over",
    "tokens": "Stopped: the tokens are used",
    "usd": "Stopped: the money is used",
    "scope": "Refused: it changes what it may not",
    "weakening": "Refused: it weakens the checks",
    "unproven": "Not proved: it isn't green in a fresh copy",
    "infrastructure": "Broken: the gate or the fixer couldn't work",
}


def verdict_line(report: FixReport) -> str:
    """How it ended, in one line."""
    said = _SAID[report.stop]
    return f"{said}: {report.reason}" if report.reason and report.stop not in ("green", "no_fixer") else said


def failure_line(failure: Failure) -> str:
    """A failure, in one line."""
    place = failure.test or (f"{failure.path}:{failure.line}" if failure.line else failure.path)
    return f"{failure.kind}: {visible(place or failure.atom)}: {visible(failure.message)}"


def fix_markdown(report: FixReport) -> str:
    """What was red, what was tried, what is proposed, and what is left."""
    lines = [f"# atomci fix: {report.stop}", "", f"{visible(verdict_line(report))}.", ""]
    lines += [f"Run {report.run}, {report.time}, {report.seconds:.1f} s.", ""]
    lines += [f"- {visible(note)}" for note in report.notes]
    lines += _failures(f"Red at the start: {len(report.red)}", report.red)
    for number, attempt in enumerate(report.attempts, 1):
        lines += ["", f"## Attempt {number}, by the {attempt.by}: {_ended(attempt)}", "", *_attempt(attempt)]
    if report.files:
        rows = [f"- {visible(row.path)} +{row.added} -{row.removed}" for row in report.files]
        lines += ["", "## The patch", "", *rows, ""]
        if report.dropped:
            lines += [f"Parts of the change that weren't needed: {report.dropped}. They are left out.", ""]
        lines += [f"To have it here: `{report.apply}`"]
    lines += _failures(f"Still red: {len(report.left)}", report.left)
    return "\n".join(lines) + "\n"


def _failures(title: str, failures: Sequence[Failure]) -> list[str]:
    return ["", f"## {title}", "", *(f"- {failure_line(each)}" for each in failures)] if failures else []


def _ended(attempt: FixAttempt) -> str:
    return "kept" if attempt.kept else "refused" if attempt.refused else "taken back"


def _attempt(attempt: FixAttempt) -> Iterator[str]:
    changed = ", ".join(map(visible, attempt.changed))
    yield f"- changed: {changed or 'nothing'}"
    for word, failures in (("went away", attempt.gone), ("came", attempt.came)):
        yield from (f"- {word}: {failure_line(each)}" for each in failures)
    for each in attempt.refused:
        place = f"{each.path}:{each.line}: " if each.line else f"{each.path}: " if each.path else ""
        yield f"- refused by the rule {each.rule}: {visible(place)}{visible(each.message)}"
    if attempt.usage.total is not None:
        yield f"- used: {attempt.usage.total:,} tokens"
    if attempt.usage.usd is not None:
        yield f"- cost: ${attempt.usage.usd:.2f}"
    if attempt.record:
        yield f"- record: {attempt.record}"
