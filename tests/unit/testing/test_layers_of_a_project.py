"""Which tests are a project's unit tests."""

from pathlib import Path

import pytest

from atomci.project import Project
from atomci.testing.layers import unit_tests_of

JOINED = "[tool.atomci]\n"


@pytest.mark.parametrize(
    ("files", "joined", "folder"),
    [
        (["tests/unit/test_a.py", "tests/test_b.py"], True, "tests/unit"),
        (["tests/unit/test_a.py"], False, "tests/unit"),
        (["tests/test_a.py"], False, ""),
        (["tests/test_a.py"], True, ""),
        (["pkg/a_test.py"], True, ""),
        # With layers, what lies in none of them is forgotten rather than meant.
        (["tests/test_a.py", "tests/integration/test_b.py"], True, "tests/unit"),
        (["tests/e2e/test_b.py"], True, "tests/unit"),
        (["pkg/a.py"], True, "tests/unit"),
    ],
)
def test_all_tests_are_unit_tests_where_there_are_no_layers(
    files: list[str], joined: bool, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "pyproject.toml").write_text(JOINED if joined else "")
    monkeypatch.setattr("atomci.tools.git.client.Git.files", lambda _: tuple(files))

    assert unit_tests_of(Project(tmp_path)).folder == folder
