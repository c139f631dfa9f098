"""Phase 9 with real git and pytest: what the tests are lent, drive, cover and leave."""

import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from layered_project import layered
from test_gate_checks import answer, change, forged, remove

PHASE = (
    "provision_integration_env",
    "run_pytest_integration",
    "exercise_adapters_and_endpoints",
    "collect_integration_artifacts",
    "gate_on_integration_results",
)
RUN, DRIVE, STAGE = PHASE[1], PHASE[2], PHASE[4]
TESTS = "tests/integration/test_world.py"
LENT = "artifacts/integration/tmp"
FAILING = "\n\ndef test_bad():\n    assert 0\n"


@pytest.fixture
def project(real_sample):
    """With integration tests that pass."""
    return layered(real_sample)


@pytest.fixture(scope="module")
def green_run(_pristine, tmp_path_factory):
    """The project after a green run, and what that said; don't write into it."""
    project = layered(_pristine.copy(tmp_path_factory.mktemp("layered") / "demo"))
    return project, project.atomci("run", "integration", "--json")


@pytest.fixture
def after(green_run, tmp_path):
    """A copy of the project after a green run, to break."""
    return green_run[0].copy(tmp_path / "copy")


def test_a_green_run_leaves_results_reports_and_what_tests_kept(green_run) -> None:
    project, done = green_run
    assert (done.code, done.statuses) == (0, dict.fromkeys(PHASE, "pass"))
    assert project.json("artifacts/tests/integration.json")["counts"] == {"passed": 3}
    cases = ET.parse(project.root / "artifacts/reports/integration.xml").findall(".//testcase")
    assert len(cases) == 3
    assert ET.parse(project.root / "artifacts/reports/integration.coverage.xml").getroot().tag == "coverage"
    assert project.read("artifacts/integration/files/said.log") == "hello"
    collected = {row["path"]: row for row in project.json("artifacts/integration/collected.json")["reports"]}
    assert "artifacts/integration/files/said.log" in collected
    assert [path for path, row in collected.items() if row.get("missing")] == []
    assert not (project.root / LENT).exists()
    assert project.git("status", "--short") == ""
    assert [row["nodeid"] for row in done.events if row["event"] == "test"] == [
        f"{TESTS}::test_files",
        f"{TESTS}::test_git",
        f"{TESTS}::test_what_is_lent",
    ]


def test_its_coverage_combines_with_the_unit_tests(after) -> None:
    assert after.atomci("run", "run_pytest_unit_with_coverage").code == 0

    def coverage(*words: str) -> str:
        command = [sys.executable, "-m", "coverage", *words]
        done = subprocess.run(
            command, cwd=after.root, capture_output=True, text=True, env=after.env, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    both = ("artifacts/tests/coverage.data", "artifacts/tests/integration.coverage.data")
    coverage("combine", "--keep", "--data-file=both.data", *both)
    assert "src/demo/words.py" in coverage("report", "--data-file=both.data")
    assert all((after.root / path).is_file() for path in both)


def test_what_is_lent_is_known_by_name_and_says_nothing_of_this_machine(project) -> None:
    project.atomci("run", "provision_integration_env")
    first = project.read("artifacts/integration/env.json")
    assert set(json.loads(first)["variables"]) == {"ATOMCI_TMP", "ATOMCI_GIT_REMOTE"}
    assert str(project.root) not in first
    project.atomci("run", "provision_integration_env")
    assert project.read("artifacts/integration/env.json") == first


def test_git_does_not_find_the_project_from_the_lent_folder(project) -> None:
    project.write(
        TESTS,
        "import os\nimport subprocess\n\n\ndef test_it(tmp_path):\n"
        "    done = subprocess.run(['git', 'status'], cwd=os.environ['ATOMCI_TMP'])\n"
        "    assert done.returncode == 128\n",
    )
    assert project.atomci("run", RUN).code == 0


def test_what_a_killed_run_left_is_removed(project) -> None:
    project.write(f"{LENT}/work/old", "")
    (project.root / LENT / "work").chmod(0o500)
    assert project.atomci("run", RUN).code == 0
    assert not (project.root / LENT).exists()


def test_the_first_failure_ends_it_names_file_and_line_and_takes_down_what_was_lent(project) -> None:
    project.append(TESTS, FAILING)
    line = len(project.read(TESTS).splitlines())
    project.append(TESTS, FAILING.replace("bad", "worse"))
    done = project.atomci("run", "integration", "--json")
    assert done.code == 1
    assert done.statuses == dict(zip(PHASE, ("pass", "fail", "skipped", "pass", "fail"), strict=True))
    assert [(f["path"], f["line"]) for f in done.atoms[RUN]["findings"]] == [(TESTS, line)]
    assert "1 integration test failed" in project.json("artifacts/stages/integration.json")["reasons"]
    assert project.json("artifacts/tests/integration.json")["counts"] == {"failed": 1, "passed": 3}
    assert not (project.root / LENT).exists()
    junit = ET.parse(project.root / "artifacts/reports/integration.xml")
    assert len(junit.findall(".//failure")) == 1


def test_told_to_keep_going_it_shows_every_failure(project) -> None:
    project.append(TESTS, FAILING + FAILING.replace("bad", "worse"))
    project.atomci("run", RUN, "--keep-going")
    assert project.json("artifacts/tests/integration.json")["counts"] == {"failed": 2, "passed": 3}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no test was collected with the marker integration"),
        ("import pytest\n\n\n@pytest.mark.skip\ndef test_it():\n    pass\n", "every test was skipped"),
    ],
)
def test_no_test_is_vacuous_and_red(project, text: str, said: str) -> None:
    project.delete("tests/integration")
    project.write(TESTS, text)
    done = project.atomci("run", RUN, STAGE, "--json")
    assert (done.code, done.statuses[RUN], done.atoms[RUN]["reason"]) == (1, "vacuous", said)
    assert done.statuses[STAGE] == "vacuous"


