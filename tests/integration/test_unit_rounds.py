"""Unit tests until green, with real pytest: green, flaky, stuck, edited, and what the check says later."""

import json
import threading
import time

import pytest

ATOM = "repeat_unit_tests_until_green"
FLAKY = """\
from pathlib import Path


def test_flaky() -> None:
    ran = Path(__file__).with_name("ran.log")
    first = not ran.exists()
    ran.write_text("x")
    assert not first
"""


@pytest.fixture
def project(real_sample):
    (real_sample.root / ".gitignore").write_text("/artifacts/\n/.venv/\n__pycache__/\n.*_cache/\n*.log\n")
    real_sample.commit()
    return real_sample


def rounds(project):
    return json.loads((project.root / "artifacts/fix/rounds.json").read_text(encoding="utf-8"))


def standing(project) -> str:
    (row,) = json.loads(project.atomci("check", ATOM, "--json").out)["atoms"]
    return row["status"]


def test_it_ends_green_and_later_edits_make_that_old(project) -> None:
    assert standing(project) == "not run here yet"
    done = project.atomci("run", ATOM, "--json")
    assert (done.code, done[ATOM]) == (0, ("pass", "green after 1 round"))
    assert standing(project) == "holds"
    (project.root / "src/demo/more.py").write_text("x = 1\n")
    assert standing(project) == "out of date"
    both = project.atomci("run", "run_pytest_unit_with_coverage", ATOM, "--json")
    assert both[ATOM] == ("pass", "green after 1 round, that of run_pytest_unit_with_coverage")


def test_what_passes_on_retry_is_red_until_it_is_known(project) -> None:
    test = project.root / "tests/unit/test_flaky.py"
    test.write_text(FLAKY)
    project.commit()
    done = project.atomci("run", ATOM, "--json")
    status, reason = done[ATOM]
    assert (done.code, status) == (1, "fail")
    assert "flaky for the first time: tests/unit/test_flaky.py::test_flaky" in reason
    assert "1 passed on retry after 2 rounds" in reason
    found = rounds(project)
    assert (found["ended"], found["flaky"]) == ("passed on retry", ["tests/unit/test_flaky.py::test_flaky"])
    assert standing(project) == "broken"
    attempts = [row["outcome"] for row in done.events if row.get("nodeid", "").endswith("test_flaky")]
    assert attempts == ["rerun", "passed"]
    test.with_name("ran.log").unlink()
    with (project.root / "pyproject.toml").open("a") as file:
        file.write('\n[tool.atomci.retries]\nnew = "report"\n')
    again = project.atomci("run", ATOM, "--json")
    assert again[ATOM] == (
        "pass",
        "1 passed on retry after 2 rounds: tests/unit/test_flaky.py::test_flaky",
    )


def test_without_an_edit_it_stops_at_once_and_with_one_it_goes_on(project) -> None:
    source = project.root / "src/demo/rounding.py"
    good = source.read_text()
    source.write_text(good.replace("* 100", "* 10"))
    stuck = project.atomci("run", ATOM, "--json")
    assert stuck.code == 1
    assert stuck[ATOM][1].startswith(
        "no progress after 2 rounds, 3 red: tests/unit/test_prices.py::test_total["
    )

    log, began = project.root / "artifacts/fix/round.jsonl", time.time()

    def mend() -> None:
        for _ in range(600):
            if log.exists() and log.stat().st_mtime > began:
                break
            time.sleep(0.05)
        source.write_text(good)

    editor = threading.Thread(target=mend)
    editor.start()
    done = project.atomci("run", ATOM, "--wait", "60s", "--json")
    editor.join()
    assert done.code == 0, done[ATOM]
    assert rounds(project)["ended"] == "green"
    assert rounds(project)["flaky"] == []


def test_a_bound_and_a_time_that_cannot_be_are_refused(project) -> None:
    assert project.atomci("run", ATOM, "--rounds", "0").code == 2
    done = project.atomci("run", ATOM, "--wait", "soon")
    assert (done.code, "--wait: 'soon' isn't a time" in done.err) == (2, True)
    (project.root / "src/demo/rounding.py").write_text("def cents(amount: float) -> int:\n    return 0\n")
    assert project.atomci("run", ATOM, "--rounds", "1", "--json")[ATOM][1].startswith(
        "the bound is reached after 1"
    )
