"""Selection by --since, with real git, real pytest and the reasons that people see."""

import json

import pytest

SELECT = "select_impacted_unit_tests"
RUN = "run_pytest_unit_with_coverage"


def _selection(project) -> dict:
    return project.json("artifacts/tests/selection.json")


def _ran(project) -> set[str]:
    rows = map(json.loads, project.read("artifacts/tests/unit.jsonl").splitlines())
    return {row["nodeid"].partition("::")[0] for row in rows if row["event"] == "test"}


def test_only_tests_that_the_change_reaches_run_and_the_reason_is_printed(green) -> None:
    green.replace("src/demo/words.py", '"!"', '"!" ""')
    done = green.atomci("run", "local_ci", "--since", "HEAD")
    assert done.code == 0
    assert _ran(green) == {"tests/unit/test_words.py"}
    assert (
        "1 of 3 test files are affected by the change; tests/unit/test_words.py imports src/demo/words.py"
        in done.out
    )
    assert green.log(SELECT).endswith("\ntests/unit/test_words.py: imports src/demo/words.py\n")
    # The total isn't known after a part, so the budget is neither met nor missed.
    assert "only impacted tests ran" in done.out
    assert green.json("artifacts/gate.json")["verdict"] == "green"


def test_a_test_through_other_modules_is_picked(green) -> None:
    green.append("src/demo/rounding.py", "\n\nX = 1\n")
    green.atomci("run", RUN, "--since", "HEAD")
    assert _ran(green) == {"tests/unit/test_prices.py", "tests/unit/test_rounding.py"}


def test_a_failing_impacted_test_is_red(green) -> None:
    green.append("tests/unit/test_words.py", "\n\ndef test_bad() -> None:\n    assert 0\n")
    done = green.atomci("run", "local_ci", "--since", "HEAD", "--json")
    assert done.code == 1
    assert done.statuses[RUN] == "fail"
    assert green.json("artifacts/gate.json")["verdict"] == "red"


def test_changes_since_a_branch_are_all_that_differs_from_where_it_left(green) -> None:
    green.git("switch", "--quiet", "-c", "topic")
    green.append("src/demo/words.py", "\n\nX = 1\n")
    green.commit()
    green.git("switch", "--quiet", "main")
    green.append("src/demo/prices.py", "\n\nX = 1\n")
    green.commit()
    green.git("switch", "--quiet", "topic")
    green.write("tests/unit/test_new.py", "def test_new() -> None: ...\n")
    green.atomci("run", SELECT, "--since", "main")
    selection = _selection(green)
    assert selection["changed"] == ["src/demo/words.py", "tests/unit/test_new.py"]
    assert [row["path"] for row in selection["tests"]] == [
        "tests/unit/test_new.py",
        "tests/unit/test_words.py",
    ]


def test_nothing_reached_runs_nothing_says_so_and_is_no_failure(green) -> None:
    green.append("README.md", "more\n")
    done = green.atomci("run", "local_ci", "--since", "HEAD", "--json")
    assert done.code == 0
    assert done.statuses[RUN] == "skipped"
    assert done.atoms[RUN]["reason"] == "no unit test is affected by the change, or was seen to read it"
    assert done.statuses["stage2_unit_tests"] == "pass"


def test_all_overrules_since(green) -> None:
    green.append("src/demo/words.py", "\n\nX = 1\n")
    green.atomci("run", SELECT, "--since", "HEAD", "--all")
    assert _selection(green)["mode"] == "full"


def test_a_deleted_module_a_renamed_one_and_a_conftest_widen(green) -> None:
    green.git("mv", "src/demo/words.py", "src/demo/phrases.py")
    green.atomci("run", SELECT, "--since", "HEAD")
    assert _selection(green)["mode"] == "full"
    assert "src/demo/words.py is gone" in _selection(green)["reason"]
    green.git("reset", "--quiet", "--hard")
    green.write("tests/unit/conftest.py", "")
    green.atomci("run", SELECT, "--since", "HEAD")
    assert "tests/unit/conftest.py reaches tests" in _selection(green)["reason"]


