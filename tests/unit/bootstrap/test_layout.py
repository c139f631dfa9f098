"""Folders of the conventions and required lines, which leave the user's own alone."""

from pathlib import Path

import pytest

from atomci.bootstrap.layout import (
    FOLDERS,
    REQUIRED,
    RequiredLines,
    folders_of,
    in_the_way,
    line_of,
    make_folders,
    missing_folders,
    missing_lines,
    with_missing_lines,
)

IGNORED = RequiredLines(".gitignore", (".venv/", "/artifacts/"))
ATTRIBUTES = RequiredLines(".gitattributes", ("* text=auto eol=lf",), at_start=True)


def test_missing_folders_are_made_and_only_the_empty_ones_that_git_keeps_get_a_file(tmp_path: Path) -> None:
    (tmp_path / "src/demo").mkdir(parents=True)
    missing = missing_folders(tmp_path)
    assert missing == [folder for folder in FOLDERS if folder != "src"]

    make_folders(tmp_path, missing)

    assert missing_folders(tmp_path) == []
    kept = {path.parent.relative_to(tmp_path).as_posix() for path in tmp_path.rglob(".gitkeep")}
    assert kept == {folder for folder in FOLDERS if folder != "src" and not folder.startswith("artifacts/")}


def test_a_file_in_the_place_of_a_folder_is_a_missing_folder(tmp_path: Path) -> None:
    (tmp_path / "scripts").write_text("", encoding="utf-8")
    assert "scripts" in missing_folders(tmp_path)
    assert in_the_way(tmp_path) == ["scripts"]


def test_a_file_in_the_place_of_a_folders_parent_is_in_the_way_too(tmp_path: Path) -> None:
    (tmp_path / "tests").write_text("", encoding="utf-8")
    (tmp_path / ".github").symlink_to(tmp_path / "nowhere")
    assert in_the_way(tmp_path) == [".github", "tests"]


def test_folders_and_their_absence_are_not_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "tests/unit").mkdir(parents=True)
    assert in_the_way(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("", [".venv/", "/artifacts/"]),
        (".venv/\n/artifacts/\n", []),
        (".venv\nartifacts\n", []),
        ("  .venv/  \r\nartifacts/\r\n", []),
        ("/.venv/\n/artifacts\n", [".venv/"]),
        ("# .venv/\n!/artifacts/\n", [".venv/", "/artifacts/"]),
    ],
)
def test_an_entry_counts_in_any_spelling_that_covers_it(text: str, missing: list[str]) -> None:
    assert missing_lines(text, IGNORED) == missing


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ".venv/\n/artifacts/\n"),
        ("*.log\n", "*.log\n\n.venv/\n/artifacts/\n"),
        ("*.log", "*.log\n\n.venv/\n/artifacts/\n"),
        ("*.log\r\n.venv\r\n", "*.log\r\n.venv\r\n\r\n/artifacts/\r\n"),
        ("artifacts/\n.venv/\n!x\n", "artifacts/\n.venv/\n!x\n"),
    ],
)
def test_only_what_is_missing_is_added_in_the_files_own_line_endings(before: str, after: str) -> None:
    assert with_missing_lines(before, IGNORED) == after
    assert with_missing_lines(after, IGNORED) == after


def test_a_rule_for_all_files_goes_above_the_users_rules_for_some() -> None:
    before = "*.bat text eol=crlf\n*.png binary\n"
    assert with_missing_lines(before, ATTRIBUTES) == "* text=auto eol=lf\n" + before


def test_a_line_is_found_by_number() -> None:
    assert line_of("# a\n\nartifacts\n", "/artifacts/") == 3
    assert line_of("# a\n", "/artifacts/") == 0


def test_what_is_required_covers_what_a_run_leaves() -> None:
    lines = {line for required in REQUIRED for line in required.lines}
    assert {"/artifacts/", ".venv/", ".env", "* text=auto eol=lf"} <= lines


OTHER_LAYERS = ("tests/integration", "tests/e2e", "tests/contracts")


@pytest.mark.parametrize(
    ("answers", "without"),
    [
        ({}, ()),
        ({"integrations": ["vscode", "recording"]}, ()),
        ({"integrations": ["recording"], "wrapper_scripts": True}, (".vscode",)),
        ({"integrations": [], "wrapper_scripts": False}, ("tests/auger", ".vscode", "scripts")),
        ({"integrations": ["vscode", "recording", "powershell"], "wrapper_scripts": False}, ()),
        ({"profile": "everything"}, ()),
        ({"profile": "minimal"}, (*OTHER_LAYERS, "tests/auger", "tests/fixtures", ".vscode", "scripts")),
        (
            {"profile": "minimal", "dependency_manager": "pip-tools"},
            (*OTHER_LAYERS, "tests/auger", "tests/fixtures", ".vscode"),
        ),
    ],
)
def test_what_the_answers_leave_out_gets_no_folder(
    answers: dict[str, object], without: tuple[str, ...]
) -> None:
    assert set(FOLDERS) - set(folders_of(answers)) == set(without)
