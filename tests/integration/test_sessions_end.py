"""How a session of pytest ends, and what is made of it: real pytest with the recorder, in every layer."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from layered_project import layered

from atomci.testing import results
from atomci.testing.judging import Judgement, judge

pytest_plugins = "pytester"
TESTS, CONFTEST = "tests/unit/test_x.py", "tests/unit/conftest.py"
FINISH = "the session didn't finish: "
Files = dict[str, str]


def three(second: str = "pass", third: str = "pass") -> Files:
    """Three tests, of which the second does something."""
    return {TESTS: f"def test_a(): pass\ndef test_b():\n    {second}\ndef test_c(): {third}\n"}


def hook(text: str, **more: str) -> Files:
    """Three tests and a conftest."""
    return {**three(), CONFTEST: text, **{f"tests/unit/{name}.py": text for name, text in more.items()}}


Run = Callable[..., Judgement]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """pytest on tests/unit of a project, in this process unless told otherwise."""
    root = pytester.path
    log = root / "artifacts/log.jsonl"
    monkeypatch.setenv("ATOMCI_TEST_LOG", str(log))
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest")

    def act(files: Files, *words: str, process: bool = False) -> Judgement:
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        words = ("tests/unit", "-q", "-p", "atomci.testing.recorder", *words)
        if process:
            command = [sys.executable, "-m", "pytest", *words]
            done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
            code, output = done.returncode, done.stdout + done.stderr
        else:
            ended = pytester.runpytest_inprocess(*words, no_reraise_ctrlc=True)
            code, output = int(ended.ret), "\n".join(ended.outlines + ended.errlines)
        found, session = results.read_log(log)
        return judge(found, session, folder="tests/unit", code=code, output=output, root=root)

    return act


class Ends(NamedTuple):
    """A project, and what is to be said of its tests."""

    files: Files
    status: str
    says: str
    words: tuple[str, ...] = ()


BROKEN_OFF = {
    "pytest.exit": Ends(
        three("import pytest; pytest.exit('enough', returncode=0)", "assert 0"),
        "error",
        f"{FINISH}pytest.exit: enough (tests/unit/test_x.py:3); 1 of 3 tests ran",
    ),
    "Ctrl-C": Ends(
        three("raise KeyboardInterrupt"),
        "error",
        f"{FINISH}KeyboardInterrupt (tests/unit/test_x.py:3); 1 of 3 tests ran",
    ),
    "session.shouldstop": Ends(
        hook("def pytest_runtest_teardown(item): item.session.shouldstop = 'enough'\n"),
        "error",
        f"{FINISH}enough; 1 of 3 tests ran",
    ),
    "a loop that runs nothing": Ends(
        hook("def pytest_runtestloop(session): return True\n"),
        "error",
        f"{FINISH}0 of 3 tests ran, and nothing says why {TESTS}::test_a didn't",
    ),
    "a protocol that reports nothing": Ends(
        hook("def pytest_runtest_protocol(item): return item.name != 'test_a' or None\n"),
        "error",
        f"{FINISH}1 of 3 tests ran, and nothing says why {TESTS}::test_b didn't",
    ),
    "--collect-only": Ends(
        three(), "error", f"{FINISH}0 of 3 tests ran: --collect-only", ("--collect-only",)
    ),
    "--setup-only": Ends(three(), "error", f"{FINISH}0 of 3 tests ran: --setup-only", ("--setup-only",)),
    "an exit status that no test explains": Ends(
        hook("def pytest_sessionfinish(session): session.exitstatus = 1\n"),
        "error",
        "pytest ended with exit code 1, and no test failed",
    ),
    "an exit status that hides failures": Ends(
        hook(
            "def pytest_sessionfinish(session): session.exitstatus = 0\n", test_y="def test_y(): assert 0\n"
        ),
        "fail",
        "1 failed",
    ),
    "an unknown option": Ends(
        three(),
        "error",
        f"{FINISH}pytest ended with exit code 4 before it collected a test: unrecognized arguments: --nope",
        ("--nope",),
    ),
    "a file that can't be collected": Ends(
        {**three(), "tests/unit/test_y.py": "import nope\n"},
        "fail",
        "tests/unit/test_y.py can't be collected: ModuleNotFoundError: No module named 'nope'; "
        "the suite stopped on a failure: 0 of 3 tests ran",
    ),
    "--maxfail": Ends(
        three("assert 0"),
        "fail",
        "1 failed; the suite stopped on a failure: 2 of 3 tests ran",
        ("--maxfail=1",),
    ),
    "--maxfail at the end": Ends(three(third="assert 0"), "fail", "1 failed", ("--maxfail=1",)),
}
DEAD = {
    "a conftest that can't be imported": Ends(
        hook("\nimport nope\n"),
        "error",
        f"{CONFTEST} can't be imported: ModuleNotFoundError: No module named 'nope' ({CONFTEST}:2)",
    ),
    "os._exit": Ends(
        three("import os; os._exit(0)", "assert 0"),
        "error",
        f"{FINISH}pytest ended with exit code 0 while {TESTS}::test_b ran, after 1 other test",
    ),
    "a kill": Ends(
        three("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"),
        "error",
        f"{FINISH}pytest was killed by SIGKILL while {TESTS}::test_b ran, after 1 other test",
    ),
    "os._exit in a fixture": Ends(
        {
            TESTS: "import os\n\nimport pytest\n\n\n@pytest.fixture\ndef ends():\n    yield\n    os._exit(0)\n\n\n"
            "def test_a(): ...\n\n\ndef test_b(ends): ...\n"
        },
        "error",
        f"{FINISH}pytest ended with exit code 0 while {TESTS}::test_b ran, after 1 other test",
    ),
    "sys.exit in a conftest": Ends(
        hook("import sys\nsys.exit(0)\n"),
        "error",
        f"{FINISH}pytest ended with exit code 0 before it collected a test: SystemExit: 0 ({CONFTEST}:2)",
    ),
    "os._exit in a hook at the end": Ends(
        hook("import os\ndef pytest_sessionfinish(session): os._exit(0)\n"), "pass", ""
    ),
    "a forked copy that goes on": Ends(
        three("import os; pid = os.fork(); pid and os.waitpid(pid, 0)"), "pass", ""
    ),
}
if os.name == "nt":
    for posix in ("a kill", "a forked copy that goes on"):
        del DEAD[posix]
NARROWED = {
    "-k": Ends(three(), "pass", '2 deselected (-k "test_a")', ("-k", "test_a")),
    "-m": Ends(three(), "vacuous", 'no test was collected; 3 deselected (-m "slow")', ("-m", "slow")),
    "--deselect": Ends(
        three(), "pass", f'1 deselected (--deselect "{TESTS}::test_a")', ("--deselect", f"{TESTS}::test_a")
    ),
    "items[:] =": Ends(
        hook("def pytest_collection_modifyitems(items):\n    items[:] = items[:1]\n"),
        "pass",
        "2 removed by a hook, not deselected",
    ),
    "items[:] = around all others": Ends(
        hook(
            "import pytest\n\n\n@pytest.hookimpl(wrapper=True, tryfirst=True)\n"
            "def pytest_collection_modifyitems(items):\n    yield\n    items[:] = items[:1]\n"
        ),
        "pass",
        "2 removed by a hook, not deselected",
    ),
    "collect_ignore": Ends(
        {
            **hook("collect_ignore = ['test_y.py', 'deep', 'data']\n", test_y=""),
            "tests/unit/deep/test_z.py": "",
            "tests/unit/data/x.py": "",
        },
        "pass",
        "ignored: tests/unit/deep, tests/unit/test_y.py",
    ),
    "--ignore": Ends(
        {**three(), "tests/unit/test_y.py": ""},
        "pass",
        "ignored: tests/unit/test_y.py",
        ("--ignore=tests/unit/test_y.py",),
    ),
    "norecursedirs": Ends({**three(), "tests/unit/build/test_y.py": ""}, "pass", "ignored: tests/unit/build"),
    "xfail and skip": Ends(
        {
            **three(),
            "tests/unit/test_y.py": "import pytest\n\n\n@pytest.mark.xfail\ndef test_y():\n    assert 0\n",
            "tests/unit/test_z.py": "import pytest\n\npytest.skip('no', allow_module_level=True)\n",
        },
        "pass",
        "1 skipped; 1 xfailed",
    ),
    "nothing but xfail": Ends(
        {TESTS: "import pytest\n\n\n@pytest.mark.xfail\ndef test_x():\n    assert 0\n"},
        "vacuous",
        "no test can fail: each was expected to fail, or was skipped",
    ),
    "a settings file in tests/": Ends({**three(), "tests/pytest.ini": "[pytest]\n"}, "pass", ""),
}


@pytest.mark.parametrize("name", BROKEN_OFF | NARROWED)
def test_what_a_session_left_out_and_what_ended_it_are_said(run: Run, name: str) -> None:
    case = (BROKEN_OFF | NARROWED)[name]
    judgement = run(case.files, *case.words)
    assert (judgement.status, judgement.reason) == (case.status, case.says)


@pytest.mark.parametrize("name", DEAD)
def test_a_process_that_dies_is_no_pass_and_says_where_it_was(run: Run, name: str) -> None:
    case = DEAD[name]
    judgement = run(case.files, *case.words, process=True)
    assert (judgement.status, judgement.reason) == (case.status, case.says)


def test_what_workers_leave_out_is_said_and_one_that_dies_is_red(run: Run) -> None:
    drop = "def pytest_collection_modifyitems(items):\n    items[:] = items[1:]\n"
    judgement = run({**three(third="import os; os._exit(0)"), CONFTEST: drop}, "-n2", process=True)
    assert (judgement.status, judgement.summary.counts) == ("fail", {"failed": 1, "passed": 1})
    assert judgement.summary.session is not None
    assert (judgement.summary.session.collected, judgement.summary.session.run) == (3, 2)
    assert "1 removed by a hook" in judgement.reason


def test_a_result_is_kept_whatever_its_test_put_in_the_place_of_pythons_own(run: Run) -> None:
    text = "import json\nimport os\n"
    for name in ("passes", "fails"):
        text += f"def test_{name}(monkeypatch):\n    monkeypatch.setattr(os, 'getpid', lambda: 0)\n"
        text += "    monkeypatch.setattr(json, 'dumps', lambda *words, **options: '{}')\n"
    text += "    assert 0\n"
    judgement = run({TESTS: text})
    assert (judgement.status, judgement.summary.counts) == ("fail", {"failed": 1, "passed": 1})


def test_paths_count_from_the_projects_root_whatever_pytest_counts_from(run: Run) -> None:
    judgement = run({**three("assert 0"), "tests/pytest.ini": "[pytest]\n"})
    (bad,) = [row for row in results.read_results(Path("artifacts/log.jsonl")) if row.outcome == "failed"]
    assert (judgement.status, bad.nodeid, bad.path, bad.line) == ("fail", f"{TESTS}::test_b", TESTS, 3)


@pytest.mark.parametrize(
    "ending", ["import pytest; pytest.exit('x', returncode=0)", "import os; os._exit(0)"]
)
def test_a_session_that_does_not_finish_is_an_error_in_every_layer(real_sample, ending: str) -> None:
    project = layered(real_sample)
    layers = {
        "unit": "run_pytest_unit_with_coverage",
        "integration": "run_pytest_integration",
        "e2e": "run_pytest_e2e",
    }
    for layer in layers:
        text = f"def test_good(): ...\n\n\ndef test_ends():\n    {ending}\n"
        project.write(f"tests/{layer}/test_a_ending.py", text)
    done = project.atomci("run", *layers.values(), "--keep-going", "--json")
    for layer, atom in layers.items():
        status, reason = done[atom]
        assert status == "error", f"{layer}: {reason}"
        assert reason.startswith(FINISH)
        assert f"tests/{layer}/test_a_ending.py" in reason
        assert project.json(f"artifacts/tests/{layer}.json")["broken"] == reason


def test_a_budget_in_addopts_is_no_matter_of_a_layer_that_measures_nothing(real_sample) -> None:
    project = layered(real_sample)
    strict = 'addopts = ["--strict-markers"'
    project.replace("pyproject.toml", strict, f'{strict}, "--cov=src", "--cov-fail-under=100", "-m not slow"')
    project.append("tests/e2e/test_whole.py", "\n\n@pytest.mark.slow\ndef test_slow():\n    assert 0\n")
    project.replace("tests/e2e/test_whole.py", "import sys\n", "import sys\n\nimport pytest\n")
    project.replace("pyproject.toml", 'markers = ["', 'markers = ["slow: s", "')
    done = project.atomci("run", "run_pytest_e2e", "--json")
    assert done["run_pytest_e2e"] == ("pass", '1 deselected (-m "(not slow) and e2e")')
