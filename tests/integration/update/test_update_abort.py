"""An abort gives back exactly what was there, and keeps all work that it takes away, each time anew."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sync_world import Folder, Link, Outcome, Run, Script, lines


@pytest.fixture
def conflicting(template: Folder, project: Folder) -> Folder:
    """A project whose update has a conflict in guide.txt."""
    template.commit(
        {"template/guide.txt": lines("guide", n20="theirs"), "template/new.txt": "new\n"}, "v2.0.0"
    )
    project.commit({"guide.txt": lines("guide", n20="mine")})
    return project


def kept(project: Folder, done: Outcome) -> list[str]:
    """What the commands of the notes show, typed for the paths that each note names."""
    found = []
    for note in done.json["notes"]:
        paths, command = re.fullmatch(r".*? (?:on|of) (.*) is kept: (git show \S+:)PATH", note).groups()
        for path in paths.split(", "):
            typed = f"{command}{path}".split(" ")
            found.append(
                subprocess.run(typed, cwd=project.root, check=True, capture_output=True, text=True).stdout
            )
    return found


def aborted(project: Folder, atomci: Run, before: tuple[object, ...]) -> Outcome:
    """Abort, with everything but the refs as it was."""
    done = atomci("update", "--abort")
    assert (done.code, done.err) == (0, "")
    assert done.json["state"] == "aborted"
    assert (*project.whole[:3], project.whole[4]) == (*before[:3], before[4])
    return done


def test_each_abort_has_a_ref_of_its_own(conflicting: Folder, atomci: Run) -> None:
    before, shown = conflicting.whole, []
    for text in ("first\n", "second\n", "third\n"):
        assert atomci("update").code == 1
        conflicting.write({"guide.txt": text})
        shown.append((aborted(conflicting, atomci, before), [text]))

    assert [kept(conflicting, done) for done, _ in shown] == [texts for _, texts in shown]


def test_what_was_staged_is_kept_beside_what_was_made_of_it(conflicting: Folder, atomci: Run) -> None:
    before = conflicting.whole
    atomci("update")
    conflicting.write({"guide.txt": "staged\n"})
    conflicting.git("add", "guide.txt")
    conflicting.write({"guide.txt": "later\n"})

    assert kept(conflicting, aborted(conflicting, atomci, before)) == ["later\n", "staged\n"]


def test_what_was_staged_and_then_removed_is_kept(conflicting: Folder, atomci: Run) -> None:
    before = conflicting.whole
    atomci("update")
    conflicting.write({"guide.txt": "staged\n", "new.txt": "mine\n"})
    conflicting.git("add", "guide.txt", "new.txt")
    (conflicting.root / "guide.txt").unlink()
    (conflicting.root / "new.txt").unlink()

    assert kept(conflicting, aborted(conflicting, atomci, before)) == ["staged\n", "mine\n"]


def test_what_was_staged_where_a_folder_is_now_is_kept(conflicting: Folder, atomci: Run) -> None:
    atomci("update")
    conflicting.write({"new.txt": "staged\n"})
    conflicting.git("add", "new.txt")
    conflicting.write({"new.txt": None})
    conflicting.write({"new.txt/inner.txt": "mine\n"})

    done = atomci("update", "--abort")

    assert (done.code, kept(conflicting, done)) == (0, ["staged\n"])
    assert conflicting.read("new.txt/inner.txt") == "mine\n"


def test_an_abort_that_takes_nothing_away_keeps_nothing(conflicting: Folder, atomci: Run) -> None:
    before = conflicting.whole
    atomci("update")
    conflicting.git("checkout", "HEAD", "--", "guide.txt")

    assert aborted(conflicting, atomci, before).json["notes"] == []
    assert conflicting.whole == before


def test_bits_and_links_are_kept_as_they_are(conflicting: Folder, atomci: Run, tmp_path: Path) -> None:
    secret = f"{tmp_path}/.//elsewhere"
    Path(secret).write_text("of somebody else")
    before = conflicting.whole
    atomci("update")
    (conflicting.root / "new.txt").unlink()
    conflicting.write({"guide.txt": Script("run\n"), "new.txt": Link(secret)})

    aborted(conflicting, atomci, before)

    rows = conflicting.git("ls-tree", "refs/atomci/aborted").splitlines()
    assert [row.split()[0] for row in rows] == ["100755", "120000"]
    assert conflicting.git("show", "refs/atomci/aborted:new.txt") == secret


def test_a_conflict_of_links_that_dangle_is_aborted(template: Folder, project: Folder, atomci: Run) -> None:
    config = template.read("copier.yml") + "_preserve_symlinks: true\n"
    template.commit({"copier.yml": config, "template/l": Link("a")}, "v1.1.0")
    assert atomci("update", "--commit").code == 0
    project.commit({"l": Link("/opt/gone")})
    template.commit({"template/l": Link("b")}, "v2.0.0")
    before = project.whole
    assert atomci("update").code == 1

    assert aborted(project, atomci, before).json["notes"] == []


def test_a_path_that_became_a_folder_is_given_back(conflicting: Folder, atomci: Run) -> None:
    before = conflicting.whole
    atomci("update")
    (conflicting.root / "guide.txt").unlink()
    conflicting.write({"guide.txt/one.txt": "one\n", "guide.txt/deep/two.txt": "two\n"})
    (conflicting.root / "guide.txt/deep/empty").mkdir()
    conflicting.git("add", "--all")

    assert kept(conflicting, aborted(conflicting, atomci, before)) == ["two\n", "one\n"]


def test_a_folder_with_a_repository_is_refused_with_the_way_out(conflicting: Folder, atomci: Run) -> None:
    before = conflicting.whole
    atomci("update")
    (conflicting.root / "guide.txt").unlink()
    conflicting.git("init", "--quiet", "guide.txt")

    refused = atomci("update", "--abort")

    assert refused.code == 4
    assert "move it elsewhere, then try again" in refused.err
    shutil.move(conflicting.root / "guide.txt", conflicting.root.parent / "elsewhere")
    aborted(conflicting, atomci, before)


def test_a_folder_that_became_a_link_is_not_followed(
    template: Folder, project: Folder, atomci: Run, tmp_path: Path
) -> None:
    template.commit({"template/docs/guide.md": lines("md")}, "v1.1.0")
    assert atomci("update", "--commit").code == 0
    template.commit(
        {"template/docs/guide.md": lines("md", n3="NEW"), "template/docs/new.md": "n\n"}, "v2.0.0"
    )
    before = project.whole
    assert atomci("update").code == 0
    other = tmp_path / "other"
    shutil.move(project.root / "docs", other)
    project.write({"docs": Link(str(other))})
    inside = Folder(other).contents

    done = aborted(project, atomci, before)

    assert Folder(other).contents == inside
    assert kept(project, done) == [str(other)]


def test_a_clean_update_is_aborted_after_work_on_it(template: Folder, project: Folder, atomci: Run) -> None:
    template.commit({"template/keep.txt": lines("keep", n5="theirs")}, "v2.0.0")
    before = project.whole
    assert atomci("update").code == 0
    project.write({"keep.txt": "mine\n"})
    project.git("add", "keep.txt")

    assert kept(project, aborted(project, atomci, before)) == ["mine\n"]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes")
def test_a_pipe_in_the_place_of_a_file_is_refused_and_never_read(
    conflicting: Folder, template: Folder, atomci: Run
) -> None:
    assert atomci("update").code == 1
    (conflicting.root / "new.txt").unlink()
    os.mkfifo(conflicting.root / "new.txt")

    done = atomci("update", "--abort")

    assert (done.code, "new.txt is neither a file nor a folder nor a link" in done.err) == (4, True)
    (conflicting.root / "new.txt").unlink()
    assert atomci("update", "--abort").code == 0