def test_the_layer_is_left_out_until_its_first_test_and_never_shown_as_passed(project) -> None:
    test = project.read(TESTS)
    project.delete("tests/integration")
    project.write("tests/integration/conftest.py", "")
    done = project.atomci("run", "integration", "--json")
    why = f"tests/integration has no test any more: {TESTS} isn't there"
    assert (done.code, done.atoms[RUN]["left_out"]) == (0, why)
    layer = [
        "run_pytest_integration",
        "exercise_adapters_and_endpoints",
        "collect_integration_artifacts",
        STAGE,
    ]
    assert {done.statuses[atom] for atom in layer} == {"skipped"}
    assert f"left out:  {why}\n" in project.atomci("run", "integration").out
    assert {answer(project, atom)[:2] for atom in layer} == {(0, "not applicable")}

    project.write(TESTS, test)
    assert answer(project, RUN)[:2] == (0, "not run here yet")
    done = project.atomci("run", "integration", "--json")
    assert (done.code, {done.statuses[atom] for atom in layer}) == (0, {"pass"})


def test_tests_that_run_no_line_of_the_project_leave_no_coverage_and_are_green(project) -> None:
    project.write(TESTS, "def test_it(tmp_path):\n    (tmp_path / 'a').write_text('a')\n")
    project.replace(
        "pyproject.toml", "[tool.coverage.run]\n", '[tool.coverage.run]\nsource_pkgs = ["demo"]\n'
    )
    done = project.atomci("run", "integration", "--json")
    assert done.code == 0, {name: done[name] for name in done.statuses}
    (left_out,) = {row["left_out"] for row in done.atoms.values() if row["left_out"]}
    assert "run no line of the project's packages" in left_out
    assert "without coverage of the integration tests" in done.atoms[STAGE]["reason"]
    assert answer(project, STAGE)[:2] == (0, "holds")


def test_a_test_without_the_marker_is_not_run(project) -> None:
    project.write("tests/conftest.py", "")
    done = project.atomci("run", RUN, "--json")
    assert (done.code, done.statuses[RUN]) == (1, "vacuous")


def test_a_suite_that_kills_its_interpreter_is_no_pass(project) -> None:
    project.append(TESTS, "\n\ndef test_ends():\n    os._exit(0)\n")
    done = project.atomci("run", RUN, "--json")
    assert done.code != 0
    assert done.statuses[RUN] != "pass"
    assert not (project.root / LENT).exists()


def test_it_runs_again_though_nothing_changed(after) -> None:
    done = after.atomci("run", RUN, "--json")
    assert (done.code, RUN in done.cached) == (0, False)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_ctrl_c_takes_down_what_was_lent(project) -> None:
    project.append(
        TESTS, "\n\ndef test_slow():\n    import time\n\n    open('begun', 'w')\n    time.sleep(60)\n"
    )
    process = project.start("run", "integration")
    _wait_for(project.root / "begun")
    assert (project.root / LENT / "remote.git").is_dir()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert not (project.root / LENT).exists()


