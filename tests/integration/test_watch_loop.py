"""What `atomci watch` runs after which save and key, and what it says then; with a made-up pytest."""

import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from watched_project import watched

from atomci.artifacts.handed.testing import TestResult as Result
from atomci.watch.suite import suite_at

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the made-up tools are scripts")

WRONG = ('"HEY!"', '"hey"')


def broken(sample: Any) -> None:
    """`test_words.py` fails from now on."""
    sample.append("tests/unit/test_words.py", "    assert 0\n")


def mended(sample: Any) -> None:
    sample.replace("tests/unit/test_words.py", "    assert 0\n", "")


def test_nothing_runs_where_all_is_committed_and_that_is_said(sample) -> None:
    with watched(sample) as loop:
        first = loop.verdict()
    assert (first.verdict, first.reason) == ("none", "nothing differs from the last commit")


def test_it_begins_with_what_is_not_committed(sample) -> None:
    broken(sample)
    with watched(sample) as loop:
        first = loop.verdict()
    assert (first.verdict, first.changed, first.files, first.total) == (
        "red",
        ("tests/unit/test_words.py",),
        1,
        3,
    )


def test_a_save_runs_what_it_reaches_and_failed_tests_first(sample) -> None:
    with watched(sample) as loop:
        loop.verdict()
        broken(sample)
        assert [result.nodeid for result in loop.verdict().failed] == ["tests/unit/test_words.py::test_shout"]
        sample.append("src/demo/rounding.py", "\n")
        started = loop.started()
        assert started.first == ("tests/unit/test_words.py::test_shout",)
        assert started.files == 3  # two that import it, and the one that failed
        assert loop.verdict().verdict == "red"
        mended(sample)
        ended = loop.verdict()
    assert (ended.verdict, ended.failed, ended.files) == ("green", (), 1)


def test_a_newer_save_drops_the_cycle_and_its_processes_and_tests_both_changes(sample) -> None:
    sample.append("tests/unit/test_words.py", "# waits 60\n")
    with watched(sample) as loop:
        loop.started()
        going = loop.loop._going
        while going is None or not going.run.log.exists():
            time.sleep(0.01)
            going = loop.loop._going
        sample.append("tests/unit/test_rounding.py", "\n")
        assert loop.dropped().reason == "tests/unit/test_rounding.py"
        assert not going.run.folder.exists()
        again = loop.started()
        assert again.changed == ("tests/unit/test_rounding.py", "tests/unit/test_words.py")
        sample.replace("tests/unit/test_words.py", "# waits 60\n", "")
        ended = loop.verdict()
        assert (ended.verdict, ended.changed) == ("green", again.changed)


def test_what_failed_in_a_dropped_cycle_is_tested_again_though_nothing_differs(sample) -> None:
    files = ["tests/unit/test_prices.py", "tests/unit/test_words.py"]
    texts = [sample.read(file) for file in files]
    with watched(sample) as loop:
        loop.press("a")
        while loop.verdict().verdict != "green":
            pass
        sample.write(files[0], texts[0] + "    assert 0\n")
        sample.write(files[1], texts[1] + "# waits 60\n")
        while loop.next(Result).outcome != "failed":
            pass
        sample.write(files[0], texts[0])
        sample.write(files[1], texts[1])
        while (ended := loop.verdict()).verdict == "red":
            pass
    assert (ended.verdict, ended.failed, ended.tests) == ("green", (), 1)


def atomic(path: Path, text: str) -> None:
    """As VS Code and PyCharm save: a new file takes the old one's place."""
    new = path.with_name(f".{path.name}.tmp")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def like_vim(path: Path, text: str) -> None:
    """The old file goes to a backup, a new one is written, and the backup removed; before, vim probes."""
    (path.parent / "4913").write_text("", encoding="utf-8")
    (path.parent / "4913").unlink()
    backup = path.with_name(path.name + "~")
    path.rename(backup)
    path.write_text(text, encoding="utf-8")
    backup.unlink()


def in_place(path: Path, text: str) -> None:
    """Emptied first, then filled."""
    path.write_text("", encoding="utf-8")
    path.write_text(text, encoding="utf-8")


def backwards(path: Path, text: str) -> None:
    """By a clock that went back."""
    path.write_text(text, encoding="utf-8")
    os.utime(path, (1, 1))


@pytest.mark.parametrize("look", [False, True], ids=["notices", "looking"])
def test_whatever_way_an_editor_saves_one_cycle_tests_the_new_text(sample, look: bool) -> None:
    file = sample.root / "tests/unit/test_words.py"
    text = file.read_text(encoding="utf-8")
    with watched(sample, look=look) as loop:
        loop.verdict()
        for number, save in enumerate((atomic, like_vim, in_place, backwards)):
            bad = number % 2 == 0
            save(file, text + "    assert 0\n" * bad)
            assert loop.verdict().verdict == ("red" if bad else "green"), save
            assert loop.settled() == len(loop.told)


def test_what_has_the_same_text_again_runs_nothing(sample) -> None:
    file = sample.root / "tests/unit/test_words.py"
    with watched(sample) as loop:
        loop.verdict()
        told = loop.settled()
        os.utime(file)
        file.write_bytes(file.read_bytes())
        assert loop.settled() == told


