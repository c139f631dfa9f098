"""Phase 4 on real tools: each finding with file, line and rule; nothing is mended; lanes and commands."""

import time
from typing import Any

import pytest

BROKEN = {
    # name: (file, what is added, line of it from the file's end, atom, rule, lane, fixable)
    "lint": ("src/demo/words.py", "import os\n", 0, "run_ruff_lint", "F401", "lint", True),
    "lint that needs a person": (
        "src/demo/words.py",
        "l = 1\nprint(l1)\n",
        0,
        "run_ruff_lint",
        "F821",
        "lint",
        False,
    ),
    "lint in tests": ("tests/unit/test_words.py", "import os\n", 0, "run_ruff_lint", "F401", "lint", True),
    "format": (
        "src/demo/words.py",
        "\n\nX = {  'a':1 }\n",
        0,
        "run_black_check",
        "unformatted",
        "format",
        True,
    ),
    "type": ("src/demo/words.py", '\n\nx: int = ""\n', 0, "run_mypy_typecheck", "assignment", "type", False),
    "strictness": (
        "src/demo/words.py",
        "\n\ndef f(a):\n    return a\n",
        -1,
        "run_mypy_typecheck",
        "no-untyped-def",
        "type",
        False,
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_red_case_names_file_line_and_rule_and_exits_1(green, name: str) -> None:
    path, text, back, atom, rule, lane, fixable = BROKEN[name]
    green.append(path, text)
    line = len(green.read(path).splitlines()) + back
    done = green.atomci("run", "triage", "--json")
    assert done.code == 1
    assert done.statuses[atom] == "fail"
    found = [f for f in done.atoms[atom]["findings"] if f["rule"] == rule]
    assert [(f["path"], f["line"]) for f in found] == [(path, line)]
    assert found[0].get("lane", "lint") == lane
    assert found[0].get("fixable", False) is fixable
    assert f"{path}:{line}:" in green.atomci("run", "triage").out


def test_a_syntax_error_is_named_by_all_three_tools(green) -> None:
    green.append("src/demo/words.py", "\n\ndef broken(:\n    pass\n")
    line = len(green.read("src/demo/words.py").splitlines()) - 1
    done = green.atomci("run", "triage", "--json")
    assert done.code == 1
    for atom in ("run_ruff_lint", "run_black_check", "run_mypy_typecheck"):
        assert done.statuses[atom] == "fail"
        places = {(f["path"], f["line"]) for f in done.atoms[atom]["findings"]}
        assert ("src/demo/words.py", line) in places, atom


def test_ruff_mends_nothing_whatever_its_settings_say(green) -> None:
    green.replace("pyproject.toml", "[tool.ruff]", "[tool.ruff]\nfix = true\nunsafe-fixes = true")
    green.append("src/demo/words.py", "import os\n")
    text = green.read("src/demo/words.py")
    assert green.atomci("run", "local_ci", "--keep-going").code == 1
    assert green.read("src/demo/words.py") == text
    assert green.git("diff", "--name-only").split() == ["pyproject.toml", "src/demo/words.py"]


def test_black_names_every_file_at_its_first_change(green) -> None:
    green.replace("src/demo/rounding.py", "    return round(", "    return   round(")
    green.replace("tests/unit/test_words.py", 'shout("hey")', "shout('hey')")
    done = green.atomci("run", "run_black_check", "--json")
    places = [(f["path"], f["line"]) for f in done.atoms["run_black_check"]["findings"]]
    assert sorted(places) == [("src/demo/rounding.py", 6), ("tests/unit/test_words.py", 5)]
    assert green.git("diff", "--name-only").split() == ["src/demo/rounding.py", "tests/unit/test_words.py"]


def test_findings_of_changed_files_come_first(green) -> None:
    green.append("src/demo/prices.py", '\n\na: int = ""\n')
    green.commit()
    green.append("src/demo/words.py", '\n\nb: int = ""\n')
    done = green.atomci("run", "run_mypy_typecheck", "--json")
    paths = [f["path"] for f in done.atoms["run_mypy_typecheck"]["findings"]]
    assert paths == ["src/demo/words.py", "src/demo/prices.py"]


def test_every_finding_lands_in_its_lane_with_the_mending_command(green) -> None:
    green.append("src/demo/words.py", 'import os\nx: int = ""\n')
    green.append("src/demo/prices.py", "import sys\nl=1\n")
    done = green.atomci("run", "triage", "--json")
    assert done.code == 1
    lanes = green.json("artifacts/reports/lanes.json")
    assert lanes["lane"] == "lint"
    rows = {row["lane"]: row for row in lanes["lanes"]}
    found = {
        lane: sum(len(done.atoms[atom]["findings"]) for atom in atoms)
        for lane, atoms in {
            "lint": ["run_ruff_lint"],
            "format": ["run_black_check"],
            "type": ["run_mypy_typecheck"],
        }.items()
    }
    assert {lane: row["findings"] for lane, row in rows.items()} == found
    assert [row["command"].rpartition("/")[2] for row in lanes["lanes"]] == [
        "ruff check --fix .",
        "black .",
        "mypy src",
    ]
    stage = green.atomci("run", "stage1_lint_types", "--json").atoms["stage1_lint_types"]
    assert stage["status"] == "fail"
    assert "in lane lint: ruff check --fix ." in stage["reason"]


def test_the_lanes_commands_mend_what_can_be_mended(green) -> None:
    import subprocess
    import sys
    from pathlib import Path

    green.append("src/demo/words.py", "import os\nX = {  'a':1 }\n")
    assert green.atomci("run", "triage").code == 1
    for row in green.json("artifacts/reports/lanes.json")["lanes"]:
        assert row["fixable"] > 0
        program, *words = row["command"].split()
        subprocess.run(
            [Path(sys.executable).with_name(program), *words],
            cwd=green.root,
            env=green.env,
            check=False,
            capture_output=True,
        )
    # Moving E402 away is black's and ruff's work too, so one more look is all it takes.
    assert green.atomci("run", "triage").code == 0


def test_a_locked_projects_commands_begin_with_uv_run(green) -> None:
    green.write("uv.lock", "version = 1\n")
    green.append("src/demo/words.py", "\n\nX = {  'a':1 }\n")
    green.atomci("run", "triage")
    assert green.json("artifacts/reports/lanes.json")["lanes"][0]["command"] == "uv run black ."


def test_triage_is_green_and_empty_handed_on_a_clean_tree(reference) -> None:
    assert reference.json("artifacts/reports/lanes.json") == {
        "schema": "atomci/lanes/1",
        "lane": None,
        "lanes": [],
    }
    runs = reference.json("artifacts/reports/findings.json")["runs"]
    assert [(run["tool"], run["examined"], run["findings"]) for run in runs] == [
        ("ruff", 7, []),
        ("black", 7, []),
        ("mypy", 4, []),
    ]
    assert all(run["version"] for run in runs)


def test_two_changes_in_one_second_are_both_seen(sample: Any) -> None:
    """mypy's own cache goes by size and whole seconds."""
    good, bad = "X: int = 1234\n", 'X: int = "12"\n'
    assert len(good) == len(bad)
    time.sleep(1 - time.time() % 1)
    for text, code in ((good, 0), (bad, 1), (good, 0)):
        sample.write("src/demo/added.py", text)
        done = sample.atomci("run", "run_mypy_typecheck", "--json")
        assert done.code == code, done.out