def _wait_for(path: Path) -> None:
    for _ in range(300):
        if path.exists():
            return
        time.sleep(0.1)
    raise AssertionError(f"{path} never came")


STORE = "from pathlib import Path\n\n\ndef save(path: Path) -> None:\n    path.write_text('')\n"
ONLY_FILES = "def test_files(tmp_path):\n    pass\n"
CLIENT = """\
import pytest
from fastapi.testclient import TestClient


@pytest.fixture
def client():
    return TestClient
"""


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {TESTS: "def test_one():\n    assert 1\n", "src/demo/store.py": STORE},
            "file system (src/demo/store.py:5 uses it); write one that does",
        ),
        (
            {TESTS: ONLY_FILES, "src/demo/vcs.py": 'LOG = ["git", "log"]\n'},
            "git (src/demo/vcs.py:1 uses it)",
        ),
        (
            {
                TESTS: ONLY_FILES,
                "tests/integration/conftest.py": "import pytest\n\n\n@pytest.fixture\ndef git_repo(): ...\n",
            },
            "git (there is a fixture, tests/integration/conftest.py: git_repo)",
        ),
        (
            {
                TESTS: ONLY_FILES,
                "pyproject.toml": '[project]\nname = "demo"\ndependencies = ["fastapi>=0.1"]\n',
            },
            "endpoint (fastapi is a dependency)",
        ),
        (
            {
                TESTS: "import pytest\n\n\n@pytest.mark.xfail\ndef test_it(tmp_path):\n    assert 0\n\n\ndef test_b(): ...\n",
                "src/demo/store.py": STORE,
            },
            "file system",
        ),
    ],
)
def test_what_is_expected_and_not_driven_is_named(project, files: dict[str, str], said: str) -> None:
    for path, text in files.items():
        project.write(path, text)
    done = project.atomci("run", DRIVE, STAGE, "--json")
    assert (done.code, done.statuses[DRIVE]) == (1, "fail")
    assert said in done.atoms[DRIVE]["reason"]
    assert done.statuses[STAGE] == "fail"


def test_a_first_test_is_enough_where_the_sources_use_neither_files_nor_git(project) -> None:
    project.write(TESTS, "import pytest\n\n\n@pytest.mark.integration\ndef test_one():\n    assert 1\n")
    project.write("tests/conftest.py", "import pytest\n\n\n@pytest.fixture\ndef git_repo(tmp_path): ...\n")
    project.write(
        "src/demo/tools.py", "import shutil\n\n\ndef size():\n    return shutil.get_terminal_size()\n"
    )
    done = project.atomci("run", DRIVE, STAGE, "--json")
    assert (done.statuses[DRIVE], done.statuses[STAGE]) == ("pass", "pass"), done.atoms[DRIVE]["reason"]
    assert done.atoms[DRIVE]["reason"] == "nothing in src/ uses files, git or an endpoint"


@pytest.mark.parametrize(
    "files",
    [
        # Through a helper of the suite, a class in a conftest, a client built by a fixture.
        {
            "tests/helpers.py": "def git(*words):\n    return ['git', *words]\n",
            TESTS: "def test_a(tmp_path):\n    from tests.helpers import git\n    git()\n",
            "src/demo/vcs.py": "import subprocess\n\n\ndef log():\n    subprocess.run('git log', shell=True)\n",
        },
        {
            "tests/conftest.py": "import shutil\n\n\nclass World:\n    def copy(self): shutil.copy\n",
            TESTS: "import pytest\nfrom conftest import World\n\npytestmark = pytest.mark.integration\n\n\n"
            "def test_a(): World()\n",
        },
        {
            TESTS: CLIENT + "\n\ndef test_a(client, tmp_path): ...\n",
            "fastapi/__init__.py": "",
            "fastapi/testclient.py": "TestClient = 1\n",
            "pyproject.toml": '[project]\nname = "demo"\ndependencies = ["fastapi"]\n'
            "[tool.pytest.ini_options]\npythonpath = ['src', '.']\n",
        },
    ],
    ids=["helper", "class", "client"],
)
def test_what_is_driven_through_the_suites_own_code_counts(project, files: dict[str, str]) -> None:
    for path, text in files.items():
        project.write(path, text)
    done = project.atomci("run", DRIVE, "--json")
    assert done.statuses[DRIVE] == "pass", done.atoms[DRIVE]["reason"] + project.log(RUN)


