"""What a refusal says to type next works, typed as it stands."""

import re
import shlex

import pytest
from sync_world import Folder, Link, Outcome, Run, lines

WITH_LINKS = "_preserve_symlinks: true\n"


def typed(project: Folder, refused: Outcome) -> None:
    """Type what a refusal says of files in the way."""
    assert refused.code == 4
    command = re.search(r"(git add --force .*), git commit, then again", refused.err)
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