def test_a_project_without_git_runs_everything(green) -> None:
    green.delete(".git")
    done = green.atomci("run", SELECT)
    assert done.code == 0
    assert _selection(green)["mode"] == "full"
    assert green.atomci("run", SELECT, "--since", "main").code == 2


def test_a_shallow_clone_that_lacks_the_base_is_an_error_with_the_command_that_mends_it(
    green, tmp_path
) -> None:
    green.git("switch", "--quiet", "-c", "topic")
    for name in ("words", "prices"):
        green.append(f"src/demo/{name}.py", "\n\nX = 1\n")
        green.commit()
    green.git(
        "clone", "--quiet", "--depth=1", "--branch=topic", f"file://{green.root}", str(tmp_path / "shallow")
    )
    shallow = type(green)(tmp_path / "shallow", green.env)
    shallow.git("fetch", "--quiet", "--depth=1", "origin", "main:main")
    done = shallow.atomci("run", SELECT, "--since", "main")
    assert done.code == 3, done.out
    assert "git doesn't know here where this branch left main" in done.out
    assert "git fetch --unshallow origin" in done.out


def test_an_impacted_run_leaves_the_known_time_of_the_whole_suite_alone(green) -> None:
    before = green.json("artifacts/tests/durations.json")
    green.append("src/demo/words.py", "\n\nX = 1\n")
    green.atomci("run", RUN, "--since", "HEAD")
    assert green.json("artifacts/tests/durations.json") == before


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_a_change_that_git_was_told_not_to_see_is_one(green, flag: str) -> None:
    green.git("update-index", flag, "src/demo/words.py", "src/demo/rounding.py")
    green.append("src/demo/words.py", "\n\nX = 1\n")
    assert green.git("status", "--short") == ""
    green.atomci("run", SELECT, "--since", "HEAD")
    assert _selection(green)["changed"] == ["src/demo/words.py"]
    assert [row["path"] for row in _selection(green)["tests"]] == ["tests/unit/test_words.py"]


def test_files_of_a_sparse_checkout_that_are_not_there_are_no_change(green) -> None:
    green.git("update-index", "--skip-worktree", "README.md")
    green.delete("README.md")
    green.atomci("run", SELECT, "--since", "HEAD")
    assert _selection(green)["changed"] == []


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("pytest.ini", "[pytest]\npythonpath = src\npython_files = check_*.py\n", "1 of 1 test files"),
        ("tests/pytest.ini", "[pytest]\npython_files = check_*.py test_w*.py\n", "2 of 2 test files"),
        (
            ".pytest.ini",
            "[pytest]\naddopts = --doctest-modules\n",
            "--doctest-modules (addopts in .pytest.ini)",
        ),
    ],
)
def test_what_pytest_collects_is_found_by_the_settings_that_it_reads(
    green, path: str, text: str, said: str
) -> None:
    green.write(path, text)
    green.write("tests/unit/check_words.py", "from demo.words import shout\n\n\ndef test_it() -> None: ...\n")
    green.commit()
    green.append("src/demo/words.py", "\n\nX = 1\n")
    green.atomci("run", SELECT, "--since", "HEAD")
    assert _selection(green)["reason"].startswith(said)


def test_workers_are_planned_for_the_tests_that_run_not_for_those_that_are_left_out(green) -> None:
    files = ("prices", "rounding", "words")
    tests = {f"tests/unit/test_{name}.py::test_any": 100.0 if name == "prices" else 0.5 for name in files}
    known = {"schema": "atomci/durations/1", "seconds": 101.0, "tests": tests}
    green.write("artifacts/tests/durations.json", json.dumps(known))
    green.replace("src/demo/words.py", '"!"', '"!" ""')
    plan = "parallelize_unit_suite_optional"
    done = green.atomci("run", plan, "--since", "HEAD", "--json")
    assert done.atoms[plan]["reason"].startswith("no workers: 0.5 s of tests"), done.atoms[plan]
    green.replace("src/demo/prices.py", "def ", "def _more():\n    pass\n\n\ndef ")
    done = green.atomci("run", plan, "--since", "HEAD", "--json")
    assert "workers: 100.5 s of tests the last time" in done.atoms[plan]["reason"], done.atoms[plan]
