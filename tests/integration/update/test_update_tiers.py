"""What each owner's files go through, tiny files that look alike, and files that both sides add."""

from collections.abc import Callable

import pytest
from sync_world import CONFIG, OWNERSHIP, Content, Folder, Run, lines

Apply = Callable[[dict[str, Content]], None]


@pytest.fixture
def next_release(template: Folder) -> Apply:
    """Makes v2.0.0 with changed files of the template."""

    def make(files: dict[str, Content]) -> None:
        template.commit({f"template/{path}": content for path, content in files.items()}, "v2.0.0")

    return make


@pytest.mark.parametrize("mine", [lines("ci", 20, n2="mine"), "all mine\n", None])
def test_managed_files_are_the_templates_and_edits_are_told(
    mine: str | None, next_release: Apply, project: Folder, atomci: Run
) -> None:
    next_release({"ci.yml": lines("ci", 20, n15="theirs")})
    project.commit({"ci.yml": mine})

    done = atomci("update", "--commit")

    assert (done.code, done.files) == (0, {"ci.yml": "added" if mine is None else "replaced"})
    assert project.read("ci.yml") == lines("ci", 20, n15="theirs")
    (row,) = (row for row in done.json["files"] if row["path"] == "ci.yml")
    if mine is None:
        assert row["detail"] == "you had deleted it, but the template owns it"
    else:
        assert project.git("show", "HEAD^:ci.yml") + "\n" == mine


@pytest.mark.parametrize(
    ("theirs", "row"),
    [
        ({"ci.yml": None}, ("ci.yml", "removed")),
        ({"ci.yml": None, "all.yml": "moved"}, ("all.yml", "renamed")),
    ],
    ids=["dropped", "moved"],
)
def test_an_edit_that_goes_with_a_managed_file_is_told(
    theirs: dict[str, str | None], row: tuple[str, str], template: Folder, project: Folder, atomci: Run
) -> None:
    files = {f"template/{name}": content and lines("ci", 20) for name, content in theirs.items()}
    template.commit({**files, "ownership.toml": OWNERSHIP.replace("/ci.yml", "/*.yml")}, "v2.0.0")
    project.commit({"ci.yml": lines("ci", 20, n5="mine")})

    (found,) = (file for file in atomci("update", "--plan").json["files"] if file["path"] == row[0])

    assert (found["path"], found["change"]) == row
    assert found["detail"] == "your edit stays in git's history"
    project.commit({"ci.yml": lines("ci", 20)})
    (found,) = (file for file in atomci("update", "--plan").json["files"] if file["path"] == row[0])
    assert "detail" not in found


def test_seeds_are_the_users_and_corrections_are_told(
    next_release: Apply, project: Folder, atomci: Run
) -> None:
    next_release({"src/start.py": "corrected\n", "src/added.py": "new\n"})
    project.commit({"src/start.py": "mine\n"})

    done = atomci("update", "--commit")

    assert (done.code, done.files) == (
        0, {"src/start.py": "corrected-upstream", "src/added.py": "added"}
    )  # fmt: skip
    assert project.read("src/start.py") == "mine\n"
    assert project.read("src/added.py") == "new\n"


@pytest.mark.parametrize("how", ["delete", "move"])
def test_a_seed_that_the_user_removed_does_not_come_back(
    how: str, next_release: Apply, project: Folder, atomci: Run
) -> None:
    next_release({"src/start.py": lines("start = 0 #", 20, n3="theirs")})
    moved = {"src/mine.py": lines("start = 0 #", 20)} if how == "move" else {}
    project.commit({"src/start.py": None, **moved})

    assert atomci("update", "--commit").code == 0
    assert not project.has("src/start.py")
    if how == "move":
        assert project.read("src/mine.py") == lines("start = 0 #", 20)


def test_a_seed_that_the_template_drops_stays(next_release: Apply, project: Folder, atomci: Run) -> None:
    next_release({"src/start.py": None, "src/other.py": "x\n"})

    done = atomci("update", "--commit")

    assert done.files == {"src/other.py": "added", "src/start.py": "corrected-upstream"}
    assert "the template no longer has it; yours stays" in done.out
    assert project.has("src/start.py")


def test_a_seed_that_the_user_and_the_template_dropped_is_gone(
    next_release: Apply, project: Folder, atomci: Run
) -> None:
    next_release({"src/start.py": None, "src/other.py": "x\n"})
    project.commit({"src/start.py": None})

    done = atomci("update", "--commit")

    assert (done.code, done.files) == (0, {"src/other.py": "added"})


