"""The page of a run: HTML with its own style, script and data, which asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

import msgspec
from msgspec import structs

from atomci.artifacts.printed.reported import AtomReport, RunReport
from atomci.visible import visible_lines

__all__ = ["page", "part", "plain", "policy"]

_TONES = {"green": "good", "overridden": "odd", "interrupted": "odd", "unfinished": "odd"}
_STATUS_TONES = {"pass": "good", "skipped": "idle", "unfinished": "odd"}
_WORDS = {"pass": "ok", "fail": "FAIL", "skipped": "skipped", "vacuous": "VACUOUS", "error": "ERROR"}
# Colours and moves of a terminal, with what they end with.
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
# The problems that are also there where no script runs.
_WITHOUT_SCRIPT = 50
_WIDE = 1000
# What a page holds: rows, and characters of reports of tests, which are up to 20,000 for each.
_PROBLEMS, _TESTS = 20_000, 50_000
_DETAILS = 4_000_000


def page(report: RunReport, again: str, hrefs: Mapping[str, str]) -> str:
    """The HTML. `again` leads to the command that runs an atom; `hrefs` has the address of an atom's log."""
    report = _bounded(report)
    style, script = part("page.css"), part("page.js")
    shown = _shown(msgspec.to_builtins(report, str_keys=True))
    for atom in shown["atoms"]:
        atom["href"] = hrefs.get(atom["name"], "")
    shown["again"] = again
    return Template(part("page.html")).substitute(
        policy=policy(style, script),
        style=style,
        script=script,
        data=_json(shown),
        title=_text(f"{report.verdict}: {' '.join(report.targets)}"),
        verdict=_text(report.verdict),
        tone=_TONES.get(report.verdict, "bad"),
        targets=_text(" ".join(report.targets)),
        counts=_text(_counts(report)),
        facts=_text(" · ".join(filter(None, _facts(report)))),
        notes="".join(f'<p class="note">{_text(note)}</p>' for note in report.notes),
        problems=_problems(report),
        path=_text(_path(report)),
        timeline=_timeline(report),
        made=_text(f"Made by atomci {report.atomci} from artifacts/runs/{report.run}/events.jsonl."),
    )


def _bounded(report: RunReport) -> RunReport:
    """So much that a browser can show it, and a note on the rest; what is red first stays."""
    left, problems, without = _DETAILS, [], 0
    for problem in report.problems[:_PROBLEMS]:
        left -= len(problem.details)
        without += bool(problem.details) and left < 0
        problems.append(structs.replace(problem, details="") if left < 0 else problem)
    notes = [
        f"the reports of {without} failed tests and broken atoms are in their logs only" if without else "",
        _beyond("problems", len(report.problems), _PROBLEMS),
        _beyond("tests", len(report.tests), _TESTS),
    ]
    return structs.replace(
        report,
        problems=tuple(problems),
        tests=report.tests[:_TESTS],
        notes=(*report.notes, *filter(None, notes)),
    )


def _beyond(what: str, count: int, shown: int) -> str:
    return (
        f"{count} {what}, and this page holds the first {shown}; the logs have all" if count > shown else ""
    )


@cache
def part(name: str) -> str:
    """A file of this folder."""
    return files("atomci.report.page").joinpath(name).read_text(encoding="utf-8")


