"""What exactly is in the files where `copier update` loses work, conflicts or sees nothing.

`test_update_suite.py` runs both over every kind of change; `docs/beside-copier.md` shows what became of it.
"""

import copier
import pytest
from sync_world import Folder, Run, lines


def by_copier(project: Folder) -> Folder:
    """The same project after plain `copier update`."""
    other = project.copy(project.root.parent / "copier")
    copier.run_update(other.root, defaults=True, overwrite=True, quiet=True)
    return other


def test_an_edit_goes_along_when_the_template_renames_the_file(
    template: Folder, project: Folder, atomci: Run
) -> None:
    template.commit({"template/guide.txt": None, "template/manual.txt": lines("guide")}, "v2.0.0")
    project.commit({"guide.txt": lines("guide", n20="mine")})

    done = atomci("update")

    assert done.code == 0, done.err
    assert done.files == {"manual.txt": "renamed"}
    assert project.read("manual.txt") == lines("guide", n20="mine")
    assert not project.has("guide.txt")


def test_a_change_reaches_a_file_that_the_user_moved(template: Folder, project: Folder, atomci: Run) -> None:
    template.commit({"template/keep.txt": lines("keep", n5="theirs")}, "v2.0.0")
    project.commit({"keep.txt": None, "docs/keep.txt": lines("keep", n30="mine")})

    done = atomci("update")

    assert done.code == 0, done.err
    assert done.files == {"docs/keep.txt": "merged"}
    assert project.read("docs/keep.txt") == lines("keep", n5="theirs", n30="mine")
    assert not project.has("keep.txt")


def test_what_no_line_can_merge_stays_in_the_tree_as_the_user_has_it(
    template: Folder, project: Folder, atomci: Run
) -> None:
    mine = bytes(reversed(range(256))) * 3
    template.commit({"template/logo.png": b"\0other" * 99, "template/guide.txt": None}, "v2.0.0")
    project.commit({"logo.png": mine, "guide.txt": lines("guide", n20="mine")})

    done = atomci("update")

    assert (done.code, done.files) == (1, {"guide.txt": "conflicted", "logo.png": "conflicted"})
    assert {"UD guide.txt", "UU logo.png"} <= set(project.status)
    assert (project.root / "logo.png").read_bytes() == mine
    assert project.read("guide.txt") == lines("guide", n20="mine")


def test_a_crlf_checkout_conflicts_only_where_both_changed(
    template: Folder, project: Folder, atomci: Run
) -> None:
    project.commit({"keep.txt": lines("keep", n5="mine")})
    project.git("config", "core.autocrlf", "true")
    for path in project.git("ls-files").splitlines():
        (project.root / path).unlink()
    project.git("checkout", "--", ".")
    assert project.read("guide.txt") == lines("guide").replace("\n", "\r\n")
    template.commit(
        {"template/keep.txt": lines("keep", n5="theirs"), "template/guide.txt": lines("guide", n9="new")},
        "v2.0.0",
    )
    copiers = by_copier(project).read("keep.txt")
    conflict = copiers[copiers.index("<<<<<<<") : copiers.index(">>>>>>>")]
    assert len(conflict.splitlines()) > 70

    done = atomci("update")

    assert (done.code, done.files) == (1, {"guide.txt": "updated", "keep.txt": "conflicted"})
    kept = project.read("keep.txt")
    conflict = kept[kept.index("<<<<<<< yours") : kept.index(">>>>>>> template")]
    assert conflict == "<<<<<<< yours\r\nmine\r\n=======\r\ntheirs\r\n"
    assert project.read("guide.txt") == lines("guide", n9="new").replace("\n", "\r\n")
    assert {row[3:] for row in project.status} == {
        "guide.txt", "keep.txt", ".copier-answers.yml", ".atomci/lock.json"
    }  # fmt: skip


def windows(text: str) -> str:
    return text.replace("\n", "\r\n")


