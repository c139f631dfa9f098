"""A gate that knows by itself what changed, with real pytest and its record."""

import json

import pytest


def _ran(project) -> set[str]:
    rows = map(json.loads, project.read("artifacts/tests/unit.jsonl").splitlines())
    return {row["nodeid"] for row in rows if row["event"] == "test"}


RUN = "run_pytest_unit_with_coverage"
BUDGET = "enforce_coverage_budget"
NOTED = "noted which lines each test covers, so that later runs take fewer"
UNMEASURED = '"-p", "no:cov"'
FEWER = 'to run fewer: --since main, or selection.local = "always"'


def _selection(project) -> dict:
    return project.json("artifacts/tests/selection.json")


def test_after_a_run_of_all_tests_an_edit_runs_those_that_it_reaches(real_sample) -> None:
    real_sample.append("pyproject.toml", '\n[tool.atomci.selection]\nlocal = "always"\n')
    real_sample.commit()
    assert real_sample.atomci("run", RUN).code == 0
    assert _selection(real_sample)["mode"] == "full"
    every = _ran(real_sample)
    real_sample.replace("src/demo/words.py", '"!"', '"!" + ""')
    done = real_sample.atomci("run", RUN)
    selection = _selection(real_sample)
    assert (done.code, selection["mode"], selection["by_record"]) == (0, "impacted", True), done.out
    ran = _ran(real_sample)
    assert {name.partition("::")[0] for name in ran} == {"tests/unit/test_words.py"}
    assert ran | set(selection["left_out"]) == every
    assert f"{selection['picked']} of {len(every)} tests" in done.out
    told = json.loads(real_sample.atomci("explain", "impact", "--json").out)
    assert told["mode"] == "impacted"
    assert {row["test"] for row in told["running"]} == ran
    assert {row["test"] for row in told["resting"]} == set(selection["left_out"])
    shown = real_sample.atomci("explain", "impact").out
    assert all(f"runs   {name}" in shown for name in ran)
    assert "passed the last time; the " in shown
    words = json.loads(real_sample.atomci("explain", "impact", "src/demo/words.py", "--json").out)
    assert ({row["test"] for row in words["running"]}, words["resting"]) == (ran, [])
    refused = real_sample.atomci("explain", "local_ci", "src/demo/words.py")
    assert (refused.code, "explain local_ci takes no paths" in refused.err) == (2, True)
    real_sample.atomci("run", "select_impacted_unit_tests", "--all")
    assert _selection(real_sample)["mode"] == "full"


@pytest.mark.parametrize(
    ("local", "env", "flags", "said"),
    [
        ("auto", {}, [], f"coverage is measured, which takes all of them; {FEWER}"),
        ("never", {}, [], f'selection.local is "never"; {FEWER}'),
        ("always", {}, [], "no run of all tests has left a record of what each test runs"),
        ("always", {"CI": "true"}, [], "in CI all of them run"),
        ("always", {}, ["--all"], "--all"),
    ],
)
def test_where_all_tests_run_it_says_why_and_how_to_select(sample, local, env, flags, said) -> None:
    sample.append("pyproject.toml", f'\n[tool.atomci.selection]\nlocal = "{local}"\n')
    sample.commit()
    done = sample.atomci("run", "select_impacted_unit_tests", *flags, **env)
    assert done.out.splitlines()[0].endswith(f"all tests: {said}")


@pytest.mark.parametrize(
    ("settings", "flags", "noted"),
    [
        ("", [], False),
        ("", ["--all", "--since", "HEAD"], True),
        ('[tool.atomci.selection]\nlocal = "always"', [], True),
        ('[tool.atomci.selection]\nlocal = "never"', [], False),
        (UNMEASURED, [], True),
    ],
)
@pytest.mark.parametrize("guest", [True, False])
def test_what_tests_run_is_noted_only_where_a_later_run_may_select_by_it(
    sample, guest: bool, settings: str, flags: list[str], noted: bool
) -> None:
    if settings == UNMEASURED:
        sample.replace("pyproject.toml", '"--strict-markers"', UNMEASURED)
    else:
        sample.append("pyproject.toml", f"\n{settings}\n")
    if guest:
        sample.replace("pyproject.toml", 'dev = ["atomci"]', "dev = []")
    sample.commit()
    done = sample.atomci("run", RUN, "--dry-run", *flags)
    assert ("-p atomci.testing.observation.functions" in done.out) == noted, done.out


