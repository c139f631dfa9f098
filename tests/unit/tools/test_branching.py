"""Where a branch left the one that it will be merged into."""

import subprocess
from pathlib import Path

import pytest

from atomci.tools.git.branching import Departure, HistoryMissing, departure
from atomci.tools.git.client import Git


def _git(root: Path, *words: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _commit(root: Path, name: str) -> str:
    (root / name).write_text(name)
    _git(root, "add", name)
    _git(root, "commit", "--quiet", "-m", name)
    return _git(root, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """main with two commits, and a branch that left after the first."""
    root = tmp_path / "own"
    root.mkdir()
    _git(root, "init", "--quiet", "-b", "main")
    _commit(root, "one")
    _git(root, "switch", "--quiet", "-c", "topic")
    _commit(root, "mine")
    _git(root, "switch", "--quiet", "main")
    _commit(root, "two")
    _git(root, "switch", "--quiet", "topic")
    return root


def test_changes_count_from_where_the_branch_left_main(repository: Path) -> None:
    first = _git(repository, "rev-parse", "topic~1")
    assert departure(Git(repository), variables={}) == Departure("main", first)


def test_a_branch_that_is_named_goes_first_then_that_of_the_pull_request(repository: Path) -> None:
    tip = _git(repository, "rev-parse", "topic")
    assert departure(Git(repository), "topic", {}) == Departure("topic", tip)
    with pytest.raises(HistoryMissing, match="left origin/release"):
        departure(Git(repository), variables={"GITHUB_BASE_REF": "release"})


def test_origins_head_goes_before_the_usual_names(repository: Path, tmp_path: Path) -> None:
    _git(repository, "branch", "develop", "topic")
    _git(repository, "symbolic-ref", "HEAD", "refs/heads/develop")
    clone = tmp_path / "clone"
    _git(tmp_path, "clone", "--quiet", str(repository), str(clone))
    found = departure(Git(clone), variables={})
    assert found is not None
    assert found.branch == "origin/develop"


def test_a_shallow_clone_is_an_error_with_the_command_that_mends_it(repository: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    url = f"file://{repository}"
    _git(tmp_path, "clone", "--quiet", "--depth=1", "--branch=topic", "--no-single-branch", url, str(clone))
    with pytest.raises(HistoryMissing) as missing:
        departure(Git(clone), "origin/main", {})
    assert "git fetch --unshallow" in missing.value.hint


def test_without_another_branch_changes_count_from_the_last_commit(tmp_path: Path) -> None:
    _git(tmp_path, "init", "--quiet", "-b", "only")
    assert departure(Git(tmp_path), variables={}) is None
    tip = _commit(tmp_path, "one")
    assert departure(Git(tmp_path), variables={}) == Departure("HEAD", tip)
