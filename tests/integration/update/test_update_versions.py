"""From which version to which, from where, with which answers."""

import sys
from collections.abc import Callable
from pathlib import Path

import copier
import pytest
import yaml
from sync_world import CONFIG, Folder, Run, lines, new_repository


def answers(project: Folder) -> dict[str, object]:
    loaded: dict[str, object] = yaml.safe_load(project.read(".copier-answers.yml"))
    return loaded


@pytest.fixture
def releases(template: Folder) -> Folder:
    """v1.0.0, v1.5.0, v2.0.0 and the pre-release v3.0.0rc1."""
    for number, tag in enumerate(("v1.5.0", "v2.0.0", "v3.0.0rc1"), start=1):
        template.commit({"template/keep.txt": lines("keep", n5=f"change {number}")}, tag)
    return template


@pytest.mark.parametrize(
    ("words", "version"),
    [
        ((), "v2.0.0"),
        (("--prerelease",), "v3.0.0rc1"),
        (("--to", "v1.5.0"), "v1.5.0"),
        (("--to", "v3.0.0rc1"), "v3.0.0rc1"),
        (("--to", "main"), "v3.0.0rc1"),
    ],
)
def test_the_newest_release_or_the_named_version(
    words: tuple[str, ...], version: str, releases: Folder, project: Folder, atomci: Run
) -> None:
    done = atomci("update", *words)

    assert (done.code, done.json["before"], done.json["after"]) == (0, "v1.0.0", version)
    assert answers(project)["_commit"] == version


def test_an_untagged_commit_is_recorded_as_copier_does(
    template: Folder, project: Folder, atomci: Run
) -> None:
    template.commit({"template/keep.txt": lines("keep", n5="x")})
    other = project.copy(project.root.parent / "other" / "demo")
    copier.run_update(other.root, vcs_ref="main", defaults=True, overwrite=True, quiet=True)

    assert atomci("update", "--to", "main", "--commit").code == 0

    assert answers(project) == answers(other)
    assert str(answers(project)["_commit"]).startswith("v1.0.0-1-g")
    # It is ahead of the newest release: that is no reason to go back.
    done = atomci("update")
    assert (done.code, done.json["state"]) == (0, "up-to-date")
    assert "ahead of the newest release, v1.0.0" in done.json["notes"]
    assert atomci("status").json["behind"] is False
    # And it goes on to the next.
    template.commit({"template/keep.txt": lines("keep", n5="y")}, "v1.1.0")
    assert atomci("update").json["after"] == "v1.1.0"


def test_a_project_on_a_pre_release_waits_for_the_release(
    releases: Folder, project: Folder, atomci: Run
) -> None:
    assert atomci("update", "--prerelease", "--commit").code == 0

    assert atomci("update").json["state"] == "up-to-date"
    releases.commit({"template/keep.txt": lines("keep", n5="z")}, "v3.0.0")
    assert atomci("update").json["after"] == "v3.0.0"


def test_an_older_version_is_refused_with_the_way_out(releases: Folder, project: Folder, atomci: Run) -> None:
    assert atomci("update", "--commit").code == 0
    before = project.whole

    done = atomci("update", "--to", "v1.0.0")

    assert done.code == 4
    assert "v1.0.0 is older than v2.0.0" in done.err
    assert "revert" in done.err
    assert project.whole == before


@pytest.mark.parametrize("ref", ["v9.9.9", "--upload-pack=x", "no such", "a" * 40])
def test_a_version_that_is_not_there_is_wrong_usage(
    ref: str, releases: Folder, project: Folder, atomci: Run
) -> None:
    done = atomci("update", f"--to={ref}")

    assert done.code == 2
    assert "has no version" in done.err
    assert "v2.0.0" in done.err


def test_a_template_without_tags_is_followed_by_its_head(
    copied: Callable[..., Folder], tmp_path: Path, atomci: Run, template: Folder
) -> None:
    template.git("tag", "--delete", "v1.0.0")
    folder = copied(template, "untagged", ref="HEAD")
    folder.git("init", "--quiet")
    folder.commit()
    assert atomci("update", root=folder.root).json["state"] == "up-to-date"
    template.commit({"template/keep.txt": lines("keep", n5="x")})

    done = atomci("update", "--commit", root=folder.root)

    assert (done.code, done.files) == (0, {"keep.txt": "updated"})
    assert template.git("rev-parse", "HEAD").startswith(str(answers(folder)["_commit"]))
    assert atomci("update", root=folder.root).json["state"] == "up-to-date"
    # An older commit is older without tags too.
    assert atomci("update", "--to", "HEAD~1", root=folder.root).code == 4


