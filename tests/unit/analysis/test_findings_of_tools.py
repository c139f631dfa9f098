"""What tools print, as findings, and what isn't a finding."""

from pathlib import Path

import pytest

from atomci.analysis import black, lanes, mypy, ruff_format
from atomci.analysis.diffs import first_changes
from atomci.analysis.parsers import lines
from atomci.analysis.paths import relative
from atomci.analysis.table import TOOLS
from atomci.artifacts.handed.schemas import Finding, Findings
from atomci.tools.process import Command, Completed

ROOT = Path("/p")


def _done(code: int, out: str = "", err: str = "") -> Completed:
    return Completed(Command(("tool",)), code, out, err, 0.1)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("src/a.py", "src/a.py"),
        ("./src/a.py", "src/a.py"),
        ("/p/src/a.py", "src/a.py"),
        ("src/../src/a.py", "src/a.py"),
        ("/elsewhere/a.py", "/elsewhere/a.py"),
        ("../a.py", "../a.py"),
    ],
)
def test_paths_are_named_from_the_root(given: str, wanted: str) -> None:
    assert relative(given, ROOT) == wanted


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (
            "error: cannot format /p/src/a.py: Cannot parse for target version Python 3.11: 4:11: def f(:",
            ("src/a.py", 4, 12),
        ),
        ("error: cannot parse: /p/src/a.py:4:11\n    def f(:\n           ^", ("src/a.py", 4, 12)),
        (
            "error: cannot parse for target version Python 3.15: /p/src/a.py:4:11\n    def f(:\n           ^\nParseError: bad input",
            ("src/a.py", 4, 12),
        ),
        ("error: cannot format /p/src/a.py: INTERNAL ERROR: Black produced code that", ("src/a.py", 1, 1)),
    ],
)
def test_what_black_cannot_format_is_a_finding_in_old_and_new_words(
    text: str, place: tuple[str, int, int]
) -> None:
    said = f"{text}\n\nOh no! 💥 💔 💥\n1 file would fail to reformat.\n"
    (finding,) = black.parse(_done(123, "", said), ROOT).findings
    assert (finding.path, finding.line, finding.column) == place
    assert (finding.rule, finding.fixable) == ("unparsable", False)


def test_the_first_changed_line_comes_from_a_diff() -> None:
    diff = (
        "--- /p/src/a.py\t2026-01-01\n+++ /p/src/a.py\t2026-01-01\n@@ -3,4 +3,4 @@\n a\n b\n-c\n+d\n e\n"
        "--- /p/src/b.py\t2026-01-01\n+++ /p/src/b.py\t2026-01-01\n@@ -0,0 +1 @@\n+x\n"
    )
    assert first_changes(diff, ROOT) == {"src/a.py": (5, ""), "src/b.py": (1, "")}


DIFF = "--- src/a.py\n+++ src/a.py\n@@ -4,2 +4,2 @@\n x\n-y  = 1\n+y = 1\n"


def test_ruffs_formatter_counts_what_it_formats_and_what_it_cannot_read() -> None:
    said = (
        "error: Failed to parse src/b.py:1:7: Expected a parameter\n"
        "error: Failed to read src/c.py: stream did not contain valid UTF-8\n"
        "1 file would be reformatted, 2 files already formatted\n"
    )
    reading = ruff_format.parse(_done(2, DIFF, said), ROOT)
    places = [(f.path, f.line, f.column, f.rule, f.lane, f.fixable) for f in reading.findings]
    assert places == [
        ("src/a.py", 5, 1, "unformatted", "format", True),
        ("src/b.py", 1, 7, "unparsable", "format", False),
        ("src/c.py", 1, 1, "unparsable", "format", False),
    ]
    assert reading.examined == 5


def test_a_diff_of_ruffs_formatter_that_ends_early_is_not_believed() -> None:
    reading = ruff_format.parse(_done(1, DIFF, "2 files would be reformatted\n"), ROOT)
    assert "it counts 2 files, and its diff shows 1" in reading.broken
    assert ruff_format.parse(_done(0, "", "3 files already formatted\n"), ROOT).examined == 3


def test_lines_that_look_like_a_diffs_head_or_end_are_none() -> None:
    diff = (
        '--- src/a.py\n+++ src/a.py\n@@ -1,4 +1,3 @@\n """\n--- was\n-\x0c--- x\n+\x0cx\n """\n'
        "\\ No newline at end of file\n--- src/b.py\n+++ src/b.py\n@@ -9 +9 @@\n-x  = 1\n+x = 1\n"
    )
    assert first_changes(diff, ROOT) == {"src/a.py": (2, ""), "src/b.py": (9, "")}


def test_a_hunk_ends_where_its_head_says() -> None:
    grown = "--- a.py\t2026\t01\n+++ a.py\n@@ -3 +3,3 @@\n-x\n+y\n+\n+z\n"
    shrunk = "--- b.py\n+++ b.py\n@@ -5,3 +5 @@\n x\n-\n-y\n"
    last = "--- c.py\n+++ c.py\n@@ -7,2 +7,2 @@\n x\n-y\n+z\n"
    lines = {path: change.line for path, change in first_changes(grown + shrunk + last, ROOT).items()}
    assert lines == {"a.py\t2026": 3, "b.py": 6, "c.py": 8}