def test_after_a_failure_that_the_selection_would_have_missed_all_tests_run(real_sample) -> None:
    real_sample.append("pyproject.toml", '\n[tool.atomci.selection]\nlocal = "always"\n')
    hidden = "import os\n\n\ndef test_hidden() -> None:\n    assert os.environ.get('HIDDEN') is None\n"
    real_sample.write("tests/unit/test_hidden.py", hidden)
    real_sample.commit()
    assert real_sample.atomci("run", RUN).code == 0
    real_sample.replace("src/demo/words.py", '"!"', '"!" + ""')
    assert real_sample.atomci("run", RUN, "--all", HIDDEN="1").code == 1
    known = real_sample.json("artifacts/tests/impact-escapes.json")
    missed = "tests/unit/test_hidden.py::test_hidden"
    assert (known["runs"], known["failures"], known["escaped"]) == (1, 1, 1)
    assert [(row["test"], row["changed"]) for row in known["escapes"]] == [(missed, ["src/demo/words.py"])]
    done = real_sample.atomci("run", RUN)
    assert (done.code, _selection(real_sample)["mode"]) == (0, "full"), done.out
    assert f"all tests: {missed} failed at " in done.out
    assert real_sample.atomci("run", RUN, "--all", "--no-cache").code == 0
    real_sample.replace("src/demo/words.py", '+ ""', '+ "" + ""')
    assert real_sample.atomci("run", RUN).code == 0
    assert _selection(real_sample)["mode"] == "impacted"
    # Nothing changes any more, but the last selection doesn't stand when a test that it left out fails.
    assert real_sample.atomci("run", RUN, "--all", HIDDEN="1").code == 1
    done = real_sample.atomci("run", RUN, HIDDEN="1")
    assert (done.code, missed in _ran(real_sample)) == (1, True), done.out


def test_the_second_run_that_takes_all_tests_notes_their_lines_and_the_third_takes_fewer(real_sample) -> None:
    first = real_sample.atomci("run", RUN, BUDGET)
    assert f"all tests: coverage is measured, which takes all of them; {FEWER}" in first.out, first.out
    assert not (real_sample.root / "artifacts/tests/impact-lines.json").exists()
    again = real_sample.atomci("run", RUN, BUDGET)
    assert "(4 ok, 4 unchanged)" in again.out, again.out
    real_sample.replace("src/demo/words.py", '"!"', '"!" + ""')
    second = real_sample.atomci("run", RUN, BUDGET)
    assert (second.code, NOTED in second.out) == (0, True), second.out
    every = _ran(real_sample)
    real_sample.replace("src/demo/words.py", '+ ""', '+ "" + ""')
    third = real_sample.atomci("run", RUN, BUDGET)
    assert (third.code, _selection(real_sample)["exact"]) == (0, True), third.out
    assert _ran(real_sample) < every
    assert " lines from earlier runs" in third.out
    last = real_sample.atomci("run", RUN, BUDGET)
    assert (_selection(real_sample)["mode"], "3 unchanged" in last.out) == ("impacted", True), last.out
    assert "(4 ok, 4 unchanged)" in real_sample.atomci("run", RUN, BUDGET).out
    before = real_sample.read("tests/unit/test_words.py")
    real_sample.append("tests/unit/test_words.py", "\n\ndef test_more() -> None:\n    assert True\n")
    assert real_sample.atomci("run", RUN, BUDGET).code == 0
    real_sample.write("tests/unit/test_words.py", before)
    assert real_sample.atomci("run", RUN, BUDGET).code == 0
    # Not what was selected for these very files: the record is of others since.
    assert "tests/unit/test_words.py" in _selection(real_sample)["changed"]
    real_sample.append("tests/unit/test_words.py", "\n\ndef test_bad() -> None:\n    assert 0\n")
    assert [real_sample.atomci("run", RUN, "-k").code for _ in range(2)] == [1, 1]
    ci = real_sample.atomci("run", "select_impacted_unit_tests", CI="true")
    assert "all tests: in CI all of them run" in ci.out


