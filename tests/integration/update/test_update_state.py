"""What an update leaves in the working tree and the index, and how it ends."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sync_world import Folder, Run, lines

from atomci.template.answers import recorded_answers
from atomci.template.workshop import Workshop
from atomci.update.plan import plan_update
from atomci.update.planned import Planned
from atomci.update.request import Request

CLEAN = {"template/keep.txt": lines("keep", n5="theirs"), "template/new.txt": lines("new")}
THEIRS = {**CLEAN, "template/guide.txt": lines("guide", n20="theirs")}
MINE = {"guide.txt": lines("guide", n20="mine")}


@pytest.fixture
def clean(template: Folder, project: Folder) -> Folder:
    """A project whose update has no conflict."""
    template.commit(CLEAN, "v2.0.0")
    return project


@pytest.fixture
def conflicting(template: Folder, project: Folder) -> Folder:
    """A project whose update has a conflict in guide.txt, and clean changes besides."""
    template.commit(THEIRS, "v2.0.0")
    project.commit(MINE)
    return project


def test_a_plan_touches_nothing(clean: Folder, atomci: Run) -> None:
    before = clean.whole

    done = atomci("update", "--plan")

    assert (done.code, done.json["state"]) == (0, "planned")
    assert done.files == {"keep.txt": "updated", "new.txt": "added"}
    assert clean.whole == before
    assert not clean.has(".git/atomci-update")


def test_a_plan_with_conflicts_exits_1_and_touches_nothing(conflicting: Folder, atomci: Run) -> None:
    before = conflicting.whole

    done = atomci("update", "--plan")

    assert (done.code, done.json["state"]) == (1, "planned")
    assert done.files == {"guide.txt": "conflicted", "keep.txt": "updated", "new.txt": "added"}
    assert conflicting.whole == before


def test_a_plan_tells_what_the_update_then_does(conflicting: Folder, atomci: Run) -> None:
    planned, done = atomci("update", "--plan"), atomci("update")

    assert {**done.json, "state": "planned"} == planned.json


def test_a_clean_update_is_left_staged(clean: Folder, atomci: Run) -> None:
    done = atomci("update")

    assert (done.code, done.json["state"]) == (0, "staged")
    assert clean.status == [
        "A  .atomci/lock.json", "M  .copier-answers.yml", "M  keep.txt", "A  new.txt"
    ]  # fmt: skip
    assert "_commit: v2.0.0" in clean.read(".copier-answers.yml")
    assert "cherry-pick" not in clean.git("status")


def test_a_clean_update_is_committed_where_that_is_asked_for(clean: Folder, atomci: Run) -> None:
    done = atomci("update", "--commit")

    assert (done.code, done.json["state"]) == (0, "committed")
    assert clean.status == []
    assert clean.git("log", "-1", "--format=%an %s") == "Test Update the template from v1.0.0 to v2.0.0"
    assert not clean.has(".git/atomci-update")


@pytest.mark.parametrize("how", ["--commit", "--continue", "git"])
def test_a_second_update_does_nothing(how: str, clean: Folder, atomci: Run) -> None:
    assert atomci("update", *(["--commit"] if how == "--commit" else [])).code == 0
    if how == "--continue":
        assert atomci("update", "--continue").code == 0
    elif how == "git":
        clean.git("commit", "--quiet", "--message=update")
    before = clean.whole

    done = atomci("update")

    assert (done.code, done.json["state"]) == (0, "up-to-date")
    assert clean.whole == before


def test_a_conflict_is_a_cherry_pick_under_way(conflicting: Folder, atomci: Run) -> None:
    done = atomci("update")

    assert (done.code, done.json["state"]) == (1, "conflicts")
    assert "You are currently cherry-picking" in conflicting.git("status")
    assert "UU guide.txt" in conflicting.status
    assert "M  keep.txt" in conflicting.status
    assert conflicting.git("show", ":1:guide.txt") + "\n" == lines("guide")
    assert conflicting.git("show", ":2:guide.txt") + "\n" == MINE["guide.txt"]
    assert conflicting.git("show", ":3:guide.txt") + "\n" == THEIRS["template/guide.txt"]
    marked = lines("guide", n20="<<<<<<< yours\nmine\n=======\ntheirs\n>>>>>>> template")
    assert conflicting.read("guide.txt") == marked
    assert conflicting.git("diff", "--name-only", "CHERRY_PICK_HEAD^", "CHERRY_PICK_HEAD").splitlines() == [
        ".copier-answers.yml", "guide.txt", "keep.txt", "new.txt"
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["clean", "conflicting"])
@pytest.mark.parametrize("how", ["atomci", "git"])
def test_an_abort_puts_everything_back(
    kind: str, how: str, request: pytest.FixtureRequest, atomci: Run
) -> None:
    project: Folder = request.getfixturevalue(kind)
    project.write({"notes.txt": "untracked", "settings.toml": "[tool]\nwidth = 1\n"})
    before = project.whole
    assert atomci("update").code == (1 if kind == "conflicting" else 0)
    assert project.whole != before

    if how == "atomci":
        done = atomci("update", "--abort")
        assert (done.code, done.json["state"]) == (0, "aborted")
    elif kind == "clean":
        project.git("reset", "--merge")
    else:
        project.git("cherry-pick", "--abort")

    assert project.whole == before
    assert atomci("update").code == (1 if kind == "conflicting" else 0)


def test_an_abort_keeps_what_was_done_to_resolve_it(conflicting: Folder, atomci: Run) -> None:
    atomci("update")
    conflicting.write({"guide.txt": "an hour of work\n", "new.txt": "more work\n"})

    done = atomci("update", "--abort")

    assert done.code == 0
    assert "guide.txt, new.txt" in done.json["notes"][0]
    assert conflicting.git("show", "refs/atomci/aborted:guide.txt") == "an hour of work"
    assert conflicting.git("show", "refs/atomci/aborted:new.txt") == "more work"
    assert conflicting.status == []


@pytest.mark.parametrize("how", ["atomci", "git"])
def test_a_resolved_update_is_continued(how: str, conflicting: Folder, atomci: Run) -> None:
    atomci("update")
    conflicting.write({"guide.txt": lines("guide", n20="both")})
    conflicting.git("add", "guide.txt")

    if how == "atomci":
        done = atomci("update", "--continue")
        assert (done.code, done.json["state"]) == (0, "committed"), done.err
    else:
        conflicting.git("-c", "core.editor=:", "cherry-pick", "--continue")

    assert conflicting.status == []
    assert conflicting.git("log", "-1", "--format=%s") == "Update the template from v1.0.0 to v2.0.0"
    assert "Conflicts" not in conflicting.git("log", "-1", "--format=%b")
    assert conflicting.git("log", "-1", "--format=%p").count(" ") == 0  # one parent
    assert atomci("update").json["state"] == "up-to-date"


def test_an_update_outlives_gits_gc_and_says_what_it_always_says(conflicting: Folder, atomci: Run) -> None:
    conflicting.git("config", "core.commentChar", ";")
    assert atomci("update").code == 1
    conflicting.git("prune", "--expire=now")
    conflicting.write({"guide.txt": "both\n"})
    conflicting.git("add", "guide.txt")

    assert atomci("update", "--continue").json["state"] == "committed"

    message = conflicting.git("log", "-1", "--format=%B").rstrip().splitlines()
    assert message[0] == "Update the template from v1.0.0 to v2.0.0"
    assert len(message) == 3
    assert conflicting.read("guide.txt") == "both\n"
    assert (conflicting.status, conflicting.has(".git/CHERRY_PICK_HEAD")) == ([], False)


def test_an_unresolved_update_is_not_continued(conflicting: Folder, atomci: Run) -> None:
    atomci("update")

    done = atomci("update", "--continue")
    assert (done.code, done.out) == (1, "")
    assert "guide.txt is in conflict" in done.err

    conflicting.git("add", "guide.txt")
    done = atomci("update", "--continue")
    assert done.code == 1
    assert "guide.txt is still in conflict" in done.err
    assert "_commit: v1.0.0" in conflicting.git("show", "HEAD:.copier-answers.yml")


@pytest.mark.parametrize("verb", ["--abort", "--continue"])
def test_nothing_to_end_is_wrong_usage(verb: str, clean: Folder, atomci: Run) -> None:
    done = atomci("update", verb)

    assert done.code == 2
    assert "no update is under way" in done.err


def test_an_unfinished_update_comes_first(clean: Folder, atomci: Run) -> None:
    atomci("update")

    done = atomci("update")

    assert done.code == 4
    assert "atomci update --continue, or atomci update --abort" in done.err


def test_another_operation_of_git_comes_first(conflicting: Folder, atomci: Run) -> None:
    conflicting.git("checkout", "--quiet", "-b", "other", "HEAD^")
    conflicting.commit({"guide.txt": lines("guide", n20="other")})
    with pytest.raises(AssertionError):
        conflicting.git("merge", "main")
    before = conflicting.whole

    done = atomci("update")

    assert done.code == 4
    assert "a merge is under way" in done.err
    assert conflicting.whole == before


@pytest.mark.parametrize("staged", [False, True])
def test_uncommitted_work_in_the_way_is_named(staged: bool, clean: Folder, atomci: Run) -> None:
    clean.write({"keep.txt": lines("keep", n30="mine")})
    if staged:
        clean.git("add", "keep.txt")
    before = clean.whole

    done = atomci("update")

    assert (done.code, done.out) == (4, "")
    assert "keep.txt" in done.err
    assert clean.whole == before


@pytest.mark.parametrize("ignored", [False, True])
def test_an_untracked_file_in_the_way_is_named(ignored: bool, clean: Folder, atomci: Run) -> None:
    clean.write({"new.txt": "mine\n"})
    if ignored:
        (clean.root / ".git/info/exclude").write_text("new.txt\n")
    before = clean.whole

    done = atomci("update")

    if ignored:  # what git ignores isn't the template's to write
        assert (done.code, done.files) == (0, {"keep.txt": "updated", "new.txt": "ignored"})
        assert clean.read("new.txt") == "mine\n"
    else:
        assert done.code == 4
        assert "new.txt" in done.err
        assert clean.whole == before


def test_an_edit_that_git_was_told_to_overlook_is_named(clean: Folder, atomci: Run) -> None:
    clean.git("update-index", "--assume-unchanged", "keep.txt")
    clean.write({"keep.txt": "mine\n"})

    done = atomci("update")

    assert done.code == 4
    assert clean.read("keep.txt") == "mine\n"


def test_a_folder_that_is_a_link_to_elsewhere_is_not_written_through(
    template: Folder, project: Folder, atomci: Run, tmp_path: Path
) -> None:
    template.commit({"template/extra/new.txt": lines("new")}, "v2.0.0")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (project.root / "extra").symlink_to(elsewhere)

    done = atomci("update")

    assert done.code == 4
    assert "extra/new.txt" in done.err
    assert list(elsewhere.iterdir()) == []


def test_uncommitted_work_elsewhere_stays_as_it_was(clean: Folder, atomci: Run) -> None:
    clean.write({"guide.txt": lines("guide", n1="staged"), "own.txt": "new"})
    clean.git("add", "guide.txt")
    clean.write({"logo.png": b"unstaged", "untracked.txt": "untracked"})

    done = atomci("update")

    assert done.code == 0
    for row in ("M  guide.txt", " M logo.png", "?? own.txt", "?? untracked.txt", "M  keep.txt"):
        assert row in clean.status


def test_a_commit_of_the_update_holds_nothing_else(clean: Folder, atomci: Run) -> None:
    clean.write({"guide.txt": lines("guide", n1="staged")})
    clean.git("add", "guide.txt")
    before = clean.whole

    done = atomci("update", "--commit")

    assert done.code == 4
    assert "guide.txt is staged" in done.err
    assert clean.whole == before


def test_staged_work_and_conflicts_do_not_meet(conflicting: Folder, atomci: Run) -> None:
    conflicting.write({"settings.toml": "mine"})
    conflicting.git("add", "settings.toml")
    before = conflicting.whole

    done = atomci("update")

    assert done.code == 4
    assert "settings.toml is staged" in done.err
    assert conflicting.whole == before


def test_a_hook_may_refuse_the_commit(clean: Folder, atomci: Run) -> None:
    hook = clean.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho error: not today >&2\necho maybe later >&2\nexit 1\n")
    hook.chmod(0o755)

    done = atomci("update", "--commit")

    assert done.code == 1
    assert "not today" in done.err
    assert "M  keep.txt" in clean.status
    hook.write_text(
        "#!/bin/sh\nprintf 'no secret....Failed\\n- exit code: 1\\nno key....Passed\\n' >&2; exit 1\n"
    )
    assert "hooks failed: no secret" in atomci("update", "--continue").err
    hook.write_text("#!/bin/sh\nexit 1\n")
    assert "as a git hook may" in atomci("update", "--continue").err
    hook.unlink()
    assert atomci("update", "--continue").code == 0


def test_git_remembers_how_a_conflict_was_resolved(conflicting: Folder, atomci: Run) -> None:
    conflicting.git("config", "rerere.enabled", "true")
    start = conflicting.git("rev-parse", "HEAD")
    atomci("update")
    conflicting.write({"guide.txt": lines("guide", n20="both")})
    conflicting.git("add", "guide.txt")
    atomci("update", "--continue")
    conflicting.git("reset", "--quiet", "--hard", start)

    done = atomci("update")

    assert done.code == 1
    assert conflicting.read("guide.txt") == lines("guide", n20="both")


def test_a_repository_without_a_commit_is_wrong_usage(
    template: Folder, copied: Callable[..., Folder], atomci: Run
) -> None:
    template.commit(CLEAN, "v2.0.0")
    folder = copied(template, "fresh", ref="v1.0.0")
    done = atomci("update", root=folder.root)
    assert done.code == 2
    assert "isn't in a git repository" in done.err

    folder.git("init", "--quiet")
    done = atomci("update", root=folder.root)
    assert done.code == 2
    assert "no commit yet" in done.err


@pytest.mark.skipif(os.name == "nt", reason="no executable bit on disk")
def test_modes_and_links_arrive(template: Folder, project: Folder, atomci: Run) -> None:
    template.commit({"copier.yml": template.read("copier.yml") + "_preserve_symlinks: true\n"}, "v1.1.0")
    assert atomci("update", "--commit").code == 0
    (template.root / "template/keep.txt").chmod(0o755)
    (template.root / "template/link").symlink_to("keep.txt")
    template.commit(tag="v2.0.0")

    done = atomci("update", "--commit")

    assert (done.code, done.files) == (0, {"keep.txt": "updated", "link": "added"})
    assert os.access(project.root / "keep.txt", os.X_OK)
    assert (project.root / "link").readlink() == Path("keep.txt")
    assert project.status == []


def test_no_thread_of_ours_lives_when_the_working_tree_is_switched(clean: Folder) -> None:
    with Workshop() as shop:
        planned = plan_update(shop, recorded_answers(clean.root), Request())

        assert isinstance(planned, Planned)
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("atomci")]