def test_a_carriage_return_alone_ends_a_line_of_a_diff_and_a_separator_does_not() -> None:
    old_mac = "--- a.py\t2026\r+++ a.py\t2026\r@@ -1,3 +1,3 @@\r x\r-y  = 1\r+y = 1\r z\r"
    separators = "--- b.py\n+++ b.py\n@@ -1,3 +1,3 @@\n # a\u2028b\x0cc\x85d\n x\n-y  = 1\n+y = 1\n"
    crlf = "--- c.py\r\n+++ c.py\r\n@@ -4 +4 @@\r\n-y  = 1\r\n+y = 1\r\n"
    assert first_changes(old_mac + separators + crlf, ROOT) == {
        "a.py": (2, ""),
        "b.py": (3, ""),
        "c.py": (4, ""),
    }


@pytest.mark.parametrize("cells", [("cell 2", "cell 3"), ("cell_1", "cell_2")])
def test_the_cells_of_a_notebook_are_one_file(cells: tuple[str, str]) -> None:
    diff = "".join(
        f"--- nb.ipynb:{cell}\n+++ nb.ipynb:{cell}\n@@ -2 +2 @@\n-y  = 1\n+y = 1\n" for cell in cells
    )
    assert first_changes(diff, ROOT) == {"nb.ipynb": (2, cells[0])}


def test_mypys_json_counts_columns_from_zero_and_its_notes_are_no_findings() -> None:
    rows = (
        '{"file": "src/a.py", "line": 3, "column": 0, "message": "bad", "hint": "do", "code": null, "severity": "error"}\n'
        '{"file": "src/b.py", "line": 3, "column": 0, "message": "see", "hint": null, "code": null, "severity": "note"}\n'
    )
    (finding,) = mypy.parse(_done(1, rows), ROOT).findings
    assert (finding.line, finding.column, finding.rule, finding.message) == (3, 1, "mypy", "bad (do)")


def test_mypys_lines_are_read_with_the_notes_at_their_place_and_without_a_place() -> None:
    said = (
        'src/a.py: note: In function "g":\n'
        "src/a.py:7:12: error: Incompatible types  [assignment]\n"
        "src/a.py:7:12: note: Following member(s) have conflicts:\n"
        "src/a.py:7:12: note:     Expected:\n"
        'src/a.py:8:17: note: Revealed type is "x: error:"\n'
        "src/b c.py:3: error: an older one, without columns [sic]\n"
        'two/p/__init__.py: error: Duplicate module named "p"\n'
        "Found 4 errors in 3 files (errors prevented further checking)\n"
    )
    reading = mypy.parse(_done(2, said), ROOT)
    assert [(f.path, f.line, f.column, f.rule, f.message) for f in reading.findings] == [
        (
            "src/a.py",
            7,
            12,
            "assignment",
            "Incompatible types (Following member(s) have conflicts:; Expected:)",
        ),
        ("src/b c.py", 3, 1, "mypy", "an older one, without columns [sic]"),
        ("two/p/__init__.py", 1, 1, "mypy", 'Duplicate module named "p"'),
    ]


@pytest.mark.parametrize("name", TOOLS)
def test_a_tool_that_broke_found_nothing_and_says_so(name: str) -> None:
    reading = TOOLS[name].parse(_done(2, "", "went wrong"), ROOT, name)
    assert reading.findings == ()
    assert "went wrong" in reading.broken


def test_lines_are_read_with_and_without_columns_and_nothing_else_is() -> None:
    text = "src/a.py:3:5: E1 bad\nsrc/b.py:7: odd\nno line here\n  src/c.py:1: indented\nhttp://x:80: y\nDone: 3\n"
    found = [(f.path, f.line, f.column, f.message) for f in lines(_done(1, text), ROOT, "tool").findings]
    assert found == [("src/a.py", 3, 5, "E1 bad"), ("src/b.py", 7, 1, "odd")]


def _report(mend: str, *lanes: str) -> Findings:
    found = [
        Finding(path="a", line=1, tool="t", rule="r", message="m", lane=lane, fixable=lane != "type")  # type: ignore[arg-type]
        for lane in lanes
    ]
    return Findings(tool="t", version="", atom="run_it", examined=1, findings=tuple(found), mend=mend)


def test_lanes_come_in_the_order_of_mending_with_the_commands_of_their_reports() -> None:
    reports = [
        _report("", "type"),
        _report("black .", "format", "format"),
        _report("lint it", "lint", "type"),
    ]
    result = lanes.classify(reports, "uv run ")
    assert result.lane == "lint"
    assert [(row.lane, row.findings, row.fixable, row.command) for row in result.lanes] == [
        ("lint", 1, 1, "uv run lint it"),
        ("format", 2, 2, "uv run black ."),
        ("type", 2, 0, "uv run atomci run run_it"),
    ]
