"""What was rendered, where the recorded tag moved or was removed: the lock tells, and which lock does."""

import pytest
from sync_world import Folder, Run, lines


@pytest.fixture
def moved(template: Folder, project: Folder, atomci: Run) -> Folder:
    """The project, locked; its line 2 is edited to what the moved tag v1.0.0 renders by now."""
    assert atomci("status").code == 0
    project.commit({"guide.txt": lines("guide", n2="mine")})
    template.commit({"template/guide.txt": lines("guide", n2="mine")})
    template.git("tag", "--force", "v1.0.0")
    template.commit({"template/guide.txt": lines("guide", n2="theirs")}, "v2.0.0")
    return project


def test_the_lock_counts_where_a_tag_moved(moved: Folder, atomci: Run) -> None:
    done = atomci("update")

    assert (done.code, done.files) == (1, {"guide.txt": "conflicted"})
    assert "v1.0.0 renders guide.txt differently now" in done.json["notes"][0]
    assert moved.git("show", ":1:guide.txt") + "\n" == lines("guide")
    assert "mine" in moved.read("guide.txt")


@pytest.mark.parametrize("tag", ["moved", "removed"])
def test_what_the_template_drops_is_told_from_what_it_excludes_by_the_lock(
    tag: str, template: Folder, project: Folder, atomci: Run
) -> None:
    """A moved tag doesn't render it, nor does the new version: only the lock knows that it was rendered."""
    assert atomci("status").code == 0
    project.commit()
    gone = {"template/keep.txt": None, "template/guide.txt": None}
    template.commit({**gone, "copier.yml": template.read("copier.yml") + "_exclude: [/keep.txt]\n"})
    template.git("tag", "--delete", "v1.0.0")
    if tag == "moved":
        template.git("tag", "v1.0.0")
    template.commit({"template/new.txt": lines("new")}, "v2.0.0")

    done = atomci("update", "--commit")

    assert (done.code, done.files) == (0, {"guide.txt": "removed", "new.txt": "added"})
    assert (project.has("guide.txt"), project.has("keep.txt")) == (False, True)


def test_a_committed_lock_decides_over_the_one_that_lies_there(moved: Folder, atomci: Run) -> None:
    """It is merged what is committed; a lock that lies there may be gone, or made anew from the moved tag."""
    before = moved.contents
    for remade in (False, True):
        moved.write({".atomci/lock.json": None})
        if remade:
            assert atomci("status").json["lock"] == "written"

        done = atomci("update")

        assert (done.code, done.files) == (1, {"guide.txt": "conflicted"})
        assert moved.git("show", ":1:guide.txt") + "\n" == lines("guide")
        assert atomci("update", "--abort").code == 0
        moved.git("checkout", "--", ".atomci/lock.json")
        assert moved.contents == before


def test_a_lock_that_lies_there_counts_where_the_committed_one_is_stale(moved: Folder, atomci: Run) -> None:
    moved.commit({".atomci/lock.json": moved.read(".atomci/lock.json").replace("v1.0.0", "v0.9.0")})
    moved.write({".atomci/lock.json": moved.read(".atomci/lock.json").replace("v0.9.0", "v1.0.0")})

    done = atomci("update")

    assert (done.code, done.files) == (1, {"guide.txt": "conflicted"})
    assert moved.git("show", ":1:guide.txt") + "\n" == lines("guide")


def test_what_neither_git_nor_a_moved_tag_holds_is_no_base(
    moved: Folder, template: Folder, project: Folder, atomci: Run
) -> None:
    """An edit that was there before the first commit: nobody knows any more what was rendered."""
    root = moved.git("commit-tree", "HEAD^{tree}", "-m", "all at once")
    moved.git("reset", "--quiet", "--hard", root)
    moved.git("reflog", "expire", "--expire=now", "--all")
    moved.git("gc", "--quiet", "--prune=now")

    done = atomci("update")

    assert (done.code, done.files) == (1, {"guide.txt": "conflicted"})
    assert moved.git("show", ":2:guide.txt") + "\n" == lines("guide", n2="mine")
    assert atomci("update", "--abort").code == 0
    shown = atomci("diff", "guide.txt", as_json=False)
    assert (shown.code, shown.out) == (4, "")
    assert "v1.0.0 renders guide.txt differently now" in shown.err
    assert atomci("update", "--plan").code == 1


def test_a_recorded_tag_that_was_removed_is_replaced_by_the_lock(
    template: Folder, project: Folder, atomci: Run
) -> None:
    assert atomci("status").code == 0
    project.commit({"guide.txt": lines("guide", n30="mine")})
    template.git("tag", "--delete", "v1.0.0")
    template.commit({"template/guide.txt": lines("guide", n2="theirs")}, "v2.0.0")

    done = atomci("update", "--commit")

    assert (done.code, done.files) == (0, {"guide.txt": "merged"})
    assert done.json["notes"] == [
        "v1.0.0 is no longer there: the update starts from what .atomci/lock.json lists"
    ]
    assert project.read("guide.txt") == lines("guide", n2="theirs", n30="mine")
    assert atomci("status").code == 0


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "uv",
            "pip-tools",
            "pip-tools locks from now on: git rm uv.lock; sh scripts/in_venv.sh --lock, then git add"
            " requirements/dev.txt",
        ),
        (
            "pip-tools",
            "uv",
            "uv locks from now on: git rm requirements/dev.txt; uv lock, then git add uv.lock",
        ),
    ],
)
def test_where_another_manager_locks_from_now_on_the_old_lock_goes(
    before: str, after: str, said: str, template: Folder, project: Folder, atomci: Run
) -> None:
    asked = f"dependency_manager:\n  type: str\n  default: {before}\n"
    manifest = {"template/pyproject.toml.jinja": "# {{ dependency_manager }}\n"}
    template.commit({"copier.yml": template.read("copier.yml") + asked, **manifest}, "v1.1.0")
    assert atomci("update", "--commit").code == 0
    project.commit({"uv.lock": "version = 1\n", "requirements/dev.txt": "ruff==1\n"})

    plan = atomci("update", "--plan", "-d", f"dependency_manager={after}")

    assert (plan.files, plan.json["notes"]) == ({"pyproject.toml": "updated"}, [said])


def test_answers_alone_need_the_version_that_they_are_rendered_with(
    template: Folder, project: Folder, atomci: Run
) -> None:
    """A tag may be removed, a template be a shallow clone, or rendered with changes that no commit holds."""
    assert atomci("status").code == 0
    project.commit()
    template.commit({"template/new.txt": lines("new")}, "v2.0.0")
    template.git("tag", "--delete", "v1.0.0")

    done = atomci("update", "-d", "licence=Apache-2.0")

    assert (done.code, "no version 'v1.0.0' any more" in done.err) == (2, True), done.err
    assert "atomci update --to v2.0.0 -d licence=Apache-2.0" in done.err
    assert atomci("update", "--to", "v2.0.0", "-d", "licence=Apache-2.0").code == 0
