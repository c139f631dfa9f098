"""The budget's verdict against coverage.py's own total."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from atomci.testing.measurement.coverage import (
    Settled,
    budget_of,
    findings,
    settled_arguments,
    settled_by,
)
from atomci.testing.measurement.line_ranges import line_ranges
from atomci.tools.process import Command, Completed

SOURCE = """\
def sign(x):
    if x > 0:
        return 1
    for _ in range(x):
        print(x)
    return 0


def unused():
    pass


sign(1)
"""


@pytest.fixture(scope="module", params=["relative", "absolute"])
def measured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose one module ran with branch coverage, and both reports of it."""
    tmp_path = tmp_path_factory.mktemp("measured")
    (tmp_path / "src/demo").mkdir(parents=True)
    (tmp_path / "src/demo/signs.py").write_text(SOURCE, encoding="utf-8")
    settings = f"[run]\nbranch = true\nsource = src\nrelative_files = {request.param == 'relative'}\n"
    (tmp_path / ".coveragerc").write_text(settings, encoding="utf-8")
    for words in (["run", "src/demo/signs.py"], ["json", "-q"]):
        subprocess.run([sys.executable, "-m", "coverage", *words], cwd=tmp_path, check=True)
    return tmp_path


def _settled(folder: Path) -> Settled:
    """What coverage says of it, against a budget of 60 %."""
    words = settled_arguments(".coverage", "", "60")
    done = subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True, check=True)
    return settled_by(Completed(Command(words), done.returncode, done.stdout, done.stderr, 0.0))


def test_the_total_is_coverages_own(measured: Path) -> None:
    totals = json.loads((measured / "coverage.json").read_text(encoding="utf-8"))["totals"]
    budget = budget_of(_settled(measured), measured)
    assert budget.percent == pytest.approx(totals["percent_covered"], abs=1e-9)
    assert budget.statements == totals["num_statements"]
    assert budget.met is (totals["percent_covered"] >= 60)


def test_lines_and_branches_to_cover_are_coverages_own(measured: Path) -> None:
    (file,) = budget_of(_settled(measured), measured).files
    known = json.loads((measured / "coverage.json").read_text(encoding="utf-8"))["files"]
    (wanted,) = known.values()
    assert file.path == "src/demo/signs.py"
    assert list(file.missing_lines) == wanted["missing_lines"]
    assert file.percent == pytest.approx(wanted["summary"]["percent_covered"], abs=0.005)
    reached = [(a, b) for a, b in wanted["missing_branches"] if a not in wanted["missing_lines"]]
    assert list(file.missing_branches) == [f"{a}->{b if b > 0 else 'exit'}" for a, b in reached]


def test_a_finding_names_the_lines(measured: Path) -> None:
    (finding,) = findings(budget_of(_settled(measured), measured))
    assert (finding.path, finding.line) == ("src/demo/signs.py", 4)
    assert "lines 4-6, 10" in finding.message
    assert "branches 2->4" in finding.message


def test_no_statement_is_no_percentage(tmp_path: Path) -> None:
    budget = budget_of(Settled(budget=90.0), tmp_path)
    assert (budget.percent, budget.met) == (None, False)


def test_the_lines_to_cover_are_printed_for_people(measured: Path) -> None:
    words = settled_arguments(".coverage")
    done = subprocess.run([sys.executable, *words], cwd=measured, capture_output=True, text=True, check=True)
    first, _ = done.stdout.splitlines()
    assert re.fullmatch(r"src.demo.signs\.py: \d\d\.\d\d % covered, not covered: 4-6, 10", first)


@pytest.mark.parametrize(
    ("settings", "said"),
    [("sort = nonsense", "Invalid sorting option"), ("format = nonsense", "nonsense")],
)
def test_what_only_coverages_table_refuses_is_refused(measured: Path, settings: str, said: str) -> None:
    rcfile = measured / "wrong.ini"
    rcfile.write_text(f"[run]\nbranch = true\nsource = src\n[report]\n{settings}\n", encoding="utf-8")
    words = settled_arguments(".coverage", "wrong.ini")
    done = subprocess.run([sys.executable, *words], cwd=measured, capture_output=True, text=True, check=True)
    assert said in settled_by(Completed(Command(words), 0, done.stdout, done.stderr, 0.0)).error


def test_runs_of_lines_are_ranges() -> None:
    assert line_ranges([9, 3, 5, 6, 8, 7]) == "3, 5-9"
    assert line_ranges([]) == ""
