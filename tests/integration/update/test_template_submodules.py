"""A template with git submodules, which nothing here fetches: refused, with the way out, and nothing changed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sync_world import Folder, Run, new_repository

WAY_OUT = "holds git submodules, which atomci doesn't fetch"


@pytest.fixture
def with_submodule(template: Folder, project: Folder, tmp_path: Path) -> Folder:
    """The project of v1.0.0; v2.0.0 of its template has a submodule besides, whose file it renders."""
    part = new_repository(tmp_path / "part")
    part.commit({"part.txt": "a part\n"})
    allowed = ("-c", "protocol.file.allow=always")
    template.git(*allowed, "submodule", "--quiet", "add", str(part.root), "template/part")
    template.commit({"template/keep.txt": "kept\n"}, "v2.0.0")
    return project


@pytest.mark.parametrize("words", [(), ("--plan",), ("--commit",), ("--to", "v2.0.0")])
def test_an_update_to_it_is_refused(words: tuple[str, ...], with_submodule: Folder, atomci: Run) -> None:
    before = with_submodule.whole

    done = atomci("update", *words)

    assert done.code == 4, done.err
    assert WAY_OUT in done.err
    assert "copier update" in done.err
    assert with_submodule.whole == before
    assert not with_submodule.has(".git/atomci-update")


def test_status_sees_that_it_is_out_and_what_drifted_of_the_version_before(
    with_submodule: Folder, atomci: Run
) -> None:
    with_submodule.write({"ci.yml": "mine\n"})

    done = atomci("status")

    assert (done.code, done.json["latest"], done.json["behind"]) == (1, "v2.0.0", True), done.err
    assert done.json["lock"] == "written"
    assert [row["path"] for row in done.json["drift"] if not row["allowed"]] == ["ci.yml"]


def recorded_at_v2(project: Folder) -> None:
    """As plain copier leaves it, which takes submodules."""
    answers = project.read(".copier-answers.yml").replace("v1.0.0", "v2.0.0")
    project.commit({".copier-answers.yml": answers, "keep.txt": "kept\n", "part/part.txt": "a part\n"})


@pytest.mark.parametrize("words", [("status",), ("diff",), ("restore", "keep.txt")])
def test_what_takes_a_render_of_it_is_refused(
    words: tuple[str, ...], with_submodule: Folder, atomci: Run
) -> None:
    recorded_at_v2(with_submodule)
    before = with_submodule.whole

    done = atomci(*words, as_json=False)

    assert done.code == 4, done.err
    assert WAY_OUT in done.err
    assert with_submodule.whole == before


def test_an_update_from_it_is_refused_too(template: Folder, with_submodule: Folder, atomci: Run) -> None:
    recorded_at_v2(with_submodule)
    template.git("rm", "--quiet", "-r", ".gitmodules", "template/part")
    template.commit(tag="v3.0.0")
    before = with_submodule.whole

    done = atomci("update")

    assert (done.code, WAY_OUT in done.err) == (4, True), done.err
    assert with_submodule.whole == before


def test_adopting_it_is_refused_and_an_older_version_can_be_adopted(
    template: Folder, with_submodule: Folder, tmp_path: Path, atomci: Run
) -> None:
    mine = new_repository(tmp_path / "mine")
    mine.commit({"README.md": "# mine\n"})
    before = mine.whole
    words = ("adopt", "--template", str(template.root))

    for more in ((), ("--plan",)):
        done = atomci(*words, *more, root=mine.root)
        assert (done.code, WAY_OUT in done.err) == (4, True), done.err
        assert mine.whole == before

    done = atomci(*words, "--ref", "v1.0.0", root=mine.root)
    assert (done.code, done.json["state"]) == (0, "adopted"), done.err


def test_a_gitmodules_file_that_is_rendered_is_no_submodule(
    template: Folder, project: Folder, atomci: Run
) -> None:
    template.commit({"template/.gitmodules": "# none yet\n"}, "v2.0.0")

    done = atomci("update")

    assert (done.code, done.files) == (0, {".gitmodules": "added"}), done.err


def test_the_way_out_works(
    with_submodule: Folder,
    template: Folder,
    copied: Callable[..., Folder],
    copier_environment: Callable[..., None],
) -> None:
    allowed = {"COUNT": "1", "KEY_0": "protocol.file.allow", "VALUE_0": "always"}
    copier_environment(**{f"GIT_CONFIG_{name}": value for name, value in allowed.items()})

    project = copied(template, "plain", ref="v2.0.0")

    assert project.read("part/part.txt") == "a part\n"
