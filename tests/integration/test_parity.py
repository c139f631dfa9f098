"""`atomci parity`: what one run had otherwise than another, in plain words."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def there(green, tmp_path: Path) -> Path:
    """What another machine's run of the same project left: a folder that somebody unpacked."""
    folder = tmp_path / "downloaded"
    shutil.copytree(green.root / "artifacts", folder / "artifacts")
    return folder


def parity(sample, *words: str) -> tuple[int, dict[tuple[str, str], dict[str, Any]]]:
    """The exit code, and the differences by kind and what differs."""
    done = sample.atomci("parity", "--json", *words)
    assert done.out, done.err
    found = json.loads(done.out)
    rows = {(row["kind"], row["what"]): row for row in found["differences"]}
    assert found["same"] == (not any(row["counts"] for row in rows.values())) == (done.code == 0)
    return done.code, rows


@pytest.mark.parametrize("words", [("local_ci",), ("local_ci", "--no-cache")])
def test_a_second_run_of_the_same_has_no_difference(green, there: Path, words: tuple[str, ...]) -> None:
    assert green.atomci("run", *words).code == 0

    assert parity(green, str(there)) == (0, {})
    assert "nothing differs" in green.atomci("parity", str(there), "last").out


def test_a_red_here_is_explained_by_what_is_otherwise(green, there: Path) -> None:
    [manifest] = there.rglob("manifest.json")
    manifest.write_text(manifest.read_text().replace('"mypy": "3.0"', '"mypy": "2.9"'))
    source = next((green.root / "src").rglob("*.py"))
    source.write_text("import os\n" + source.read_text())
    path = source.relative_to(green.root).as_posix()
    green.env["PYTHONHASHSEED"] = "7"
    assert green.atomci("run", "local_ci").code == 1

    code, rows = parity(green, str(there))

    assert code == 1
    assert rows["verdict", "run_ruff_lint"]["first"].startswith("pass")
    assert rows["verdict", "run_ruff_lint"]["second"].startswith("fail")
    assert (rows["package", "mypy"]["first"], rows["package", "mypy"]["second"]) == ("2.9", "3.0")
    assert rows["package", "mypy"]["remedy"] == "atomci run compile_lockfile_and_sync"
    assert rows["file", path]["counts"]
    assert (rows["variable", "PYTHONHASHSEED"]["second"], rows["commit", "not committed"]["second"]) == (
        "7",
        path,
    )
    text = green.atomci("parity", str(there)).out
    assert "installed packages:\n  mypy: A 2.9, B 3.0\n" in text
    assert f"  {path}: A " in text


def test_what_only_one_run_looked_at_is_no_other_file(green, there: Path) -> None:
    assert green.atomci("run", "run_ruff_lint").code == 0

    _, rows = parity(green, str(there))

    assert not [what for (kind, what), row in rows.items() if kind == "file" and row["counts"]]
    assert rows["atom", "run_mypy_typecheck"]["second"] == "not run"
    assert rows["run", "what was asked for"]["counts"]


def test_the_commit_to_take_is_that_of_the_first_run(green, there: Path) -> None:
    [manifest] = there.rglob("manifest.json")
    before = json.loads(manifest.read_text())["commit"]
    green.git("commit", "--quiet", "--allow-empty", "--message", "next")
    assert green.atomci("run", "local_ci").code == 0

    code, rows = parity(green, str(there))

    assert (code, rows["commit", "commit"]["first"]) == (1, before)
    assert rows["commit", "commit"]["second"] != before
    assert f"to make B like A: git checkout {before}\n" in green.atomci("parity", str(there)).out


@pytest.mark.parametrize("named", ["20200101T000000-000000", "nowhere"])
def test_a_run_that_is_not_there_is_a_usage_error_that_says_what_to_name(green, named: str) -> None:
    done = green.atomci("parity", named)
    assert (done.code, done.out) == (2, "")
    assert "name a run's folder" in done.err


def test_a_broken_manifest_breaks_it(green, there: Path) -> None:
    [manifest] = there.rglob("manifest.json")
    manifest.write_text("{}")
    done = green.atomci("parity", str(there))
    assert (done.code, done.out) == (3, "")
    assert str(manifest) in done.err
