"""Which files the result of a static tool depends on, beyond those of the project."""

from pathlib import Path

import pytest

from atomci.analysis import mypy, ruff
from atomci.analysis.reads import places_outside, reads_of


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "home"
    place.mkdir()
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.setenv("USERPROFILE", str(place))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("MYPYPATH", raising=False)
    return place


@pytest.mark.parametrize("where", [".gitconfig", ".config/git/config"])
def test_what_git_leaves_out_counts_for_ruff(tmp_path: Path, home: Path, where: str) -> None:
    settings, root = home / where, tmp_path / "repository"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text("[core]\n  excludesFile = ~/ignored\n")
    files = reads_of(ruff, root, ()).files
    assert {".git/info/exclude", settings.as_posix(), (home / "ignored").as_posix()} <= set(files)


def test_a_worktree_leaves_out_what_its_repository_does(tmp_path: Path, home: Path) -> None:
    repository, worktree = tmp_path / "repository", tmp_path / "worktree"
    own = repository / ".git/worktrees/worktree"
    own.mkdir(parents=True)
    (own / "commondir").write_text("../..\n")
    worktree.mkdir()
    (worktree / ".git").write_text(f"gitdir: {own}\n")
    assert (repository / ".git/info/exclude").as_posix() in reads_of(ruff, worktree, ()).files


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("mypy.ini", "[mypy]\nmypy_path = src:../stubs\n"),
        ("mypy.ini", "[mypy]\nmypy_path =\n    src,\n    ../stubs\nstrict = true\n"),
        ("pyproject.toml", '[tool.mypy]\nmypy_path = ["src", "../stubs"]\n'),
        ("setup.cfg", "[mypy]\nmypy_path = $HOME/../stubs\n"),
    ],
)
def test_folders_outside_where_mypy_looks_are_known(tmp_path: Path, home: Path, file: str, text: str) -> None:
    root, stubs = tmp_path / "repository", tmp_path / "stubs"
    (root / "src").mkdir(parents=True)
    stubs.mkdir()
    (root / file).write_text(text)
    assert places_outside(mypy, root) == (stubs,)


def test_folders_that_the_environment_names_are_known(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MYPYPATH", str(home))
    assert places_outside(mypy, tmp_path / "repository") == (home,)
