"""Phase 17 in a project with real git: what its atoms record, and what each broken thing is called."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

READING = 'import os\n\nURL = os.environ.get("API_URL", "")\n'


@pytest.fixture
def project(sample) -> Any:
    """The sample, reading a variable and using a secret, both declared."""
    sample.write("src/demo/settings.py", READING)
    sample.write(".env.example", "# Where it finds its peers.\nAPI_URL=http://localhost\n")
    sample.append(".gitignore", ".env\n")
    sample.append("pyproject.toml", '\n[tool.atomci]\nsecrets = ["HOOK"]\n')
    sample.replace(
        ".github/workflows/ci.yml", "        env:\n", "        env:\n          HOOK: ${{ secrets.HOOK }}\n"
    )
    return sample


def answer(project: Any, atom: str) -> tuple[str, str]:
    (row,) = json.loads(project.atomci("check", atom, "--json").out)["atoms"]
    return row["status"], "\n".join(row["evidence"])


ENV = "manage_env_and_secrets_safely"


def test_it_holds_and_records_what_it_saw(project) -> None:
    status, evidence = answer(project, ENV)
    done = project.atomci("run", ENV, "--json")

    assert status == "holds"
    assert "src/demo/settings.py:3: API_URL is in .env.example" in evidence
    assert ".gitignore:5: git ignores .env" in evidence
    assert "HOOK is declared" in evidence
    assert done.statuses == {ENV: "pass"}
    assert project.json("artifacts/security/env.json")["holds"] is True


def broken(project: Any, *places: str) -> str:
    """It isn't as it should be, and says where: in the check, and as a finding of the run."""
    status, evidence = answer(project, ENV)
    assert status == "broken"
    done = project.atomci("run", ENV, "--json")
    assert (done.code, done.statuses) == (1, {ENV: "fail"})
    found = done.atoms[ENV]["findings"]
    assert [f"{f['path']}:{f['line']}" for f in found] == list(places)
    return evidence


@pytest.mark.parametrize(
    ("path", "old", "new", "place"),
    [
        (".env.example", "API_URL", "OTHER_URL", "src/demo/settings.py:3"),
        (".env.example", "API_URL=", "OLD=1\nAPI_URL=", ".env.example:2"),
        (
            ".env.example",
            "http://localhost",
            "https://me:q8Zt1vR5mK2x@acme.org",  # pragma: allowlist secret
            ".env.example:2",
        ),
        ("src/demo/settings.py", '"API_URL"', '"API_URL" + os.environ["MORE"] +', "src/demo/settings.py:3"),
        (".gitignore", ".env\n", ".envrc\n", ".gitignore:1"),
        (".gitignore", ".env\n", ".env\n!.env\n", ".gitignore:6"),
        (".github/workflows/ci.yml", "secrets.HOOK", "secrets.OTHER", ".github/workflows/ci.yml:18"),
        ("pyproject.toml", '["HOOK"]', '["HOOK", "OLD"]', "pyproject.toml:{}"),
    ],
)
def test_each_broken_thing_has_its_place(project, path: str, old: str, new: str, place: str) -> None:
    project.replace(path, old, new)
    place = place.format(project.line_of("pyproject.toml", "secrets = "))
    status, evidence = answer(project, ENV)
    done = project.atomci("run", ENV, "--json")

    assert status == "broken"
    assert place in evidence
    assert (done.code, done.statuses) == (1, {ENV: "fail"})
    assert place in [f"{found['path']}:{found['line']}" for found in done.atoms[ENV]["findings"]]


def test_a_tracked_env_file_is_told(project) -> None:
    project.write(".env", "API_URL=x\n")
    project.git("add", "--force", ".env")
    assert "git has it, and everyone can read it" in broken(project, ".env:1")


def test_a_rule_of_this_machine_alone_is_not_enough(project) -> None:
    project.replace(".gitignore", ".env\n", "")
    project.write(".git/info/exclude", ".env\n")
    assert "only this machine ignores .env, by exclude" in broken(project, ".gitignore:1")


