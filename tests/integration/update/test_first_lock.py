"""The lock that `atomci new` puts into the first commit: the one that `atomci status` would write."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sync_world import Folder, Run, new_repository

from atomci.atoms.asked import first_run
from atomci.cli.main import main
from atomci.errors import InfrastructureError
from atomci.project import Project

LOCK = ".atomci/lock.json"
Make = Callable[..., Folder]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Make:
    """What `atomci new` makes; of its bootstrap only the first commit, and no gate."""

    def bootstrap(project: Project, listen: object) -> None:
        folder = Folder(project.root)
        folder.git("init", "--quiet", "--initial-branch=main")
        folder.commit()

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(first_run, "bootstrap", bootstrap)
    monkeypatch.setattr(first_run, "own_gate", lambda _: 0)

    def make(template: Folder, *words: str, name: str = "demo") -> Folder:
        root = tmp_path / "made" / name
        code = main(["new", str(root), "--defaults", "--trust", "--template", str(template.root), *words])
        assert code == 0, capfd.readouterr().err
        return Folder(root)

    return make


def as_status_writes_it(project: Folder, atomci: Run) -> bytes:
    """The lock, computed by a second render, byte for byte."""
    (project.root / LOCK).unlink()
    done = atomci("status", root=project.root)
    assert done.json["lock"] == "written", done.err
    return (project.root / LOCK).read_bytes()


def test_the_first_commit_knows_drift(template: Folder, made: Make, atomci: Run) -> None:
    project = made(template)

    assert LOCK in project.git("ls-files").splitlines()
    done = atomci("status", "--offline", root=project.root)
    assert (done.code, done.json["lock"], done.json["verdict"]) == (0, "current", "clean")

    project.write({"ci.yml": "mine\n"})
    done = atomci("status", "--offline", root=project.root)
    assert (done.code, [row["path"] for row in done.json["drift"]]) == (1, ["ci.yml"])


def plain(template: Folder) -> None:
    """As it is: a tag, a table of owners."""


def no_tags(template: Folder) -> None:
    template.git("tag", "--delete", "v1.0.0")


def behind_the_tag(template: Folder) -> None:
    template.commit({"template/new.txt": "new\n"})


def no_table(template: Folder) -> None:
    template.commit({"ownership.toml": None}, "v1.1.0")


def crlf(template: Folder) -> None:
    files = {"template/.gitattributes": "* text=auto\n", "template/notes.txt": "one\r\ntwo\r\n"}
    template.commit(files, "v1.1.0")


def ignored_here(template: Folder) -> None:
    template.commit({"template/.gitignore": "keep.txt\n"}, "v1.1.0")


def executable_and_link(template: Folder) -> None:
    template.write(
        {
            "template/run.sh": "#!/bin/sh\n",
            "copier.yml": "_preserve_symlinks: true\n" + template.read("copier.yml"),
        }
    )
    (template.root / "template/run.sh").chmod(0o755)
    (template.root / "template/link").symlink_to("keep.txt")
    template.commit(tag="v1.1.0")


@pytest.mark.parametrize(
    "change", [plain, no_tags, behind_the_tag, no_table, crlf, ignored_here, executable_and_link]
)
@pytest.mark.parametrize("words", [(), ("--ref", "HEAD", "-d", "licence=Apache-2.0")], ids=["newest", "HEAD"])
def test_it_is_the_lock_that_status_would_write(
    change: Callable[[Folder], None], words: tuple[str, ...], template: Folder, made: Make, atomci: Run
) -> None:
    change(template)

    project = made(template, *words)

    first = (project.root / LOCK).read_bytes()
    assert len(json.loads(first)["files"]) > 5
    assert as_status_writes_it(project, atomci) == first
    assert project.status == []


def test_it_is_so_where_git_takes_longer_ids(
    template: Folder, made: Make, atomci: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DEFAULT_HASH", "sha256")

    project = made(template)

    first = (project.root / LOCK).read_bytes()
    assert len(json.loads(first)["answers"]) == 64
    assert as_status_writes_it(project, atomci) == first


def test_a_template_with_uncommitted_changes_is_locked_as_it_was_rendered(
    template: Folder, made: Make, atomci: Run
) -> None:
    template.write({"template/ci.yml": "half done\n", "template/more.txt": "more\n"})

    project = made(template, "--ref", "HEAD")

    # copier commits them in a copy of the template, so no version of it can be rendered again.
    assert atomci("status", "--offline", root=project.root).json["verdict"] == "clean"
    done = atomci("status", root=project.root)
    assert (done.code, done.json["lock"], done.json["verdict"]) == (0, "current", "clean")
    project.write({"ci.yml": "mine\n"})
    assert atomci("status", root=project.root).code == 1


def test_a_template_without_git_is_rendered_and_the_missing_lock_told(
    template: Folder, made: Make, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bare = new_repository(tmp_path / "folder")
    bare.write({name: (template.root / name).read_bytes() for name in template.contents})
    (bare.root / ".git").rename(tmp_path / "away")

    project = made(bare)

    assert (
        "note: drift can't be found later: .copier-answers.yml doesn't record _commit"
        in capfd.readouterr().out
    )
    assert not project.has(LOCK)


def test_a_broken_table_of_owners_is_told_and_no_error(
    template: Folder, made: Make, capfd: pytest.CaptureFixture[str]
) -> None:
    template.commit({"ownership.toml": "[[rule]\n"}, "v1.1.0")

    project = made(template)

    assert (
        "note: drift can't be found later: the template's ownership.toml is malformed"
        in capfd.readouterr().out
    )
    assert not project.has(LOCK)


def test_without_bootstrap_it_is_what_copier_writes(
    template: Folder, made: Make, copied: Callable[..., Folder]
) -> None:
    assert made(template, "--no-bootstrap").contents == copied(template).contents


def test_a_lock_that_can_not_be_written_leaves_nothing_behind(
    template: Folder, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    template.commit({"template/.atomci": "a file where the folder belongs\n"}, "v1.1.0")

    code = main(["new", str(tmp_path / "demo"), "--defaults", "--template", str(template.root)])

    assert code == InfrastructureError.exit_code
    assert "lock.json can't be written" in capfd.readouterr().err
    assert not (tmp_path / "demo").exists()


def test_a_lock_that_can_not_be_put_in_place_leaves_no_half_of_it(project: Folder, atomci: Run) -> None:
    project.write({f"{LOCK}/in-the-way.txt": "a folder\n"})

    done = atomci("status")

    assert done.json["lock"] == "missing"
    assert [path.name for path in (project.root / ".atomci").iterdir()] == ["lock.json"]
