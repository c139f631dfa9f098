"""The folder of a new project: free to begin with, and left as it was when something goes wrong."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from atomci.bootstrap.destination import all_or_nothing
from atomci.errors import UsageError


def test_a_folder_with_something_in_it_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="isn't an empty folder"), all_or_nothing(tmp_path):
        pytest.fail("it was taken")
    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "mine"


def test_a_clone_without_commits_is_taken_and_stays_one_after_an_error(tmp_path: Path) -> None:
    """As people have it who begin on GitHub."""
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    with pytest.raises(ValueError, match="later"):
        half_make(tmp_path, ValueError("later"))
    assert [path.name for path in tmp_path.iterdir()] == [".git"]

    (tmp_path / "README.md").touch()
    with pytest.raises(UsageError) as refused, all_or_nothing(tmp_path):
        pytest.fail("it was taken")
    assert "atomci adopt" in (refused.value.hint or "")


def test_a_file_above_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    with pytest.raises(UsageError, match="mine is a file"), all_or_nothing(tmp_path / "mine/sub/demo"):
        pytest.fail("it was taken")


def half_make(dest: Path, error: type[BaseException] | BaseException) -> None:
    with all_or_nothing(dest) as root:
        (root / "src").mkdir()
        (root / "src" / "locked.py").touch(mode=0o444)
        if os.name != "nt":
            (root / "link").symlink_to(dest.parents[1], target_is_directory=True)
        raise error


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_after_an_error_it_is_as_it_was(tmp_path: Path, there: bool, error: type[BaseException]) -> None:
    dest = tmp_path / "above" / "demo"
    if there:
        dest.mkdir(parents=True)
    with pytest.raises(error):
        half_make(dest, error)
    assert sorted(tmp_path.rglob("*")) == ([dest.parent, dest] if there else [])


def test_what_is_made_stays_and_no_other_environment_is_taken_for_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "other"))
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", "other")
    with all_or_nothing(tmp_path / "demo") as root:
        (root / "a.py").touch()
    assert (tmp_path / "demo" / "a.py").is_file()
    assert {"VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"} & os.environ.keys() == set()
