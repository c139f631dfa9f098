"""Phase 10 with real services, git, ruff, black and pytest."""

import os
import signal
import socket
import sys
import time
from pathlib import Path

import pytest
from layered_project import CI, RULES, layered
from test_gate_checks import answer, change, forged, remove

PHASE = (
    "stage_e2e_preconditions",
    "run_pytest_e2e",
    "simulate_quality_workflow",
    "capture_e2e_artifacts",
    "mark_e2e_required_on_main",
)
STAGED, RUN, WALK, KEPT, MARK = PHASE
TESTS = "tests/e2e/test_whole.py"
SERVER = """\
import http.server
import os
import sys

open("server.pid", "w").write(str(os.getpid()))


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()


http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
ASKING = """\
import http.client
import os


def test_it_answers():
    host, port = os.environ["ATOMCI_SERVICE_MOCK"].split(":")
    connection = http.client.HTTPConnection(host, int(port))
    connection.request("GET", "/health")
    assert connection.getresponse().status == 200
"""
MOCK = """
[tool.atomci.services.mock]
run = "python tests/mock.py {port}"
ready = "http://127.0.0.1:{port}/health"
"""
IMAGE = """
[tool.atomci.services.db]
image = "postgres:17"
port = 5432
ready = "tcp:{port}"
"""
DOCKER = f"""\
#!{sys.executable}
import socket, sys, time
open({{log!r}}, "a").write(" ".join(sys.argv[1:]) + "\\n")
if sys.argv[1] == "run":
    port = next(word for word in sys.argv if word.startswith("127.0.0.1:")).split(":")[1]
    with socket.create_server(("127.0.0.1", int(port))):
        time.sleep(60)
"""


@pytest.fixture
def project(real_sample):
    """With an e2e test that passes, a ruleset and a workflow."""
    return layered(real_sample)


@pytest.fixture
def served(project):
    """With a mock service that its test asks."""
    project.write("tests/mock.py", SERVER)
    project.write(TESTS, ASKING)
    project.append("pyproject.toml", MOCK)
    return project


def _alive(project) -> bool:
    pid = int(project.read("server.pid"))
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.is_file() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.fixture(scope="module")
def green_run(_pristine, tmp_path_factory):
    """The project after a green run, and what that said; don't write into it."""
    project = layered(_pristine.copy(tmp_path_factory.mktemp("layered") / "demo"))
    return project, project.atomci("run", "e2e", "--json")


@pytest.fixture
def after(green_run, tmp_path):
    """A copy of the project after a green run, to break."""
    return green_run[0].copy(tmp_path / "copy")


def test_a_green_run_leaves_results_and_what_tests_kept(green_run) -> None:
    project, done = green_run
    assert (done.code, done.statuses) == (0, dict.fromkeys(PHASE, "pass"))
    captured = {row["path"]: row for row in project.json("artifacts/e2e/captured.json")["reports"]}
    assert set(captured) == {
        "artifacts/reports/e2e.xml",
        "artifacts/tests/e2e.jsonl",
        "artifacts/e2e/files/screen.png",
    }
    assert all(row["sha256"] for row in captured.values())
    assert done.atoms[STAGED]["reason"] == "no service is declared"
    assert done.atoms[STAGED]["examined"] == 1
    assert project.json("artifacts/stages/e2e.json")["status"] == "pass"
    assert project.git("status", "--short") == ""


def test_a_failure_names_file_and_line_and_reports_are_made(project) -> None:
    project.append(TESTS, "\n\ndef test_bad():\n    assert 0\n")
    done = project.atomci("run", RUN, KEPT, MARK, "--json")
    assert (done.code, done.statuses[RUN], done.statuses[KEPT]) == (1, "fail", "pass")
    line = len(project.read(TESTS).splitlines())
    assert [(f["path"], f["line"]) for f in done.atoms[RUN]["findings"]] == [(TESTS, line)]
    assert "1 e2e test failed" in project.json("artifacts/stages/e2e.json")["reasons"]