def test_a_new_seed_leaves_a_file_of_the_user_alone(
    next_release: Apply, project: Folder, atomci: Run
) -> None:
    next_release({"src/new.py": "theirs\n"})
    project.commit({"src/new.py": "mine\n"})

    assert atomci("update", "--commit").code == 0
    assert project.read("src/new.py") == "mine\n"


def test_generated_files_are_never_merged(next_release: Apply, project: Folder, atomci: Run) -> None:
    next_release({"tool.lock": "rendered\n"})
    project.commit({"tool.lock": "made by a tool\n"})

    done = atomci("update", "--commit")

    assert (done.code, done.files) == (0, {})
    assert project.read("tool.lock") == "made by a tool\n"


def test_without_a_table_everything_is_merged_but_what_copier_skips(
    template: Folder, project: Folder, atomci: Run
) -> None:
    template.commit({"ownership.toml": None}, "v1.1.0")
    assert atomci("update", "--commit").code == 0
    template.commit(
        {"template/ci.yml": lines("ci", 20, n15="theirs"), "template/src/start.py": "theirs\n"}, "v2.0.0"
    )
    project.commit({"ci.yml": lines("ci", 20, n2="mine"), "src/start.py": "mine\n"})

    done = atomci("update", "--commit")

    assert (done.code, done.files) == (0, {"ci.yml": "merged", "src/start.py": "corrected-upstream"})
    assert project.read("ci.yml") == lines("ci", 20, n2="mine", n15="theirs")
    assert project.read("src/start.py") == "mine\n"


@pytest.mark.parametrize(
    "table", ["[[rule]]\n", "rule = 1\n", '[[rule]]\ntier = "odd"\npaths = []\n', "\xff"]
)
def test_a_malformed_table_is_told(table: str, template: Folder, project: Folder, atomci: Run) -> None:
    template.commit({"ownership.toml": table.encode("latin-1")}, "v2.0.0")

    done = atomci("update")

    assert done.code == 2
    assert "ownership.toml is malformed" in done.err


# --- Renames that are none ----------------------------------------------------------------------

MARKER = '"""A package."""\n'


def test_the_templates_new_marker_is_not_the_users_deleted_one(
    template: Folder, project: Folder, atomci: Run
) -> None:
    """git pairs them: the template's edit would land in a package that it never heard of."""
    template.commit({"template/lib/one/__init__.py": MARKER}, "v1.1.0")
    assert atomci("update", "--commit").code == 0
    template.commit({"template/lib/one/__init__.py": '"""A package!"""\n'}, "v2.0.0")
    project.commit({"lib/one/__init__.py": None, "lib/mine/__init__.py": MARKER})

    done = atomci("update", "--commit")

    assert (done.code, done.files) == (0, {"lib/one/__init__.py": "kept-deleted"})
    assert project.read("lib/mine/__init__.py") == MARKER


def test_an_edit_of_a_dropped_marker_does_not_move_to_a_new_one(
    template: Folder, project: Folder, atomci: Run
) -> None:
    template.commit({"template/lib/one/__init__.py": MARKER}, "v1.1.0")
    assert atomci("update", "--commit").code == 0
    template.commit({"template/lib/one/__init__.py": None, "template/lib/two/__init__.py": MARKER}, "v2.0.0")
    project.commit({"lib/one/__init__.py": MARKER + "VERSION = 1\n"})

    done = atomci("update")

    assert done.code == 1
    assert done.files == {"lib/one/__init__.py": "conflicted", "lib/two/__init__.py": "added"}
    assert project.read("lib/one/__init__.py") == MARKER + "VERSION = 1\n"
    assert project.read("lib/two/__init__.py") == MARKER


def test_git_by_itself_would_pair_them(project: Folder) -> None:
    """What the two tests above guard against is real."""
    project.commit({"lib/one/__init__.py": MARKER})
    project.commit({"lib/one/__init__.py": None, "lib/two/__init__.py": MARKER})

    assert project.git("diff", "--name-status", "-M", "HEAD^", "HEAD").startswith("R100")


def test_the_users_new_file_stays_in_a_folder_that_the_template_renamed(
    template: Folder, project: Folder, atomci: Run
) -> None:
    pages = {f"{n}.md": lines(f"page {n}") for n in range(4)}
    template.commit({f"template/docs/{name}": text for name, text in pages.items()}, "v1.1.0")
    assert atomci("update", "--commit").code == 0
    template.commit(
        {f"template/docs/{name}": None for name in pages}
        | {f"template/pages/{n}": t for n, t in pages.items()},
        "v2.0.0",
    )
    project.commit({"docs/mine.md": lines("mine")})

    done = atomci("update", "--commit")

    assert (done.code, set(done.files.values())) == (0, {"renamed"})
    assert project.read("docs/mine.md") == lines("mine")
    assert not project.has("pages/mine.md")