def test_a_remote_template_is_fetched_into_no_shared_cache(
    releases: Folder,
    copied: Callable[..., Folder],
    tmp_path: Path,
    atomci: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = tmp_path / "remote" / "demo"
    copier.run_copy(f"git+file://{releases.root}", root, defaults=True, quiet=True, vcs_ref="v1.0.0")
    folder = Folder(root)
    folder.git("init", "--quiet")
    folder.commit()
    cache = tmp_path / "cache"
    monkeypatch.setenv("COPIER_CACHE_DIR", str(cache))

    done = atomci("update", "--commit", root=folder.root)

    assert done.code == 0, done.err
    assert (done.json["after"], done.files) == ("v2.0.0", {"keep.txt": "updated"})
    assert answers(folder)["_src_path"] == f"git+file://{releases.root}"
    assert not cache.exists()
    assert atomci("status", root=folder.root).json["behind"] is False
    assert atomci("update", root=folder.root).json["state"] == "up-to-date"


def test_a_template_that_vanished_is_told_with_the_way_out(
    releases: Folder, project: Folder, atomci: Run
) -> None:
    moved = releases.root.rename(releases.root.with_name("moved"))
    before = project.whole

    done = atomci("update")
    assert done.code in (2, 3)
    assert "--template SRC" in done.err
    assert project.whole == before

    done = atomci("update", "--template", str(moved), "--to", "v2.0.0", "--commit")
    assert done.code == 0, done.err
    assert answers(project)["_src_path"] == str(moved)
    assert project.read("keep.txt") == lines("keep", n5="change 2")


@pytest.mark.parametrize(
    ("recorded", "code", "said"),
    [
        ("../template", 2, "depends on where copier was started"),
        ("https://me:s3cret@example.com/t.git", 4, "holds credentials"),  # pragma: allowlist secret
        ("https://s3cret@example.com/t.git", 4, "https://example.com/t.git"),
        ("git+file:///nowhere/at/all", 3, "can't be fetched"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_with_the_way_out(
    recorded: str, code: int, said: str, releases: Folder, project: Folder, atomci: Run
) -> None:
    text = project.read(".copier-answers.yml").replace(str(releases.root), recorded)
    project.commit({".copier-answers.yml": text})
    before = project.whole

    for verb in ("update", "status"):
        done = atomci(verb)
        assert done.code == code, done.err
        assert said in done.err
        assert "s3cret" not in done.err
        assert "--template" in done.err
    assert project.whole == before


@pytest.mark.parametrize(
    "text", ["", "[1, 2]", "a: b: c", "_commit: v1.0.0\n", "_src_path: /x\n", "\xff\xfe"]
)
def test_a_broken_answers_file_is_wrong_usage(text: str, project: Folder, atomci: Run) -> None:
    project.commit({".copier-answers.yml": text.encode("latin-1")})

    done = atomci("update")

    assert done.code == 2
    assert ".copier-answers.yml" in done.err


def test_another_answer_at_the_same_version(template: Folder, project: Folder, atomci: Run) -> None:
    template.commit({"template/keep.txt": lines("keep", n5="theirs")}, "v2.0.0")
    project.commit({"LICENSE": project.read("LICENSE") + "mine\n"})

    done = atomci("update", "-d", "licence=Apache-2.0", "--commit")

    assert done.code == 0, done.err
    assert done.json["answers"] == [{"name": "licence", "before": "MIT", "after": "Apache-2.0"}]
    assert (done.json["before"], done.json["after"]) == ("v1.0.0", "v1.0.0")
    assert project.read("LICENSE") == "Apache-2.0\n" + lines("licence", 5) + "mine\n"
    assert project.read("keep.txt") == lines("keep")
    assert answers(project) == {
        "_commit": "v1.0.0", "_src_path": str(template.root), "licence": "Apache-2.0", "name": "demo"
    }  # fmt: skip
    assert "licence" in project.git("log", "-1", "--format=%s")
    assert atomci("update", "-d", "licence=Apache-2.0").json["state"] == "up-to-date"


@pytest.mark.parametrize(
    ("pair", "said"),
    [("licence=Beer", "Beer"), ("colour=red", "no question called colour"), ("licence", "not KEY=VALUE")],
)
def test_a_bad_answer_is_refused(pair: str, said: str, project: Folder, atomci: Run) -> None:
    before = project.whole

    done = atomci("update", "-d", pair)

    assert done.code == 2
    assert said in done.err
    assert project.whole == before


def test_a_new_question_takes_its_default_and_is_told(template: Folder, project: Folder, atomci: Run) -> None:
    template.commit({"copier.yml": CONFIG + "colour:\n  type: str\n  default: red\n"}, "v2.0.0")

    done = atomci("update")

    assert done.json["answers"] == [{"name": "colour", "before": None, "after": "red"}]
    assert answers(project)["colour"] == "red"


def test_a_new_question_without_default_has_to_be_answered(
    template: Folder, project: Folder, atomci: Run
) -> None:
    template.commit({"copier.yml": CONFIG + "colour:\n  type: str\n"}, "v2.0.0")

    assert atomci("update").code == 2
    assert atomci("update", "--to", "v2.0.0", "-d", "colour=red").code == 0


@pytest.mark.parametrize(
    "entry",
    ['_tasks: ["touch ran"]\n', "_jinja_extensions: [jinja2.ext.do]\n",
     '_migrations: [{version: v2.0.0, command: "touch ran"}]\n'],
)  # fmt: skip
def test_a_template_that_needs_trust_is_refused(
    entry: str, template: Folder, project: Folder, atomci: Run
) -> None:
    template.commit({"copier.yml": CONFIG + entry}, "v2.0.0")
    before = project.whole

    done = atomci("update")

    assert done.code == 4
    assert "copier update --trust" in done.err
    assert project.whole == before


def test_a_template_that_cannot_be_rendered_changes_nothing(
    template: Folder, project: Folder, atomci: Run
) -> None:
    for number, text in enumerate((b"{{ nonsense", b"{{ 1 / 0 }}", b"\xff\xfe{{ name }}")):
        template.commit({"template/bad.txt.jinja": text}, f"v2.{number}.0")
        before = project.whole

        done = atomci("update")

        assert done.code in (2, 3), done.err
        assert "error:" in done.err
        assert "Traceback" not in done.err
        assert project.whole == before


def test_a_project_in_a_subfolder_is_updated_there(
    releases: Folder, tmp_path: Path, atomci: Run, copied: Callable[..., Folder]
) -> None:
    whole = new_repository(tmp_path / "monorepo")
    whole.commit({"keep.txt": lines("another file"), "README.md": "mono\n"})
    for name in ("one", "two"):
        copier.run_copy(
            str(releases.root), whole.root / "libs" / name, defaults=True, quiet=True, vcs_ref="v1.0.0"
        )
    whole.commit({"libs/one/keep.txt": lines("keep", n30="mine")})

    done = atomci("update", root=whole.root / "libs/one")

    assert (done.code, done.json["after"]) == (0, "v2.0.0"), done.err
    assert {row["path"] for row in done.json["files"]} == {
        "libs/one/.atomci/lock.json", "libs/one/.copier-answers.yml", "libs/one/keep.txt"
    }  # fmt: skip
    assert whole.read("libs/one/keep.txt") == lines("keep", n5="change 2", n30="mine")
    assert whole.read("libs/two/keep.txt") == lines("keep")
    assert whole.read("keep.txt") == lines("another file")
    assert atomci("status", "--offline", root=whole.root / "libs/one").code == 0
    assert atomci("update", "--abort", root=whole.root / "libs/one").code == 0
    assert whole.status == []


@pytest.mark.parametrize("under", ["", "libs/one"])
def test_a_lock_that_may_no_longer_fit_is_told(
    under: str, template: Folder, tmp_path: Path, atomci: Run
) -> None:
    template.commit({"template/pyproject.toml": lines("#")}, "v1.1.0")
    template.commit({"template/pyproject.toml": lines("#", n9="# next")}, "v2.0.0")
    whole = new_repository(tmp_path / "whole")
    root = whole.root / under
    copier.run_copy(str(template.root), root, defaults=True, quiet=True, vcs_ref="v1.1.0")
    (root / "uv.lock").write_text("version = 1\n")
    whole.commit()
    left = ["pyproject.toml changes: uv lock, then git add uv.lock"]

    assert atomci("update", "--plan", root=root).json["notes"] == left
    assert atomci("update", root=root).json["notes"] == left
    assert atomci("update", "--abort", root=root).code == 0

    (root / "uv.lock").unlink()
    whole.commit()
    assert atomci("update", root=root).json["notes"] == []


def test_without_the_extra_the_way_to_it_is_told(
    releases: Folder, project: Folder, atomci: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "copier"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "copier", None)
    before = project.whole

    done = atomci("update")

    assert done.code == 2
    assert "uv run --group template atomci" in done.err
    assert project.whole == before


def test_a_linked_worktree_is_updated_by_itself(releases: Folder, project: Folder, atomci: Run) -> None:
    project.git("worktree", "add", "--quiet", str(project.root.parent / "linked"))
    before = project.whole[:3]

    done = atomci("update", root=project.root.parent / "linked")

    assert done.code == 0, done.err
    linked = Folder(project.root.parent / "linked")
    assert "M  keep.txt" in linked.status
    assert project.whole[:3] == before
    assert project.status == []


def test_a_repository_with_sha256_ids_is_updated(
    releases: Folder, copied: Callable[..., Folder], atomci: Run
) -> None:
    folder = copied(releases, "sha256", ref="v1.0.0")
    folder.git("init", "--quiet", "--object-format=sha256")
    folder.commit()

    assert atomci("update", "--commit", root=folder.root).code == 0
    assert folder.read("keep.txt") == lines("keep", n5="change 2")
    assert folder.status == []
    assert atomci("status", "--offline", root=folder.root).code == 0


def test_names_that_need_quoting_are_carried(template: Folder, project: Folder, atomci: Run) -> None:
    names = ("a b.txt", "ü.txt", "tab\there.txt", 'quote".txt', "-dash.txt")
    template.commit({f"template/{name}": lines(f"one {name}") for name in names}, "v2.0.0")
    assert atomci("update", "--commit").code == 0
    template.commit({f"template/{name}": lines(f"one {name}", n5="x") for name in names}, "v3.0.0")
    project.commit({name: lines(f"one {name}", n30="mine") for name in names})

    done = atomci("update", "--commit")

    assert (done.code, done.files) == (0, dict.fromkeys(names, "merged"))
    for name in names:
        assert project.read(name) == lines(f"one {name}", n5="x", n30="mine")
    assert project.status == []