def test_outside_git_nothing_is_proved(project) -> None:
    project.delete(".git")
    status, evidence = answer(project, ENV)
    assert (status, "git keeps nothing here" in evidence) == ("broken", True)


def test_a_read_that_cannot_be_known_is_said_in_the_runs_line(project) -> None:
    project.append("src/demo/settings.py", "\n\ndef ask(name: str) -> str:\n    return os.environ[name]\n")
    done = project.atomci("run", ENV)
    assert done.code == 0
    assert "src/demo/settings.py:7: reads a variable whose name isn't known: the name is name" in done.out


@pytest.mark.parametrize(
    ("value", "why"), [('"HOOK"', "expected names"), ("[1]", "expected names"), ('["MY-HOOK"]', "'MY-HOOK' isn't a secret's name"),
                       ('["GITHUB_HOOK"]', "'GITHUB_HOOK' isn't a secret's name")])  # fmt: skip
def test_wrong_declarations_are_refused_with_their_line(project, value: str, why: str) -> None:
    project.replace("pyproject.toml", '["HOOK"]', value)
    done = project.atomci("run", ENV)
    assert done.code == 2
    line = project.line_of("pyproject.toml", "secrets = ")
    assert f"pyproject.toml:{line}: tool.atomci.secrets: {why}" in done.err


# --- Redaction ----------------------------------------------------------------------------------

SECRET = "q8Zt1vR5-mK2x"
TELLING = f"""

def test_tells() -> None:
    import os

    print("out", os.environ["API_TOKEN"])
    assert os.environ["API_TOKEN"] == "{SECRET}" and "FROM_FILE" == "s3cret-of-the-file"
"""


def files_with(project: Any, text: str) -> list[str]:
    folders = [project.root / name for name in ("artifacts", ".atomci_cache")]
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    assert len(files) > 5
    return [str(file) for file in files if text.encode() in file.read_bytes()]


def test_a_secret_that_a_test_prints_reaches_no_file_and_no_screen(real_sample) -> None:
    real_sample.append("tests/unit/test_words.py", TELLING.replace(f'"{SECRET}"', '"x" + "y"'))
    real_sample.append(".gitignore", ".env\n")
    real_sample.write(".env", "FILE_VALUE=s3cret-of-the-file\n")

    done = real_sample.atomci("run", "local_ci", "-k", "--json", API_TOKEN=SECRET)

    assert done.statuses["run_pytest_unit_with_coverage"] == "fail"
    assert files_with(real_sample, SECRET) == []
    assert SECRET not in done.out
    taken_out = "[redacted: the value of API_TOKEN]"
    assert f"out {taken_out}" in real_sample.log("run_pytest_unit_with_coverage")
    for path in ("artifacts/tests/unit.jsonl", "artifacts/reports/junit.xml"):
        assert taken_out in real_sample.read(path)
        assert "s3cret-of-the-file" not in real_sample.read(path)
    assert taken_out in done.out
    assert "[redacted: the value of FILE_VALUE in .env]" in real_sample.log("run_pytest_unit_with_coverage")


def test_a_crash_of_a_conftest_tells_no_secret(real_sample) -> None:
    real_sample.write("tests/unit/conftest.py", "import os\n\nraise RuntimeError(os.environ['API_TOKEN'])\n")
    done = real_sample.atomci("run", "local_ci", "-k", "--json", API_TOKEN=SECRET)
    assert done.code != 0
    assert files_with(real_sample, SECRET) == []
    assert "RuntimeError: [redacted: the value of API_TOKEN]" in real_sample.log(
        "run_pytest_unit_with_coverage"
    )
    assert "[redacted: the value of API_TOKEN]" in real_sample.read("artifacts/tests/unit.jsonl")