def policy(style: str, script: str = "") -> str:
    """The Content-Security-Policy that lets only this style and this script in."""
    scripts = f" script-src '{_hash(script)}';" if script else ""
    return f"default-src 'none'; style-src '{_hash(style)}';{scripts} base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _json(value: Any) -> str:
    """JSON that can't end the element that it stands in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def plain(text: str) -> str:
    """Text as people may see it: nothing in it is hidden, or turns the line around."""
    if text.isascii() and text.isprintable():
        return text
    return visible_lines(_ANSI.sub("", text))


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {plain(key): _shown(inner) for key, inner in value.items()}
    return [_shown(inner) for inner in value] if isinstance(value, list | tuple) else value


def _text(value: str) -> str:
    return escape(plain(value))


def _counts(report: RunReport) -> str:
    atoms = ", ".join(f"{count} {_WORDS.get(status, status)}" for status, count in report.counts.items())
    tests: dict[str, int] = {}
    for test in report.tests:
        word = "flaky" if test.flaky else test.outcome
        tests[word] = tests.get(word, 0) + 1
    said = ", ".join(f"{count} {word}" for word, count in tests.items())
    return f"atoms: {atoms or 'none'}" + (f"; tests: {said}" if said else "")


def _facts(report: RunReport) -> Iterator[str]:
    yield f"{report.seconds:.1f} s"
    yield report.time.replace("T", " ").partition(".")[0] + " UTC"
    yield f"Python {report.python}" if report.python else ""
    yield report.system
    yield "" if report.event in ("", "local") else report.event
    yield f"commit {report.commit[:10]}" if report.commit else ""
    yield f"{report.jobs} at a time"


def _problems(report: RunReport) -> str:
    """For where no script runs."""
    rows = [
        str(problem.finding) if problem.finding else f"{problem.atom}: {problem.reason}"
        for problem in report.problems[:_WITHOUT_SCRIPT]
    ]
    more = len(report.problems) - len(rows)
    if more > 0:
        rows.append(f"and {more} more, which this page shows where scripts may run")
    items = "".join(f"<li>{_text(row)}</li>" for row in rows)
    return f"<h2>Problems</h2><ul>{items or '<li>Nothing is red.</li>'}</ul>"


def _path(report: RunReport) -> str:
    path = sorted((a for a in report.atoms if a.critical), key=lambda a: a.began or 0.0)
    if not path:
        return "No atom had a turn."
    return f"The run waited for: {' → '.join(atom.name for atom in path)}. They are in bold."


def _timeline(report: RunReport) -> str:
    whole = max([report.seconds, *(atom.ended or 0.0 for atom in report.atoms)]) or 1.0
    ordered = sorted(report.atoms, key=lambda a: (a.began is None, a.began or 0.0))
    return f'<ul class="timeline">{"".join(_row(atom, whole) for atom in ordered)}</ul>'


def _row(atom: AtomReport, whole: float) -> str:
    word = _WORDS.get(atom.status, atom.status)
    tone = _STATUS_TONES.get(atom.status, "bad")
    name = f"{atom.number:03d} {atom.name}" if atom.number is not None else atom.name
    said = "; ".join(filter(None, _said(atom)))
    bar, taken = "<span></span>", "unchanged" if atom.cached else ""
    if atom.began is not None:
        ended = whole if atom.ended is None else atom.ended
        x, width = atom.began / whole * _WIDE, max(2.0, (ended - atom.began) / whole * _WIDE)
        when = f"from {atom.began:.2f} s to {ended:.2f} s"
        taken = taken or f"{ended - atom.began:.2f} s"
        bar = (
            f'<svg viewBox="0 0 {_WIDE} 10" preserveAspectRatio="none" role="img" aria-label="{when}">'
            f'<rect class="{tone}" x="{min(x, _WIDE - 2.0):.1f}" width="{width:.1f}" height="10"/></svg>'
        )
    return (
        f'<li class="row atom{" critical" if atom.critical else ""}" data-status="{_text(word)}">'
        f'<span class="{tone}">{_text(word)}</span><span class="name">{_text(name)}</span>{bar}'
        f'<span class="seconds">{_text(taken)}</span><span class="said">{_text(said)}</span></li>'
    )


def _said(atom: AtomReport) -> Iterator[str]:
    yield atom.reason
    yield f"{atom.examined} {atom.unit}" if atom.examined else ""
    yield atom.override
    yield atom.because
    yield f"began after {atom.waited_for}" if atom.waited_for else ""
    yield f"beside {', '.join(atom.beside)}" if atom.beside else ""