SHARING = """\
import pytest


@pytest.fixture
def world(tmp_path): ...


@pytest.fixture(autouse=True)
def always(): ...
"""
TAKING = """\
import pytest


@pytest.fixture
def world(world): ...


@pytest.fixture(name="box")
def make_box(): ...


@pytest.mark.usefixtures("box")
def test_marked(): ...


def test_overriding(world): ...


class TestMore:
    @pytest.fixture
    def always(self): ...

    def test_hiding(self, capsys): ...
"""


def test_which_fixtures_a_test_got_is_recorded_also_by_a_worker(project) -> None:
    project.write("tests/integration/conftest.py", SHARING)
    project.write(TESTS, TAKING)
    project.write(
        "pyproject.toml", project.read("pyproject.toml").replace("addopts = [", 'addopts = ["-n1", ')
    )
    done = project.atomci("run", RUN, "--json")
    got = {row["nodeid"]: row["fixtures"] for row in done.events if row["event"] == "test"}
    always = "tests/integration/conftest.py::always"
    assert {test.rpartition("::")[2]: sorted(fixtures) for test, fixtures in got.items()} == {
        "test_marked": [always, f"{TESTS}::box"],
        "test_overriding": [
            always,
            "tests/integration/conftest.py::world",
            f"{TESTS}::world",
            "tmp_path",
            "tmp_path_factory",
        ],
        "test_hiding": ["capsys", f"{TESTS}::always"],
    }


EXERCISED, SUMMARY = "artifacts/integration/exercised.json", "artifacts/tests/integration.json"
JUNIT = "artifacts/reports/integration.xml"
BROKEN = [
    (PHASE[0], lambda project: project.write(f"{LENT}/x", ""), f"{LENT} is still there"),
    (RUN, forged(RUN, SUMMARY, '"passed": 3', '"passed": 4'), "the results have another number"),
    (DRIVE, forged(DRIVE, EXERCISED, "test_files", "test_no"), "is listed for file system, but it didn't"),
    (PHASE[3], remove(JUNIT), f"{JUNIT} is missing"),
    (PHASE[3], forged(PHASE[3], JUNIT, "testcase", "case"), "holds 0 cases for 3 attempts"),
    (STAGE, remove("artifacts/stages/integration.json"), "integration.json is missing"),
]
OUT_OF_DATE = [
    (RUN, change("src/demo/words.py", "\n"), "src/demo/words.py changed"),
    (DRIVE, change("tests/unit/test_words.py", "\n"), "tests/unit/test_words.py changed"),
    (STAGE, change("src/demo/words.py", "\n"), f"{RUN} is out of date: src/demo/words.py changed"),
]


@pytest.mark.parametrize(
    ("atom", "act", "said"), BROKEN, ids=[f"{n}-{row[0]}" for n, row in enumerate(BROKEN)]
)
def test_a_check_says_what_is_broken(after, atom: str, act, said: str) -> None:
    assert answer(after, atom)[:2] == (0, "holds")
    act(after)
    code, status, evidence = answer(after, atom)
    assert (code, status) == (1, "broken"), evidence
    assert said in evidence


@pytest.mark.parametrize(
    ("atom", "act", "said"), OUT_OF_DATE, ids=[f"{n}-{row[0]}" for n, row in enumerate(OUT_OF_DATE)]
)
def test_what_ran_on_an_older_state_is_out_of_date(after, atom: str, act, said: str) -> None:
    act(after)
    code, status, evidence = answer(after, atom)
    assert (code, status) == (0, "out of date"), evidence
    assert said in evidence


def test_every_atom_of_the_phase_is_broken_by_some_row() -> None:
    assert {atom for atom, _, _ in BROKEN} == set(PHASE)


def test_a_dry_run_prints_the_commands_and_lends_nothing(project) -> None:
    done = project.atomci("run", "integration", "--dry-run")
    assert done.code == 0
    assert "-m pytest tests/integration" in done.out
    assert "ATOMCI_PORTS=" in done.out
    assert not (project.root / "artifacts").exists()
