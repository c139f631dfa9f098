"""What a refusal says to type next works, typed as it stands."""

import os
import re
import shlex

import pytest
from sync_world import Folder, Link, Outcome, Run, lines

WITH_LINKS = "_preserve_symlinks: true\n"


def typed(project: Folder, refused: Outcome) -> None:
    """Type what a refusal says of files in the way."""
    assert refused.code == 4
    command = re.search(r"(git add --force .*), git commit, then try again", refused.err)
    assert command, refused.err
    project.git(*shlex.split(command[1])[1:])
    project.git("commit", "--quiet", "--message", "in the way")


@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_what_stands_in_a_files_place_can_be_committed(
    kind: str, template: Folder, project: Folder, atomci: Run
) -> None:
    template.commit({"template/docs/page.md": lines("page")}, "v2.0.0")
    content = {"file": {"docs": "mine\n"}, "link": {"docs": Link("src")}, "folder": {"docs/page.md/x": "x\n"}}
    project.write(content[kind])
    before = project.whole

    refused = atomci("update")

    assert project.whole == before
    assert "docs/page.md" in refused.err
    typed(project, refused)
    done = atomci("update")
    assert done.code in (0, 1), done.err
    assert atomci("update", "--abort").code == 0
    assert project.contents == before[0]


def test_a_link_of_the_template_can_become_a_folder(template: Folder, project: Folder, atomci: Run) -> None:
    """Through the link there seems to be what the folder is to hold."""
    config = template.read("copier.yml") + WITH_LINKS
    template.commit({"copier.yml": config, "template/more": Link("src")}, "v1.1.0")
    assert atomci("update", "--commit").code == 0
    template.commit({"template/more": None, "template/new.txt": "n\n"}, "v1.2.0")
    template.commit({"template/more/start.py": lines("more")}, "v2.0.0")

    done = atomci("update", "--commit")

    assert done.code == 0, done.err
    assert done.files == {"more": "removed", "more/start.py": "added", "new.txt": "added"}
    assert project.read("more/start.py") == lines("more")
    assert project.read("src/start.py") == lines("start = 0 #", 20)


def test_a_removed_version_without_a_lock_has_a_version_to_go_from(
    template: Folder, project: Folder, atomci: Run
) -> None:
    project.commit({"guide.txt": lines("guide", n30="mine")})
    template.git("tag", "--delete", "v1.0.0")
    template.git("tag", "v0.9.0")
    template.commit({"template/guide.txt": lines("guide", n2="theirs")}, "v2.0.0")
    before = project.whole

    for verb in ("status", "diff", "update"):
        refused = atomci(verb, as_json=False)
        assert refused.code == 2
        way = re.search(r"nearest to what is rendered here: atomci (update --from \S+);", refused.err)
        assert way, refused.err
    assert project.whole == before
    plan, done = atomci(*shlex.split(way[1]), "--plan"), atomci(*shlex.split(way[1]), "--commit")
    assert plan.files == done.files == {"guide.txt": "merged"}
    assert (done.code, done.json["before"]) == (0, "v0.9.0")
    assert project.read("guide.txt") == lines("guide", n2="theirs", n30="mine")
    assert atomci("status").code == 0
    assert atomci("update").json["state"] == "up-to-date"


def test_the_newest_version_is_recorded_where_it_is_what_a_removed_one_rendered(
    template: Folder, project: Folder, atomci: Run
) -> None:
    template.git("tag", "--delete", "v1.0.0")
    template.git("tag", "v1.0.1")

    assert atomci("update", "--from", "v1.0.1", "--commit").code == 0
    assert "_commit: v1.0.1" in project.read(".copier-answers.yml")
    assert atomci("status").code == 0


def test_what_a_template_has_not_committed_is_told_wherever_it_does_not_count(
    template: Folder, project: Folder, atomci: Run
) -> None:
    assert atomci("status").json["notes"] == []
    template.write({"template/guide.txt": lines("guide", n2="dirty")})
    told = f"{template.root} has uncommitted changes, which an update leaves out: git commit them there"

    assert atomci("status").json["notes"] == [told]
    assert told in atomci("status", as_json=False).out
    assert atomci("update", as_json=False).out == f"up to date: v1.0.0 ({told})\n"
    template.git("stash", "--quiet")
    template.commit({"template/keep.txt": lines("keep", n2="theirs")}, "v2.0.0")
    template.write({"template/untracked.txt": "new\n"})
    plan, done = atomci("update", "--plan"), atomci("update")
    assert plan.json["notes"] == done.json["notes"] == [told]
    assert plan.files == done.files == {"keep.txt": "updated"}
    template.git("add", "--all")
    template.git("commit", "--quiet", "--message", "as the note says")
    assert atomci("status").json["notes"] == []


def test_a_python_that_no_longer_fits_is_noted_with_a_way_back_that_needs_no_other(
    template: Folder, project: Folder, atomci: Run
) -> None:
    pyproject = '[project]\nname = "demo"\nrequires-python = ">=3.{}"\n'
    libraries, programs = ("Lib", "Scripts") if os.name == "nt" else ("lib/python3.11", "bin")
    site = f".venv/{libraries}/site-packages/atomci-1.0.dist-info"
    project.write({".venv/pyvenv.cfg": "version = 3.11.9\n", f"{site}/METADATA": "", "uv.lock": ""})
    note = "the environment has Python 3.11.9, and requires-python is >=3.12 now: uv sync"
    way_back = f"; the way back without another Python: .venv/{programs}/atomci update --abort"

    template.commit({"template/pyproject.toml": pyproject.format(11)}, "v1.1.0")
    assert not [said for said in atomci("update", "--plan").json["notes"] if "requires-python" in said]

    template.commit({"template/pyproject.toml": pyproject.format(12)}, "v1.2.0")
    notes = atomci("update").json["notes"]
    assert note + way_back in notes
    assert atomci("update", "--abort").code == 0
