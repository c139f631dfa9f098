"""The integration and the end-to-end tests that a change reaches, with real pytest and its records."""

import json

import pytest
from layered_project import layered

RUN, DRIVE, STAGE = "run_pytest_integration", "exercise_adapters_and_endpoints", "gate_on_integration_results"
TESTS = "tests/integration/test_world.py"


@pytest.fixture(scope="module")
def _recorded(_pristine, tmp_path_factory):
    """A project all of whose integration and end-to-end tests ran once, and left records."""
    project = layered(_pristine.copy(tmp_path_factory.mktemp("recorded") / "demo"))
    done = project.atomci("run", "integration", "e2e", "--all", "--since", "HEAD")
    assert done.code == 0, done.out
    return project


@pytest.fixture
def recorded(_recorded, tmp_path):
    return _recorded.copy(tmp_path / "demo")


def _ran(project, layer: str = "integration") -> set[str]:
    rows = map(json.loads, project.read(f"artifacts/tests/{layer}.jsonl").splitlines())
    return {row["nodeid"].rpartition("::")[2] for row in rows if row["event"] == "test"}


def test_a_change_runs_the_integration_tests_that_it_reaches_and_the_others_stand(recorded) -> None:
    recorded.replace("src/demo/words.py", '"!"', '"!" + ""')
    done = recorded.atomci("run", "integration", "--since", "HEAD", "--json")
    assert (done.code, done.statuses) == (0, dict.fromkeys(done.statuses, "pass")), done.out
    assert _ran(recorded) == {"test_files"}
    assert done.atoms[RUN]["reason"].startswith("1 of 3 tests is affected by the change; the others passed")
    summary = recorded.json("artifacts/tests/integration.json")
    assert (summary["complete"], summary["why_incomplete"]) == (False, "only impacted tests ran")
    # git is driven by tests that didn't run, since nothing that they use changed.
    assert done.atoms[DRIVE]["reason"] == "file system by 3, git by 2"
    driven = {
        row["name"]: row["tests"] for row in recorded.json("artifacts/integration/exercised.json")["adapters"]
    }
    assert driven["git"] == [f"{TESTS}::test_git", f"{TESTS}::test_what_is_lent"]
    told = json.loads(recorded.atomci("explain", "impact", "--json").out)
    integration, e2e = told["others"]
    assert (integration["layer"], e2e["layer"]) == ("integration", "e2e")
    assert [row["test"] for row in integration["running"]] == [f"{TESTS}::test_files"]
    assert {row["test"] for row in integration["resting"]} == set(driven["git"])
    shown = recorded.atomci("explain", "impact").out
    assert "integration: impacted: 1 of 3 tests is affected by the change" in shown


def test_where_nothing_is_reached_a_layer_says_so_and_is_neither_red_nor_passed(recorded) -> None:
    recorded.append("README.md", "more\n")
    done = recorded.atomci("run", "integration", "e2e", "--since", "HEAD", "--json")
    assert done.code == 0, done.out
    none = "none of {} is affected by the change; the others passed, and nothing that they use changed"
    for atom, tests in ((RUN, "3 tests"), ("run_pytest_e2e", "1 tests")):
        assert (done.statuses[atom], done.atoms[atom]["reason"]) == ("skipped", none.format(tests))
    assert (done.statuses[STAGE], done.atoms[STAGE]["reason"]) == ("pass", none.format("3 tests"))
    assert not (recorded.root / "artifacts/tests/integration.jsonl").exists()


def test_a_failing_test_that_the_change_reaches_is_red_and_runs_again(recorded) -> None:
    recorded.replace("src/demo/words.py", "return ", "return None and ")
    done = recorded.atomci("run", "integration", "--since", "HEAD", "--json")
    assert (done.code, done.statuses[STAGE]) == (1, "fail")
    assert _ran(recorded) == {"test_files"}
    recorded.git("checkout", "--quiet", ".")
    assert recorded.atomci("run", "integration", "--since", "HEAD").code == 0
    assert _ran(recorded) == {"test_files"}


def test_by_itself_a_layer_runs_all_tests(recorded) -> None:
    recorded.replace("src/demo/words.py", '"!"', '"!" + ""')
    assert recorded.atomci("run", RUN).code == 0
    assert len(_ran(recorded)) == 3
    assert recorded.json("artifacts/tests/integration.selection.json")["mode"] == "full"


def test_a_test_that_is_skipped_and_a_file_without_tests_turn_no_part_red(recorded) -> None:
    recorded.write(
        "tests/integration/test_later.py",
        "import pytest\n\npytestmark = pytest.mark.skip\n\n\ndef test_it(): ...\n",
    )
    recorded.write("tests/integration/test_empty.py", "")
    done = recorded.atomci("run", "integration", "--since", "HEAD", "--json")
    assert done.code == 0, done.out
    assert (done.statuses[RUN], _ran(recorded)) == ("skipped", {"test_it"})
    assert done.atoms[RUN]["reason"].endswith("every test was skipped")
    assert done.statuses[STAGE] == "pass"
