"""`atomci report`, and the page that each run leaves."""

import hashlib
import json
import shutil

import pytest
from made_up_runs import finished, started, turn, written

RED = "import os\n\n\ndef f(x):\n    return x\n"
PAGE = "artifacts/index.html"


def verdict(text: str) -> str:
    return text.partition('<span class="word ')[2].partition("</span>")[0].partition(">")[2]


def test_a_run_leaves_its_page_and_says_how_to_open_it_when_it_is_red(green) -> None:
    assert verdict(green.read(PAGE)) == "green"
    green.write("src/demo/bad.py", RED)
    done = green.atomci("run", "local_ci", "--keep-going")
    assert (done.code, "page:      atomci report --open" in done.out) == (1, True)
    page = green.read(PAGE)
    assert verdict(page) == "red"
    assert green.runs[-1].name in page
    report = json.loads(green.atomci("report", "--json").out)
    assert report["problems"][0]["finding"]["path"] == "src/demo/bad.py"
    assert report["sources"]["src/demo/bad.py"]["1"] == "import os"
    assert {row["nodeid"].partition("::")[0] for row in report["tests"]} >= {"tests/unit/test_prices.py"}


def test_the_page_is_made_again_from_the_events_to_the_byte(green) -> None:
    page = green.read(PAGE)
    (green.root / PAGE).unlink()
    done = green.atomci("report")
    assert (done.code, done.out) == (0, f"green: {PAGE}\n")
    assert green.read(PAGE) == page


@pytest.mark.parametrize(
    "words",
    [
        ("run", "run_ruff_lint", "publish_local_reports_index", "summarize_test_outcomes_for_pr"),
        ("baseline",),
    ],
    ids=" ".join,
)
def test_each_run_leaves_what_its_reports_are_checked_against(green, words: tuple[str, ...]) -> None:
    assert green.atomci("run", "summarize_test_outcomes_for_pr").code == 0
    assert green.atomci(*words).code == 0
    own = ["publish_local_reports_index", *(words[-1:] if words[0] == "run" else ())]
    done = green.atomci("check", *own)
    assert (done.code, done.out.count("holds  ")) == (0, len(own)), done.out
    listed = {row["path"]: row["sha256"] for row in green.json("artifacts/index.json")["files"]}
    for path in (PAGE, "artifacts/reports/summary.md"):
        assert listed[path] == hashlib.sha256((green.root / path).read_bytes()).hexdigest()


def test_what_was_reused_is_on_the_page_too(green) -> None:
    done = green.atomci("run", "local_ci", "--json")
    assert "run_pytest_unit_with_coverage" in done.cached
    report = json.loads(green.atomci("report", "--json").out)
    assert len(report["tests"]) == 3
    assert report["coverage"]["percent"] > 80
    first = next(run.name for run in green.runs if run.name != report["run"])
    before = json.loads(green.atomci("report", first, "--json").out)
    assert (len(before["tests"]), before["coverage"]) == (3, report["coverage"])


def test_an_earlier_run_has_its_own_page_and_says_what_is_gone(green) -> None:
    green.atomci("run", "local_ci")
    second = json.loads(green.atomci("report", "--json").out)["run"]
    green.atomci("run", "local_ci")
    page = green.read(PAGE)
    done = green.atomci("report", second)
    assert done.out == f"green: artifacts/runs/{second}/index.html\n"
    assert green.read(PAGE) == page
    own = green.read(f"artifacts/runs/{second}/index.html")
    assert (
        "run_pytest_unit_with_coverage took over an earlier result, and another run has replaced that" in own
    )
    assert 'href":"run_ruff_lint.log"' in own


def test_the_artifact_of_a_ci_job_is_read_wherever_it_was_unpacked(green, sample, tmp_path) -> None:
    shutil.copytree(green.root / "artifacts", tmp_path / "downloaded")
    done = sample.atomci("report", "--from", str(tmp_path / "downloaded"))
    target = tmp_path / "downloaded/runs" / green.runs[0].name / "index.html"
    assert (done.code, done.out) == (0, f"green: {target.as_posix()}\n")
    assert verdict(target.read_text(encoding="utf-8")) == "green"
    assert not (sample.root / PAGE).exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "has no run yet"),
        (("../..",), "has no run '../..'"),
        (("20200101T000000-aaaaaa",), "has no run '20200101T000000-aaaaaa'"),
        (("--from", "src"), "holds no events.jsonl"),
        (("--from", "pyproject.toml"), "holds no run's events"),
        (("last", "--from", "src"), "give one of them"),
    ],
)
def test_what_is_no_run_is_refused_with_what_to_type(sample, words: tuple[str, ...], said: str) -> None:
    done = sample.atomci("report", *words)
    assert done.code == 2
    assert said in done.err
    assert len(done.err.splitlines()) == (1 if "last" in words else 2)
    assert not (sample.root / PAGE).exists()


def test_no_page_of_an_earlier_run_outlives_the_begin_of_another(green) -> None:
    green.write("../look.sh", "ls artifacts/index.html > ../seen 2>&1\nexit 1\n")
    green.append(
        "pyproject.toml", "\n[tool.atomci.atoms.run_ruff_lint]\nrun = 'sh ../look.sh'\nreads = 'lines'\n"
    )
    seen = green.root.parent / "seen"
    green.atomci("run", "run_ruff_lint")
    assert "No such file" in seen.read_text()
    assert verdict(green.read(PAGE)) == "broken"


def test_a_page_that_cannot_be_made_changes_no_verdict(green) -> None:
    (green.root / PAGE).unlink()
    (green.root / PAGE).mkdir()
    done = green.atomci("run", "run_ruff_lint")
    assert done.code == 0
    assert done.err.startswith(f"note: {PAGE} can't be written: ")
    assert "Traceback" not in done.err


def test_the_atom_makes_the_page_of_the_newest_run_that_is_no_report(green) -> None:
    page = green.read(PAGE)
    (green.root / PAGE).unlink()
    done = green.atomci("run", "publish_local_reports_index", "--json")
    assert done["publish_local_reports_index"] == ("pass", f"run {green.runs[0].name}: green")
    assert green.read(PAGE) == page
    assert "068" in green.atomci("check", "publish_local_reports_index").out
    green.write(PAGE, page.replace("green", "greener"))
    broken = green.atomci("check", "publish_local_reports_index")
    assert (broken.code, "isn't that of the newest run" in broken.out) == (1, True)


def test_without_any_run_there_is_nothing_to_publish(sample) -> None:
    done = sample.atomci("run", "publish_local_reports_index", "--json")
    assert done["publish_local_reports_index"][0] == "vacuous"


def test_a_run_that_goes_on_or_was_killed_is_never_shown_as_green(sample) -> None:
    written(sample.root, started("run_ruff_lint", "run_mypy_typecheck"), turn("run_ruff_lint", 0, 1))
    assert sample.atomci("report").out == f"unfinished: {PAGE}\n"
    written(sample.root, started("run_ruff_lint"), turn("run_ruff_lint", 0, 1), finished(1))
    assert sample.atomci("report").out == f"green: {PAGE}\n"
