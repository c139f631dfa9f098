"""Hold the line: an old repository joins with what it has, new findings are red, and the file only shrinks."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from stand_in_tools import make_environment

from atomci.analysis.baseline.growth import base_entries
from atomci.tools.git.client import Git

FILE = ".atomci/baseline.jsonl"
OLD = "import os\nimport sys\nX = {  1: 2 }\n"


def entries(project: Any) -> list[dict[str, Any]]:
    head, *rows = map(json.loads, project.read(FILE).splitlines())
    assert head["schema"] == "atomci/baseline/1"
    return rows


def found(done: Any, atom: str = "run_ruff_lint") -> list[tuple[str, str]]:
    return [(row["path"], row["rule"]) for row in done.atoms[atom]["findings"]]


@pytest.fixture(scope="module")
def joined(reference: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A repository with findings of three tools, all of them held, and committed; don't write into it."""
    project = reference.copy(tmp_path_factory.mktemp("joined") / "demo")
    project.write("src/demo/old.py", OLD)
    project.append("src/demo/words.py", 'Y: int = ""\n')
    assert project.atomci("run", "triage").code == 1
    done = project.atomci("baseline")
    assert done.code == 0, done.out + done.err
    project.commit()
    return project


@pytest.fixture
def old(joined: Any, tmp_path: Path) -> Any:
    """The same, to write into."""
    return joined.copy(tmp_path / "old")


def test_what_was_there_is_held_and_every_verdict_says_how_many(old: Any) -> None:
    done = old.atomci("run", "lint_types", "--json")
    assert done.code == 0, done.out
    assert done["run_ruff_lint"] == ("pass", "2 held by the baseline")
    assert done["run_black_check"] == ("pass", "1 held by the baseline")
    assert done["run_mypy_typecheck"] == ("pass", "1 held by the baseline")
    assert "2 held" in done["stage1_lint_types"][1]
    assert [(row["atom"], row["path"], len(row["lines"])) for row in entries(old)] == [
        ("run_black_check", "src/demo/old.py", 1),
        ("run_ruff_lint", "src/demo/old.py", 1),
        ("run_ruff_lint", "src/demo/old.py", 1),
        ("run_mypy_typecheck", "src/demo/words.py", 1),
    ]


def test_a_new_finding_is_red_and_shown_alone(old: Any) -> None:
    old.append("src/demo/prices.py", "\nimport os\n")
    done = old.atomci("run", "triage", "--json")
    assert done.code == 1
    assert done["run_ruff_lint"] == ("fail", "1 new, 2 held by the baseline")
    assert found(done) == [("src/demo/prices.py", "F401")]


def test_the_same_once_more_in_the_same_file_is_new_and_it_is_the_added_one(old: Any) -> None:
    old.write("src/demo/old.py", f'"""Old."""\n\n\ndef f() -> None:\n    import os\n\n\n{OLD}')
    done = old.atomci("run", "run_ruff_lint", "--json")
    assert done["run_ruff_lint"] == ("fail", "1 new, 2 held by the baseline")
    # Blanks at its begin don't make it another line, so that of two equal ones the first is held.
    assert [row["line"] for row in done.atoms["run_ruff_lint"]["findings"]] == [8]


@pytest.mark.parametrize(
    "text", [f'"""Old."""\n\n\n{OLD}', OLD.replace("X =", "RENAMED =")], ids=["moved", "changed"]
)
def test_lines_may_move_and_change(old: Any, text: str) -> None:
    old.write("src/demo/old.py", text)
    assert old.atomci("run", "triage").code == 0


def test_what_is_fixed_must_leave_the_file_and_one_command_does_that(old: Any) -> None:
    old.write("src/demo/old.py", OLD.replace("import os\n", ""))
    done = old.atomci("run", "triage", "--json")
    assert done.code == 1
    assert done["run_ruff_lint"] == ("fail", "1 held by the baseline, 1 fixed")
    assert found(done) == [(FILE, "baseline-out-of-date")]
    assert old.json("artifacts/reports/lanes.json")["lanes"][0]["command"] == "atomci baseline"
    assert old.atomci("baseline").code == 0
    assert len(entries(old)) == 3
    assert old.atomci("run", "triage").code == 0


def test_what_was_fixed_and_comes_back_is_new(old: Any) -> None:
    old.write("src/demo/old.py", OLD.replace("import os\n", ""))
    assert old.atomci("baseline").code == 0
    old.write("src/demo/old.py", OLD)
    assert old.atomci("run", "triage").code == 1
    done = old.atomci("baseline")
    assert done.code == 1
    assert "1 new" in done.out
    assert len(entries(old)) == 3