def test_where_coverage_cant_tell_whose_a_line_is_that_is_tried_once_until_its_settings_change(
    real_sample,
) -> None:
    abroad = real_sample.root.parent / "beside"
    abroad.mkdir()
    (abroad / "beside.py").write_text("ANY = 1\n", encoding="utf-8")
    real_sample.replace("pyproject.toml", "branch = true", 'branch = true\nsource = ["src", "../beside"]')
    load = f"import sys\n\nsys.path.append({str(abroad)!r})\nimport beside  # noqa: E402\n"
    real_sample.write(
        "tests/unit/test_beside.py", f"{load}\n\ndef test_any() -> None:\n    assert beside.ANY\n"
    )
    real_sample.commit()
    assert real_sample.atomci("run", RUN).code == 0
    real_sample.replace("src/demo/words.py", '"!"', '"!" + ""')
    done = real_sample.atomci("run", RUN)
    assert (done.code, NOTED in done.out) == (0, False), done.out
    assert "-p atomci.testing.observation.functions" in real_sample.log(RUN)
    assert not (real_sample.root / "artifacts/tests/impact-lines.json").exists()
    real_sample.replace("src/demo/words.py", '+ ""', '+ "" + ""')
    dry = real_sample.atomci("run", RUN, "--dry-run").out
    assert "-p atomci.testing.observation.functions" not in dry
    assert "takes all of them" in real_sample.atomci("run", "select_impacted_unit_tests").out
    real_sample.append("pyproject.toml", "\n# other settings\n")
    assert "-p atomci.testing.observation.functions" in real_sample.atomci("run", RUN, "--dry-run").out


def test_workers_leave_what_they_saw_and_covered_though_they_are_ended_before_their_end(real_sample) -> None:
    real_sample.replace("pyproject.toml", '"--strict-markers"', '"--strict-markers", "-n2"')
    # As xdist does it ten seconds after a worker said that it is done.
    real_sample.write(
        "tests/unit/conftest.py",
        "import os\n\n\ndef pytest_unconfigure(config):\n    if hasattr(config, 'workerinput'):\n"
        "        os._exit(0)\n",
    )
    real_sample.commit()
    assert real_sample.atomci("run", RUN).code == 0
    real_sample.replace("src/demo/words.py", '"!"', '"!" + ""')
    assert real_sample.atomci("run", RUN).code == 0
    every = _ran(real_sample)
    lines = real_sample.json("artifacts/tests/impact-lines.json")
    assert lines["tests"].keys() == every
    assert (lines["unnoted"], "src/demo/words.py" in lines["marks"]) == ({}, True)
    real_sample.replace("src/demo/words.py", '+ ""', '+ "" + ""')
    done = real_sample.atomci("run", RUN)
    assert (done.code, _selection(real_sample)["exact"]) == (0, True), done.out
    assert _ran(real_sample) < every


PULL = {"CI": "true", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_BASE_REF": "main"}


def test_ci_selects_for_a_pull_request_where_the_project_says_so(sample) -> None:
    sample.append("pyproject.toml", '\n[tool.atomci.selection]\nci = "auto"\n')
    sample.commit()
    done = sample.atomci("run", "select_impacted_unit_tests", **PULL)
    assert done.code == 3
    assert "git doesn't know here where this branch left origin/main" in done.out
    assert "fetch-depth: 0" in done.out
    sample.git("update-ref", "refs/remotes/origin/main", "HEAD")
    done = sample.atomci("run", "select_impacted_unit_tests", **PULL)
    assert (done.code, "no run of all tests has left a record" in done.out) == (0, True), done.out
    done = sample.atomci("run", "select_impacted_unit_tests", **{**PULL, "GITHUB_EVENT_NAME": "schedule"})
    assert (done.code, "a run on schedule takes all of them" in done.out) == (0, True), done.out
    assert "atomci.testing.observation.functions" in sample.atomci("run", RUN, "--dry-run", **PULL).out


@pytest.mark.parametrize(("flags", "told"), [(["--all", "--since", "HEAD"], True), ([], False)])
def test_parts_of_functions_are_told_where_somebody_asks_for_a_selection(sample, flags, told) -> None:
    sample.append("pyproject.toml", '\n[tool.atomci.selection]\nlocal = "always"\n')
    sample.commit()
    done = sample.atomci("run", RUN, "--dry-run", *flags)
    assert ("ATOMCI_SUITES=1" in done.out) == told, done.out
