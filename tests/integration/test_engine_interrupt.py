"""Ctrl-C, SIGTERM and a closed pipe: children gone, what is known written."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from atomci.tools import exclusive

pytestmark = pytest.mark.skipif(
    os.name == "nt", reason="Windows has no such signals; its own test is to come"
)

SCRIPT = """\
import os, subprocess, sys, time
# A child that ignores the polite signal, and a grandchild.
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
open("pids.tmp", "w").write(f"{os.getpid()} {child.pid}")
os.rename("pids.tmp", "pids")
print("under way", flush=True)
time.sleep(120)
"""


@pytest.fixture
def slow(sample):
    """A project whose type check takes two minutes in a child and a grandchild."""
    sample.write("../slow.py", SCRIPT)
    sample.append(
        "pyproject.toml",
        f"\n[tool.atomci.atoms.run_mypy_typecheck]\nrun = '{sys.executable} ../slow.py'\nreads = 'lines'\n",
    )
    return sample


def _wait_for(path: Path) -> None:
    for _ in range(300):
        if path.exists():
            return
        time.sleep(0.1)
    raise AssertionError(f"{path} never came")


def _alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text() if Path("/proc").is_dir() else ""
        os.kill(pid, 0)
    except (ProcessLookupError, FileNotFoundError):
        return False
    return not stat or stat.rpartition(")")[2].split()[0] != "Z"


def _interrupt(project, number: int) -> tuple[subprocess.Popen[str], str, str, float]:
    process = project.start("run", "local_ci")
    _wait_for(project.root / "pids")
    _wait_for(project.root / "artifacts/atoms/run_black_check.json")
    began = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return process, out, err, time.monotonic() - began


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_kills_its_children_and_writes_what_it_knows(slow, number: int) -> None:
    process, out, err, seconds = _interrupt(slow, number)
    assert process.returncode == 130
    assert seconds < 15
    pids = [int(pid) for pid in slow.read("pids").split()]
    for _ in range(30):
        if not any(map(_alive, pids)):
            break
        time.sleep(0.1)
    assert [pid for pid in pids if _alive(pid)] == []
    assert "Traceback" not in out + err
    assert "local_ci: interrupted" in out

    (run,) = slow.runs
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    last = events[-1]
    assert (last["event"], last["exit_code"], last["interrupted"]) == ("run_finished", 130, True)
    ended = {row["atom"]: row for row in events if row["event"] == "atom_finished"}
    assert set(ended) == set(events[0]["atoms"]) == set(last["atoms"])
    assert ended["run_black_check"]["status"] == "pass"
    assert ended["run_mypy_typecheck"]["status"] == "skipped"
    assert ended["run_mypy_typecheck"]["reason"] == "the run was interrupted"
    assert ended["compute_local_ci_exit_code"]["status"] == "skipped"
    assert slow.json("artifacts/atoms/run_mypy_typecheck.json")["status"] == "skipped"
    assert "under way" in (run / "run_mypy_typecheck.log").read_text()
    index = slow.json("artifacts/index.json")
    assert index["run"] == run.name
    assert f"artifacts/runs/{run.name}/events.jsonl" in {row["path"] for row in index["files"]}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody is given orphans")
def test_what_a_killed_run_started_ends_with_it_and_the_next_run_is_its_own(slow) -> None:
    process, out, _, _ = _interrupt(slow, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    pids = [int(pid) for pid in slow.read("pids").split()]
    for _ in range(100):
        if not any(map(_alive, pids)):
            break
        time.sleep(0.02)
    assert [pid for pid in pids if _alive(pid)] == []
    for line in [*out.splitlines(), *(slow.runs[0] / "events.jsonl").read_text().splitlines()]:
        assert line.startswith(("{", "ok", "skip")), line
    assert not (slow.root / "artifacts/gate.json").exists()

    slow.write("../slow.py", "print('src/demo/words.py:1: bad')\nraise SystemExit(1)\n")
    done = slow.atomci("run", "local_ci", "--json")
    assert done.code == 1
    assert slow.json("artifacts/gate.json")["exit_code"] == 1
    index = slow.json("artifacts/index.json")
    assert {row["path"].split("/")[2] for row in index["files"] if "/runs/" in row["path"]} == {index["run"]}


def test_an_interrupted_result_is_not_taken_over_by_the_next_run(slow) -> None:
    _interrupt(slow, signal.SIGINT)
    slow.write("../slow.py", "print('src/demo/words.py:1: bad')\nraise SystemExit(1)\n")
    done = slow.atomci("run", "run_mypy_typecheck", "--json")
    assert (done.code, done.cached) == (1, set())


def test_a_run_whose_reader_goes_away_goes_on_to_its_end(sample) -> None:
    process = sample.start("run", "triage", "--json")
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["event"] == "run_started"
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    (run,) = sample.runs
    assert json.loads((run / "events.jsonl").read_text().splitlines()[-1])["event"] == "run_finished"


def test_a_red_run_whose_reader_goes_away_is_still_red(sample) -> None:
    sample.append("src/demo/words.py", "import os\n")
    process = sample.start("run", "triage")
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(timeout=60) == 1


def test_a_run_without_standard_output_has_the_same_verdict(sample) -> None:
    words = ["sh", "-c", 'exec "$0" -m atomci run run_ruff_lint --json >&-', sys.executable]
    done = subprocess.run(words, cwd=sample.root, env=sample.env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_run_whose_terminal_is_closed_ends_as_one_that_is_interrupted(slow) -> None:
    ours, theirs = os.openpty()
    words = [sys.executable, "-m", "atomci", "run", "local_ci"]
    process = subprocess.Popen(words, cwd=slow.root, env=slow.env, stdout=theirs, stderr=theirs)
    os.close(theirs)
    _wait_for(slow.root / "pids")
    os.close(ours)
    process.send_signal(signal.SIGHUP)
    assert process.wait(30) == 130
    (log,) = slow.root.glob("artifacts/runs/*/events.jsonl")
    assert json.loads(log.read_text().splitlines()[-1])["exit_code"] == 130


def test_a_list_whose_reader_goes_away_is_no_error(sample) -> None:
    command = f"{sys.executable} -m atomci list | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=sample.root, env=sample.env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("phase_00")


# Python imports it before anything else: it sends the signal when a module is looked for.
AT_THE_IMPORT = """\
import os, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == os.environ.get("AT_THE_IMPORT_OF"):
            os.kill(os.getpid(), getattr(signal, os.environ["SENT"]))

