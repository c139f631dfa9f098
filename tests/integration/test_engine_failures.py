"""Tools that are missing, hang, crash or find nothing to do, and places that can't be written."""

import os
import sys
from pathlib import Path

import pytest

SLOW = "import time; time.sleep(60)"


def _swap(project, atom: str, line: str) -> None:
    project.append("pyproject.toml", f"\n[tool.atomci.atoms.{atom}]\n{line}\n")


@pytest.fixture
def crashing(sample):
    """A project whose lint atom is a function that raises."""
    sample.write(
        "../tools/broken_atom.py",
        "def run(ctx):\n    ctx.log('starting\\n')\n    raise LookupError('lost it')\n",
    )
    _swap(sample, "run_ruff_lint", "use = 'broken_atom:run'")
    sample.env["PYTHONPATH"] = str(sample.root.parent / "tools")
    return sample


def test_a_crashed_atom_is_one_failed_row_and_no_traceback(crashing) -> None:
    done = crashing.atomci("run", "triage")
    assert done.code == 3
    assert "Traceback" not in done.out + done.err
    (row,) = [line for line in done.out.splitlines() if "031 run_ruff_lint" in line]
    assert row.startswith("ERROR")
    assert "LookupError: lost it" in row
    assert "triage: broken" in done.out


def test_the_traceback_of_a_crash_is_in_its_log(crashing) -> None:
    crashing.atomci("run", "triage")
    log = crashing.log("run_ruff_lint")
    assert log.startswith("starting\n")
    assert "Traceback" in log
    assert 'broken_atom.py", line 3, in run' in log


def test_a_crash_lets_the_rest_of_its_phase_finish(crashing) -> None:
    done = crashing.atomci("run", "local_ci", "--json")
    assert done.code == 3
    assert done.statuses["run_black_check"] == "pass"
    assert done.statuses["aggregate_static_findings"] == "pass"
    assert done.statuses["enforce_coverage_budget"] == "skipped"
    assert crashing.json("artifacts/gate.json")["verdict"] == "broken"


def test_an_atom_that_ends_the_interpreter_is_a_failed_row_too(crashing) -> None:
    crashing.write("../tools/broken_atom.py", "def run(ctx):\n    raise SystemExit(0)\n")
    done = crashing.atomci("run", "run_ruff_lint", "--json")
    assert (done.code, done.statuses["run_ruff_lint"]) == (3, "error")


def test_a_missing_tool_is_an_error_that_says_what_to_type(sample, clone_environment) -> None:
    environment = clone_environment(without=["mypy"])
    done = sample.atomci("run", "local_ci", "--json", UV_PROJECT_ENVIRONMENT=str(environment))
    assert done.code == 3
    assert done.statuses["run_mypy_typecheck"] == "error"
    reason = done.atoms["run_mypy_typecheck"]["reason"]
    assert f"mypy isn't in {environment}" in reason
    assert "atomci run compile_lockfile_and_sync" in reason
    gate = sample.json("artifacts/gate.json")
    assert (gate["exit_code"], gate["verdict"]) == (3, "broken")
    assert "run_mypy_typecheck left no findings" in gate["reasons"][0]


@pytest.mark.parametrize(
    ("program", "atom"),
    [("ruff", "run_ruff_lint"), ("black", "run_black_check"), ("mypy", "run_mypy_typecheck")],
)
@pytest.mark.parametrize("says", ["exit 7", "echo nonsense; exit 2", "kill -9 $$"])
def test_a_tool_that_breaks_is_an_error_and_no_pass(sample, clone_environment, program, atom, says) -> None:
    environment = clone_environment(without=[program])
    (environment / "bin" / program).write_text(f"#!/bin/sh\n{says}\n")
    (environment / "bin" / program).chmod(0o755)
    done = sample.atomci("run", atom, "--json", UV_PROJECT_ENVIRONMENT=str(environment))
    assert (done.code, done.statuses[atom]) == (3, "error")
    assert f"{program} failed" in done.atoms[atom]["reason"]


def test_a_tool_whose_output_cannot_be_read_is_an_error(sample, clone_environment) -> None:
    environment = clone_environment(without=["ruff"])
    (environment / "bin/ruff").write_text("#!/bin/sh\necho '[{'\nexit 1\n")
    (environment / "bin/ruff").chmod(0o755)
    done = sample.atomci("run", "run_ruff_lint", "--json", UV_PROJECT_ENVIRONMENT=str(environment))
    assert (done.code, done.statuses["run_ruff_lint"]) == (3, "error")
    assert "can't be read" in done.atoms["run_ruff_lint"]["reason"]