def test_the_layer_is_left_out_until_its_first_test_and_never_shown_as_passed(project) -> None:
    project.delete("tests/e2e")
    done = project.atomci("run", RUN, KEPT, "--json")
    why = f"tests/e2e has no test any more: {TESTS} isn't there"
    assert (done.code, done.atoms[RUN]["left_out"]) == (0, why)
    assert (done.statuses[RUN], done.statuses[KEPT]) == ("skipped", "skipped")
    assert {answer(project, atom)[:2] for atom in (RUN, KEPT)} == {(0, "not applicable")}

    project.write("tests/e2e/check_it.py", "def test_it():\n    pass\n")
    done = project.atomci("run", RUN, "--json")
    assert (done.code, done.statuses[RUN]) == (1, "vacuous"), "a module that pytest doesn't collect"


def test_a_run_that_a_test_starts_writes_nothing_where_the_lines_of_that_test_go(sample, tmp_path) -> None:
    outer = tmp_path / "outer.data"
    outer.write_text("lines of another run", encoding="utf-8")
    done = layered(sample).atomci("run", RUN, "--json", ATOMCI_COVERAGE_FILE=str(outer))
    assert done[RUN][0] == "pass", done.out
    assert outer.read_text(encoding="utf-8") == "lines of another run"


@pytest.mark.parametrize(("answer", "status"), [("2", "pass"), ("3", "fail")])
def test_tests_that_are_no_modules_are_not_left_out(project, answer: str, status: str) -> None:
    project.delete("tests/e2e")
    project.write("tests/e2e/test_guide.txt", f">>> 1 + 1\n{answer}\n")
    done = project.atomci("run", RUN, "--json")
    assert (done.statuses[RUN], done.atoms[RUN]["examined"]) == (status, 1)


def test_tests_that_the_checkout_lacks_are_red(project) -> None:
    project.git("sparse-checkout", "set", "--no-cone", "/*", "!/tests/e2e")
    done = project.atomci("run", RUN, "--json")
    assert (done.code, done.statuses[RUN]) == (3, "error")
    assert "not found: tests/e2e" in done.atoms[RUN]["reason"]


# --- Services -----------------------------------------------------------------------------------


def test_a_service_lives_while_the_tests_run_and_is_gone_after(served) -> None:
    done = served.atomci("run", RUN, "--json")
    assert done.statuses == {STAGED: "pass", RUN: "pass"}, served.log(RUN)
    (state,) = served.json("artifacts/e2e/services.json")["services"]
    assert (state["status"], state["command"]) == ("ready", "python tests/mock.py {port}")
    assert not _alive(served)


def test_a_service_is_gone_after_a_red_test(served) -> None:
    served.append(TESTS, "\n\ndef test_bad():\n    assert 0\n")
    assert served.atomci("run", RUN).code == 1
    assert not _alive(served)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_ctrl_c_stops_services(served) -> None:
    served.append(
        TESTS, "\n\ndef test_slow():\n    import time\n\n    open('begun', 'w')\n    time.sleep(60)\n"
    )
    process = served.start("run", RUN)
    _wait_for(served.root / "begun")
    assert _alive(served)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert not _alive(served)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_ctrl_c_ends_the_wait_for_a_service(served) -> None:
    served.replace("pyproject.toml", "/health", "/never")
    process = served.start("run", RUN)
    _wait_for(served.root / "server.pid")
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert time.monotonic() - began < 10
    assert not _alive(served)


def _wait_for(path: Path) -> None:
    for _ in range(300):
        if path.exists():
            return
        time.sleep(0.1)
    raise AssertionError(f"{path} never came")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("tests/mock.py {port}", "tests/none.py {port}", "mock ended with exit code 2 before it was up"),
        ("/health", '/never"\ntimeout = 0.5 # "', "mock wasn't up after 0.5 s"),
        ("python tests", "no-such-program tests", "no-such-program can't be started"),
    ],
)
def test_a_service_that_does_not_come_up_is_red_and_named(served, old: str, new: str, said: str) -> None:
    served.replace("pyproject.toml", old, new)
    done = served.atomci("run", RUN, "--json")
    assert done.code in (1, 3)
    assert said in done.atoms[STAGED]["reason"]
    assert done.statuses[RUN] == "skipped"


