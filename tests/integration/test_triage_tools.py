"""Phase 4 on real tools: each finding with file, line and rule; nothing is mended; lanes and commands."""

import os
import time
from typing import Any

import pytest

BROKEN = {
    # name: (file, its text, the line, atom, rule, lane, fixable)
    "lint": ("src/demo/unused.py", "import os\n", 1, "run_ruff_lint", "F401", "lint", True),
    "lint that needs a person": (
        "src/demo/unknown.py",
        "l = 1\nprint(l1)\n",
        2,
        "run_ruff_lint",
        "F821",
        "lint",
        False,
    ),
    "lint in tests": ("tests/unit/test_unused.py", "import os\n", 1, "run_ruff_lint", "F401", "lint", True),
    "format": (
        "src/demo/spaces.py",
        "Y = 1\nX = {  'a':1 }\n",
        2,
        "run_black_check",
        "unformatted",
        "format",
        True,
    ),
    "format in tests": (
        "tests/unit/test_quotes.py",
        "Y = 'a'\n",
        1,
        "run_black_check",
        "unformatted",
        "format",
        True,
    ),
    "type": ("src/demo/typed.py", 'x: int = ""\n', 1, "run_mypy_typecheck", "assignment", "type", False),
    "strictness": (
        "src/demo/untyped.py",
        "def f(a):\n    return a\n",
        1,
        "run_mypy_typecheck",
        "no-untyped-def",
        "type",
        False,
    ),
}


@pytest.fixture(scope="module")
def triaged(real_reference, tmp_path_factory) -> tuple[Any, Any]:
    """A project with all of that after one run, and what the run said."""
    project = real_reference.copy(tmp_path_factory.mktemp("triaged") / "demo")
    for path, text, *_ in BROKEN.values():
        project.write(path, text)
    return project, project.atomci("run", "triage", "--json")


@pytest.mark.parametrize("name", BROKEN)
def test_a_red_case_names_file_line_and_rule_and_exits_1(triaged, name: str) -> None:
    path, _, line, atom, rule, lane, fixable = BROKEN[name]
    _, done = triaged
    assert done.code == 1
    assert done.statuses[atom] == "fail"
    found = [f for f in done.atoms[atom]["findings"] if f["rule"] == rule and f["path"] == path]
    assert [f["line"] for f in found] == [line]
    assert found[0].get("lane", "lint") == lane
    assert found[0].get("fixable", False) is fixable


def test_nothing_is_mended(triaged) -> None:
    project, _ = triaged
    assert {path: project.read(path) for path, *_ in BROKEN.values()} == {
        path: text for path, text, *_ in BROKEN.values()
    }
    assert project.git("diff", "--name-only") == ""


def test_every_finding_lands_in_its_lane_with_the_mending_command(triaged) -> None:
    project, done = triaged
    lanes = project.json("artifacts/reports/lanes.json")
    assert lanes["lane"] == "lint"
    found = {
        lane: len(done.atoms[atom]["findings"])
        for lane, atom in (
            ("lint", "run_ruff_lint"),
            ("format", "run_black_check"),
            ("type", "run_mypy_typecheck"),
        )
    }
    assert {row["lane"]: row["findings"] for row in lanes["lanes"]} == found
    assert [row["command"].rpartition("/")[2] for row in lanes["lanes"]] == [
        "ruff check --fix .",
        "black .",
        "mypy",
    ]


def test_a_syntax_error_is_named_by_all_three_tools(real_green) -> None:
    real_green.append("src/demo/words.py", "\n\ndef broken(:\n    pass\n")
    line = len(real_green.read("src/demo/words.py").splitlines()) - 1
    done = real_green.atomci("run", "triage", "--json")
    assert done.code == 1
    for atom in ("run_ruff_lint", "run_black_check", "run_mypy_typecheck"):
        assert done.statuses[atom] == "fail"
        places = {(f["path"], f["line"]) for f in done.atoms[atom]["findings"]}
        assert {f.get("unread") for f in done.atoms[atom]["findings"]} == {True}, atom
        assert ("src/demo/words.py", line) in places, atom


def test_ruff_mends_nothing_whatever_its_settings_say(real_sample) -> None:
    real_sample.replace("pyproject.toml", "[tool.ruff]", "[tool.ruff]\nfix = true\nunsafe-fixes = true")
    real_sample.append("src/demo/words.py", "import os\n")
    text = real_sample.read("src/demo/words.py")
    assert real_sample.atomci("run", "run_ruff_lint").code == 1
    assert real_sample.read("src/demo/words.py") == text
    assert real_sample.git("diff", "--name-only").split() == ["pyproject.toml", "src/demo/words.py"]


