"""Working trees that git itself sees only in part: sparse checkouts, and executable bits that it doesn't look at."""

import pytest
from sync_world import Folder, Run, Script, lines


@pytest.fixture
def sparse(template: Folder, project: Folder, atomci: Run) -> Folder:
    """A project of which only the folder `i` and the top are checked out."""
    template.commit({"template/i/a": lines("a"), "template/o/b": lines("b")}, "v1.1.0")
    assert atomci("update", "--commit").code == 0
    project.git("sparse-checkout", "set", "i")
    assert not project.has("o")
    return project


def test_a_sparse_checkout_is_updated_and_stays_sparse(sparse: Folder, template: Folder, atomci: Run) -> None:
    assert atomci("status").json["drift"] == []
    assert atomci("diff", as_json=False).out == ""
    template.commit({"template/i/a": lines("a", n2="new"), "template/o/b": lines("b", n2="new")}, "v2.0.0")
    before = sparse.whole

    plan, done = atomci("update", "--plan"), atomci("update")

    assert plan.files == done.files == {"i/a": "updated", "o/b": "updated"}
    assert (done.code, sparse.has("o")) == (0, False)
    assert atomci("update", "--abort").code == 0
    assert sparse.whole == before
    assert atomci("update", "--commit").code == 0
    assert (sparse.has("o"), sparse.status) == (False, [])
    assert sparse.git("show", "HEAD:o/b") + "\n" == lines("b", n2="new")
    assert atomci("status").json["drift"] == []
    assert atomci("update").json["state"] == "up-to-date"


def test_what_was_put_outside_a_sparse_checkout_is_kept_and_taken_away(
    sparse: Folder, template: Folder, atomci: Run
) -> None:
    template.commit({"template/o/b": lines("b", n2="new")}, "v2.0.0")
    before = sparse.whole
    assert atomci("update").code == 0
    sparse.write({"o/b": "mine\n"})

    done = atomci("update", "--abort")

    assert (done.code, sparse.has("o")) == (0, False)
    assert (sparse.whole[:3], sparse.whole[4]) == (before[:3], before[4])
    assert sparse.git("show", "refs/atomci/aborted:o/b") == "mine"


@pytest.mark.parametrize("left", ["c", None, "an empty folder"])
def test_a_file_outside_a_sparse_checkout_becomes_a_folder_and_is_given_back(
    sparse: Folder, template: Folder, atomci: Run, left: str | None
) -> None:
    template.commit({"template/o/b": None})
    template.commit({"template/o/b/c": lines("c")}, "v2.0.0")
    before = sparse.whole
    assert atomci("update").code == 0
    if left != "c":
        (sparse.root / "o/b/c").unlink()
    if left == "an empty folder":
        (sparse.root / "o/b/d").mkdir()

    assert atomci("update", "--abort").code == 0
    assert sparse.whole == before


def test_a_conflict_outside_a_sparse_checkout_is_there_until_it_ends(
    sparse: Folder, template: Folder, atomci: Run
) -> None:
    sparse.git("sparse-checkout", "disable")
    sparse.commit({"o/b": lines("b", n2="mine")})
    sparse.git("sparse-checkout", "set", "i")
    template.commit({"template/o/b": lines("b", n2="theirs")}, "v2.0.0")
    before = sparse.whole

    assert atomci("update").code == 1

    assert "mine" in sparse.read("o/b")
    assert atomci("update", "--abort").code == 0
    assert sparse.whole == before
    assert atomci("update").code == 1
    sparse.git("checkout", "--ours", "o/b")
    sparse.git("add", "--sparse", "o/b")
    assert atomci("update", "--continue").code == 0
    assert sparse.git("show", "HEAD:o/b") + "\n" == lines("b", n2="mine")


@pytest.mark.parametrize("executable", [True, False])
def test_executable_bits_change_where_git_does_not_look_at_them(
    executable: bool, template: Folder, project: Folder, atomci: Run
) -> None:
    first, second = ("hi\n", Script("hi\n")) if executable else (Script("hi\n"), "hi\n")
    template.commit({"template/s.sh": first}, "v1.1.0")
    assert atomci("update", "--commit").code == 0
    project.git("config", "core.fileMode", "false")
    (template.root / "template/s.sh").chmod(0o644)
    template.commit({"template/s.sh": second}, "v2.0.0")

    done = atomci("update", "--commit")

    assert done.files == {"s.sh": "updated"}
    mode = "100755" if executable else "100644"
    assert project.git("ls-files", "-s", "s.sh").startswith(mode)
    (project.root / "s.sh").chmod(0o644 if executable else 0o755)
    assert atomci("status").json["drift"] == []
    assert atomci("diff", as_json=False).out == ""
    project.git("config", "core.fileMode", "true")
    assert [row["path"] for row in atomci("status").json["drift"]] == ["s.sh"]
    assert "new mode" in atomci("diff", as_json=False).out


def test_an_abort_gives_back_bits_that_git_does_not_look_at(
    template: Folder, project: Folder, atomci: Run
) -> None:
    project.git("config", "core.fileMode", "false")
    project.commit({"keep.txt": Script(lines("keep", n30="mine"))})
    template.commit({"template/keep.txt": lines("keep", n2="theirs")}, "v2.0.0")
    before = project.whole
    assert project.git("ls-files", "--stage", "keep.txt").startswith("100644 ")

    assert atomci("update").code == 0
    assert atomci("update", "--abort").code == 0
    assert project.whole == before
