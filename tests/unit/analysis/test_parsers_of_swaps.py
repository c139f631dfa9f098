"""What `reads` can name beside the atoms' own tools: pyright's JSON, and anybody's SARIF."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from atomci.analysis.parsers import PARSERS
from atomci.analysis.protocol import Reading
from atomci.tools.process import Command, Completed

ROOT = Path("/p")


def read(name: str, out: object, err: str = "", code: int = 1) -> Reading:
    text = out if isinstance(out, str) else json.dumps(out)
    return PARSERS[name](Completed(Command(("tool",)), code, text, err, 0.1), ROOT, "mine")


def row(severity: str = "error", **more: str) -> dict[str, Any]:
    start = {"line": 2, "character": 0}
    return {"file": "/p/src/a.py", "severity": severity, "message": "bad", "range": {"start": start}, **more}


def test_pyrights_lines_and_columns_count_from_zero_and_only_errors_are_findings() -> None:
    rows = [row(rule="reportX"), row("warning"), row("information"), row()]

    summary = {"filesAnalyzed": 1, "errorCount": 2}
    found = read("pyright", {"generalDiagnostics": rows, "summary": summary}).findings

    assert [(f.path, f.line, f.column, f.rule) for f in found] == [
        ("src/a.py", 3, 1, "reportX"),
        ("src/a.py", 3, 1, "pyright"),
    ]
    assert {(f.tool, f.lane, f.message) for f in found} == {("mine", "type", "bad")}


def result(uri: str, **more: Any) -> dict[str, Any]:
    region = {"region": more.pop("region")} if "region" in more else {}
    place = {"artifactLocation": {"uri": uri}, **region}
    return {"message": {"text": "bad"}, "locations": [{"physicalLocation": place}], **more}


def test_sarif_is_read_of_every_run_also_where_it_says_little() -> None:
    rows = [
        result("file:///p/src/a.py", ruleId="R1", region={"startLine": 3, "startColumn": 4}),
        result("src/b.py", region={"startLine": 7}),
        result("src/c.py"),
    ]
    runs: list[dict[str, Any]] = [
        {"tool": {"driver": {"name": "one"}}, "results": rows},
        {"tool": {"driver": {"name": "two"}}, "results": []},
        {"tool": {"driver": {"name": "three"}}, "results": [result("d.py")]},
    ]

    found = read("sarif", {"runs": runs}).findings

    assert [(f.tool, f.path, f.line, f.column, f.rule, f.message) for f in found] == [
        ("one", "src/a.py", 3, 4, "R1", "bad"),
        ("one", "src/b.py", 7, 1, "mine", "bad"),
        ("one", "src/c.py", 1, 1, "mine", "bad"),
        ("three", "d.py", 1, 1, "mine", "bad"),
    ]


@pytest.mark.parametrize("name", ["pyright", "sarif"])
@pytest.mark.parametrize(
    ("out", "err", "said"),
    [
        ("no JSON", "", "exit 4, and parser {!r} can't read its output: .*: no JSON$"),
        (
            "no JSON",
            " no such option\n",
            "exit 4, and parser {!r} can't read its output: .*: no such option$",
        ),
        ("", "x" * 400, "[^x]x{{300}}$"),
        ("[]", "", "parser {!r} expects an object$"),
    ],
)
def test_what_cannot_be_read_is_broken_and_no_finding(name: str, out: str, err: str, said: str) -> None:
    reading = read(name, out, err, code=4)

    assert reading.findings == ()
    assert re.search(said.format(name), reading.broken)


def test_lines_are_read_from_both_outputs_of_a_tool() -> None:
    found = read("lines", "a.py:1: one\n", "b.py:2:3:  two  \n").findings

    assert [(f.path, f.line, f.column, f.message) for f in found] == [
        ("a.py", 1, 1, "one"),
        ("b.py", 2, 3, "two"),
    ]
    assert {(f.tool, f.rule) for f in found} == {("mine", "mine")}