def test_findings_of_changed_files_come_first(green) -> None:
    green.append("src/demo/prices.py", '\n\na: int = ""\n')
    green.commit()
    green.append("src/demo/words.py", '\n\nb: int = ""\n')
    done = green.atomci("run", "run_mypy_typecheck", "--json")
    paths = [f["path"] for f in done.atoms["run_mypy_typecheck"]["findings"]]
    assert paths == ["src/demo/words.py", "src/demo/prices.py"]


def test_the_first_stage_says_the_lane_and_its_command(green) -> None:
    green.append("src/demo/words.py", "import os\n")
    stage = green.atomci("run", "stage1_lint_types", "--json").atoms["stage1_lint_types"]
    assert stage["status"] == "fail"
    assert "in lane lint: ruff check --fix ." in stage["reason"]


def test_the_lanes_commands_mend_what_can_be_mended(real_green) -> None:
    import subprocess
    import sys
    from pathlib import Path

    real_green.append("src/demo/words.py", "import os\nX = {  'a':1 }\n")
    assert real_green.atomci("run", "triage").code == 1
    for row in real_green.json("artifacts/reports/lanes.json")["lanes"]:
        assert row["fixable"] > 0
        program, *words = row["command"].split()
        subprocess.run(
            [Path(sys.executable).with_name(program), *words],
            cwd=real_green.root,
            env=real_green.env,
            check=False,
            capture_output=True,
        )
    # Moving E402 away is black's and ruff's work too, so one more look is all it takes.
    assert real_green.atomci("run", "triage").code == 0


def test_a_locked_projects_commands_begin_with_uv_run(green) -> None:
    green.write("uv.lock", "version = 1\n")
    green.append("src/demo/words.py", "\n\nX = {  'a':1 }\n")
    green.atomci("run", "triage")
    assert green.json("artifacts/reports/lanes.json")["lanes"][0]["command"] == "uv run black ."


def test_triage_is_green_and_empty_handed_on_a_clean_tree(real_reference) -> None:
    assert real_reference.json("artifacts/reports/lanes.json") == {
        "schema": "atomci/lanes/1",
        "lane": None,
        "lanes": [],
    }
    runs = real_reference.json("artifacts/reports/findings.json")["runs"]
    assert [(run["tool"], run["examined"], run["findings"]) for run in runs] == [
        ("ruff", 7, []),
        ("black", 7, []),
        ("mypy", 4, []),
    ]
    assert all(run["version"] for run in runs)


def test_the_type_check_waits_for_the_end_of_the_second_in_which_a_file_was_written(sample: Any) -> None:
    """Here mypy takes no time, so that without the wait the run would be over before that."""
    time.sleep(1 - time.time() % 1)
    sample.write("src/demo/added.py", "X = 1\n")
    written = time.time()
    os.utime(sample.root / "src/demo/added.py", (written, written))
    assert sample.atomci("run", "run_mypy_typecheck").code == 0
    assert time.time() >= int(written) + 1


def test_two_changes_in_one_second_are_both_seen(real_sample: Any) -> None:
    """mypy's own cache goes by size and whole seconds."""
    good, bad = "X: int = 1234\n", 'X: int = "12"\n'
    assert len(good) == len(bad)
    time.sleep(1 - time.time() % 1)
    for text, code in ((good, 0), (bad, 1), (good, 0)):
        real_sample.write("src/demo/added.py", text)
        done = real_sample.atomci("run", "run_mypy_typecheck", "--json")
        assert done.code == code, done.out


def test_bandit_in_ruffs_place_is_read_as_it_is(real_sample: Any) -> None:
    """Its own exit code is 0 for a file that it can't parse, and for a folder that isn't there."""
    bandit = "bandit --recursive {} --format json"
    table = '\n[tool.atomci.atoms.run_ruff_lint]\nrun = "{}"\nreads = "bandit"\n'
    real_sample.append("pyproject.toml", table.format(bandit.format("src")))
    assert real_sample.atomci("run", "run_ruff_lint", "--json")["run_ruff_lint"] == ("pass", "")
    real_sample.append("src/demo/words.py", '\n\nassert eval("1")\n')
    real_sample.write("src/demo/torn.py", "def (:\n")
    done = real_sample.atomci("run", "run_ruff_lint", "--json")
    found = done.atoms["run_ruff_lint"]["findings"]
    assert [(row["path"], row["rule"]) for row in found] == [
        ("src/demo/words.py", "B101"),
        ("src/demo/words.py", "B307"),
        ("src/demo/torn.py", "unparsable"),
    ]
    real_sample.replace("pyproject.toml", bandit.format("src"), bandit.format("elsewhere"))
    status, reason = real_sample.atomci("run", "run_ruff_lint", "--json")["run_ruff_lint"]
    assert status == "error"
    assert "No such file" in reason
