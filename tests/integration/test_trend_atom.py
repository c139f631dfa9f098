"""Runs leave a line in the history, and atom 111 judges them."""

import json

from made_up_runs import finished, started, turn, written

from atomci.artifacts.json_text import json_of
from atomci.report.history import past_run, past_runs
from atomci.report.reading import report_of

ATOM = "watch_ci_duration_and_flakiness"
HISTORY = "artifacts/performance/history.jsonl"


def test_each_run_is_kept_when_its_folder_is_gone(green) -> None:
    (first,) = past_runs(green.root / HISTORY)
    assert (first.run, first.verdict, first.tests) == (green.runs[0].name, "green", 3)
    assert first.atoms["run_ruff_lint"] >= 0
    green.atomci("run", "run_ruff_lint", "--no-cache")
    assert len(past_runs(green.root / HISTORY)) == 2
    done = green.atomci("run", ATOM, "--json")
    assert done[ATOM] == ("skipped", "1 runs are like the newest, and a verdict takes 8")
    assert len(past_runs(green.root / HISTORY)) == 2, "a run that only reports isn't one to compare"
    index = {row["path"]: row for row in green.json("artifacts/index.json")["files"]}
    assert index[HISTORY]["size"] == (green.root / HISTORY).stat().st_size


def test_a_slower_atom_is_red_with_the_figures(sample) -> None:
    assert sample.atomci("run", ATOM, "--json")[ATOM][0] == "vacuous"
    lines = []
    for number, seconds in enumerate([5.0, 5.1, 4.9, 5.0, 5.2, 9.0, 9.1, 9.2]):
        name = f"20261124T0500{number:02d}-aaaaaa"
        log = written(
            sample.root,
            started("run_mypy_typecheck", run=name),
            turn("run_mypy_typecheck", 0, seconds),
            finished(seconds, run=name),
            run=name,
        )
        lines.append(json_of(past_run(report_of(log))).decode())
    sample.write(HISTORY, "\n".join(lines) + "\n")
    done = sample.atomci("run", ATOM, "--json")
    status, reason = done[ATOM]
    assert status == "fail"
    assert "run_mypy_typecheck: 9.1 s, and 5.0 s before: 4.1 s more, 1.0 s can be noise" in reason
    trends = json.loads(sample.read("artifacts/performance/trends.json"))
    assert [row["what"] for row in trends["trends"] if row["alert"]] == [
        "the whole run",
        "run_mypy_typecheck",
    ]
    assert "2 slower than before" in sample.read("artifacts/performance/trends.html")
    assert sample.atomci("check", ATOM).code == 1
