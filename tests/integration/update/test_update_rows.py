"""Every file that comes, changes or stays away has a row that is true, and no text goes missing."""

import os
import shlex
import subprocess
import sys

import copier
import pytest
from sync_world import Folder, Link, Run, lines


def rows(out: dict[str, object]) -> dict[str, str]:
    """The detail of each file."""
    files: list[dict[str, str]] = out["files"]  # type: ignore[assignment]
    return {row["path"]: row.get("detail", "") for row in files}


def test_a_file_that_the_update_un_ignores_is_added(template: Folder, project: Folder, atomci: Run) -> None:
    template.commit({"template/.gitignore.jinja": "AGENTS.md\n*.log\n"}, "v1.1.0")
    assert atomci("update", "--commit").code == 0
    template.commit(
        {"template/.gitignore.jinja": "*.log\n", "template/AGENTS.md": "a\n", "template/x.log": "x\n"},
        "v2.0.0",
    )

    plan = atomci("update", "--plan")
    done = atomci("update", "--commit")

    assert plan.files == done.files == {".gitignore": "updated", "AGENTS.md": "added", "x.log": "ignored"}
    assert rows(done.json)["x.log"] == "git ignores it here: .gitignore:1 says *.log"
    assert project.read("AGENTS.md") == "a\n"
    assert atomci("update").json["state"] == "up-to-date"


def test_a_file_at_or_below_a_submodule_is_left_out_and_told(
    template: Folder, project: Folder, atomci: Run
) -> None:
    other = project.root.parent / "other"
    project.git("clone", "--quiet", str(project.root), str(other))
    project.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "sub")
    project.git("rm", "--quiet", "keep.txt")
    project.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "keep.txt")
    project.commit()
    template.commit({"template/sub/x": "x\n", "template/keep.txt": "theirs\n"}, "v2.0.0")

    done = atomci("update", "--commit")

    assert (done.code, done.files) == (0, {"keep.txt": "ignored", "sub/x": "ignored"})
    assert rows(done.json)["sub/x"] == "sub is a submodule here"
    assert rows(done.json)["keep.txt"] == "keep.txt is a submodule here"
    assert project.status == []


def test_a_pin_that_is_held_back_is_a_conflict(template: Folder, project: Folder, atomci: Run) -> None:
    template.commit({"template/r.txt": "numpy==2.0.0\n"}, "v1.1.0")
    assert atomci("update", "--commit").code == 0
    project.commit({"r.txt": "numpy==1.26.4  # 2.x breaks us\n"})
    template.commit({"template/r.txt": "numpy==2.1.0\n"}, "v2.0.0")

    done = atomci("update")

    assert (done.code, done.files, done.json["pins"]) == (1, {"r.txt": "conflicted"}, [])
    assert "numpy==1.26.4  # 2.x breaks us" in project.read("r.txt")


def test_a_file_that_became_a_link_conflicts_at_its_own_path(
    template: Folder, project: Folder, atomci: Run
) -> None:
    project.git("mv", "guide.txt", "real.txt")
    project.commit({"guide.txt": Link("real.txt")})
    template.commit({"template/guide.txt": lines("guide", n3="NEW")}, "v2.0.0")

    done = atomci("update")

    assert (done.code, done.files) == (1, {"guide.txt": "conflicted"})
    assert (project.root / "guide.txt").is_symlink()
    assert "NEW" in project.git("show", ":3:guide.txt")
    assert project.git("show", ":2:guide.txt") == "real.txt"
    assert not project.has("guide.txt~template")


def test_a_link_that_became_a_file_conflicts_at_its_own_path(
    template: Folder, project: Folder, atomci: Run
) -> None:
    config = template.read("copier.yml") + "_preserve_symlinks: true\n"
    template.commit({"copier.yml": config, "template/l": Link("guide.txt")}, "v1.1.0")
    assert atomci("update", "--commit").code == 0
    (project.root / "l").unlink()
    project.commit({"l": "mine\n"})
    template.commit({"template/l": Link("keep.txt")}, "v2.0.0")

    done = atomci("update")

    assert (done.code, done.files) == (1, {"l": "conflicted"})
    assert project.read("l") == "mine\n"
    assert project.git("show", ":3:l") == "keep.txt"


def test_a_file_that_became_a_folder_stays_deleted_under_its_own_name(
    template: Folder, project: Folder, atomci: Run
) -> None:
    project.git("rm", "--quiet", "guide.txt")
    project.commit({"guide.txt/part.txt": "mine\n"})
    template.commit({"template/guide.txt": lines("guide", n3="NEW")}, "v2.0.0")

    done = atomci("update")

    assert (done.code, done.files) == (0, {"guide.txt": "kept-deleted"})