# --- Both sides add -----------------------------------------------------------------------------


def test_the_same_new_file_on_both_sides_is_no_conflict(
    next_release: Apply, project: Folder, atomci: Run
) -> None:
    next_release({"new.txt": lines("new")})
    project.commit({"new.txt": lines("new")})

    done = atomci("update")

    assert (done.code, done.files) == (0, {})


def test_different_new_files_at_one_path_are_a_conflict_with_both(
    next_release: Apply, project: Folder, atomci: Run
) -> None:
    next_release({"new.txt": lines("theirs")})
    project.commit({"new.txt": lines("mine")})

    done = atomci("update")

    assert (done.code, done.files) == (1, {"new.txt": "conflicted"})
    merged = set(project.read("new.txt").splitlines())
    assert merged >= {*lines("theirs").splitlines(), *lines("mine").splitlines()}


@pytest.mark.parametrize("big", [True, False])
def test_a_folder_where_the_user_has_a_file_is_a_conflict_that_keeps_both(
    big: bool, next_release: Apply, project: Folder, atomci: Run
) -> None:
    count = 40 if big else 2
    next_release({"thing/new.txt": lines("theirs", count)})
    project.commit({"thing": lines("mine", count)})

    done = atomci("update")

    assert done.code == 1, (done.out, done.err)
    found = "".join(content.decode("latin-1") for content, _ in project.contents.values())
    assert lines("mine", count) in found
    assert lines("theirs", count) in found
    assert atomci("update", "--abort").code == 0
    assert project.status == []


def test_a_file_that_becomes_a_folder_arrives(template: Folder, project: Folder, atomci: Run) -> None:
    template.commit({"template/thing": lines("one")}, "v1.1.0")
    assert atomci("update", "--commit").code == 0
    template.write({"template/thing": None})
    template.commit({"template/thing/part.txt": lines("two")}, "v2.0.0")

    done = atomci("update", "--commit")

    assert done.code == 0
    assert project.read("thing/part.txt") == lines("two")
    assert project.status == []
    assert atomci("update", "--to", "v2.0.0").json["state"] == "up-to-date"


# --- Pins ---------------------------------------------------------------------------------------


def test_the_higher_of_two_bumps_is_taken_and_told(template: Folder, project: Folder, atomci: Run) -> None:
    def text(version: str, **changed: str) -> str:
        return lines("top", 5, **changed) + f"ruff=={version}\n" + lines("bottom", 5)

    template.commit({"template/req.txt": text("0.1")}, "v1.1.0")
    assert atomci("update", "--commit").code == 0
    template.commit({"template/req.txt": text("0.5")}, "v2.0.0")
    project.commit({"req.txt": text("0.10", n1="mine")})

    done = atomci("update")

    assert done.code == 0
    changes = {row["path"]: row["change"] for row in done.json["files"]}
    assert changes[".atomci/lock.json"] == "updated"
    assert done.json["pins"] == [
        {"path": "req.txt", "pin": "ruff", "ours": "0.10", "theirs": "0.5", "taken": "0.10"}
    ]
    assert project.read("req.txt") == text("0.10", n1="mine")
    assert "ruff 0.10 (you 0.10, template 0.5)" in _plain(atomci)


def test_a_pin_is_settled_in_a_file_that_the_template_moves(
    template: Folder, project: Folder, atomci: Run
) -> None:
    def text(version: str) -> str:
        return lines("top", 5) + f"ruff=={version}\n" + lines("bottom", 5)

    template.commit({"template/req.txt": text("0.1")}, "v1.1.0")
    assert atomci("update", "--commit").code == 0
    template.commit({"template/req.txt": None, "template/requirements/dev.txt": text("0.5")}, "v2.0.0")
    project.commit({"req.txt": text("0.10")})

    done = atomci("update")

    assert done.code == 0
    assert [(pin["path"], pin["taken"]) for pin in done.json["pins"]] == [("requirements/dev.txt", "0.10")]
    assert project.read("requirements/dev.txt") == text("0.10")


def _plain(atomci: Run) -> str:
    assert atomci("update", "--abort").code == 0
    return atomci("update", "--plan", as_json=False).out


