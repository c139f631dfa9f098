"""Whether a branch's work is in main: ways of landing that must be found, and work that must never be given up.

Each story is told with real git. The names are those of the branch's fate.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from atomci.release.containment import Contained, Judge, Reverted, Unmerged, Verdict
from atomci.tools.git.client import GitFailed
from atomci.tools.git.repository import open_repository

LINES = "".join(f"line {number}\n" for number in range(1, 31))
WHO = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "C",
    "GIT_COMMITTER_EMAIL": "c@example.org",
}


class Story:
    """A repository with a main branch of one commit, told on by short words."""

    def __init__(self, root: Path) -> None:
        self.root, self.clock = root, 1_700_000_000
        self.git("init", "-q", "-b", "main")
        self.write("code.py", LINES).write("other.py", LINES).commit("begin")

    def git(self, *words: str) -> str:
        self.clock += 60
        when = {"GIT_AUTHOR_DATE": f"{self.clock} +0000", "GIT_COMMITTER_DATE": f"{self.clock} +0000"}
        env = {**os.environ, **WHO, **when}
        done = subprocess.run(
            ["git", *words], cwd=self.root, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"git {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def write(self, name: str, text: str | bytes) -> Story:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return self

    def edit(self, name: str, line: int, text: str) -> Story:
        lines = (self.root / name).read_text(encoding="utf-8").splitlines(keepends=True)
        lines[line - 1] = text + "\n"
        return self.write(name, "".join(lines))

    def commit(self, message: str) -> Story:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self

    def on(self, branch: str, start: str = "") -> Story:
        self.git("checkout", "-q", *(("-B", branch, start) if start else (branch,)))
        return self

    def topic(self) -> Story:
        """The branch, from where main is, with one commit."""
        return self.on("topic", "main").edit("code.py", 3, "three").commit("feat: three")

    def squash(self, branch: str = "topic", message: str = "feat: topic (#1)") -> Story:
        self.on("main").git("merge", "-q", "--squash", branch)
        return self.commit(message)

    def verdict(self, *merged: str) -> Verdict:
        tip, target = self.git("rev-parse", "topic"), self.git("rev-parse", "main")
        return Judge(open_repository(self.root)).verdict(tip, target, merged)


def ff(story: Story) -> None:
    story.topic().on("main").git("merge", "-q", "--ff-only", "topic")


def merge_commit(story: Story) -> None:
    story.topic().on("main").edit("other.py", 3, "x").commit("more").git("merge", "-q", "--no-ff", "topic")


def squash_of_one(story: Story) -> None:
    story.topic().squash()


def squash_of_two(story: Story) -> None:
    story.topic().edit("code.py", 9, "nine").write("new.py", "new\n").commit("fix: nine").squash()


def squash_after_main_moved(story: Story) -> None:
    story.topic().on("main").edit("code.py", 25, "x").commit("more").squash()


def squash_and_main_moved_on(story: Story) -> None:
    story.topic().squash().edit("code.py", 25, "x").commit("more")


def squash_with_lines_edited_later(story: Story) -> None:
    story.topic().on("main").edit("code.py", 25, "x").commit("more").squash()
    story.edit("code.py", 3, "three, better").commit("later")


def squash_with_the_file_deleted_later(story: Story) -> None:
    story.topic().squash().git("rm", "-q", "code.py")
    story.commit("gone")


def squash_with_the_file_renamed_later(story: Story) -> None:
    story.topic().squash().git("mv", "code.py", "moved.py")
    story.commit("moved").edit("moved.py", 3, "again").commit("again")


def rebased(story: Story) -> None:
    story.topic().edit("code.py", 20, "twenty").commit("fix: twenty")
    story.on("main").edit("code.py", 28, "x").commit("more").on("landing", "topic").git(
        "rebase", "-q", "main"
    )
    story.on("main").git("merge", "-q", "--ff-only", "landing")
    story.edit("code.py", 3, "other").commit("later").edit("code.py", 20, "other").commit("later")


def squash_of_a_branch_that_merged_main(story: Story) -> None:
    story.topic().on("main").edit("code.py", 25, "x").commit("more").on("topic").git("merge", "-q", "main")
    story.edit("code.py", 15, "fifteen").commit("fix: fifteen")
    story.on("main").edit("code.py", 28, "y").commit("and more").squash()


def mode_change(story: Story) -> None:
    story.on("topic", "main").git("update-index", "--chmod=+x", "code.py")
    story.git("commit", "-q", "-m", "fix: runs")
    story.git("checkout", "-q", "-f", "main")
    story.squash()


def binary(story: Story) -> None:
    story.on("topic", "main").write("logo.png", bytes(range(256))).commit("feat: logo").squash()


def stack_landed_as_one(story: Story) -> None:
    story.topic().on("child", "topic").edit("code.py", 12, "twelve").commit("feat: twelve").squash("child")


def split_in_two(story: Story) -> None:
    story.topic().write("new.py", "new\n").commit("feat: new")
    story.on("main").git("checkout", "-q", "topic", "--", "code.py")
    story.commit("feat: part one").git("checkout", "-q", "topic", "--", "new.py")
    story.commit("feat: part two")


def union_attribute(story: Story) -> None:
    story.write(".gitattributes", "LOG merge=union\n").write("LOG", "old\n").commit("log")
    story.on("topic", "main").write("LOG", "old\nmine\n").commit("feat: mine")
    story.on("main").write("LOG", "old\ntheirs\n").commit("theirs").squash()


def renamed_file(story: Story) -> None:
    story.on("topic", "main").git("mv", "code.py", "core.py")
    story.commit("refactor: core").on("main").edit("other.py", 9, "x").commit("more").squash()


def picked_one_by_one(story: Story) -> None:
    """And what the first did is changed before the second comes: no commit of main is the branch as one."""
    story.topic().edit("code.py", 20, "twenty").commit("fix: twenty")
    story.on("main").git("cherry-pick", "topic~1")
    story.edit("code.py", 3, "three, better").commit("better").git("cherry-pick", "topic")
    story.edit("code.py", 20, "other").commit("later")


def picked_from_a_branch_that_merged_main(story: Story) -> None:
    story.topic().on("main").edit("other.py", 25, "x").commit("more").on("topic").git("merge", "-q", "main")
    story.edit("code.py", 20, "twenty").commit("fix: twenty")
    story.on("main").git("cherry-pick", "topic~2")
    story.edit("code.py", 3, "three, better").commit("better").git("cherry-pick", "topic")


LANDED: dict[Callable[[Story], None], tuple[str, str | None]] = {
    ff: ("ancestor", "feat: three"),
    merge_commit: ("ancestor", "feat: three"),
    squash_of_one: ("content", "feat: topic (#1)"),
    squash_of_two: ("content", "feat: topic (#1)"),
    squash_after_main_moved: ("squash", "feat: topic (#1)"),
    squash_and_main_moved_on: ("content", "feat: topic (#1)"),
    squash_with_lines_edited_later: ("squash", "feat: topic (#1)"),
    squash_with_the_file_deleted_later: ("content", "feat: topic (#1)"),
    squash_with_the_file_renamed_later: ("content", "feat: topic (#1)"),
    rebased: ("squash", "fix: twenty"),
    squash_of_a_branch_that_merged_main: ("squash", "feat: topic (#1)"),
    mode_change: ("content", "feat: topic (#1)"),
    binary: ("content", "feat: topic (#1)"),
    stack_landed_as_one: ("merge", None),
    split_in_two: ("content", "feat: part two"),
    union_attribute: ("squash", "feat: topic (#1)"),
    renamed_file: ("content", "feat: topic (#1)"),
    picked_one_by_one: ("patches", None),
    picked_from_a_branch_that_merged_main: ("patches", None),
}


def picked_but_for_what_a_merge_slipped_in(story: Story) -> None:
    story.topic().on("main").edit("other.py", 25, "x").commit("more").on("topic")
    story.git("merge", "-q", "--no-commit", "main")
    story.write("slipped_in.py", "only here\n").commit("Merge branch 'main' into topic")
    story.on("main").git("cherry-pick", "topic~1")
    story.edit("code.py", 3, "three, better").commit("better")


def plain(story: Story) -> None:
    story.topic()


def more_commits_after_the_squash(story: Story) -> None:
    story.topic().squash().on("topic").edit("code.py", 9, "nine").commit("fix: nine")


def a_part_of_it(story: Story) -> None:
    story.topic().write("new.py", "new\n").commit("feat: new")
    story.on("main").git("checkout", "-q", "topic", "--", "code.py")
    story.commit("feat: half of it")


def a_child_whose_parent_landed(story: Story) -> None:
    story.topic().on("parent", "topic").on("topic").edit("code.py", 12, "twelve").commit("feat: twelve")
    story.squash("parent")


def thrown_away_by_a_driver(story: Story) -> None:
    story.write(".gitattributes", "code.py merge=ours\n").commit("attributes")
    story.git("config", "merge.ours.driver", "true")
    story.topic().on("main").edit("code.py", 3, "mine").commit("mine").git("merge", "-q", "topic")
    story.git("reset", "-q", "--hard", "HEAD~1")
    story.git("merge", "-q", "--squash", "topic")


def lost_beside_the_same_driver(story: Story) -> None:
    thrown_away_by_a_driver(story)
    story.edit("code.py", 20, "x").commit("more")


def only_indented_otherwise(story: Story) -> None:
    story.on("topic", "main").edit("code.py", 3, "    line 3").commit("style: indent")
    story.on("main").edit("code.py", 3, "  line 3").commit("style: indent")


def evil_merge(story: Story) -> None:
    story.topic().on("main").edit("code.py", 25, "x").commit("more").squash()
    story.on("topic").git("merge", "-q", "--no-commit", "main")
    story.write("slipped_in.py", "only here\n").commit("Merge branch 'main' into topic")


def nothing_in_the_end(story: Story) -> None:
    story.topic().edit("code.py", 3, "line 3").commit("undo").on("main").edit("other.py", 9, "x").commit(
        "more"
    )


def only_a_message(story: Story) -> None:
    story.on("topic", "main").git("commit", "-q", "--allow-empty", "-m", "docs: why")
    story.on("main").edit("other.py", 9, "x").commit("more")


def mode_change_not_landed(story: Story) -> None:
    story.on("topic", "main").git("update-index", "--chmod=+x", "code.py")
    story.git("commit", "-q", "-m", "fix: runs")
    story.git("checkout", "-q", "-f", "main")
    story.edit("code.py", 9, "x").commit("more")


def rename_not_landed(story: Story) -> None:
    story.on("topic", "main").git("mv", "code.py", "core.py")
    story.commit("refactor: core").on("main").edit("code.py", 9, "x").commit("more")


def delete_not_landed(story: Story) -> None:
    story.on("topic", "main").git("rm", "-q", "code.py")
    story.commit("refactor: gone").on("main").edit("code.py", 9, "x").commit("more")


def binary_not_landed(story: Story) -> None:
    story.on("topic", "main").write("logo.png", bytes(range(256))).commit("feat: logo")
    story.on("main").write("logo.png", bytes(reversed(range(256)))).commit("another logo")


def orphan(story: Story) -> None:
    story.git("checkout", "-q", "--orphan", "topic")
    story.commit("another beginning").on("main")


def amended_after_it_landed(story: Story) -> None:
    story.topic().squash().on("topic").edit("code.py", 3, "three, amended").git("add", "-A")
    story.git("commit", "-q", "--amend", "-m", "feat: three")


def the_same_line_elsewhere(story: Story) -> None:
    same = "begin\nx = 1\nend\n"
    story.on("main").write("code.py", same + same.replace("1", "2")).commit("shape")
    story.on("topic", "main").write("code.py", same.replace("1", "9") + same.replace("1", "2")).commit(
        "fix: a"
    )
    story.on("main").write("code.py", same + same.replace("1", "9")).commit("fix: a")


EMPTY = "its commits change no file in the end"
LOST: dict[Callable[[Story], None], tuple[int, tuple[str, ...], str]] = {
    plain: (1, ("code.py",), ""),
    more_commits_after_the_squash: (2, ("code.py",), ""),
    a_part_of_it: (2, ("new.py",), ""),
    a_child_whose_parent_landed: (2, ("code.py",), ""),
    thrown_away_by_a_driver: (1, ("code.py",), ""),
    lost_beside_the_same_driver: (1, ("code.py",), ""),
    only_indented_otherwise: (1, ("code.py",), ""),
    evil_merge: (2, ("slipped_in.py",), ""),
    picked_but_for_what_a_merge_slipped_in: (2, ("code.py", "slipped_in.py"), ""),
    nothing_in_the_end: (2, (), EMPTY),
    only_a_message: (1, (), EMPTY),
    mode_change_not_landed: (1, ("code.py",), ""),
    rename_not_landed: (1, ("code.py", "core.py"), ""),
    delete_not_landed: (1, ("code.py",), ""),
    binary_not_landed: (1, ("logo.png",), ""),
    orphan: (1, (), "the two have no commit in common"),
    amended_after_it_landed: (1, ("code.py",), ""),
    the_same_line_elsewhere: (1, ("code.py",), ""),
}


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path)


@pytest.mark.parametrize("tell", LANDED, ids=lambda tell: tell.__name__)
def test_a_branch_that_landed_is_found(tell: Callable[[Story], None], story: Story) -> None:
    tell(story)
    found = story.verdict()
    assert isinstance(found, Contained), story.git("log", "--graph", "--oneline", "--all")
    by = found.commit and story.git("log", "-1", "--format=%s", found.commit)
    assert (found.how, by) == LANDED[tell]


@pytest.mark.parametrize("tell", LOST, ids=lambda tell: tell.__name__)
def test_work_that_is_nowhere_else_is_kept(tell: Callable[[Story], None], story: Story) -> None:
    tell(story)
    assert story.verdict() == Unmerged(*LOST[tell])


def test_what_was_reverted_is_a_state_of_its_own(story: Story) -> None:
    story.topic().squash()
    landed = story.git("rev-parse", "HEAD")
    story.git("revert", "--no-edit", "HEAD")
    assert story.verdict() == Reverted(landed, story.git("rev-parse", "HEAD"))
    story.git("revert", "--no-edit", "HEAD")
    assert isinstance(story.verdict(), Contained)


def test_a_merge_that_was_reverted_is_one_too(story: Story) -> None:
    merge_commit(story)
    story.git("revert", "--no-edit", "-m", "1", "HEAD")
    assert isinstance(story.verdict(), Reverted)


def test_the_forge_may_know_of_a_squash_that_was_edited_by_hand(story: Story) -> None:
    story.topic().squash().edit("code.py", 3, "three, polished").git("add", "-A")
    story.git("commit", "-q", "--amend", "-m", "feat: topic (#1)")
    assert isinstance(story.verdict(), Unmerged)
    assert story.verdict(story.git("rev-parse", "topic")) == Contained("forge")


def test_what_the_target_lacks_is_named(story: Story) -> None:
    story.topic().write("ä\n.py", "new\n").commit("feat: new")
    assert story.verdict() == Unmerged(2, ("code.py", "ä\n.py"))


def test_asking_leaves_no_trace(story: Story) -> None:
    squash_with_lines_edited_later(story)
    before = sorted((story.root / ".git").rglob("*"))
    assert isinstance(story.verdict(), Contained)
    assert sorted((story.root / ".git").rglob("*")) == before


def test_what_a_shallow_clone_hides_is_no_answer(story: Story) -> None:
    story.topic().on("main").edit("code.py", 25, "x").commit("more")
    judge = Judge(open_repository(story.root))
    with pytest.raises(GitFailed):
        judge.verdict("0" * 39 + "1", story.git("rev-parse", "main"))
