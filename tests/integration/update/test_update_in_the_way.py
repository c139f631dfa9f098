"""What lies where an update or a restore puts a file: nothing of it is lost, and what is typed then helps."""

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from sync_world import Folder, Link, Run, lines

NEWER = {"template/docs/new.txt": lines("new"), "template/keep.txt": lines("keep", n5="theirs")}


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder outside of the project, with a file of somebody's."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "start.py").write_text("precious\n")
    return tmp_path / "elsewhere"


def typed(project: Folder, command: str) -> None:
    """A command of a hint, as its reader types it."""
    subprocess.run(shlex.split(command), cwd=project.root, check=True, capture_output=True)


def test_a_restore_never_writes_through_a_link(project: Folder, atomci: Run, elsewhere: Path) -> None:
    shutil.rmtree(project.root / "src")
    project.commit({"src": Link(str(elsewhere))})

    done = atomci("restore", "src/start.py")

    assert done.code == 4
    assert (elsewhere / "start.py").read_text() == "precious\n"
    typed(project, done.err.splitlines()[-1].removesuffix(", then again"))
    assert atomci("restore", "src/start.py").json["restored"] == ["src/start.py"]
    assert project.read("src/start.py") == lines("start = 0 #", 20)
    assert project.read("src.mine/start.py") == (elsewhere / "start.py").read_text() == "precious\n"


@pytest.mark.parametrize(
    ("asked", "there", "committed"),
    [("keep.txt", "keep.txt/mine", False), ("src/start.py", "src", True)],
    ids=["folder", "file"],
)
def test_a_restore_names_what_has_a_files_place(
    asked: str, there: str, committed: bool, project: Folder, atomci: Run
) -> None:
    taken = there.partition("/")[0]
    shutil.rmtree(project.root / taken) if there == "src" else (project.root / taken).unlink()
    project.write({there: "precious\n"})
    if committed:
        project.commit()

    done = atomci("restore", asked)

    assert (done.code, project.read(there)) == (4, "precious\n")
    typed(project, done.err.splitlines()[-1].removesuffix(", then again"))
    assert atomci("restore", asked).code == 0
    assert project.read(there.replace(taken, f"{taken}.mine", 1)) == "precious\n"


@pytest.mark.parametrize(
    ("edit", "verb", "flag"),
    [("precious\n", "restore", "assume-unchanged"), (Link("precious"), "update", "skip-worktree")],
    ids=["restore", "update"],
)
def test_an_edit_that_a_flag_hides_from_git_is_kept(
    edit: str, verb: str, flag: str, template: Folder, project: Folder, atomci: Run
) -> None:
    template.commit(NEWER, "v2.0.0")
    project.git("update-index", f"--{flag}", "keep.txt")
    project.write({"keep.txt": edit})
    before = project.contents

    done = atomci(*{"restore": ("restore", "keep.txt"), "update": ("update",)}[verb])

    assert (done.code, project.contents) == (4, before)
    for command in done.err.splitlines()[-1].split(";")[:2]:
        typed(project, command)
    assert project.status in ([" M keep.txt"], [" T keep.txt"])


def test_a_link_that_the_update_sets_aside_is_in_nobodys_way(
    template: Folder, project: Folder, atomci: Run, elsewhere: Path
) -> None:
    template.commit(NEWER, "v2.0.0")
    project.commit({"docs": Link(str(elsewhere))})
    before = project.whole

    planned, done = atomci("update", "--plan"), atomci("update")

    assert (done.code, {**done.json, "state": "planned"}) == (1, planned.json)
    rows = {row["path"]: (row["change"], row.get("detail")) for row in done.json["files"]}
    assert rows["docs"] == ("removed", "set aside as docs~yours")
    assert project.read("docs/new.txt") == lines("new")
    assert [path.name for path in elsewhere.iterdir()] == ["start.py"]
    assert atomci("update", "--abort").code == 0
    assert project.whole == before


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_what_lies_where_a_folder_is_to_be_is_named_as_it_can_be_added(
    kind: str, template: Folder, project: Folder, atomci: Run, elsewhere: Path
) -> None:
    template.commit(NEWER, "v2.0.0")
    link = kind == "link"
    project.write({"docs" if link else "docs/new.txt/mine": Link(str(elsewhere)) if link else "precious\n"})

    planned, done = atomci("update", "--plan"), atomci("update")

    assert (planned.code, done.code) == (0, 4)
    assert [note for note in planned.json["notes"] if "you have uncommitted work there" in note]
    typed(project, done.err.splitlines()[-1].partition(",")[0])
    project.git("commit", "--quiet", "--message=mine")
    assert atomci("update").code == 1


@pytest.mark.parametrize("way", ["merge", "staged"])
def test_a_plan_says_that_the_update_would_be_refused_and_why(
    way: str, template: Folder, project: Folder, atomci: Run
) -> None:
    template.commit({"template/guide.txt": lines("guide", n5="theirs")}, "v2.0.0")
    project.commit({"guide.txt": lines("guide", n5="mine")})
    if way == "merge":
        (project.root / ".git/MERGE_HEAD").write_text(project.git("rev-parse", "HEAD"))
    else:
        project.write({"own.txt": "mine\n"})
        project.git("add", "own.txt")
    before = project.whole

    planned, done = atomci("update", "--plan"), atomci("update")

    refusal = done.err.splitlines()[0].removeprefix("error: ")
    assert (planned.code, done.code, project.whole) == (1, 4, before)
    assert [note for note in planned.json["notes"] if refusal in note]


@pytest.mark.parametrize(
    ("there", "committed"), [(".atomci", True), (".atomci", False), (".atomci/lock.json/mine", True)]
)
def test_the_place_of_the_lock_may_be_taken(
    there: str, committed: bool, template: Folder, project: Folder, atomci: Run
) -> None:
    template.commit(NEWER, "v2.0.0")
    project.write({there: "precious\n"})
    if committed:
        project.commit()

    done = atomci("update")

    assert (done.code, project.read(there)) == (4, "precious\n")
    if committed:
        typed(project, done.err.splitlines()[-1].partition(",")[0])
        project.git("commit", "--quiet", "--message=moved")
        assert atomci("update").code == 0