def test_a_tools_output_that_is_too_long_to_read_is_an_error_and_no_pass(sample, monkeypatch) -> None:
    monkeypatch.setattr("atomci.tools.output.WHOLE", 100)
    sample.append("src/demo/words.py", "import os\n")
    done = sample.atomci("run", "run_ruff_lint", "--json")
    assert (done.code, done.statuses["run_ruff_lint"]) == (3, "error")
    assert "the output of ruff is longer than" in done.atoms["run_ruff_lint"]["reason"]


@pytest.mark.parametrize("atom", ["run_ruff_lint", "run_local_ci_script"])
def test_only_what_is_read_is_bounded(sample, monkeypatch, atom: str) -> None:
    """A command whose exit code is the answer may print anything."""
    monkeypatch.setattr("atomci.tools.output.WHOLE", 100)
    _swap(sample, atom, f"run = '{sys.executable} -ISc \"print(1000 * chr(120))\"'")
    done = sample.atomci("run", atom, "--json")
    assert done.statuses[atom] == ("error" if atom == "run_ruff_lint" else "pass")


def test_settings_that_a_tool_refuses_are_an_error_in_its_own_words(real_sample) -> None:
    real_sample.replace("pyproject.toml", "[tool.ruff.lint]", "[tool.ruff.lint]\nno-such-setting = 1")
    done = real_sample.atomci("run", "run_ruff_lint", "--json")
    assert (done.code, done.statuses["run_ruff_lint"]) == (3, "error")
    assert "no-such-setting" in done.atoms["run_ruff_lint"]["reason"]


def test_a_program_that_takes_too_long_is_killed(sample) -> None:
    marker = sample.root / "grandchild.pid"
    sample.write("tools/slow.sh", f"#!/bin/sh\nsleep 60 & echo $! > {marker}\nwait\n")
    _swap(sample, "run_ruff_lint", "run = 'sh tools/slow.sh'\ntimeout = 1")
    done = sample.atomci("run", "run_ruff_lint", "--json")
    assert (done.code, done.statuses["run_ruff_lint"]) == (3, "error")
    row = done.atoms["run_ruff_lint"]
    assert "took more than 1 s and was killed" in row["reason"]
    assert row["seconds"] < 20
    _assert_gone(int(marker.read_text()))


def _assert_gone(pid: int) -> None:
    import time

    for _ in range(50):
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except (ProcessLookupError, FileNotFoundError):
            return
        time.sleep(0.1)
    raise AssertionError(f"{pid} still runs")


@pytest.mark.parametrize("target", ["run_ruff_lint", "run_black_check", "run_mypy_typecheck"])
def test_a_tool_with_no_file_to_look_at_is_vacuous_and_red(sample, target: str) -> None:
    for folder in ("src", "tests"):
        sample.delete(folder)
    done = sample.atomci("run", target, "--json")
    assert (done.code, done.statuses[target]) == (1, "vacuous")
    assert "no Python file" in done.atoms[target]["reason"]


def test_a_tool_whose_settings_exclude_everything_is_vacuous(real_sample) -> None:
    real_sample.replace("pyproject.toml", "[tool.ruff]", '[tool.ruff]\nextend-exclude = ["src", "tests"]')
    real_sample.replace("pyproject.toml", "[tool.black]", '[tool.black]\nextend-exclude = "."')
    done = real_sample.atomci("run", "run_ruff_lint", "run_black_check", "--json")
    assert done.code == 1
    assert done.statuses == {"run_ruff_lint": "vacuous", "run_black_check": "vacuous"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (None, None),
        ("tests/unit/test_words.py", "def helper() -> None: ...\n"),
        (
            "tests/unit/test_words.py",
            "import pytest\n\n\n@pytest.mark.skip(reason='x')\ndef test_x() -> None: ...\n",
        ),
    ],
    ids=["no folder", "no test", "every test skipped"],
)
def test_a_suite_in_which_nothing_runs_is_vacuous_and_red(real_sample, path, text) -> None:
    real_sample.delete("tests/unit")
    if path:
        real_sample.write(path, text)
    done = real_sample.atomci("run", "run_pytest_unit_with_coverage", "stage2_unit_tests", "--json")
    assert done.code == 1
    assert done.statuses["run_pytest_unit_with_coverage"] == "vacuous"
    assert done.statuses["stage2_unit_tests"] == "vacuous"


