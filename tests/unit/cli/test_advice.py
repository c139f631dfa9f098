"""What an error says to type works where one stands: in the project by its own atomci, else as it was called."""

from pathlib import Path

import pytest

from atomci.cli.main import main

USES_ATOMCI = '[dependency-groups]\ndev = ["atomci"]\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("UV_PROJECT_ENVIRONMENT", raising=False)
    (tmp_path / "uv.lock").touch()
    (tmp_path / "pyproject.toml").write_text(USES_ATOMCI, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(list(words)) == 2
    return capsys.readouterr().err


def test_a_hint_names_the_projects_own_atomci(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "\n  uv run atomci list shows atoms" in said(capsys, "explain", "nothing_like_it")
    assert "\n  did you mean uv run atomci run local_ci?" in said(capsys, "local_ci")


def test_of_a_project_elsewhere_the_hint_is_as_it_was_called(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (("--project", str(project)), (f"--project={project}",)):
        assert "\n  atomci list shows atoms" in said(capsys, "check", "nothing_like_it", *words)


def test_a_project_without_atomci_is_told_what_was_called(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "pyproject.toml").write_text("[project]\nname = 'a'\n", encoding="utf-8")
    assert "\n  atomci list shows atoms" in said(capsys, "explain", "nothing_like_it")


def test_a_broken_project_still_gets_its_hint(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "pyproject.toml").write_text("not TOML", encoding="utf-8")
    assert "\n  did you mean atomci run local_ci?" in said(capsys, "local_ci")