def test_a_renamed_file_takes_its_entries_along(old: Any) -> None:
    old.write("src/demo/ancient.py", OLD)
    (old.root / "src/demo/old.py").unlink()
    done = old.atomci("run", "triage", "--json")
    assert done["run_ruff_lint"] == ("fail", "2 held by the baseline, 2 renamed")
    assert old.atomci("baseline").code == 0
    assert {row["path"] for row in entries(old)} == {"src/demo/ancient.py", "src/demo/words.py"}
    assert old.atomci("run", "triage").code == 0


def test_growth_needs_a_reason_which_stands_in_the_file(old: Any) -> None:
    old.append("src/demo/prices.py", "\nimport os\n")
    assert old.atomci("baseline").code == 1
    assert old.atomci("baseline", "--grow", "a rule was added").code == 0
    assert [row["why"] for row in entries(old) if "why" in row] == ["a rule was added"]
    assert old.atomci("run", "triage").code == 0
    assert old.atomci("baseline").code == 0
    assert [row["why"] for row in entries(old) if "why" in row] == ["a rule was added"]


def test_a_line_that_was_added_by_hand_is_red(old: Any) -> None:
    old.append("src/demo/prices.py", "\nimport os\n")
    assert old.atomci("baseline", "--grow", "x").code == 0
    old.write(FILE, old.read(FILE).replace(',"why":"x"', ""))
    done = old.atomci("run", "lint_types", "--json")
    assert done.code == 1
    assert found(done, "aggregate_static_findings") == [(FILE, "baseline-grown")]
    assert done["stage1_lint_types"][0] == "fail"
    old.commit()
    assert old.atomci("run", "triage").code == 0, "main itself has it now"


def test_a_branch_is_compared_with_where_it_began(old: Any) -> None:
    old.git("switch", "-q", "-c", "topic")
    old.append("src/demo/prices.py", "\nimport os\n")
    assert old.atomci("baseline", "--grow", "x").code == 0
    old.write(FILE, old.read(FILE).replace(',"why":"x"', ""))
    old.commit()
    assert old.atomci("run", "triage").code == 1


def test_a_baseline_that_is_deleted_and_made_again_has_not_grown(old: Any) -> None:
    old.append("src/demo/prices.py", "\nimport os\n")
    (old.root / FILE).unlink()
    assert old.atomci("baseline").code == 1
    assert len(entries(old)) == 4


def test_a_tool_without_an_answer_keeps_its_entries(old: Any, tmp_path: Path) -> None:
    before = old.read(FILE)
    environment = make_environment(tmp_path / "env", without=["mypy"])
    done = old.atomci("baseline", UV_PROJECT_ENVIRONMENT=str(environment))
    assert done.code == 3
    assert "run_mypy_typecheck left no findings: its entries stay" in done.out
    assert old.read(FILE) == before


def test_a_first_baseline_waits_until_every_tool_has_answered(sample: Any, tmp_path: Path) -> None:
    """What a tool finds later would be growth."""
    sample.write("src/demo/old.py", OLD)
    environment = make_environment(tmp_path / "env", without=["mypy"])
    done = sample.atomci("baseline", UV_PROJECT_ENVIRONMENT=str(environment))
    assert done.code == 3
    assert "no file was made" in done.out
    assert not (sample.root / FILE).exists()


def test_a_merge_in_conflict_is_an_error_that_the_command_resolves(old: Any) -> None:
    head, one, *others = old.read(FILE).splitlines(keepends=True)
    old.write(FILE, "".join([head, "<<<<<<< HEAD\n", one, "=======\n", *others, ">>>>>>> topic\n"]))
    done = old.atomci("run", "run_ruff_lint", "--json")
    assert done.code == 3
    assert "a merge left its markers" in done["run_ruff_lint"][1]
    assert old.atomci("baseline").code == 0
    assert old.read(FILE) == "".join([head, one, *others])


def test_the_sarif_tells_what_is_new_from_what_was_there(old: Any) -> None:
    old.append("src/demo/prices.py", "\nimport os\n")
    old.atomci("run", "triage")
    ruff = old.json("artifacts/reports/static.sarif")["runs"][0]
    assert [row["baselineState"] for row in ruff["results"]] == ["new", "unchanged", "unchanged"]
    assert old.atomci("check", "aggregate_static_findings").code == 0