def test_ignored_files_and_repositories_within_run_nothing(sample) -> None:
    with watched(sample) as loop:
        loop.verdict()
        told = loop.settled()
        sample.write("artifacts/x.txt", "x")
        sample.write(".pytest_cache/y", "y")
        sample.write("src/demo/__pycache__/z.pyc", "z")
        shutil.copytree(sample.root / ".git", sample.root / "clone/.git")
        sample.write("clone/tests/unit/test_other.py", "def test_other():\n    assert 0\n")
        assert loop.settled() == told


def test_deleted_and_renamed_files_and_folders_are_followed(sample) -> None:
    with watched(sample) as loop:
        loop.verdict()
        broken(sample)
        assert loop.verdict().verdict == "red"
        (sample.root / "tests/unit/test_words.py").unlink()
        gone = loop.verdict()
        assert (gone.verdict, gone.total) == ("green", 2)
        (sample.root / "tests/unit").rename(sample.root / "tests/unit2")
        assert len(loop.verdict().changed) == 4
        (sample.root / "tests/unit2").rename(sample.root / "tests/unit")
        assert loop.verdict().total == 2
        sample.write("tests/unit/deep/down/test_new.py", "def test_new():\n    assert 0\n")
        assert [result.nodeid for result in loop.verdict().failed] == [
            "tests/unit/deep/down/test_new.py::test_new"
        ]
        sample.write("tests/unit/deep/down/test_new.py", "def test_new():\n    assert 1\n")
        assert loop.verdict().verdict == "green"


def test_a_checkout_of_many_files_is_one_cycle(sample) -> None:
    sample.git("checkout", "--quiet", "-b", "other")
    for number in range(300):
        sample.write(f"src/demo/m{number}.py", f"N = {number}\n")
    sample.commit()
    sample.git("checkout", "--quiet", "main")
    with watched(sample) as loop:
        loop.verdict()
        sample.git("checkout", "--quiet", "other")
        assert len(loop.verdict().changed) == 300
        loop.settled()
        assert [event for event in loop.told if getattr(event, "cycle", 0) > 2] == []


def test_what_tests_write_makes_no_endless_loop_and_no_green(sample) -> None:
    sample.append("tests/unit/test_words.py", "# writes out.txt\n")
    with watched(sample) as loop:
        first = loop.verdict()
        assert (first.verdict, loop.told[-1].cycle) == ("changed", 3)
        assert "out.txt changed while the tests ran" in first.reason
        assert loop.settled() == len(loop.told)
        sample.append("tests/unit/test_rounding.py", "\n")  # what is really saved is still followed
        assert "tests/unit/test_rounding.py" in loop.verdict().changed
        sample.replace("tests/unit/test_words.py", "# writes out.txt\n", "")
        assert loop.verdict().verdict == "green"


def test_settings_that_cannot_be_read_are_told_and_the_loop_goes_on(sample) -> None:
    text = sample.read("pyproject.toml")
    with watched(sample) as loop:
        loop.verdict()
        sample.write("pyproject.toml", "[[[")
        bad = loop.verdict()
        assert bad.verdict == "broken"
        assert "pyproject.toml" in bad.reason
        sample.write("pyproject.toml", text)
        sample.append("src/demo/words.py", "\n")
        assert loop.verdict().verdict == "green"


def test_keys_do_what_jest_taught(sample) -> None:
    with watched(sample) as loop:
        loop.verdict()
        loop.press("a")
        every = loop.verdict()
        assert (every.kind, every.verdict, every.files) == ("all", "green", 3)
        broken(sample)
        assert loop.verdict().verdict == "red"
        loop.press("f")
        assert (loop.started().files, loop.verdict().kind) == (1, "failed")
        loop.press("p", *"words", "enter")
        only = loop.verdict()
        assert (only.kind, only.files) == ("matching", 1)
        loop.press("enter")
        assert loop.verdict().kind == "matching"
        mended(sample)
        half = loop.verdict()
        assert (half.kind, half.verdict) == ("matching", "partial")  # what else it reaches wasn't run
        loop.press("p", *"[no", "backspace", "escape", "?")
        loop.press("c", "enter")
        loop.press("a")
        assert loop.verdict().kind in ("matching", "all")


def test_a_pattern_that_matches_nothing_is_no_verdict(sample) -> None:
    with watched(sample) as loop:
        loop.verdict()
        loop.press("p", *"nowhere[", "enter")
        nothing = loop.verdict()
    assert (nothing.verdict, nothing.reason) == ("none", "no file matches path nowhere[")


def test_pytest_begins_ahead_only_where_no_folder_of_tests_has_settings_of_its_own(
    sample, monkeypatch
) -> None:
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", sample.env["UV_PROJECT_ENVIRONMENT"])
    sample.write("docs/example/pytest.ini", "[pytest]\n")
    assert suite_at(sample.root).settings_are_above
    sample.write("tests/unit/deep/down/test_new.py", "def test_new():\n    assert 1\n")
    sample.write("tests/unit/deep/pytest.ini", "[pytest]\n")
    assert not suite_at(sample.root).settings_are_above
