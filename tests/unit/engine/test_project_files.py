"""Which files a project has, which of them a glob means, and what is found out once a run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from made_up import MadeUp

from atomci.engine.inputs import files
from atomci.engine.inputs.files import ABSENT, Inputs, matches


@pytest.mark.parametrize(
    ("glob", "there", "not_there"),
    [
        ("*.py", ["a.py", ".py"], ["d/a.py", "a.pyi", "xa.py/b"]),
        ("**/*.py", ["a.py", "d/a.py", "d/e/a.py"], ["a.md"]),
        ("src/**", ["src/a", "src/d/a"], ["src", "mysrc/a"]),
        ("src/*/a", ["src/d/a"], ["src/a", "src/d/e/a"]),
        ("a?.md", ["ab.md"], ["a.md", "abc.md", "a/.md"]),
        ("a+(b).md", ["a+(b).md"], ["aab.md"]),
    ],
)
def test_a_star_stays_in_its_folder_and_two_cross_them(
    glob: str, there: list[str], not_there: list[str]
) -> None:
    assert [path for path in (*there, *not_there) if matches(path, ["nothing", glob])] == there


def test_files_are_those_of_git_that_are_there_and_count(
    project: MadeUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (
        "b.txt",
        "ignored.txt",
        ".mypy_cache/x",
        "d/a.pyc",
        "artifacts/x",
        "d/artifacts/x",
        "d/.coverage",
    ):
        project.write(path, "")
    listed = [
        "gone.txt",
        "d",
        "data.txt",
        "b.txt",
        ".mypy_cache/x",
        "d/a.pyc",
        "artifacts/x",
        "d/artifacts/x",
    ]
    monkeypatch.setattr("atomci.engine.inputs.files.Git.files", lambda git: listed)

    assert Inputs(project.root).files() == ["b.txt", "d/artifacts/x", "data.txt"]


def test_a_glob_of_artifacts_means_what_atoms_wrote_and_no_project_file(project: MadeUp) -> None:
    for path in ("artifacts/b.json", "artifacts/a.json", "artifacts/pages/x.json/y", "d/artifacts/c.json"):
        project.write(path, "")
    found = Inputs(project.root)

    assert found.matching(["artifacts/**/*.json"]) == ["artifacts/a.json", "artifacts/b.json"]
    assert found.matching(["*.txt", "artifacts/a.json"]) == ["data.txt", "artifacts/a.json"]
    assert found.matching(["**/c.json"]) == ["d/artifacts/c.json"]
    assert found.matching([]) == []


def test_git_is_asked_once_for_what_changed_since_a_commit(
    project: MadeUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []
    monkeypatch.setattr(
        "atomci.engine.inputs.files.Git.changed", lambda git, since: asked.append(since) or [str(since)]
    )
    found = Inputs(project.root)

    assert [found.changed(), found.changed("main"), found.changed(), found.changed("main")] == [
        ["None"], ["main"], ["None"], ["main"]
    ]  # fmt: skip
    assert asked == [None, "main"]
    found.forget()
    assert found.changed() == ["None"]
    assert asked == [None, "main", None]


def test_a_file_is_read_again_only_when_its_times_say_so(
    project: MadeUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, read = Inputs(project.root), []
    whole = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read.append(path.name) or whole(path))

    first = found.hash_of("data.txt")
    assert found.hash_of("data.txt") == first
    assert read == ["data.txt"]
    project.write("data.txt", "two")
    os.utime(project.root / "data.txt", (1, 1))
    assert found.hash_of("data.txt") != first
    project.write("data.txt", "one")
    assert found.hash_of("data.txt") == first
    assert read == ["data.txt"] * 3


def test_a_large_file_goes_by_its_size_and_times(project: MadeUp, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("large.txt", "123456")
    project.write("small.txt", "12345")
    monkeypatch.setattr(files, "_READ_AT_MOST", 5)
    found = Inputs(project.root)

    assert found.hash_of("large.txt").startswith("6 bytes of ")
    assert "bytes" not in found.hash_of("small.txt")


def test_what_is_no_file_has_a_hash_of_its_own(project: MadeUp) -> None:
    project.write("d/a", "")
    found = Inputs(project.root)

    assert found.hash_of("none") == found.hash_of("data.txt/none") == found.names_in("none") == ABSENT
    assert found.hash_of("d") == "mode 40000"
    assert found.hash_of("a\0b") == "unreadable"
    assert found.times_of("none") == ()
    assert found.names_in("data.txt") == ABSENT


@pytest.mark.skipif(os.name == "nt", reason="no executable bit on disk, and no links without a right to them")
def test_the_executable_bit_counts_and_links_are_followed_once(
    project: MadeUp, tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = Inputs(project.root)
    plain = found.hash_of("data.txt")
    (project.root / "data.txt").chmod(0o755)
    assert found.hash_of("data.txt") == f"{plain} executable"

    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "far.txt").write_text("")
    project.write("d/up.txt", "")
    (project.root / "d" / "loop").symlink_to(project.root)
    (project.root / "one").symlink_to(elsewhere)
    assert found.on_disk() == ["d/up.txt", "data.txt", "one/far.txt", "pyproject.toml"]


def test_an_environment_is_no_part_of_the_project(project: MadeUp) -> None:
    for path in ("env/pyvenv.cfg", "env/lib/x.py", "build/x.egg-info/y", "build/z", "docs/__pycache__/q"):
        project.write(path, "")

    assert Inputs(project.root).on_disk() == ["build/z", "data.txt", "pyproject.toml"]


def test_what_a_run_leaves_at_the_root_is_no_name_there(project: MadeUp) -> None:
    project.write("d/a", "")
    found = Inputs(project.root)
    top, below = found.names_in("."), found.names_in("d")

    project.write("artifacts/a", "")
    project.write("d/artifacts/a", "")

    assert found.names_in(".") == top
    assert found.names_in("d") != below


def test_a_folder_that_cannot_be_read_is_left_out(project: MadeUp, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("closed/a", "")
    project.write("open/a", "")
    asked, whole = [], os.scandir

    def scandir(path: Path) -> object:
        asked.append(path)
        assert len(asked) < 9, "it goes round in a circle"
        if path.name == "closed":
            raise PermissionError
        return whole(path)

    monkeypatch.setattr("atomci.engine.inputs.files.os.scandir", scandir)
    assert Inputs(project.root).on_disk() == ["data.txt", "open/a", "pyproject.toml"]


@pytest.mark.parametrize(
    ("path", "importable"),
    [
        ("lib/a.py", True),
        ("lib/a.so", True),
        ("lib/a.md", False),
        ("lib/a/b.py", True),
        ("lib/a/b/c.py", True),
        ("lib/a/b/c/d.py", True),
        ("lib/a/b/c/d/e.py", False),
        ("lib/a-b/c.py", False),
        ("lib/a/b-c/d.py", False),
    ],
)
def test_a_folder_counts_as_importable_for_what_it_holds(
    path: str, importable: bool, project: MadeUp
) -> None:
    project.write("lib/notes.md", "")
    found = Inputs(project.root)
    before = found.modules_in("lib")

    project.write(path, "")

    assert (found.modules_in("lib") != before) is importable
