"""git answers for the project's own repository, wherever it is asked from."""

import os
import subprocess
from pathlib import Path

import pytest

from atomci.tools.git.client import Git, IgnoreRule


def git(folder: Path, *words: str) -> str:
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    who = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    done = subprocess.run(
        ["git", *who, *words], cwd=folder, env=env, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def repository(folder: Path, *files: str) -> Path:
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{name}\n", encoding="utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", folder.name)
    return folder


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    root = repository(tmp_path / "mine", "a.txt", "sub/b.txt")
    (root / ".gitignore").write_text("*.log\n!kept.log\n", encoding="utf-8")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "ignore rules")
    return root


@pytest.fixture(params=["nothing", "GIT_DIR", "GIT_INDEX_FILE", "all of a hook"])
def surroundings(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a hook of another repository leaves in the environment."""
    other = repository(tmp_path / "other", "theirs.txt")
    given = {
        "GIT_DIR": str(other / ".git"),
        "GIT_INDEX_FILE": str(other / ".git/index"),
        "GIT_WORK_TREE": str(other),
        "GIT_PREFIX": "elsewhere/",
    }
    for name, value in given.items():
        if request.param in (name, "all of a hook"):
            monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("surroundings")
def test_each_question_is_answered_for_the_folder_that_is_asked_about(mine: Path) -> None:
    asked = Git(mine)
    head = git(mine, "rev-parse", "HEAD")
    (mine / "new.txt").write_text("new", encoding="utf-8")
    (mine / "a.txt").write_text("changed", encoding="utf-8")

    assert asked.resolve("HEAD") == asked.commit() == head
    assert asked.commit("main") == head
    assert asked.commit("nothing") is None
    assert sorted(asked.files() or []) == [".gitignore", "a.txt", "new.txt", "sub/b.txt"]
    assert asked.tracked("*.txt") == ["a.txt", "sub/b.txt"]
    assert asked.changed() == asked.changed("HEAD") == ["a.txt", "new.txt"]
    assert asked.states() == {"a.txt": " M", "new.txt": "??"}
    assert asked.ignored(["x.log", "a.txt", "kept.log"]) == {"x.log"}
    assert asked.ignore_rule("x.log") == IgnoreRule(".gitignore", 1, "*.log")
    assert asked.ignore_rule("kept.log") == IgnoreRule(".gitignore", 2, "!kept.log")
    assert asked.ignore_rule("a.txt") is None


@pytest.mark.usefixtures("surroundings")
def test_a_folder_below_the_top_is_asked_about_as_itself(mine: Path) -> None:
    asked = Git(mine / "sub")
    (mine / "sub/b.txt").write_text("changed", encoding="utf-8")
    (mine / "a.txt").write_text("changed", encoding="utf-8")
    assert asked.files() == ["b.txt"]
    assert asked.changed() == ["b.txt"]


@pytest.mark.usefixtures("surroundings")
def test_a_linked_worktree_and_a_submodule_are_repositories_of_their_own(mine: Path, tmp_path: Path) -> None:
    git(mine, "worktree", "add", "--quiet", "-b", "topic", str(tmp_path / "linked"))
    part = repository(tmp_path / "part", "part.txt")
    git(mine, "-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(part), "module")

    assert Git(tmp_path / "linked").ask("branch", "--show-current") == "topic"
    assert Git(tmp_path / "linked").files() == [".gitignore", "a.txt", "sub/b.txt"]
    assert Git(mine / "module").files() == ["part.txt"]
    assert Git(mine / "module").commit() == git(part, "rev-parse", "HEAD")


@pytest.mark.parametrize("name", ["with space", 'quote"d', "new\nline", "ünï", b"not-\xff-utf8"])
def test_names_come_as_they_are(mine: Path, name: str | bytes) -> None:
    path = os.fsdecode(name)
    (mine / path).write_text("x", encoding="utf-8")
    assert path in (Git(mine).files() or [])
    assert path in (Git(mine).changed() or [])
    assert Git(mine).states()[path] == "??"
    (mine / ".gitignore").write_bytes(b"*\n")
    assert Git(mine).ignored([path]) == {path}


def test_where_nothing_is_committed_the_head_is_not_known(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "a.txt").write_text("a", encoding="utf-8")
    asked = Git(tmp_path)
    assert (asked.commit(), asked.changed()) == (None, None)
    assert asked.files() == ["a.txt"]


@pytest.mark.parametrize("absent", ["repository", "git"])
def test_without_a_repository_or_git_nothing_is_known(
    absent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if absent == "git":
        git(tmp_path, "init", "--quiet")
        monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    asked = Git(tmp_path)
    assert (asked.commit(), asked.files(), asked.tracked("*"), asked.changed()) == (None, None, None, None)


def test_asking_for_the_states_leaves_the_index_as_it_is(mine: Path) -> None:
    os.utime(mine / "a.txt", (1, 1))  # the index doesn't know that time, so git would like to note it
    before = (mine / ".git/index").read_bytes()
    Git(mine).states()
    assert (mine / ".git/index").read_bytes() == before


def test_a_repository_that_is_kept_apart_from_its_files_is_found_by_the_environment(
    mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (mine / ".git").rename(tmp_path / "apart")
    assert Git(mine).commit() is None
    monkeypatch.chdir(mine)
    monkeypatch.setenv("GIT_DIR", "../apart")
    monkeypatch.setenv("GIT_WORK_TREE", ".")
    assert Git(mine).commit() is not None
    assert Git(mine / "sub").files() == ["b.txt"]
    # Elsewhere it says nothing.
    assert Git(tmp_path).commit() is None
