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


@pytest.mark.parametrize(("code", "findings"), [(1, 1), (0, 0)], ids=["with --warnings", "without"])
def test_pyrights_warnings_are_findings_where_they_are_why_it_fails(code: int, findings: int) -> None:
    summary = {"filesAnalyzed": 1, "errorCount": 0, "warningCount": 1}

    read_ = read("pyright", {"generalDiagnostics": [row("warning")], "summary": summary}, code=code)

    assert (len(read_.findings), read_.broken) == (findings, "")


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


def test_pyrights_ends_are_exclusive_and_count_from_zero_too() -> None:
    place = {"start": {"line": 2, "character": 4}, "end": {"line": 3, "character": 6}}
    rows = [{**row(), "range": place}, {"file": "/p/a.py", "severity": "error", "message": "m"}]
    report = {"generalDiagnostics": rows, "summary": {"filesAnalyzed": 1, "errorCount": 2}}
    found = read("pyright", report).findings
    assert [(f.line, f.column, f.end_line, f.end_column) for f in found] == [(3, 5, 4, 7), (1, 1, None, None)]


RULES = [
    {"id": "R0", "helpUri": "https://x/R0", "defaultConfiguration": {"level": "error"}},
    {"id": "R1", "messageStrings": {"gap": {"text": "{0} isn't {1}"}}},
]


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ({"ruleId": "R0"}, ("R0", "error", "bad", "https://x/R0")),
        ({"ruleIndex": 0, "level": "note"}, ("R0", "note", "bad", "https://x/R0")),
        ({"rule": {"index": 1}}, ("R1", "warning", "bad", None)),
        ({"ruleId": "R9", "level": "none"}, ("R9", "note", "bad", None)),
        (
            {"ruleId": "R1", "message": {"id": "gap", "arguments": ["a", "b"]}},
            ("R1", "warning", "a isn't b", None),
        ),
        ({"ruleIndex": 7}, ("mine", "warning", "bad", None)),
    ],
)
def test_a_scans_rule_gives_the_level_the_page_and_the_text(keys: dict[str, Any], wanted: Any) -> None:
    driver = {"name": "scan", "rules": RULES}
    run = {"tool": {"driver": driver}, "results": [{"message": {"text": "bad"}, **keys}]}
    (found,) = read("sarif", {"runs": [run]}).findings
    assert (found.rule, found.level, found.message, found.url) == wanted


def test_a_scan_may_name_its_files_by_number_and_say_where_a_region_ends() -> None:
    region = {"startLine": 3, "startColumn": 2, "endColumn": 9}
    place = {"artifactLocation": {"index": 1}, "region": region}
    files = [{"location": {"uri": "a.py"}}, {"location": {"uri": "src/b.py"}}]
    run = {
        "tool": {"driver": {"name": "scan"}},
        "artifacts": files,
        "results": [{"message": {"text": "m"}, "locations": [{"physicalLocation": place}]}],
    }
    (found,) = read("sarif", {"runs": [run]}).findings
    assert (found.path, found.line, found.column, found.end_line, found.end_column) == (
        "src/b.py",
        3,
        2,
        3,
        9,
    )


def insecure(**more: Any) -> dict[str, Any]:
    place = {"line_number": 4, "col_offset": 11, "end_col_offset": 41, "line_range": [4, 5]}
    said = {"test_id": "B602", "issue_text": "shell", "issue_severity": "HIGH", "more_info": "https://x/b602"}
    return {"filename": "src/a.py", **place, **said, **more}


def of_bandit(*results: Any, errors: Any = (), files: tuple[str, ...] = ("src/a.py",)) -> dict[str, Any]:
    return {
        "errors": list(errors),
        "metrics": {"_totals": {}, **{name: {} for name in files}},
        "results": results,
    }


def test_bandits_columns_count_from_zero_and_severities_are_levels() -> None:
    report = of_bandit(
        insecure(),
        insecure(issue_severity="MEDIUM", col_offset=-1, end_col_offset=-1),
        insecure(issue_severity="LOW"),
    )
    reading = read("bandit", report)
    assert (reading.examined, reading.broken) == (1, "")
    first, second, third = reading.findings
    assert (first.line, first.column, first.end_line, first.end_column) == (4, 12, 5, 42)
    assert (first.rule, first.message, first.level, first.url) == ("B602", "shell", "error", "https://x/b602")
    assert (second.column, second.end_column, second.level, third.level) == (1, None, "warning", "note")


def test_what_bandit_cannot_parse_is_a_finding_although_it_exits_with_0() -> None:
    report = of_bandit(errors=[{"filename": "src/a.py", "reason": "syntax error"}])
    (found,) = read("bandit", report, code=0).findings
    assert (found.path, found.rule, found.message, found.unread) == (
        "src/a.py",
        "unparsable",
        "syntax error",
        True,
    )


@pytest.mark.parametrize(
    ("report", "code", "said"),
    [
        (
            of_bandit(errors=[{"filename": "./no", "reason": "No such file"}], files=()),
            0,
            "./no: No such file",
        ),
        (of_bandit(), 1, "it lists 0 findings"),
        (of_bandit(insecure()), 0, "it lists 1 findings"),
        (of_bandit(insecure()), -9, "exit -9"),
        ("", 2, "exit 2"),
    ],
)
def test_a_bandit_that_contradicts_itself_or_lacks_a_file_is_broken(
    report: Any, code: int, said: str
) -> None:
    assert said in read("bandit", report, code=code).broken


def test_where_bandit_found_no_file_nothing_was_examined() -> None:
    assert read("bandit", of_bandit(files=()), code=0) == Reading(examined=0)


@pytest.mark.parametrize("name", ["bandit", "pyright", "sarif"])
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
