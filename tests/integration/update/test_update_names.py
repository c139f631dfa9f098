"""Names that aren't UTF-8, of the user's own files and of whoever commits."""

import os
import sys
from collections.abc import Callable

import pytest
from sync_world import Folder, Run, lines

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes any bytes for a name")
NAME = os.fsdecode(b"caf\xe9.txt")


@pytest.fixture
def renamed(template: Folder, project: Folder) -> Callable[[str], Folder]:
    """A project whose guide has such a name and an edited line, to be updated to another one."""

    def make(line: str) -> Folder:
        (project.root / "guide.txt").rename(project.root / NAME)
        project.commit({NAME: lines("guide", **{line: "mine"})})
        template.commit({"template/guide.txt": lines("guide", n2="theirs")}, "v2.0.0")
        return project

    return make


def test_what_the_template_changes_arrives_in_such_a_file(
    renamed: Callable[[str], Folder], atomci: Run
) -> None:
    project = renamed("n30")
    before = project.whole

    assert atomci("update").files == {"caf\ufffd.txt": "merged"}
    assert atomci("update", "--abort").code == 0
    assert project.whole == before
    assert atomci("update", "--commit").code == 0
    assert project.read(NAME) == lines("guide", n2="theirs", n30="mine")
    assert atomci("update").json["state"] == "up-to-date"


def test_such_a_file_can_be_in_conflict(renamed: Callable[[str], Folder], atomci: Run) -> None:
    project = renamed("n2")
    before = project.whole

    assert atomci("update").files == {"caf\ufffd.txt": "conflicted"}
    project.write({NAME: "resolved\n"})
    assert atomci("update", "--abort").code == 0
    assert (project.whole[:3], project.whole[4]) == (before[:3], before[4])
    assert project.git("show", f"refs/atomci/aborted:{NAME}") == "resolved"
    assert atomci("update").code == 1
    project.take_ours()
    assert atomci("update", "--continue").code == 0
    assert project.read(NAME) == lines("guide", n2="mine")


def test_whoever_commits_can_have_such_a_name(template: Folder, project: Folder, atomci: Run) -> None:
    project.git("config", "user.name", os.fsdecode(b"Ren\xe9"))
    project.git("config", "i18n.commitEncoding", "latin1")
    project.commit({"guide.txt": lines("guide", n2="mine")})
    template.commit({"template/guide.txt": lines("guide", n2="theirs")}, "v2.0.0")

    assert atomci("update").code == 1
    project.take_ours()
    assert atomci("update", "--continue").code == 0
    assert "Ren" in project.git("log", "-1", "--format=%an")