def test_a_file_of_other_line_endings_is_merged_where_the_template_moves_it(
    template: Folder, project: Folder, atomci: Run
) -> None:
    template.commit(
        {"template/guide.txt": None, "template/docs/guide.txt": lines("guide", n9="theirs")}, "v2.0.0"
    )
    project.commit({"guide.txt": windows(lines("guide", n30="mine"))})

    done = atomci("update")

    assert done.code == 0
    assert project.read("docs/guide.txt") == windows(lines("guide", n9="theirs", n30="mine"))
    assert not project.has("guide.txt")


def test_a_file_that_the_user_moved_gets_the_templates_line_endings(
    template: Folder, project: Folder, atomci: Run
) -> None:
    template.commit({"template/guide.txt": windows(lines("guide", n9="theirs"))}, "v2.0.0")
    project.commit({"guide.txt": None, "mine/guide.txt": lines("guide", n30="mine")})

    done = atomci("update")

    assert done.code == 0
    assert project.read("mine/guide.txt") == windows(lines("guide", n9="theirs", n30="mine"))
    assert not project.has("guide.txt")


def test_a_conflict_in_a_moved_file_of_other_line_endings_is_one_line(
    template: Folder, project: Folder, atomci: Run
) -> None:
    template.commit({"template/guide.txt": windows(lines("guide", n9="theirs"))}, "v2.0.0")
    mine = lines("guide", n9="mine")
    project.commit({"guide.txt": None, "mine/guide.txt": mine})

    done = atomci("update")

    assert (done.code, done.files) == (1, {"mine/guide.txt": "conflicted"})
    merged = project.read("mine/guide.txt")
    conflict = merged[merged.index("<<<<<<< yours") : merged.index(">>>>>>> template")]
    assert conflict == windows("<<<<<<< yours:mine/guide.txt\nmine\n=======\ntheirs\n")
    assert project.blob(":2:mine/guide.txt") == mine.encode()


def test_a_conflict_exits_1_and_no_commit_says_the_new_version(
    template: Folder, project: Folder, atomci: Run
) -> None:
    template.commit({"template/keep.txt": lines("keep", n5="theirs")}, "v2.0.0")
    project.commit({"keep.txt": lines("keep", n5="mine")})
    assert "_commit: v2.0.0" in by_copier(project).read(".copier-answers.yml")

    done = atomci("update", "--commit")

    assert done.code == 1
    assert "_commit: v1.0.0" in project.git("show", "HEAD:.copier-answers.yml")
    with pytest.raises(AssertionError, match="unmerged files"):
        project.git("commit", "--message", "too soon")


def test_bumps_of_neighbouring_pins_both_count(template: Folder, project: Folder, atomci: Run) -> None:
    def pins(one: str, two: str) -> str:
        return f"[dependencies]\nfirst=={one}\nsecond=={two}\n" + lines("#", 5)

    template.commit({"template/req.txt": pins("1.0", "1.0")}, "v1.1.0")
    assert atomci("update", "--commit").code == 0
    template.commit({"template/req.txt": pins("1.0", "2.0")}, "v2.0.0")
    project.commit({"req.txt": pins("1.5", "1.0")})

    done = atomci("update")

    assert (done.code, done.files) == (0, {"req.txt": "merged"})
    assert project.read("req.txt") == pins("1.5", "2.0")


def test_drift_in_a_file_that_the_template_never_changes_again_heals_where_it_is_managed(
    template: Folder, project: Folder, atomci: Run
) -> None:
    template.commit({"template/keep.txt": lines("keep", n5="theirs")}, "v2.0.0")
    project.commit({"ci.yml": lines("ci", 20, n3="drifted")})
    assert "drifted" in by_copier(project).read("ci.yml")

    done = atomci("update")

    assert done.files == {"ci.yml": "replaced", "keep.txt": "updated"}
    assert project.read("ci.yml") == lines("ci", 20)