def test_a_port_that_another_program_has_is_not_taken_for_the_service(served) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        served.replace("pyproject.toml", "127.0.0.1:{port}", f"127.0.0.1:{port}")
        done = served.atomci("run", STAGED, "--json")
    assert (done.code, done.statuses[STAGED]) == (1, "fail")
    assert "is taken by another program" in done.atoms[STAGED]["reason"]


def test_a_container_is_skipped_without_docker_and_its_test_sees_it_absent(project) -> None:
    project.append("pyproject.toml", IMAGE)
    project.append(TESTS, "\n\ndef test_absent():\n    assert 'ATOMCI_SERVICE_DB' not in os.environ\n")
    folder = project.root.parent / "bin"
    folder.mkdir()
    (folder / "docker").write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    (folder / "docker").chmod(0o755)
    done = project.atomci("run", RUN, "--json", PATH=f"{folder}{os.pathsep}{project.env['PATH']}")
    assert done.statuses == {STAGED: "pass", RUN: "pass"}
    (state,) = project.json("artifacts/e2e/services.json")["services"]
    assert state["status"] == "skipped"
    assert state["reason"] == "Docker doesn't run: Cannot connect to the Docker daemon"


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a script")
def test_a_container_is_started_published_and_removed(project) -> None:
    project.append("pyproject.toml", IMAGE)
    project.append(TESTS, "\n\ndef test_there():\n    assert os.environ['ATOMCI_SERVICE_DB']\n")
    folder = project.root.parent / "bin"
    folder.mkdir()
    (folder / "docker").write_text(DOCKER.format(log=str(folder / "calls")))
    (folder / "docker").chmod(0o755)
    done = project.atomci("run", RUN, "--json", PATH=f"{folder}{os.pathsep}{project.env['PATH']}")
    assert done.statuses == {STAGED: "pass", RUN: "pass"}, project.log(RUN)
    calls = (folder / "calls").read_text().splitlines()
    started = [call for call in calls if call.startswith("run --rm --name atomci-db-")]
    assert len(started) == 2
    assert all(call.endswith(":5432 postgres:17") for call in started)
    removed = [call for call in calls if call.startswith("rm --force atomci-db-")]
    assert len(removed) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("services = 1", "tool.atomci.services: expected a table"),
        ("[tool.atomci.services.a]\nready = 'tcp:1'", "services.a: give either run or image"),
        ("[tool.atomci.services.a]\nrun = 'x'", "missing required field `ready`"),
        ("[tool.atomci.services.a]\nrun = 'x'\nimage = 'y'\nready = 'tcp:1'", "a.image: give either run"),
        ("[tool.atomci.services.a]\nrun = 'x'\nready = 'https://a'", "a.ready: give http://127"),
        ("[tool.atomci.services.a]\nimage = 'x'\nready = 'tcp:1'", "a.image: give the port inside"),
        ("[tool.atomci.services.a]\nrun = 'x'\nport = 1\nready = 'tcp:1'", "a.port: is for an image"),
        ("[tool.atomci.services.a]\nrun = ''\nready = 'tcp:1'", "a.run: the command is empty"),
        ("[tool.atomci.services.a]\nrun = 'x'\nready = 'tcp:1'\ntimeout = 0", "a.timeout: give a number"),
        ("[tool.atomci.services.a]\nrn = 'x'\nready = 'tcp:1'", "a.rn: unknown key"),
        ("[tool.atomci.services.'a b']\nrun = 'x'\nready = 'tcp:1'", "name it by letters"),
    ],
)
def test_a_bad_table_is_a_usage_error_with_its_line(real_sample, text: str, said: str) -> None:
    real_sample.append("pyproject.toml", f"\n[tool.atomci]\n{text}\n")
    lines = real_sample.read("pyproject.toml").splitlines()
    first = next(number for number, line in enumerate(lines, 1) if line == "[tool.atomci]")
    done = real_sample.atomci("run", STAGED)
    assert done.code == 2
    assert said in done.err
    line = int(done.err.partition("pyproject.toml:")[2].partition(":")[0])
    assert first < line <= len(lines)


