"""A verdict from what a tool says: nothing said, an early end and counts that don't fit are none."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from atomci.analysis import black, mypy, ruff, ruff_format
from atomci.analysis.parsers import PARSERS
from atomci.analysis.protocol import Reading
from atomci.analysis.table import TOOLS
from atomci.tools.process import Command, Completed

ROOT = Path("/p")
TRACEBACK = (
    "Traceback (most recent call last):\n"
    + "  in a file\n" * 99
    + "ModuleNotFoundError: No module named 'x'\n"
)
ROW = {
    "filename": "/p/a.py",
    "code": "F401",
    "message": "m",
    "location": None,
    "end_location": None,
    "fix": None,
}
ERROR = {
    "file": "a.py",
    "line": 1,
    "column": 0,
    "message": "m",
    "hint": None,
    "code": "x",
    "severity": "error",
}
NOTE = {**ERROR, "severity": "note"}
PYRIGHT_ERROR = {"file": "/p/a.py", "severity": "error", "message": "m"}


def read(parser: str, code: int, out: str = "", err: str = "") -> Reading:
    return PARSERS[parser](Completed(Command(("tool",)), code, out, err, 0.1), ROOT, "tool")


def pyright(listed: int, counted: int) -> str:
    return json.dumps(
        {
            "generalDiagnostics": [PYRIGHT_ERROR] * listed,
            "summary": {"filesAnalyzed": 3, "errorCount": counted},
        }
    )


def sarif(*results: dict[str, Any], **run: Any) -> str:
    return json.dumps({"runs": [{"tool": {"driver": {"name": "scan"}}, "results": results, **run}]})


@pytest.mark.parametrize("parser", [name for name in PARSERS if name != "lines"])
@pytest.mark.parametrize("code", [0, 1])
def test_a_program_that_prints_nothing_gave_no_answer(parser: str, code: int) -> None:
    reading = read(parser, code)
    assert f"exit {code}" in reading.broken
    assert (reading.findings, reading.examined) == ((), None)


@pytest.mark.parametrize("name", TOOLS)
def test_a_program_that_cannot_be_imported_is_broken_in_its_own_last_words(name: str) -> None:
    assert "No module named 'x'" in read(name, 1, "", TRACEBACK).broken


BROKEN: dict[str, tuple[Any, ...]] = {
    "black with quiet": ("black", 0, "", "warning: something\n"),
    "black's files without their count": ("black", 1, "", "would reformat /p/a.py\n"),
    "black, of whose files a line is lost": (
        "black",
        1,
        "",
        "would reformat /p/a.py\n\nOh no! 💥 💔 💥\n2 files would be reformatted, 1 file would be left unchanged.\n",
    ),
    "black that is red without a reason": ("black", 1, "", "All done!\n3 files would be left unchanged.\n"),
    "black that was killed": ("black", -9, "", "would reformat /p/a.py\n1 file would be reformatted.\n"),
    "black of another version": (
        "black",
        1,
        "",
        "Oh no! 💥 💔 💥 The required version `1` does not match the running version `26.10.1`!\n",
    ),
    "black that formats": ("black", 0, "", "reformatted a.py\n\nAll done!\n1 file reformatted.\n"),
    "ruff's list cut short": ("ruff", 1, '[{"filename": "a.py"'),
    "ruff that is red without a reason": ("ruff", 1, "[]"),
    "ruff with another form": ("ruff", 0, "{}"),
    "ruff that was killed": ("ruff", -9, json.dumps([ROW])),
    "ruff's formatter, whose count is lost": ("ruff-format", 0, "", "warning: something\n"),
    "ruff's formatter that panicked": (
        "ruff-format",
        2,
        "--- a.py\n+++ a.py\n@@ -1 +1 @@\n-x  = 1\n+x = 1\n",
        "error: Panicked\n1 file would be reformatted\n",
    ),
    "mypy's errors without their count": ("mypy", 1, "a.py:1:1: error: m  [x]\n"),
    "mypy's count without its errors": ("mypy", 1, "Found 2 errors in 1 file (checked 3 source files)\n"),
    "mypy that succeeded and failed": ("mypy", 2, "Success: no issues found in 3 source files\n"),
    "mypy that was killed": (
        "mypy",
        -9,
        "a.py:1:1: error: m  [x]\nFound 1 error in 1 file (checked 3 source files)\n",
    ),
    "mypy that crashed": ("mypy", 2, "", "a.py:1: error: INTERNAL ERROR -- Please try using mypy master\n"),
    "mypy's JSON cut short": ("mypy", 1, json.dumps(ERROR) + '\n{"file": "b.py", "li'),
    "mypy's JSON, killed": ("mypy", -9, json.dumps(ERROR) + "\n"),
    "mypy's JSON of notes before a crash": ("mypy", 2, json.dumps(NOTE) + "\n"),
    "pyright, of whose errors one is lost": ("pyright", 1, pyright(1, 2)),
    "a scan that says it failed": (
        "sarif",
        0,
        sarif(invocations=[{"executionSuccessful": False, "toolExecutionNotifications": [{"message": {"text": "no rules"}}]}]),
    ),
    "a scan that didn't look": ("sarif", 0, sarif(results=None)),
    "a log without a run": ("sarif", 0, '{"runs": []}'),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_what_ended_early_or_contradicts_itself_is_broken(case: str) -> None:
    assert read(*BROKEN[case]).broken != ""


def test_a_scan_that_failed_says_why() -> None:
    assert "no rules" in read(*BROKEN["a scan that says it failed"]).broken


SAID: dict[str, tuple[Any, ...]] = {
    "black": ("black", 0, "", "a wasn't modified\n\nAll done! ✨ 🍰 ✨\n3 files would be left unchanged.\n"),
    "ruff's formatter": ("ruff-format", 0, "", "3 files already formatted\n"),
    "mypy": ("mypy", 0, "a.py:1: note: see\nSuccess: no issues found in 3 source files\n"),
    "pyright": ("pyright", 0, pyright(0, 0)),
}
NOTHING: dict[str, tuple[Any, ...]] = {
    "black": ("black", 0, "", "No Python files are present to be formatted. Nothing to do 😴\n"),
    "ruff's formatter": ("ruff-format", 0, "", "warning: No Python files found under the given path(s)\n"),
    "mypy": ("mypy", 2, "", "There are no .py[i] files in directory 'src'\n"),
}


@pytest.mark.parametrize("case", SAID)
def test_what_was_examined_is_the_tools_own_count(case: str) -> None:
    assert read(*SAID[case]) == Reading(examined=3)


@pytest.mark.parametrize("case", NOTHING)
def test_nothing_to_look_at_is_neither_a_pass_nor_a_break(case: str) -> None:
    assert read(*NOTHING[case]) == Reading(examined=0)


FOUND: dict[str, tuple[Any, ...]] = {
    "black": ("black", 123, "", "would reformat a.py\nerror: cannot parse: b.py:1:6\n\nOh no!\n"
    "1 file would be reformatted, 1 file would fail to reformat.\n"),
    "ruff's formatter": (
        "ruff-format",
        2,
        "--- a.py\n+++ a.py\n@@ -1 +1 @@\n-x  = 1\n+x = 1\n",
        "error: Failed to parse b.py:1:7: Expected a parameter\n1 file would be reformatted\n",
    ),
    "mypy": ("mypy", 1, "a.py:1:2: error: m  [x]\nFound 1 error in 1 file (checked 2 source files)\n"),
    "mypy's JSON": ("mypy", 1, f"{json.dumps(ERROR)}\n"),
    "ruff": ("ruff", 1, json.dumps([ROW], indent=1)),
}  # fmt: skip


@pytest.mark.parametrize("case", [*SAID.values(), *NOTHING.values(), *FOUND.values()])
def test_line_ends_of_windows_say_the_same(case: tuple[Any, ...]) -> None:
    parser, code, *streams = case
    reading = read(*case)
    assert reading.broken == ""
    assert read(parser, code, *(text.replace("\n", "\r\n") for text in streams)) == reading


def test_all_that_black_counts_was_examined() -> None:
    said = (
        "would reformat /p/a.py\nerror: cannot parse: /p/b.py:1:6\n    def f(: ...\n"
        "Skipping .ipynb files as Jupyter dependencies are not installed.\n\nOh no! 💥 💔 💥\n"
        "1 file would be reformatted, 4 files would be left unchanged, 1 file would fail to reformat.\n"
    )
    reading = read("black", 123, "", said)
    assert (reading.broken, len(reading.findings), reading.examined) == ("", 2, 6)
    assert "black[jupyter]" in reading.left_out


@pytest.mark.parametrize(
    ("out", "examined"),
    [
        ("src/p/a.py\n/p/scripts/tool\nw.pyw\nx.pyi\nnb.ipynb\npyproject.toml\nconfig/ruff.toml\n", 5),
        ("pyproject.toml\n", 0),
        ("", 0),
    ],
)
def test_ruff_examines_all_that_it_lists_but_settings(out: str, examined: int) -> None:
    assert ruff.count_files(Completed(Command(("ruff",)), 0, out, "", 0.1)) == examined


LOGGED = (
    "[2026-11-27][04:38:21][ruff::commands::check][DEBUG] Identified files to lint in: 5.2ms\n"
    "[2026-11-27][04:38:21][ruff::diagnostics][DEBUG] Checking: /p/a.py\n"
    "[2026-11-27][04:38:21][ruff::diagnostics][DEBUG] Checking: /p/ruff.toml\n"
    "[2026-11-27][04:38:21][ruff::commands::check][DEBUG] Checked 3 files in: 646.93µs\n"
)


def test_ruff_says_how_many_files_it_checked_and_which_of_them_are_settings() -> None:
    for log in (LOGGED, LOGGED.replace("\n", "\r\n")):
        assert ruff.count_checked(Completed(Command(("ruff",)), 0, "[]", log, 0.1)) == 2
    assert ruff.count_checked(Completed(Command(("ruff",)), 0, "[]", "", 0.1)) is None


def test_what_ruff_refuses_is_quoted_without_its_log() -> None:
    said = read("ruff", 2, "", f"{LOGGED}ruff failed\n  Cause: unknown field `nope`\n").broken
    assert said.endswith("(exit 2): ruff failed\n  Cause: unknown field `nope`")


def test_mypys_json_has_no_count_and_an_end_where_nothing_was_found() -> None:
    assert read("mypy", 0, "\n") == Reading()


def test_a_finding_of_ruff_may_have_no_place_or_a_cell() -> None:
    place = {"row": 2, "column": 8}
    rows = [ROW, {**ROW, "filename": "nb.ipynb", "cell": 3, "location": place, "end_location": place}]
    found = [(f.path, f.line, f.column, f.message) for f in read("ruff", 1, json.dumps(rows)).findings]
    assert found == [("a.py", 1, 1, "m"), ("nb.ipynb", 2, 8, "cell 3: m")]


def result(**keys: Any) -> dict[str, Any]:
    return {"ruleId": "r", "message": {"text": "m"}, **keys}


def at(uri: str, base: str = "") -> list[dict[str, Any]]:
    return [{"physicalLocation": {"artifactLocation": {"uri": uri, "uriBaseId": base}}}]


@pytest.mark.parametrize(
    ("locations", "path"),
    [
        ({}, "."),
        ({"locations": []}, "."),
        ({"locations": [{"logicalLocations": [{"name": "f"}]}]}, "."),
        ({"locations": at("src/a%20b.py")}, "src/a b.py"),
        ({"locations": at("file:///p/src/a.py")}, "src/a.py"),
        ({"locations": at("a.py", "SRC")}, "src/a.py"),
    ],
)
def test_a_result_of_a_scan_has_its_file_or_is_one_of_the_project(locations: Any, path: str) -> None:
    text = sarif(result(**locations), originalUriBaseIds={"SRC": {"uri": "file:///p/src/"}})
    (finding,) = read("sarif", 0, text).findings
    assert (finding.path, finding.line, finding.rule) == (path, 1, "r")


@pytest.mark.parametrize(
    ("keys", "counts"),
    [
        ({}, True),
        ({"kind": "review"}, True),
        ({"kind": "pass"}, False),
        ({"kind": "notApplicable"}, False),
        ({"baselineState": "absent"}, False),
        ({"suppressions": []}, True),
        ({"suppressions": [{"kind": "inSource"}]}, False),
        ({"suppressions": [{"kind": "external", "status": "underReview"}]}, True),
    ],
)
def test_a_result_counts_where_the_scan_itself_objects(keys: Any, counts: bool) -> None:
    assert bool(read("sarif", 0, sarif(result(**keys))).findings) is counts


@dataclass
class MadeUpSite:
    """A project of which only the names of files are made up, and what a program says."""

    root: Path
    paths: list[str]
    says: Callable[[tuple[str, ...]], tuple[int, str, str]]
    asked: list[tuple[str, ...]] = field(default_factory=list)
    processors: int | None = None
    given: dict[str, str] = field(default_factory=dict)

    def files(self, *globs: str) -> list[str]:
        return self.paths

    def tool(self, name: str) -> str:
        return name

    def run(self, command: Command) -> Completed:
        self.asked.append(command.argv)
        self.given.update(command.unsaid)
        return Completed(command, *self.says(command.argv), 0.1)


@pytest.mark.parametrize(
    ("processors", "own", "given"), [(None, "", ""), (1, "", "1"), (7, "", "7"), (1, "4", "")]
)
def test_black_leaves_processors_to_what_runs_beside_it(
    processors: int | None, own: str, given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if own:
        monkeypatch.setenv("BLACK_NUM_WORKERS", own)
    said = (0, "", "1 file would be left unchanged.\n")
    site = MadeUpSite(tmp_path, [], lambda argv: said, processors=processors)
    assert black.examine(site, None).examined == 1
    assert site.given.get("BLACK_NUM_WORKERS", "") == given


def test_ruffs_list_of_files_is_judged_too(tmp_path: Path) -> None:
    listing = (2, "", "ruff failed: it changed its mind")
    site = MadeUpSite(tmp_path, [], lambda argv: listing if "--show-files" in argv else (0, "[]", ""))
    assert "changed its mind" in ruff.examine(site, None).broken


@pytest.mark.parametrize(("listing", "examined"), [("pyproject.toml\n", 0), ("", None)])
def test_ruffs_formatter_is_silent_only_where_settings_are_all_that_is_there(
    tmp_path: Path, listing: str, examined: int | None
) -> None:
    site = MadeUpSite(tmp_path, [], lambda argv: (0, listing if "--show-files" in argv else "", ""))
    reading = ruff_format.examine(site, None)
    assert (reading.examined, bool(reading.broken)) == (examined, examined is None)


@pytest.mark.parametrize(("unformatted", "asked"), [(2, ["a0.py", "a1.py"]), (101, ["."])])
def test_blacks_lines_come_from_one_diff_that_fits_on_a_command_line(
    tmp_path: Path, unformatted: int, asked: list[str]
) -> None:
    names = [f"a{number}.py" for number in range(unformatted)]
    diff = "".join(f"--- {name}\t1\n+++ {name}\t1\n@@ -7 +7 @@\n-x  = 1\n+x = 1\n" for name in names)
    said = "error: cannot parse: torn.py:3:6\n" + "".join(f"would reformat {name}\n" for name in names)
    said += f"\n{unformatted} files would be reformatted, 1 file would fail to reformat.\n"
    site = MadeUpSite(tmp_path, [], lambda argv: (0, diff, "") if "--diff" in argv else (123, "", said))
    reading = black.examine(site, None)
    assert {(finding.line, finding.rule) for finding in reading.findings} == {
        (7, "unformatted"),
        (3, "unparsable"),
    }
    assert len(reading.findings) == reading.examined == unformatted + 1
    assert list(site.asked[1][-len(asked) :]) == asked


def test_where_black_shows_no_diff_the_file_is_still_a_finding(tmp_path: Path) -> None:
    said = "would reformat a.py\n\nOh no! 💥 💔 💥\n1 file would be reformatted.\n"
    site = MadeUpSite(tmp_path, [], lambda argv: (2, "", "no") if "--diff" in argv else (1, "", said))
    assert [(f.path, f.line, f.column) for f in black.examine(site, None).findings] == [("a.py", 1, 1)]


def mypy_without_settings(argv: tuple[str, ...]) -> tuple[int, str, str]:
    if all(word.startswith("-") for word in argv[1:]):
        return 2, "", "usage: mypy\nmypy: error: Missing target module, package, files, or command.\n"
    return 0, "Success: no issues found in 7 source files\n", ""


@pytest.mark.parametrize(
    ("paths", "named"),
    [
        ("src/a/__init__.py tests/test_a.py", "src"),
        ("src/ns/a/mod.py", "src"),
        ("a/__init__.py a/sub/__init__.py b/__init__.pyi tests/__init__.py setup.py", "a b"),
        ("ns/a/__init__.py ns/b/__init__.py docs/conf.py", "ns/a ns/b"),
        ("packages/a/src/a/__init__.py packages/a/tests/__init__.py", "packages/a/src/a"),
        ("six.py setup.py test/test_six.py", "six.py"),
        ("ns/a/mod.py noxfile.py", "ns"),
        ("a-stubs/__init__.pyi", "a-stubs"),
    ],
)
def test_where_no_settings_name_files_mypy_is_asked_for_what_is_shipped(
    tmp_path: Path, paths: str, named: str
) -> None:
    site = MadeUpSite(tmp_path, paths.split(), mypy_without_settings)
    for path in site.paths:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
        os.utime(tmp_path / path, (0, 0))  # so long ago that mypy's cache can be trusted
    reading = mypy.examine(site, None)
    assert (reading.examined, reading.broken, reading.mend) == (7, "", f"mypy {named}")
    assert list(site.asked[-1][-len(named.split()) :]) == named.split()


def test_where_settings_name_files_mypy_is_asked_for_those(tmp_path: Path) -> None:
    site = MadeUpSite(tmp_path, [], lambda argv: (0, "Success: no issues found in 2 source files\n", ""))
    reading = mypy.examine(site, None)
    assert (reading.examined, reading.mend, len(site.asked)) == (2, "mypy", 1)


def test_where_only_tests_are_there_nothing_is_typed(tmp_path: Path) -> None:
    site = MadeUpSite(tmp_path, [], mypy_without_settings)
    assert mypy.examine(site, None) == Reading(examined=0)


@pytest.mark.parametrize("name", TOOLS)
def test_no_variable_of_the_environment_colours_or_takes_away_what_is_read(name: str) -> None:
    for command in TOOLS[name].commands("tool"):
        assert {"FORCE_COLOR", "CLICOLOR_FORCE", "RUFF_OUTPUT_FILE", "PYTHONIOENCODING"} <= set(
            command.without
        )
