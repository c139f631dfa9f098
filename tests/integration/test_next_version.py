"""Histories on which release tools disagree, each with the version that people expect of it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from packaging.version import Version

from atomci.errors import RefusedError
from atomci.release.decision import Decision, NothingToRelease, Prepare, Publish, decide
from atomci.release.history import History, read_history
from atomci.tools.git.client import Git


class Made:
    """A repository whose history is a list of messages and tags (`tag:NAME`)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> str:
        identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", *identity, *words], cwd=self.root, env=env, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def told(self, *steps: str) -> Made:
        for step in steps:
            if step.startswith("tag:"):
                self.git("tag", step[4:])
            elif step == "revert":
                self.git("revert", "--no-edit", "HEAD")
            else:
                (self.root / "file").write_text(step, encoding="utf-8")
                self.git("add", "file")
                self.git("commit", "-q", "-m", step)
        return self

    @property
    def history(self) -> History:
        return read_history(Git(self.root))

    def decision(self, written: str | None, **asked: object) -> Decision:
        version = Version(written) if written else None
        return decide(self.history, version, **asked)  # type: ignore[arg-type]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path)


@pytest.mark.parametrize(
    ("tag", "commits", "expected"),
    [
        ("v0.4.2", ["feat!: x"], "0.5.0"),
        ("v1.4.2", ["feat!: x"], "2.0.0"),
        ("v1.4.2", ["fix: x", "feat: y", "docs: z"], "1.5.0"),
        ("v1.4.2", ["fix: x"], "1.4.3"),
        ("v1.4.2", ["perf: x"], "1.4.3"),
        ("v1.4.2", ["chore: x\n\nBREAKING CHANGE: y"], "2.0.0"),
        ("v0.4.2", ["docs: x"], None),
        ("v0.4.2", [], None),
        ("v0.4.2", ["refactor: x"], None),
        ("v1.4.2", ["feat: x", "revert"], None),
        ("v1.4.2", ["feat: x", "revert", "revert"], "1.5.0"),
        ("v1.4.2", ["Update things"], None),
        ("1.2.3", ["feat: x"], "1.3.0"),
    ],
)
def test_the_next_version(made: Made, tag: str, commits: list[str], expected: str | None) -> None:
    made.told("feat: begin", f"tag:{tag}", *commits)
    found = made.decision(tag.removeprefix("v"))
    if expected is None:
        assert found == NothingToRelease(Version(tag.removeprefix("v")), len(made.history.commits))
    else:
        assert isinstance(found, Prepare)
        assert str(found.version) == expected


def test_one_dot_zero_is_made_by_people(made: Made) -> None:
    made.told("feat: begin", "tag:v0.4.2", "feat!: x")
    found = made.decision("0.4.2", asked=Version("1.0.0"))
    assert isinstance(found, Prepare)
    assert found.version == Version("1.0.0")


def test_a_merge_says_nothing_but_its_commits_do(made: Made) -> None:
    made.told("feat: begin", "tag:v1.4.2").git("checkout", "-q", "-b", "side")
    made.told("docs: x").git("checkout", "-q", "main")
    made.git("merge", "-q", "--no-ff", "-m", "Merge pull request #1 from a/b\n\nfeat: x", "side")
    assert isinstance(made.decision("1.4.2"), NothingToRelease)


@pytest.mark.parametrize("tag", ["v1.0.0rc1", "v1.0.0-rc.1"])
def test_after_a_pre_release_comes_the_next_or_the_final_one(made: Made, tag: str) -> None:
    made.told("feat: begin", f"tag:{tag}", "feat: x")
    final, more = made.decision("1.0.0rc1"), made.decision("1.0.0rc1", pre="rc")
    assert isinstance(final, Prepare)
    assert isinstance(more, Prepare)
    assert (str(final.version), str(more.version)) == ("1.0.0", "1.0.0rc2")


def test_a_pre_release_can_become_final_as_it_is(made: Made) -> None:
    made.told("feat: begin", "tag:v0.9.0", "feat: x", "tag:v0.10.0rc1")
    found = made.decision("0.10.0rc1")
    assert isinstance(found, Prepare)
    assert str(found.version) == "0.10.0"
    assert isinstance(made.decision("0.10.0rc1", pre="rc"), NothingToRelease)


