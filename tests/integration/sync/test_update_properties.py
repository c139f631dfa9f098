"""What holds for every change of a user against every change of a template; plain copier beside it."""

import copier
import pytest
from sync_world import Content, Folder, Run, lines

THEIRS: dict[str, dict[str, Content]] = {
    "edit": {
        "template/guide.txt": lines("guide", n5="theirs"),
        "template/keep.txt": lines("keep", n9="more"),
    },
    "rename": {"template/guide.txt": None, "template/manual.txt": lines("guide")},
    "rename and edit": {"template/guide.txt": None, "template/manual.txt": lines("guide", n5="theirs")},
    "delete": {"template/guide.txt": None, "template/keep.txt": lines("keep", n9="more")},
    "binary": {"template/logo.png": b"\0\1other" * 50, "template/guide.txt": lines("guide", n5="theirs")},
    "pins": {"template/req.txt": "first==2.0\nsecond==1.0\n" + lines("guide")},
    "add": {"template/new.txt": lines("new"), "template/deep/er/new.txt": lines("deeper")},
}
WORDS = "words that the user wrote"
MINE: dict[str, dict[str, Content]] = {
    "none": {},
    "edit": {"guide.txt": lines("guide", n30=WORDS)},
    "edit the same line": {"guide.txt": lines("guide", n5=WORDS)},
    "rename": {"guide.txt": None, "docs/guide.txt": lines("guide", n30=WORDS)},
    "delete": {"guide.txt": None, "notes.md": WORDS},
    "binary": {"logo.png": bytes(reversed(range(256))) + WORDS.encode()},
    "crlf": {"guide.txt": lines("guide", n30=WORDS).replace("\n", "\r\n")},
    "reformat": {"guide.txt": lines("guide", n30=WORDS).replace("line number", "  line  number")},
    "pins": {"req.txt": "first==1.5\nsecond==1.5\n" + lines("guide", n30=WORDS)},
    "rewrite": {"guide.txt": (WORDS + "\n") * 60, "keep.txt": lines(WORDS)},
    "add": {"mine.txt": WORDS, "new.txt": lines("new", n7=WORDS)},
}


@pytest.fixture
def pinned(template: Folder, project: Folder, atomci: Run) -> Folder:
    """The project with req.txt."""
    template.commit({"template/req.txt": "first==1.0\nsecond==1.0\n" + lines("guide")}, "v1.1.0")
    assert atomci("update", "--commit").code == 0
    return project


@pytest.mark.parametrize("theirs", THEIRS)
@pytest.mark.parametrize("mine", MINE)
def test_nothing_that_the_user_wrote_is_lost_and_a_second_update_does_nothing(
    mine: str, theirs: str, template: Folder, pinned: Folder, atomci: Run
) -> None:
    template.commit(THEIRS[theirs], "v2.0.0")
    pinned.commit(MINE[mine])
    planned = atomci("update", "--plan")
    conflicts = {path for path, change in planned.files.items() if change == "conflicted"}

    done = atomci("update")

    assert done.code == planned.code == (1 if conflicts else 0)
    assert {row[3:] for row in pinned.status if "U" in row[:2] or row[:2] in ("AA", "DD")} == conflicts
    found = "".join(content.decode("latin-1") for content, _ in pinned.contents.values())
    wanted = [c if isinstance(c, str) else c.decode("latin-1") for c in MINE[mine].values() if c is not None]
    for line in {line for text in wanted for line in text.splitlines() if WORDS in line}:
        assert line in found
    if conflicts:
        assert atomci("update", "--abort").code == 0
        assert pinned.status == []
        return
    pinned.commit()
    assert "v2.0.0" in pinned.read(".copier-answers.yml")
    assert atomci("update").json["state"] == "up-to-date"
    assert atomci("status", "--offline").code == 0


@pytest.mark.parametrize("theirs", THEIRS)
def test_an_unmodified_project_becomes_a_fresh_render(
    theirs: str, template: Folder, pinned: Folder, atomci: Run, tmp_path_factory: pytest.TempPathFactory
) -> None:
    template.commit(THEIRS[theirs], "v2.0.0")
    fresh = tmp_path_factory.mktemp("fresh") / "demo"
    copier.run_copy(str(template.root), fresh, defaults=True, quiet=True)

    assert atomci("update", "--commit").code == 0

    updated = pinned.contents
    del updated[".atomci/lock.json"]
    assert updated == Folder(fresh).contents


@pytest.mark.parametrize(
    ("theirs", "mine"),
    [
        ("edit", "none"), ("edit", "edit"), ("edit", "delete"), ("edit", "add"), ("edit", "pins"),
        ("delete", "none"), ("delete", "delete"), ("rename", "none"), ("add", "none"), ("add", "edit"),
        ("binary", "none"), ("binary", "edit"), ("pins", "none"), ("pins", "edit"),
    ],
)  # fmt: skip
def test_where_copier_is_right_the_trees_are_equal(
    theirs: str, mine: str, template: Folder, pinned: Folder, atomci: Run
) -> None:
    template.commit(THEIRS[theirs], "v2.0.0")
    pinned.commit(MINE[mine])
    other = pinned.copy(pinned.root.parent / "copier")
    copier.run_update(other.root, defaults=True, overwrite=True, quiet=True)

    assert atomci("update").code == 0

    ours, copiers = pinned.contents, other.contents
    assert ours.pop(".atomci/lock.json") != copiers.pop(".atomci/lock.json")
    assert ours == copiers