def test_a_conflict_beside_a_settled_pin_keeps_the_users_own_version_of_the_file(
    template: Folder, project: Folder, atomci: Run
) -> None:
    def text(version: str, other: str) -> str:
        return f"ruff=={version}\n" + lines("middle", 5) + f"{other}\n"

    template.commit({"template/req.txt": text("0.1", "base")}, "v1.1.0")
    assert atomci("update", "--commit").code == 0
    template.commit({"template/req.txt": text("0.5", "theirs")}, "v2.0.0")
    project.commit({"req.txt": text("0.3", "mine")})

    done = atomci("update")

    assert done.code == 1
    assert project.read("req.txt").startswith("ruff==0.5\n")
    assert project.git("show", ":2:req.txt") + "\n" == text("0.3", "mine")


def test_a_newly_excluded_file_of_the_user_stays(template: Folder, project: Folder, atomci: Run) -> None:
    """copier 9.10.3 mended this in its own update."""
    template.commit({"copier.yml": CONFIG + "_exclude: [guide.txt]\n"}, "v2.0.0")

    done = atomci("update")

    assert (done.code, done.files) == (0, {})
    assert project.has("guide.txt")


def test_a_managed_file_that_comes_later_takes_no_place_of_the_users(
    template: Folder, project: Folder, atomci: Run
) -> None:
    owners = OWNERSHIP.replace('"/ci.yml"', '"/ci.yml", "/check.sh"')
    project.commit({"check.sh": "mine\n"})
    for release in (2, 3):
        text = {"ownership.toml": owners, "template/check.sh": f"of v{release}\n"}
        template.commit(text, f"v{release}.0.0")

        done = atomci("update", "--commit")

        assert (done.code, done.files) == (0, {"check.sh": "corrected-upstream"})
        assert project.read("check.sh") == "mine\n"
    # What nobody wrote anew was never rendered either.
    (project.root / ".atomci/lock.json").write_text(project.read(".atomci/lock.json").replace("v3.0.0", "v1"))
    assert atomci("status").json["verdict"] == "clean"
    # Who takes the template's over has it managed from then on.
    assert atomci("restore", "check.sh").code == 0
    project.commit()
    template.commit({"template/check.sh": "of v4\n"}, "v4.0.0")
    assert atomci("update", "--commit").files == {"check.sh": "updated"}


@pytest.mark.parametrize("edited", [False, True])
def test_a_seed_that_an_answer_takes_goes_only_as_it_was_rendered(
    edited: bool, template: Folder, project: Folder, atomci: Run
) -> None:
    template.commit(
        {"template/src/{% if licence == 'MIT' %}more.py{% endif %}": lines("more = 0 #")}, "v1.1.0"
    )
    atomci("update", "--commit")
    if edited:
        project.commit({"src/more.py": lines("mine = 0 #")})

    done = atomci("update", "-d", "licence=Apache-2.0", "--commit")

    (row,) = (row for row in done.json["files"] if row["path"] == "src/more.py")
    assert (row["tier"], row["change"]) == ("seed", "corrected-upstream" if edited else "removed")
    assert (project.root / "src/more.py").exists() is edited


@pytest.mark.parametrize("edited", [False, True])
def test_a_seed_that_an_answer_changes_follows_only_as_it_was_rendered(
    edited: bool, template: Folder, project: Folder, atomci: Run
) -> None:
    template.commit({"template/src/named.py.jinja": "LICENCE = '{{ licence }}'\n"}, "v1.1.0")
    atomci("update", "--commit")
    if edited:
        project.commit({"src/named.py": "LICENCE = 'mine'\n"})

    done = atomci("update", "-d", "licence=Apache-2.0", "--commit")

    assert done.files["src/named.py"] == ("corrected-upstream" if edited else "updated")
    assert project.read("src/named.py") == f"LICENCE = '{'mine' if edited else 'Apache-2.0'}'\n"


def test_a_generated_file_is_left_to_its_tool_also_where_an_answer_changes_it(
    template: Folder, project: Folder, atomci: Run
) -> None:
    template.commit({"template/tool.lock.jinja": "{{ licence }}\n"}, "v1.1.0")
    atomci("update", "--commit")
    project.commit({"tool.lock": "MIT\n"})

    done = atomci("update", "-d", "licence=Apache-2.0", "--commit")

    assert (done.code, project.read("tool.lock")) == (0, "MIT\n")
    assert "tool.lock" not in done.files


def test_a_seed_that_a_new_version_lacks_stays(template: Folder, project: Folder, atomci: Run) -> None:
    template.commit({"template/src/start.py": None}, "v1.1.0")

    done = atomci("update", "--to", "v1.1.0", "-d", "licence=Apache-2.0", "--commit")

    (row,) = (row for row in done.json["files"] if row["path"] == "src/start.py")
    assert row["change"] == "corrected-upstream"
    assert (project.root / "src/start.py").is_file()
