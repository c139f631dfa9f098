"""What a layer must not hold to be left out."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from atomci.project import Project
from atomci.testing.first_tests import first_test, why_none
from atomci.tools.git.client import Git

E2E = "tests/e2e"
HOOK = "def pytest_collect_file(parent, file_path): ...\n"


def written(root: Path, files: Mapping[str, str]) -> Project:
    (root / E2E).mkdir(parents=True)
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return Project(root)


@pytest.mark.parametrize(
    "files",
    [
        {},
        {f"{E2E}/conftest.py": "@fixture\ndef test_client(): ...\n", f"{E2E}/__init__.py": ""},
        {f"{E2E}/README.md": ">>> 1", f"{E2E}/.gitkeep": "", f"{E2E}/data/shop.json": "{}"},
        {f"{E2E}/__pycache__/test_a.cpython-311.pyc": ""},
        {"tests/unit/test_a.py": "", "tests/e2e_old/test_a.py": ""},
    ],
)
def test_fixtures_and_data_are_no_tests(files: Mapping[str, str], tmp_path: Path) -> None:
    assert first_test(written(tmp_path, files), E2E) == ""


@pytest.mark.parametrize(
    ("first", "more"),
    [
        (f"{E2E}/test_a.py", {f"{E2E}/a_test.txt": ""}),
        (f"{E2E}/deep/er/check.py", {}),
        (f"{E2E}/test_guide.txt", {}),
        (f"{E2E}/test_shop.tavern.yaml", {}),
        (f"{E2E}/shop.feature", {}),
        (f"{E2E}/.hidden/test_a.py", {}),
        (f"{E2E}/shop.yml", {f"{E2E}/conftest.py": HOOK}),
        (f"{E2E}/shop.yml", {"tests/conftest.py": HOOK}),
        (f"{E2E}/shop.yml", {"conftest.py": HOOK}),
        (f"{E2E}/__init__.py", {"pytest.ini": "[pytest]\npython_files = *.py\n"}),
        (f"{E2E}/README.md", {"pytest.ini": "[pytest]\naddopts = --doctest-glob=*.md\n"}),
    ],
)
def test_what_pytest_or_a_plugin_may_collect_is_one(
    first: str, more: Mapping[str, str], tmp_path: Path
) -> None:
    assert first_test(written(tmp_path, {first: ">>> 1\n", **more}), E2E) == first


@pytest.mark.skipif(os.name == "nt", reason="links and permissions are other ones there")
@pytest.mark.parametrize(
    "put",
    [
        lambda there: (there / "shared").symlink_to("../../elsewhere"),
        lambda there: (there / "test_a.py").symlink_to("../../nowhere.py"),
        lambda there: (there.rmdir(), there.symlink_to("../nowhere")),
        lambda there: (there.rmdir(), there.write_text("../elsewhere")),
        lambda there: (there.rmdir(), there.symlink_to("../elsewhere")),
    ],
    ids=["folder", "file", "dangling", "written by Windows", "the layer itself"],
)
def test_links_are_not_taken_for_nothing(put: Callable[[Path], object], tmp_path: Path) -> None:
    project = written(tmp_path, {"elsewhere/test_a.py": "", "tests/elsewhere/test_a.py": ""})
    put(tmp_path / E2E)
    assert first_test(project, E2E)


def test_a_folder_that_is_closed_may_hold_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = written(tmp_path, {f"{E2E}/closed/test_a.py": ""})
    real = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr("os.scandir", scandir)
    assert first_test(project, E2E) == f"{E2E}/closed"


@pytest.fixture
def repository(tmp_path: Path) -> Callable[..., str]:
    """git in a project that holds an end-to-end test."""
    written(tmp_path, {f"{E2E}/test_a.py": "", f"{E2E}/conftest.py": ""})

    def git(*words: str) -> str:
        identity = ("-c", "user.name=T", "-c", "user.email=t@example.com")
        return Git(tmp_path)(*identity, *words).decode().strip()

    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-qm", "one")
    return git


def test_what_a_sparse_checkout_leaves_out_is_there_all_the_same(
    repository: Callable[..., str], tmp_path: Path
) -> None:
    repository("sparse-checkout", "set", "--no-cone", "/*", f"!/{E2E}/test_a.py")
    assert not (tmp_path / E2E / "test_a.py").exists()
    assert first_test(Project(tmp_path), E2E) == f"{E2E}/test_a.py"


def test_so_is_a_submodule_that_is_not_checked_out(repository: Callable[..., str], tmp_path: Path) -> None:
    commit = repository("rev-parse", "HEAD")
    repository("rm", "-q", f"{E2E}/test_a.py")
    repository("update-index", "--add", "--cacheinfo", f"160000,{commit},{E2E}/suite")
    (tmp_path / E2E / "suite").mkdir()
    assert first_test(Project(tmp_path), E2E) == f"{E2E}/suite"


def test_a_layer_that_lost_its_tests_is_told_from_one_that_has_none_yet(
    repository: Callable[..., str], tmp_path: Path
) -> None:
    assert why_none(Project(tmp_path), "tests/other") == "tests/other has no test yet"
    (tmp_path / E2E / "test_a.py").unlink()
    any_more = f"{E2E} has no test any more: "
    assert why_none(Project(tmp_path), E2E) == f"{any_more}{E2E}/test_a.py isn't there"
    repository("checkout", "-qb", "side")
    repository("commit", "-qam", "two")
    repository("checkout", "-q", "main")
    repository("commit", "-q", "--allow-empty", "-m", "three")
    repository("merge", "-q", "--no-edit", "side")
    merge = repository("log", "-1", "--format=%h")
    assert why_none(Project(tmp_path), E2E) == f"{any_more}{merge} took the last away"