def test_a_gate_over_nothing_is_red(sample) -> None:
    sample.delete("tests")
    sample.delete("src")
    done = sample.atomci("run", "local_ci", "--keep-going")
    assert done.code == 1
    assert sample.json("artifacts/gate.json")["verdict"] == "red"


def test_an_artifacts_folder_that_cannot_be_written_is_a_clear_error(sample) -> None:
    sample.write("artifacts", "a file\n")
    done = sample.atomci("run", "triage")
    assert done.code == 3
    assert done.err.startswith("error: can't write")
    assert "Traceback" not in done.err


def test_a_result_that_cannot_be_written_is_a_failed_row(sample) -> None:
    (sample.root / "artifacts/atoms").mkdir(parents=True)
    (sample.root / "artifacts/atoms/run_ruff_lint.json").mkdir()
    done = sample.atomci("run", "run_ruff_lint", "run_black_check", "--json")
    assert done.code == 3
    assert done.statuses == {"run_ruff_lint": "error", "run_black_check": "pass"}
    assert "can't be written" in done.atoms["run_ruff_lint"]["reason"]


def test_an_index_that_cannot_be_written_is_a_clear_error(sample) -> None:
    (sample.root / "artifacts/index.json").mkdir(parents=True)
    done = sample.atomci("run", "run_ruff_lint")
    assert done.code == 3
    assert "error: the run's files can't be written" in done.err
    assert "Traceback" not in done.err


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_a_full_disk_under_the_screen_is_no_traceback(sample) -> None:
    import subprocess

    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "atomci", "list"],
            cwd=sample.root,
            env=sample.env,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


def test_outside_a_project_the_error_says_so(tmp_path, sample) -> None:
    done = sample.atomci("run", "triage", cwd=tmp_path)
    assert done.code == 2
    assert "no pyproject.toml" in done.err


def test_below_the_root_the_project_is_found(sample) -> None:
    done = sample.atomci("run", "run_ruff_lint", cwd=sample.root / "src/demo")
    assert done.code == 0
    assert (sample.root / "artifacts/index.json").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "local-ci"], "did you mean local_ci"),
        (["run", "run_rufflint"], "did you mean run_ruff_lint"),
        (["run", "mypy"], "or run_mypy_typecheck?"),
        (["run"], "no target is given"),
        (["run", "triage", "--jobs", "0"], "jobs"),
        (["run", "triage", "--nope"], "--nope"),
        (["run", "local_ci", "--since", "no-such-ref"], "git has no commit 'no-such-ref'"),
        (["nope"], "atomci --help lists the commands, atomci list what can be run"),
        (["frobnicate"], "atomci has no command 'frobnicate'"),
        (["rnu"], "did you mean atomci run?"),
        (["local_ci"], "did you mean atomci run local_ci?"),
        (["local-ci"], "did you mean atomci run local_ci?"),
        (["atom_031"], "did you mean atomci run atom_031?"),
        (["--versoin"], "--version"),
        (["run", "triage", "--keep-goin"], "--keep-going"),
        (["explain", "trige"], "did you mean triage"),
        (["graph", "triage", "--format", "mermiad"], "'mermaid'"),
    ],
)
def test_a_usage_error_exits_2_and_says_what_to_type(sample, words: list[str], said: str) -> None:
    done = sample.atomci(*words)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err
    assert not (sample.root / "artifacts").exists()


def test_a_bad_table_exits_2_before_anything_runs(sample) -> None:
    _swap(sample, "run_ruff_lint", "enabled = 'no'")
    line = sample.read("pyproject.toml").splitlines().index("enabled = 'no'") + 1
    for words in (["run", "triage"], ["run", "triage", "--dry-run"], ["check", "run_ruff_lint"]):
        done = sample.atomci(*words)
        assert done.code == 2
        assert f"pyproject.toml:{line}: tool.atomci.atoms.run_ruff_lint.enabled: " in done.err
    assert not (sample.root / "artifacts").exists()
