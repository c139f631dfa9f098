"""What is made of a run of Pester: recordings of real ones, by both versions that are supported."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from pester_shapes import FIXTURES, FOUND, ODD, PROJECT, VERSIONS, found, matches, place

from atomci.artifacts.handed.testing import Diagnostic, PesterRun, PesterTest
from atomci.testing import pester

FILES = [*(path.relative_to(PROJECT).as_posix() for path in PROJECT.rglob("*.ps1")), ODD]
SHAPES = [*FOUND, "Exits"]


def recorded(version: str, shape: str) -> PesterRun:
    return pester.read_run(FIXTURES / version / f"{shape}.json")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_of_a_test_file_gets_its_verdict(version: str, shape: str) -> None:
    path = place(shape)

    tests = pester.tests_of(recorded(version, shape), [path], FILES)

    assert matches(tests.findings, found(version)[shape], path), tests.findings


def test_there_is_a_recording_of_each_shape_by_both_versions() -> None:
    shapes = {path.name.partition(".")[0] for path in PROJECT.rglob("*.Tests.ps1")}
    assert shapes == set(SHAPES)
    assert [{path.stem for path in (FIXTURES / version).iterdir()} for version in VERSIONS] == [shapes] * 2


@pytest.mark.parametrize("version", VERSIONS)
def test_tests_that_never_ran_say_so_and_why(version: str) -> None:
    tests = pester.tests_of(recorded(version, "BeforeAllThrows"), [], FILES)

    assert [(row.outcome, row.message) for row in tests.results[1:]] == [
        ("error", "did not run: RuntimeException: the database is down")
    ] * 2


def test_only_tests_around_which_something_broke_are_said_not_to_have_run() -> None:
    run = recorded("5.7.1", "BeforeAllThrows")
    other = msgspec.structs.replace(run.tests[0], name="outermost.one")

    tests = pester.tests_of(msgspec.structs.replace(run, tests=(*run.tests, other)), [], FILES)

    assert [finding.message for finding in tests.findings] == [
        "RuntimeException: the database is down; 2 tests did not run",
        "no result: something ended the run of this file, such as exit, or break without a loop",
    ]


def test_skipped_and_inconclusive_tests_are_no_passes() -> None:
    tests = pester.tests_of(recorded("6.2.0", "Skipped"), [], FILES)

    assert Counter(row.outcome for row in tests.results) == {"skipped": 5, "passed": 2}


def on_windows(run: PesterRun, drive: str) -> PesterRun:
    """The same run as Windows would have written it, with another case of the drive in its frames."""
    text = msgspec.json.encode(run).decode()
    text = re.sub(
        rf"{re.escape(run.root)}([\w/.\[\] é]*)", lambda found: drive + found[1].replace("/", r"\\"), text
    )
    return msgspec.structs.replace(msgspec.json.decode(text, type=PesterRun), root="C:\\a\\demo")


@pytest.mark.parametrize("drive", [r"C:\\a\\demo", r"c:\\A\\demo"])
@pytest.mark.parametrize("shape", ["Red", "Syntax", "Requires", "BeforeAllThrows"])
def test_paths_of_windows_are_those_of_the_project(drive: str, shape: str) -> None:
    tests = pester.tests_of(on_windows(recorded("6.2.0", shape), drive), [], FILES)

    assert matches(tests.findings, FOUND[shape], place(shape)), tests.findings


def test_frames_in_files_that_are_not_the_projects_are_nobodys_code() -> None:
    """Such as the environment's: the project's files are those that git doesn't ignore."""
    run = recorded("6.2.0", "Requires")
    assert ".venv/" in run.broken[0].stack

    tests = pester.tests_of(run, [], [path for path in FILES if not path.endswith("/Requires.Tests.ps1")])

    assert [(finding.path, finding.line) for finding in tests.findings] == [(place("Requires"), 1)]


def test_a_file_whose_tests_are_written_in_another_one_has_tests() -> None:
    run = recorded("6.2.0", "Green")
    given = ["tests/unit/Sourced.Tests.ps1", "tests/unit/Green.Tests.ps1"]

    def empty(run: PesterRun) -> list[str]:
        return [finding.path for finding in pester.tests_of(run, given, [*FILES, given[0]]).findings]

    assert empty(run) == given[:1]
    assert empty(msgspec.structs.replace(run, found=(f"{run.root}/{given[0]}",))) == []


def test_the_rule_that_does_not_know_pesters_scopes_counts_in_scripts_only() -> None:
    row = Diagnostic(
        path="/p/tests/A.Tests.ps1",
        line=2,
        column=5,
        rule="PSUseDeclaredVarsMoreThanAssignments",
        severity="Warning",
        message="The variable 'script' is assigned but never used.",
    )
    run = msgspec.structs.replace(
        recorded("6.2.0", "Green"),
        root="/p",
        diagnostics=(
            row,
            msgspec.structs.replace(row, path="/p/scripts/a.ps1"),
            msgspec.structs.replace(row, rule="PSAvoidUsingWriteHost"),
        ),
    )

    assert [(finding.path, finding.rule) for finding in pester.diagnostics(run)] == [
        ("scripts/a.ps1", "PSUseDeclaredVarsMoreThanAssignments"),
        ("tests/A.Tests.ps1", "PSAvoidUsingWriteHost"),
    ]


@pytest.mark.parametrize(
    ("message", "first"),
    [
        (
            "At /p/a.ps1:5 char:1\n+ }\n+ ~\nMissing ')'.\nAt /p/a.ps1:1 char:2\n+ {\n+ ~\nMissing '}'.",
            "Missing ')'.",
        ),
        ("ParseException: At C:\\p\\a.ps1:5 char:1\r\n+ }\r\n+ ~\r\nMissing ')'.", "Missing ')'."),
        ("At /p/a.ps1:5 char:1\n", "At /p/a.ps1:5 char:1"),
        ("Expected 1\nbut got 2", "Expected 1"),
    ],
)
def test_the_reason_stands_first(message: str, first: str) -> None:
    row = PesterTest(
        path="/p/a.Tests.ps1", line=1, name="", result="Failed", seconds=0, message=message, stack=""
    )
    run = msgspec.structs.replace(recorded("6.2.0", "Green"), root="/p", tests=(), broken=(row,))

    (finding,) = pester.tests_of(run, [], ["a.Tests.ps1"]).findings

    assert finding.message == first


def test_the_driver_is_shipped_beside_its_reader() -> None:
    assert pester.DRIVER.parent == Path(pester.__file__).parent
