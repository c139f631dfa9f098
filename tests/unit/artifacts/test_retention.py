"""Which runs have to go: by age, by size, oldest first, and never one that goes on."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from atomci.artifacts.retention import remove, run_folders, to_remove

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


def run(
    root: Path, days: float, *, home: str = "runs", size: int = 1000, over: bool = True, silent: float = 2
) -> str:
    started = NOW - timedelta(days=days)
    folder = root / "artifacts" / home / f"{started:%Y%m%dT%H%M%S}-1a2b3c"
    folder.mkdir(parents=True)
    (folder / "a.log").write_bytes(b"x" * size)
    (folder / "events.jsonl").write_text('{"event":"run_started"}\n' + '{"event":"run_finished"}\n' * over)
    stamp = (NOW - timedelta(days=silent)).timestamp()
    for path in (*folder.iterdir(), folder):
        os.utime(path, (stamp, stamp))
    return folder.name


def removed(root: Path, *, days: int = 30, megabytes: int = 500) -> list[str]:
    return [run.path.name for run, _ in to_remove(run_folders(root, NOW), NOW, days, megabytes)]


def test_old_runs_go_oldest_first(tmp_path: Path) -> None:
    young, older, oldest = run(tmp_path, 29.9), run(tmp_path, 30.1), run(tmp_path, 50)
    assert removed(tmp_path) == [oldest, older]
    assert young not in removed(tmp_path)


def test_the_oldest_go_until_the_rest_fits(tmp_path: Path) -> None:
    names = [run(tmp_path, days, size=600_000) for days in (4, 3, 2, 1)]
    assert removed(tmp_path, megabytes=2) == names[:1]
    assert removed(tmp_path, megabytes=1) == names[:3]


def test_a_guarded_session_that_is_over_goes_as_runs_do(tmp_path: Path) -> None:
    name = run(tmp_path, 40, home="cli_runs/claude", over=False, silent=0)
    assert removed(tmp_path) == []
    folder = tmp_path / "artifacts/cli_runs/claude" / name
    (folder / "events.jsonl").write_text('{"event":"guard_started"}\n{"event":"guard_finished"}\n')
    assert removed(tmp_path) == [name]


def test_runs_of_command_lines_count_too(tmp_path: Path) -> None:
    direct, below = run(tmp_path, 40, home="cli_runs"), run(tmp_path, 50, home="cli_runs/claude")
    assert removed(tmp_path) == [below, direct]


@pytest.mark.parametrize(
    ("over", "silent", "goes"), [(False, 0.5, False), (False, 1.5, True), (True, 0.1, True)]
)
def test_a_run_that_goes_on_stays(tmp_path: Path, over: bool, silent: float, goes: bool) -> None:
    name = run(tmp_path, 50, over=over, silent=silent, size=2_000_000)
    assert removed(tmp_path) == ([name] if goes else [])
    assert removed(tmp_path, days=90, megabytes=1) == ([name] if goes else [])


def test_a_clock_that_was_ahead_removes_nothing(tmp_path: Path) -> None:
    run(tmp_path, -3)
    assert removed(tmp_path, days=1) == []


@pytest.mark.parametrize(
    "path", ["runs/notes", "runs/2024", "runs/20200101T000000-1a2b3c.zip", "atoms/20200101T000000-1a2b3c",
             "cli_runs/claude/x/20200101T000000-1a2b3c", "20200101T000000-1a2b3c"]
)  # fmt: skip
def test_nothing_else_is_a_run(tmp_path: Path, path: str) -> None:
    (tmp_path / "artifacts" / path).mkdir(parents=True)
    assert run_folders(tmp_path, NOW) == []


def test_a_file_by_a_runs_name_is_none(tmp_path: Path) -> None:
    (tmp_path / "artifacts/runs").mkdir(parents=True)
    (tmp_path / "artifacts/runs/20200101T000000-1a2b3c").touch()
    assert run_folders(tmp_path, NOW) == []


@pytest.mark.parametrize("link", ["artifacts", "artifacts/runs", "artifacts/runs/20200101T000000-1a2b3c",
                                  "artifacts/cli_runs/claude"])  # fmt: skip
def test_what_a_link_leads_to_is_none(tmp_path: Path, link: str) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    for inner in (
        "runs/20200101T000000-aaaaaa",
        "cli_runs/claude/20200101T000000-aaaaaa",
        "20200101T000000-bbbbbb",
    ):
        (outside / inner).mkdir(parents=True)
    place = root / link
    place.parent.mkdir(parents=True)
    place.symlink_to(outside, target_is_directory=True)
    assert run_folders(root, NOW) == []


def test_removing_follows_no_link_and_bears_a_second_remover(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    run(tmp_path, 50)
    (old,) = run_folders(tmp_path, NOW)
    (old.path / "link").symlink_to(outside, target_is_directory=True)
    remove(old)
    assert not old.path.exists()
    assert (outside / "kept").exists()
    remove(old)
