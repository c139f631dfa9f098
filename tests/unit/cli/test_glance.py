"""The last answer of `atomci status --offline`: said again only while nothing can have changed."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from atomci.cli.projects import glance
from atomci.cli.projects.glance import Note, recall

WORDS = ["status", "--offline"]
PATHS = ["pyproject.toml", ".copier-answers.yml", "ci.yml", "gone.txt", "link"]
ANSWER = "said\n\nbefore\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository's root, entered, its files older than any stamp."""
    (tmp_path / ".git").mkdir()
    for name in PATHS[:3]:
        (tmp_path / name).write_text("content", encoding="utf-8")
    (tmp_path / "link").symlink_to("ci.yml")
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    _tick(tmp_path)
    return tmp_path


def _tick(folder: Path) -> None:
    """Wait until the file system's clock has moved on."""
    probe = folder / ".git" / "probe"
    probe.touch()
    first = probe.stat().st_mtime_ns
    while probe.stat().st_mtime_ns == first:
        time.sleep(0.001)
        probe.touch()


def kept(root: Path, words: list[str] = WORDS, code: int = 1) -> None:
    with Note(root, words) as note:
        note.keep(PATHS, code, ANSWER)


def test_what_was_said_is_said_again(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert recall(WORDS) is None
    kept(project)

    assert recall(WORDS) == 1
    assert capsys.readouterr().out == ANSWER
    assert sorted(path.name for path in (project / ".git").iterdir()) == ["atomci-status", "probe"]


def edited_with_its_time(root: Path) -> None:
    before = (root / "ci.yml").stat()
    (root / "ci.yml").write_text("CONTENT", encoding="utf-8")
    os.utime(root / "ci.yml", ns=(before.st_atime_ns, before.st_mtime_ns))


def exchanged_for_an_older_one(root: Path) -> None:
    (root / "old").write_text("content", encoding="utf-8")
    os.utime(root / "old", ns=(1, 1))
    (root / "old").replace(root / "ci.yml")


CHANGES: dict[str, Callable[[Path], object]] = {
    "edited": lambda root: (root / "ci.yml").write_text("other", encoding="utf-8"),
    "edited, size and time as before": edited_with_its_time,
    "exchanged for an older file": exchanged_for_an_older_one,
    "executable": lambda root: (root / "ci.yml").chmod(0o755),
    "deleted": lambda root: (root / "ci.yml").unlink(),
    "there again": lambda root: (root / "gone.txt").write_text("", encoding="utf-8"),
    "a link elsewhere": lambda root: ((root / "link").unlink(), (root / "link").symlink_to("gone.txt")),
    "settings": lambda root: (root / "pyproject.toml").write_text("", encoding="utf-8"),
    "a second template": lambda root: (root / ".copier-answers.two.yml").touch(),
    "a broken note": lambda root: (root / ".git/atomci-status").write_text("1 ", encoding="utf-8"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_asks_anew(change: str, project: Path) -> None:
    kept(project)
    assert recall(WORDS) == 1
    _tick(project)

    CHANGES[change](project)

    assert recall(WORDS) is None


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("GITHUB_ACTIONS", "true")])
def test_another_way_of_showing_asks_anew(
    name: str, value: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(project)
    monkeypatch.setenv(name, value)

    assert recall(WORDS) is None


def test_another_day_asks_anew(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(project)
    now = time.time()
    monkeypatch.setattr(glance.time, "time", lambda: now + 86400)

    assert recall(WORDS) is None


@pytest.mark.parametrize("words", [["status"], ["status", "--offline", "--json"], ["diff"], []])
def test_another_question_is_not_answered(words: list[str], project: Path) -> None:
    kept(project)

    assert recall(words) is None


def test_a_file_as_young_as_the_note_leaves_none(project: Path) -> None:
    with Note(project, WORDS) as note:
        (project / "ci.yml").write_text("meanwhile", encoding="utf-8")
        note.keep(PATHS, 0, ANSWER)

    assert recall(WORDS) is None


def test_no_note_elsewhere_than_at_the_root(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "sub").mkdir()
    monkeypatch.chdir(project / "sub")
    kept(project)
    monkeypatch.chdir(project)

    assert recall(WORDS) is None


def test_a_linked_worktree_has_no_note(project: Path) -> None:
    (project / ".git" / "probe").unlink()
    (project / ".git").rmdir()
    (project / ".git").write_text("gitdir: elsewhere", encoding="utf-8")
    kept(project)

    assert recall(WORDS) is None


def test_a_question_that_ends_in_an_error_leaves_nothing(project: Path) -> None:
    with pytest.raises(KeyError), Note(project, WORDS):
        raise KeyError

    assert [path.name for path in (project / ".git").iterdir()] == ["probe"]