def test_a_log_is_there_line_by_line_while_its_atom_runs(sample) -> None:
    sample.write("slow.py", "import time\nprint('begun', flush=True)\ntime.sleep(60)\n")
    sample.append(
        "pyproject.toml", f"\n[tool.atomci.atoms.run_ruff_lint]\nrun = '{sys.executable} slow.py'\n"
    )
    process = sample.start("run", "run_ruff_lint")
    try:
        wait_for(lambda: list(sample.root.glob("artifacts/runs/*/run_ruff_lint.log")))
        (log,) = sample.root.glob("artifacts/runs/*/run_ruff_lint.log")
        wait_for(lambda: "begun\n" in log.read_text(encoding="utf-8"))
    finally:
        stop(process)


# --- Retention ----------------------------------------------------------------------------------

KEEP = "enforce_artifact_privacy_and_retention"


def wait_for(done: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def stop(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def old_run(project: Any, days: int, home: str = "runs", size: int = 10) -> Path:
    started = datetime.now(UTC) - timedelta(days=days)
    folder: Path = project.root / "artifacts" / home / f"{started:%Y%m%dT%H%M%S}-1a2b3c"
    folder.mkdir(parents=True)
    (folder / "a.log").write_bytes(b"x" * size)
    (folder / "events.jsonl").write_text('{"event":"run_finished"}\n')
    return folder


def test_old_runs_are_removed_and_named_and_nothing_else(sample) -> None:
    young, old, cli = old_run(sample, 29), old_run(sample, 31), old_run(sample, 40, "cli_runs/claude")
    other = sample.root / "artifacts/runs/notes"
    other.mkdir()
    outside = sample.root.parent / "outside"
    outside.mkdir()
    link = sample.root / "artifacts/runs/20200101T000000-abcdef"
    link.symlink_to(outside, target_is_directory=True)

    assert answer(sample, KEEP)[0] == "broken"
    assert old.exists(), "a check changes nothing"
    done = sample.atomci("run", KEEP, "--json")

    assert done.statuses == {KEEP: "pass"}
    assert done.atoms[KEEP]["reason"].startswith("2 old runs removed")
    assert [path.exists() for path in (young, old, cli, other, outside, link)] == [
        True,
        False,
        False,
        True,
        True,
        True,
    ]
    report = sample.json("artifacts/security/retention.json")
    assert [(row["path"].rpartition("/")[2], row["reason"]) for row in report["removed"]] == [
        (cli.name, "40 days old, and runs are kept for 30 days"),
        (old.name, "31 days old, and runs are kept for 30 days"),
    ]
    assert f"removed artifacts/runs/{old.name}: 31 days old" in sample.log(KEEP)
    assert answer(sample, KEEP)[0] == "holds"


def test_the_table_says_how_much_is_kept(sample) -> None:
    sample.append("pyproject.toml", "\n[tool.atomci.retention]\ndays = 7\nmegabytes = 1\n")
    runs = [old_run(sample, days, size=400_000) for days in (8, 3, 2, 1)]
    assert sample.atomci("run", KEEP).code == 0
    assert [run.exists() for run in runs] == [False, False, True, True]


@pytest.mark.parametrize(
    ("line", "why"),
    [("days = 0", "retention.days: give a whole number above 0"), ("megabytes = '1'", "retention.megabytes: Expected"),
     ("weeks = 1", "retention.weeks: unknown key; known: days, megabytes")],
)  # fmt: skip
def test_a_wrong_table_is_refused_with_its_line(sample, line: str, why: str) -> None:
    sample.append("pyproject.toml", f"\n[tool.atomci.retention]\n{line}\n")
    old = old_run(sample, 500)
    done = sample.atomci("run", KEEP)
    assert done.code == 2
    number = sample.line_of("pyproject.toml", line)
    assert f"pyproject.toml:{number}: tool.atomci.{why}" in done.err
    assert old.exists()


def test_a_run_that_goes_on_is_left_alone_until_it_is_over(sample) -> None:
    sample.write("slow.py", "import time\ntime.sleep(60)\n")
    slow = f"\n[tool.atomci.atoms.run_ruff_lint]\nrun = '{sys.executable} slow.py'\n"
    sample.append("pyproject.toml", f"{slow}\n[tool.atomci.retention]\nmegabytes = 1\n")
    process = sample.start("run", "run_ruff_lint")
    try:
        wait_for(lambda: list(sample.root.glob("artifacts/runs/*/run_ruff_lint.log")))
        (going_on,) = (sample.root / "artifacts/runs").iterdir()
        (going_on / "big").write_bytes(b"x" * 2_000_000)
        # Only what a run starts gets in beside it.
        assert sample.atomci("run", KEEP, ATOMCI_RUNS_IN=str(sample.root)).code == 0
        assert going_on.exists()
    finally:
        stop(process)
    long_ago = time.time() - 2 * 86400
    for path in (*going_on.iterdir(), going_on):
        os.utime(path, (long_ago, long_ago))
    assert sample.atomci("run", KEEP).code == 0
    assert not going_on.exists(), "it was killed, and nothing has been written for two days"


@pytest.mark.parametrize(
    ("text", "kind"),
    [("ghp_" + "a1B2" * 9, "a GitHub token"), (SECRET, "the value of API_TOKEN"),
     ("s3cret-of-the-file", "the value of FILE_VALUE in .env")],
)  # fmt: skip
def test_a_secret_under_artifacts_is_told_and_not_repeated(sample, text: str, kind: str) -> None:
    sample.write(".env", "FILE_VALUE=s3cret-of-the-file\n")
    assert sample.atomci("run", KEEP, API_TOKEN=SECRET).code == 0
    sample.write("artifacts/e2e/files/dump.txt", f"a\nb {text} c\n")

    done = sample.atomci("run", KEEP, "--json", API_TOKEN=SECRET)
    check = sample.atomci("check", KEEP, API_TOKEN=SECRET)

    (found,) = done.atoms[KEEP]["findings"]
    assert (done.code, check.code) == (1, 1)
    assert (found["path"], found["line"]) == ("artifacts/e2e/files/dump.txt", 2)
    assert f"artifacts/e2e/files/dump.txt:2: holds {kind}" in check.out
    assert text not in done.out + check.out + sample.read("artifacts/security/retention.json")
    sample.delete("artifacts/e2e/files/dump.txt")
    assert sample.atomci("check", KEEP, API_TOKEN=SECRET).code == 0


def test_an_upload_that_is_kept_for_ever_is_told(sample) -> None:
    step = "      - uses: actions/upload-artifact@v4\n        with:\n          path: dist/\n"
    sample.write(".github/workflows/more.yml", f"on: push\njobs:\n  a:\n    steps:\n{step}")
    status, evidence = answer(sample, KEEP)
    assert status == "broken"
    assert ".github/workflows/more.yml:6: a doesn't say how long dist/ is kept" in evidence
    assert sample.atomci("run", KEEP).code == 1
    sample.append(".github/workflows/more.yml", "          retention-days: 14\n")
    assert answer(sample, KEEP)[0] == "holds"


# --- What the template renders ------------------------------------------------------------------

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.mark.parametrize("tree", sorted(path.name for path in GOLDEN.iterdir() if path.is_dir()))
def test_a_rendered_repository_holds(sample, tree: str, tmp_path: Path) -> None:
    root = tmp_path / "rendered"
    shutil.copytree(GOLDEN / tree, root)
    subprocess.run(["git", "init", "--quiet"], cwd=root, env=sample.env, check=True)
    done = sample.atomci("check", ENV, KEEP, "support_manual_override_and_escalation", "--json", cwd=root)
    assert {row["atom"]: row["status"] for row in json.loads(done.out)["atoms"]} == {
        ENV: "holds",
        KEEP: "holds",
        "support_manual_override_and_escalation": "holds",
    }, done.out