def test_a_package_that_is_not_installed_is_named(project) -> None:
    project.append("pyproject.toml", '\n[build-system]\nrequires = ["hatchling"]\n')
    done = project.atomci("run", RUN, "--json")
    assert (done.code, done.statuses[STAGED], done.statuses[RUN]) == (1, "fail", "skipped")
    assert "demo isn't installed" in done.atoms[STAGED]["reason"]


# --- The workflow -------------------------------------------------------------------------------


def _state(project) -> dict[str, str]:
    asked = ("status --short", "rev-parse HEAD", "for-each-ref", "stash list", "ls-files --stage")
    return {words: project.git(*words.split()) for words in asked}


def test_the_workflow_goes_through_and_the_project_stays_as_it_was(project) -> None:
    """Also in a hook, whose variables for git lead into the project."""
    project.append("src/demo/rounding.py", "\n\nNEW = 1\n")
    project.write("src/demo/fresh.py", '"""New."""\n')
    project.delete("src/demo/words.py")
    project.delete("tests/unit/test_words.py")
    before = _state(project)
    scratch = project.root.parent / "scratch"
    scratch.mkdir()
    lent = {"GIT_DIR": str(project.root / ".git"), "GIT_INDEX_FILE": str(project.root / ".git/index")}
    done = project.atomci("run", WALK, "--json", TMPDIR=str(scratch), **lent)
    assert done.statuses == {WALK: "pass"}, project.log(WALK)
    assert _state(project) == before
    assert list(scratch.glob("atomci-*")) == []
    steps = {row["name"]: row for row in project.json("artifacts/e2e/workflow.json")["steps"]}
    assert steps["broken: lint is red"]["exit_code"] == 1
    assert steps["broken: format is red"]["exit_code"] == 1
    assert steps["unit tests"]["ok"]
    assert str(project.root.parent) not in steps["unit tests"]["command"]
    assert "3 passed" in project.log(WALK)  # those of the working tree, not of HEAD


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("src/demo/prices.py", "import os\n", "lint before: exit 1"),
        ("src/demo/prices.py", "X   = 1\n", "format before: exit 1"),
        ("tests/unit/test_words.py", "\n\ndef test_bad() -> None:\n    assert 0\n", "unit tests: exit 1"),
    ],
)
def test_the_step_that_went_wrong_is_named(project, path: str, text: str, said: str) -> None:
    project.append(path, text)
    done = project.atomci("run", WALK, "--json")
    assert (done.code, done.statuses[WALK]) == (1, "fail")
    assert done.atoms[WALK]["reason"].startswith(said)
    assert project.json("artifacts/e2e/workflow.json")["steps"][-1]["ok"] is False


def test_rules_that_let_it_pass_are_no_triage(project) -> None:
    project.replace("pyproject.toml", 'select = ["E", "F", "I", "UP"]', 'select = ["I"]')
    done = project.atomci("run", WALK, "--json")
    assert done.atoms[WALK]["reason"].startswith("broken: lint is red: exit 0")


@pytest.mark.parametrize("gone", ["src", ".git"])
def test_nothing_to_go_through_is_vacuous(project, gone: str) -> None:
    project.delete(gone)
    done = project.atomci("run", WALK, "--json")
    assert (done.code, done.statuses[WALK]) == (1, "vacuous")


