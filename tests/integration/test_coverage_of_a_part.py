"""The total coverage when only the tests run that a change reaches: the same as that of all, line by line."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping

import pytest
from nightly import NIGHTLY

RUN, BUDGET, REPORT, SELECT = (
    "run_pytest_unit_with_coverage",
    "enforce_coverage_budget",
    "export_junit_and_coverage_artifacts",
    "select_impacted_unit_tests",
)
MORE = '''
WORDS = {"hey": 1}


def known(word: str) -> int:
    if word in WORDS:
        return WORDS[word]
    return 0


class Kept:
    """What is made once and kept."""

    def __init__(self) -> None:
        self.made: list[int] = []

    def get(self) -> int:
        if not self.made:
            self.made.append(1)
        return self.made[0]


KEPT = Kept()
'''
TESTS = {
    "known": "from demo.words import known\n\n\ndef test_known() -> None:\n    assert known('hey') == 1\n",
    "unknown": "from demo.words import known\n\n\ndef test_unknown() -> None:\n    assert known('x') == 0\n",
    "kept": "from demo.words import KEPT\n\n\ndef test_kept() -> None:\n    assert KEPT.get() == 1\n",
    "kept_too": "from demo.words import KEPT\n\n\ndef test_kept_too() -> None:\n    assert KEPT.get() == 1\n",
}


def lines_in(report) -> Mapping[str, str]:
    """By file and line: whether it ran, and how many of its branches did."""
    found = {}
    for file in ET.parse(report).getroot().iter("class"):
        for line in file.iter("line"):
            ran = "no" if line.get("hits") == "0" else f"yes {line.get('condition-coverage', '')}"
            found[f"{file.attrib['filename'].removeprefix('src/')}:{line.get('number')}"] = ran
    return found


def of_all(project) -> Mapping[str, str]:
    """By pytest-cov alone."""
    report = project.root.parent / "whole.xml"
    words = [
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/unit",
        "--cov=src",
        f"--cov-report=xml:{report}",
    ]
    data = {"COVERAGE_FILE": str(project.root.parent / "whole.data")}
    subprocess.run([sys.executable, *words], cwd=project.root, env={**project.env, **data}, check=True)
    return lines_in(report)


def after_an_edit(project):
    """A gate that chooses its tests by itself; what it chose, and whether its lines are those of all."""
    done = project.atomci("run", BUDGET, REPORT, "--json")
    assert done.code == 0, done.out
    whole = of_all(project)
    assert lines_in(project.root / "artifacts/reports/coverage.xml") == whole
    told = json.loads(project.atomci("report", "--json").out)["coverage"]
    missing = {f"{file['path']}:{line}" for file in told["files"] for line in file["missing_lines"]}
    assert missing == {f"src/{place}" for place, ran in whole.items() if ran == "no"}
    assert missing
    return done, project.json("artifacts/tests/selection.json")


@pytest.fixture
def recorded(real_sample):
    """After a run that noted which lines each test covers; nothing else asks for a part of the tests."""
    real_sample.replace("pyproject.toml", "fail_under = 80", "fail_under = 1")
    real_sample.append("src/demo/words.py", MORE)
    for name, text in TESTS.items():
        real_sample.write(f"tests/unit/test_{name}.py", text)
    real_sample.commit()
    done = real_sample.atomci("run", RUN, "--all", "--since", "HEAD")
    assert done.code == 0, done.out
    return real_sample


def test_a_part_of_the_tests_gives_the_total_of_all_and_says_how_much_is_from_earlier(recorded) -> None:
    recorded.replace(
        "src/demo/words.py", "    if word in WORDS:", "    # shifted\n    if WORDS and word in WORDS:"
    )
    recorded.replace(
        "src/demo/words.py", "WORDS = {", "NEW = 1\n\n\ndef never() -> int:\n    return NEW\n\n\nWORDS = {"
    )
    done, selection = after_an_edit(recorded)
    assert (selection["mode"], selection["exact"]) == ("impacted", True), selection
    assert selection["left_out"]
    assert " lines from earlier runs" in done[BUDGET][1]
    assert recorded.json("artifacts/tests/unit.json")["reused"] > 0
    recorded.replace("tests/unit/test_unknown.py", "assert known('x') == 0", "assert known")
    done, selection = after_an_edit(recorded)
    assert (selection["mode"], selection["exact"]) == ("impacted", True), selection
    assert done[RUN][1].startswith("all tests ran, since line ")


@pytest.mark.skipif(not NIGHTLY, reason="at night: six runs of real pytest")
@pytest.mark.parametrize(
    ("path", "old", "new", "said"),
    [
        ("tests/unit/test_kept.py", "assert KEPT.get() == 1", "assert KEPT", ""),
        (
            "tests/unit/test_unknown.py",
            "assert known('x') == 0",
            "assert known",
            "all tests ran, since line ",
        ),
        (
            "src/demo/words.py",
            "def known(word: str) -> int:\n",
            "def known(word: str) -> int:\n    # why\n",
            "",
        ),
        ("src/demo/words.py", "KEPT = Kept()", "KEPT = Kept()\nKEPT.get()", ""),
        ("README.md", "# demo", "# The demo", ""),
    ],
)
def test_any_other_edit_gives_the_total_of_all_too(recorded, path, old, new, said) -> None:
    recorded.replace(path, old, new)
    done, _ = after_an_edit(recorded)
    assert said in done[RUN][1]


def test_without_a_record_of_lines_all_tests_run_and_a_damaged_one_is_none(recorded) -> None:
    recorded.replace("src/demo/words.py", "if word in WORDS", "if WORDS and word in WORDS")
    lines = recorded.root / "artifacts/tests/impact-lines.json"
    lines.write_text(
        lines.read_text(encoding="utf-8").replace('"tests": {', '"tests": {"x": 1, ', 1), encoding="utf-8"
    )
    done = recorded.atomci("run", SELECT, "--json")
    assert "it isn't known which lines each test covers" in done[SELECT][1]
    lines.unlink()
    done = recorded.atomci("run", SELECT, "--json")
    assert "coverage is measured, which takes all of them" in done[SELECT][1]