@pytest.mark.parametrize(("tags", "final", "more"), [
    (("v1.0.0", "v2.0.0rc1"), "2.0.0", "2.0.0rc2"),
    (("v0.0.5rc1",), "0.0.5", "0.0.5rc2"),
])  # fmt: skip
def test_what_a_pre_release_announced_is_kept(
    made: Made, tags: tuple[str, ...], final: str, more: str
) -> None:
    for tag in tags:
        made.told(f"fix: before {tag}", f"tag:{tag}")
    made.told("fix: y")
    found = [made.decision(tags[-1][1:]), made.decision(tags[-1][1:], pre="rc")]
    assert [str(each.version) for each in found if isinstance(each, Prepare)] == [final, more]


def test_the_tags_say_how_tags_are_named(made: Made) -> None:
    made.told("feat: begin", "tag:1.2.3", "feat: x")
    found = made.decision("1.3.0")
    assert isinstance(found, Publish)
    assert found.tag == "1.3.0"
    assert Made.history.fget(made).prefix == ""  # type: ignore[attr-defined]


def test_tags_of_other_kinds_are_left_alone_and_listed(made: Made) -> None:
    made.told("feat: begin", "tag:v1.2.3", "feat: x", "tag:nightly", "tag:v-next", "tag:docs/1.0")
    assert made.history.foreign == ("docs/1.0", "nightly", "v-next")
    found = made.decision("1.2.3")
    assert isinstance(found, Prepare)
    assert str(found.version) == "1.3.0"


def test_a_version_that_no_commit_asks_for_is_refused(made: Made) -> None:
    made.told("feat: begin", "tag:v1.2.3", "docs: x")
    with pytest.raises(RefusedError, match="file and tag disagree"):
        made.decision("1.3.0")


@pytest.mark.parametrize("written", ["1.5.0", "1.2.2"])
def test_a_file_that_no_release_explains_is_refused(made: Made, written: str) -> None:
    made.told("feat: begin", "tag:v1.2.3", "feat: x")
    with pytest.raises(RefusedError, match="file and tag disagree"):
        made.decision(written)


@pytest.mark.parametrize(("written", "has_notes"), [("1.3.0", False), ("1.5.0", True)])
def test_what_was_prepared_is_published(made: Made, written: str, has_notes: bool) -> None:
    made.told("feat: begin", "tag:v1.2.3", "feat: x")
    found = made.decision(written, has_notes=has_notes)
    assert isinstance(found, Publish)
    assert found.tag == f"v{written}"


def test_the_first_release_is_what_the_file_says(made: Made) -> None:
    found = made.told("feat: begin").decision("0.1.0")
    assert isinstance(found, Publish)
    assert found.tag == "v0.1.0"


def test_where_tags_make_the_version_the_next_is_published_at_once(made: Made) -> None:
    found = made.told("feat: begin", "tag:v1.2.3", "fix: x").decision(None)
    assert isinstance(found, Publish)
    assert found.tag == "v1.2.4"


def test_a_shallow_clone_gives_no_version(made: Made, tmp_path: Path) -> None:
    made.told("feat: begin", "tag:v1.2.3", "feat: x", "feat: y")
    made.git("clone", "-q", "--depth", "1", f"file://{tmp_path}", str(tmp_path / "shallow"))
    with pytest.raises(RefusedError, match="shallow") as error:
        read_history(Git(tmp_path / "shallow"))
    assert "git fetch --unshallow --tags" in error.value.hint


def test_without_a_commit_there_is_nothing(made: Made) -> None:
    with pytest.raises(RefusedError, match="no commit yet"):
        made.decision("0.1.0")


def test_a_higher_tag_on_a_side_branch_doesnt_count_but_its_version_is_taken(made: Made) -> None:
    made.told("feat: begin", "tag:v1.2.3").git("checkout", "-q", "-b", "side")
    made.told("feat: y", "tag:v1.3.0", "feat: z", "tag:v1.9.0").git("checkout", "-q", "main")
    made.told("fix: x")
    found = made.decision("1.2.3")
    assert isinstance(found, Prepare)
    assert str(found.version) == "1.2.4"
    made.told("feat: x")
    with pytest.raises(RefusedError, match=r"there is a tag v1\.3\.0 already"):
        made.decision("1.2.3")


def test_a_revert_of_what_was_released_is_a_fix(made: Made) -> None:
    made.told("feat: begin", "feat: x", "tag:v1.2.3", "revert")
    found = made.decision("1.2.3")
    assert isinstance(found, Prepare)
    assert str(found.version) == "1.2.4"