sys.meta_path.insert(0, Finder())
"""


@pytest.mark.parametrize(
    ("sent", "module"),
    [
        ("SIGINT", "click"),
        ("SIGTERM", "atomci.cli.runs.run"),
        ("SIGHUP", "atomci.engine.runner"),
        ("SIGINT", "atomci.engine.schedule"),
    ],
)
def test_an_interrupt_in_the_first_moments_leaves_events_that_end(sample, sent: str, module: str) -> None:
    sample.write("../site/sitecustomize.py", AT_THE_IMPORT)
    site = str(sample.root.parent / "site")
    process = sample.start("run", "triage", "--json", PYTHONPATH=site, AT_THE_IMPORT_OF=module, SENT=sent)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err in {"interrupted\n", ""}
    events = [json.loads(line) for line in out.splitlines()]
    assert (events[0]["event"], events[-1]["event"]) == ("run_started", "run_finished")
    assert (events[-1]["exit_code"], events[-1]["interrupted"]) == (130, True)
    assert set(events[-1]["atoms"].values()) == {"skipped"}


def test_an_interrupt_in_the_first_moments_of_another_verb_is_no_traceback(sample) -> None:
    sample.write("../site/sitecustomize.py", AT_THE_IMPORT)
    site = str(sample.root.parent / "site")
    process = sample.start("list", PYTHONPATH=site, AT_THE_IMPORT_OF="click", SENT="SIGINT")
    assert process.communicate(timeout=60) == ("", "interrupted\n")
    assert process.returncode == 130


def test_a_run_keeps_others_out_but_for_those_that_it_starts(sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exclusive, "PATIENCE", 0.1)
    (sample.root / "artifacts").mkdir()
    with exclusive.exclusive(sample.root / "artifacts", ""):
        done = sample.atomci("run", "run_ruff_lint")
        assert (done.code, done.out) == (3, "")
        assert done.err.startswith("error: another atomci run is at work in this repository\n")
        sample.env["ATOMCI_RUNS_IN"] = str(sample.root)
        assert sample.atomci("run", "run_ruff_lint").code == 0
    del sample.env["ATOMCI_RUNS_IN"]
    assert sample.atomci("run", "run_ruff_lint").code == 0