def test_a_project_in_a_folder_of_its_repository_goes_through_too(project) -> None:
    (project.root / ".git").rename(project.root.parent / ".git")
    project.git("add", "--all", str(project.root.parent))
    project.commit("moved")
    done = project.atomci("run", WALK, "--json")
    assert done.statuses == {WALK: "pass"}, project.log(WALK)


# --- Where it is required -----------------------------------------------------------------------


def swap(path: str, old: str, new: str):
    return lambda project: project.replace(path, old, new)


POLICY = [
    (remove(RULES), f"{RULES}:"),
    (remove(RULES), "missing: no ruleset says what is required"),
    (swap(RULES, '"gate"', '"e2e"'), "e2e is required; require gate alone"),
    (swap(RULES, '"active"', '"evaluate"'), "no check is required on main"),
    (swap(RULES, "~DEFAULT_BRANCH", "refs/heads/other"), "no check is required on main"),
    (swap(RULES, '"name"', "name"), "not JSON"),
    (remove(CI), f"{CI}: missing"),
    (swap(CI, "atomci run e2e", "atomci run unit"), "no job calls atomci run e2e"),
    (swap(CI, "github.event_name != 'pull_request'", "true"), "e2e runs on pull_request"),
    (swap(CI, "!= 'pull_request'", "== 'schedule'"), "e2e does not run on push"),
    (swap(CI, '  schedule:\n    - cron: "7 3 * * *"\n', ""), "e2e does not run on schedule"),
    (swap(CI, "!= 'pull_request'", "!= vars.WHAT"), "can't be worked out"),
    (swap(CI, "if: always()", "if: success()"), "no roll-up"),
]


@pytest.mark.parametrize(("act", "said"), POLICY, ids=range(len(POLICY)))
def test_where_it_is_required_is_read_off_githubs_files(project, act, said: str) -> None:
    assert answer(project, MARK)[:2] == (0, "holds")
    act(project)
    code, status, evidence = answer(project, MARK)
    assert (code, status) == (1, "broken")
    if said.endswith(":"):
        said = ".github/rulesets/main.json"
    assert said in evidence
    done = project.atomci("run", MARK, "--json")
    assert (done.code, done.statuses) == (1, {MARK: "fail"})
    assert project.json("artifacts/stages/e2e.json")["status"] == "fail"


# --- Checks -------------------------------------------------------------------------------------

SUMMARY, JUNIT = "artifacts/tests/e2e.json", "artifacts/reports/e2e.xml"
BROKEN = [
    (STAGED, remove("artifacts/e2e/services.json"), "services.json is missing"),
    (RUN, forged(RUN, SUMMARY, '"passed": 1', '"passed": 2'), "the results have another number"),
    (RUN, remove("artifacts/e2e/files/screen.png"), "screen.png is missing"),
    (
        WALK,
        forged(WALK, "artifacts/e2e/workflow.json", '"it is committed"', '"x"'),
        "it didn't reach its end",
    ),
    (WALK, forged(WALK, "artifacts/e2e/workflow.json", '"ok": true', '"ok": false'), "clone: exit 0"),
    (KEPT, remove(JUNIT), f"{JUNIT} is missing"),
    (KEPT, forged(KEPT, JUNIT, "testcase", "case"), "holds 0 cases for 1 attempts"),
]
OUT_OF_DATE = [
    (STAGED, change("pyproject.toml", MOCK), "pyproject.toml changed"),
    (RUN, change("src/demo/words.py", "\n"), "src/demo/words.py changed"),
    (WALK, change("src/demo/words.py", "\n"), "src/demo/words.py changed"),
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
    assert {atom for atom, _, _ in BROKEN} | {MARK} == set(PHASE)


def test_a_dry_run_prints_the_commands_and_starts_nothing(served) -> None:
    done = served.atomci("run", "e2e", "--dry-run")
    assert done.code == 0
    for words in ("tests/mock.py", "-m pytest tests/e2e", "git clone", "black --quiet"):
        assert words in done.out
    assert not (served.root / "artifacts").exists()
