"""A full disk, a place that can't be written, a full standard output: what is left is whole and says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def small(sample: Any) -> Iterator[Any]:
    """A project whose artifacts/ is a disk of 64 KB."""
    folder = sample.root / "artifacts"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no disk can be mounted here: {error}")
    try:
        yield sample
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def whole(text: str) -> list[dict[str, Any]]:
    """The events of a text whose last line ends, too."""
    assert not text or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def test_a_disk_that_gets_full_breaks_the_run_and_leaves_a_log_that_ends(small) -> None:
    done = small.atomci("run", "local_ci", "--json")
    assert done.code == 3
    assert "error: the run's files can't be written: [Errno 28] No space left on device" in done.err
    assert "free the disk" in done.err
    assert "Traceback" not in done.out + done.err
    (log,) = small.root.glob("artifacts/runs/*/events.jsonl")
    for events in (done.events, whole(log.read_text(encoding="utf-8"))):
        assert (events[0]["event"], events[-1]["event"]) == ("run_started", "run_finished")
        assert events[-1]["exit_code"] == 3
    assert done.events[-1]["atoms"].keys() == set(done.events[0]["atoms"])
    assert not (small.root / "artifacts/gate.json").exists()
    reasons = [row["reason"] for row in done.atoms.values() if row["status"] == "error"]
    assert reasons
    assert not any("crashed" in reason for reason in reasons)


def test_on_a_disk_that_is_full_nothing_is_run(small) -> None:
    with (small.root / "artifacts/filler").open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            continue
    refused(small, "No space left on device")


def test_a_place_that_cannot_be_written_is_told_and_nothing_is_run(small) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small.root / "artifacts")], check=True)
    refused(small, "Read-only file system")


def test_it_is_told_in_a_repository_that_is_not_set_up_for_atomci_too(small) -> None:
    small.write("pyproject.toml", "")
    subprocess.run(["mount", "-o", "remount,ro", str(small.root / "artifacts")], check=True)
    refused(small, "Read-only file system")


def test_a_file_in_the_place_of_the_folder_is_told_and_nothing_is_run(sample) -> None:
    sample.write("artifacts", "a file\n")
    refused(sample, "Not a directory")


def refused(project: Any, why: str) -> None:
    """A run says why it can't begin, to people and to programs."""
    done = project.atomci("run", "triage", "--json")
    assert done.code == 3
    assert done.err.startswith("error: can't write ")
    assert why in done.err
    assert "right to write in artifacts/" in done.err
    assert [event["event"] for event in done.events] == ["run_started", "run_finished"]
    assert done.events[-1]["exit_code"] == 3
    shown = project.atomci("run", "triage")
    assert (shown.code, shown.out) == (3, "triage: broken in 0.0 s, nothing was run\n")
    assert "Traceback" not in done.err + shown.err


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_a_full_standard_output_breaks_the_run_and_the_log_is_whole(sample) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "atomci", "run", "run_ruff_lint", "--json"],
            cwd=sample.root,
            env=sample.env,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 3
    assert done.stderr.startswith("error: the run's events can't be printed: [Errno 28]")
    assert done.stderr.endswith("\n  send standard output to a place with room for it\n")
    assert "Traceback" not in done.stderr
    (log,) = sample.root.glob("artifacts/runs/*/events.jsonl")
    assert whole(log.read_text(encoding="utf-8"))[-1]["exit_code"] == 3


def test_a_run_leaves_no_room_behind(green) -> None:
    assert not [path for path in (green.root / "artifacts").rglob("*") if path.name.startswith(".")]
    partial = green.root / "artifacts/.gate.json.4711-815"
    partial.write_text("left by a kill")
    green.atomci("run", "run_ruff_lint")
    assert os.fspath(partial.relative_to(green.root)) not in green.read("artifacts/index.json")