def test_without_a_baseline_nothing_is_said_of_one(sample: Any) -> None:
    sample.write("src/demo/old.py", OLD)
    assert sample.atomci("run", "run_ruff_lint", "--json")["run_ruff_lint"] == ("fail", "2 findings")
    sample.atomci("run", "triage")
    results = [row for run in sample.json("artifacts/reports/static.sarif")["runs"] for row in run["results"]]
    assert [row for row in results if "baselineState" in row] == []


def test_a_dry_run_writes_nothing(old: Any) -> None:
    before = old.read(FILE)
    old.write("src/demo/old.py", OLD.replace("import os\n", ""))
    assert "1 fixed (nothing was written)" in old.atomci("baseline", "--dry-run").out
    assert old.read(FILE) == before


def test_a_clean_project_needs_no_baseline_and_gets_none(green: Any) -> None:
    done = green.atomci("baseline", "--json")
    assert done.code == 0
    assert json.loads(done.out)["held"] == 0
    assert not (green.root / FILE).exists()
    assert "no file was made" in green.atomci("baseline").out


def test_the_file_stays_when_its_last_entry_is_gone(old: Any) -> None:
    """Without it everything would be held that is found the next time."""
    old.delete("src/demo/old.py")
    old.write("src/demo/words.py", "X = 1\n")
    assert old.atomci("baseline").code == 0
    assert entries(old) == []
    old.append("src/demo/words.py", "import os\n")
    assert old.atomci("run", "triage").code == 1
    assert old.atomci("baseline").code == 1


def test_a_reason_of_blanks_is_none(old: Any) -> None:
    done = old.atomci("baseline", "--grow", "  ")
    assert done.code == 2
    assert "a reason of blanks" in done.err


def test_a_file_that_git_ignores_is_told(old: Any) -> None:
    old.append(".gitignore", ".atomci/\n")
    old.git("rm", "--quiet", "--cached", FILE)
    assert f"git add -f {FILE}" in old.atomci("baseline").out


def test_findings_of_another_run_are_no_answer(old: Any) -> None:
    before = old.read(FILE)
    old.append("pyproject.toml", "\n[tool.atomci.atoms.aggregate_static_findings]\nenabled = false\n")
    old.write("src/demo/old.py", "X = 1\n")
    done = old.atomci("baseline")
    assert done.code == 3
    assert "aggregate_static_findings: disabled" in done.err
    assert old.read(FILE) == before


def test_a_shallow_clone_does_not_guess_where_the_branch_began(old: Any, tmp_path: Path) -> None:
    old.git("switch", "-q", "-c", "topic")
    old.commit("more")
    old.git("switch", "-q", "main")
    old.git(
        "clone",
        "-q",
        "--depth=1",
        "--no-single-branch",
        "--branch=topic",
        f"file://{old.root}",
        str(tmp_path / "clone"),
    )
    clone = replace(old, root=tmp_path / "clone")
    done = clone.atomci("run", "triage", "--json")
    assert done.code == 3
    assert "git doesn't know here where this branch left" in done["aggregate_static_findings"][1]


def test_the_settings_name_the_branch_that_counts(old: Any) -> None:
    old.git("branch", "develop", "HEAD~1")
    old.append("src/demo/prices.py", "\nimport os\n")
    assert old.atomci("baseline", "--grow", "x").code == 0
    old.write(FILE, old.read(FILE).replace(',"why":"x"', ""))
    old.append("pyproject.toml", '\n[tool.atomci.selection]\nbase = "develop"\n')
    done = old.atomci("run", "triage")
    assert done.code == 0, "develop has no baseline yet, so that this one is made here"


def test_the_baseline_of_the_base_is_that_of_the_projects_own_folder(old: Any, tmp_path: Path) -> None:
    larger = replace(old, root=tmp_path / "larger")
    larger.write(f"sub/{FILE}", old.read(FILE))
    larger.write(FILE, old.read(FILE).splitlines()[0] + "\n")
    larger.git("init", "--quiet", "--template=", "--initial-branch=main")
    assert base_entries(Git(larger.root / "sub"), None, {}) is None, "there is no commit"
    larger.commit()
    assert len(base_entries(Git(larger.root / "sub"), None, {}) or ()) == 4
    assert base_entries(Git(larger.root), None, {}) == ()
    larger.git("rm", "--quiet", "-r", "sub/.atomci")
    larger.write("sub/a.py", "")
    larger.commit()
    assert base_entries(Git(larger.root / "sub"), None, {}) is None
    assert len(base_entries(Git(larger.root / "sub"), "HEAD~1", {}) or ()) == 4