def test_a_seed_that_was_deleted_has_a_row(template: Folder, project: Folder, atomci: Run) -> None:
    project.git("rm", "--quiet", "src/start.py")
    project.commit()
    template.commit({"template/src/start.py": lines("better = 0 #")}, "v2.0.0")

    done = atomci("update")

    assert (done.code, done.files) == (0, {"src/start.py": "kept-deleted"})
    assert not project.has("src/start.py")


def test_a_seed_that_the_user_has_already_has_a_row(template: Folder, project: Folder, atomci: Run) -> None:
    project.commit({"src/new.py": "mine\n"})
    template.commit({"template/src/new.py": "theirs\n"}, "v2.0.0")

    done = atomci("update")

    assert done.files == {"src/new.py": "corrected-upstream"}
    assert rows(done.json)["src/new.py"] == "the template now has one too; yours stays"
    assert project.read("src/new.py") == "mine\n"


def test_a_seed_that_becomes_a_folder_in_the_template_stays_a_file(
    template: Folder, project: Folder, atomci: Run
) -> None:
    template.commit({"template/src/start.py": None})
    template.commit({"template/src/start.py/part.py": "theirs\n"}, "v2.0.0")
    before = project.read("src/start.py")

    plan, done = atomci("update", "--plan"), atomci("update", "--commit")

    assert plan.files == done.files == {
        "src/start.py": "corrected-upstream", "src/start.py/part.py": "ignored"
    }  # fmt: skip
    assert rows(done.json)["src/start.py/part.py"] == (
        "src/start.py is yours and stays, so there is no folder for it"
    )
    assert (done.code, project.read("src/start.py")) == (0, before)
    assert atomci("update").json["state"] == "up-to-date"


@pytest.mark.parametrize("annotated", [False, True])
@pytest.mark.parametrize("remote", [False, True])
def test_two_tags_of_one_commit_are_one_version(
    annotated: bool, remote: bool, template: Folder, project: Folder, atomci: Run
) -> None:
    if remote:
        answers = project.read(".copier-answers.yml")
        project.commit({".copier-answers.yml": answers.replace("_src_path: ", "_src_path: file://")})
    template.git("tag", *(["-a", "-m", "second"] if annotated else []), "v2.0.0", "v1.0.0")
    migration = 'id = "m"\nversion = "2.0.0"\nreason = "r"\nset_answer = { name = "name", value = "other" }\n'
    before = project.whole

    for _ in range(2):
        assert atomci("update").json["state"] == "up-to-date"
        assert atomci("update", "--plan").json["state"] == "up-to-date"
        assert project.status in ([], ["?? .atomci/lock.json"])
        status = atomci("status")
        assert (status.code, status.json["behind"], status.json["latest"]) == (0, False, "v2.0.0")
    assert project.whole[1:] == before[1:]
    template.commit({"hooks/migrations.toml": f"[[migration]]\n{migration}"}, "v2.1.0")
    template.git("tag", "v2.2.0")
    assert atomci("status").code == 1
    assert atomci("update", "--plan").json["migrations"][0]["id"] == "m"
    project.commit()
    assert atomci("update", "--commit").code == 0
    assert atomci("update").json["state"] == "up-to-date"
    assert atomci("status").code == 0


def test_a_tag_that_moved_to_the_newest_commit_hides_no_update(
    template: Folder, project: Folder, atomci: Run
) -> None:
    assert atomci("status").code == 0
    project.commit({"keep.txt": lines("keep", n30="mine")})
    template.commit({"template/guide.txt": lines("guide", n2="theirs")}, "v2.0.0")
    template.git("tag", "--force", "v1.0.0")

    assert atomci("status").code == 1
    assert atomci("update", "--commit").files == {"guide.txt": "updated"}
    assert project.read("guide.txt") == lines("guide", n2="theirs")
    assert atomci("status").code == 0
    assert atomci("update").json["state"] == "up-to-date"


def test_an_answers_file_that_git_ignores_is_refused_with_the_way_out(
    template: Folder, project: Folder, atomci: Run
) -> None:
    project.git("rm", "--quiet", "--cached", ".copier-answers.yml")
    project.commit({".gitignore": ".copier*\n"})
    template.commit({"template/keep.txt": lines("keep", n5="theirs")}, "v2.0.0")
    before = project.whole

    refused = atomci("update", "--commit")

    assert (refused.code, project.whole) == (4, before)
    assert "git add --force .copier-answers.yml, git commit" in refused.err
    project.git("add", "--force", ".copier-answers.yml")
    project.git("commit", "--quiet", "--message", "tracked")
    assert atomci("update", "--commit").code == 0
    assert atomci("update").json["state"] == "up-to-date"
    assert atomci("status").code == 0


@pytest.mark.parametrize("broken", ["", "x: [", "- a\n"])
def test_a_broken_answers_file_is_told_with_the_way_out(broken: str, project: Folder, atomci: Run) -> None:
    before = project.whole
    project.write({".copier-answers.yml": broken})

    done = atomci("update")

    assert done.code == 2
    project.git(*done.err.splitlines()[-1].split()[1:])
    assert project.whole == before


def test_an_answers_file_in_conflict_is_told_with_the_way_out(project: Folder, atomci: Run) -> None:
    answers = project.read(".copier-answers.yml")
    project.git("switch", "--quiet", "--create", "other")
    project.commit({".copier-answers.yml": answers.replace("v1.0.0", "v2.0.0")})
    project.git("switch", "--quiet", "main")
    project.commit({".copier-answers.yml": answers.replace("v1.0.0", "v3.0.0")})
    subprocess.run(["git", "merge", "-q", "other"], cwd=project.root, check=False, capture_output=True)

    done = atomci("status")

    assert (done.code, done.err.splitlines()[-1]) == (
        2, "  resolve the conflict in it, then: git add .copier-answers.yml"
    )  # fmt: skip


def test_a_file_that_git_takes_for_a_moved_one_says_from_where(
    template: Folder, project: Folder, atomci: Run
) -> None:
    project.git("rm", "--quiet", "guide.txt")
    project.commit({"mine.txt": lines("guide") + "mine\n"})
    template.commit({"template/guide.txt": lines("guide", n3="NEW")}, "v2.0.0")

    done = atomci("update", "--plan")

    assert done.files == {"mine.txt": "merged"}
    assert {row["path"]: row.get("renamed_from") for row in done.json["files"]}["mine.txt"] == "guide.txt"


def test_an_answer_that_only_the_newest_version_asks_for_is_told_with_the_way(
    template: Folder, project: Folder, atomci: Run
) -> None:
    template.commit({"copier.yml": template.read("copier.yml") + "y: two\n"}, "v2.0.0")

    refused = atomci("update", "-d", "y=5 5")

    assert refused.code == 2
    assert "v2.0.0 asks it: atomci update --to v2.0.0 -d" in refused.err
    typed = shlex.split(refused.err.splitlines()[-1].partition("atomci ")[2])
    assert atomci(*typed).code == 0
    assert "y: 5 5" in project.read(".copier-answers.yml")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes any bytes for a name")
def test_a_rendered_name_that_is_not_utf8_is_refused(template: Folder, project: Folder, atomci: Run) -> None:
    template.commit({os.fsdecode(b"template/caf\xe9.txt"): "x\n"}, "v2.0.0")
    before = project.whole

    refused = atomci("update")

    assert (refused.code, project.whole) == (4, before)
    assert "a name that isn't UTF-8" in refused.err


def test_an_update_that_nobody_listens_to_ends_as_it_does(
    template: Folder, project: Folder, atomci: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.commit({"keep.txt": lines("keep", n5="mine")})
    template.commit({"template/keep.txt": lines("keep", n5="theirs")}, "v2.0.0")

    def closed(*_: object, **__: object) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("atomci.cli.view.updates.click.echo", closed)

    assert atomci("update").code == 1
    assert "UU keep.txt" in project.status
    assert atomci("update", "--abort").code == 0


def test_another_name_of_the_answers_file_is_told_with_the_option(
    template: Folder, project: Folder, atomci: Run
) -> None:
    other = Folder(project.root.parent / "other")
    copier.run_copy(
        str(template.root), other.root, defaults=True, quiet=True, answers_file=".other.yml", vcs_ref="v1.0.0"
    )
    other.git("init", "--quiet")
    other.commit()
    template.commit({"template/keep.txt": lines("keep", n5="theirs")}, "v2.0.0")

    refused = atomci("update", root=other.root)

    assert refused.code == 2
    assert "--answers-file FILE" in refused.err
    done = atomci("update", "--commit", "--answers-file", ".other.yml", root=other.root)
    assert (done.code, other.read("keep.txt")) == (0, lines("keep", n5="theirs"))


@pytest.mark.parametrize("option", ["--to", "--template", "--answers-file"])
def test_an_option_that_is_given_empty_is_not_taken_for_none(
    option: str, project: Folder, atomci: Run
) -> None:
    done = atomci("update", option, "")

    assert (done.code, f"{option} has an empty value" in done.err) == (2, True)
