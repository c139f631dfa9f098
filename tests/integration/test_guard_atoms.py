"""The atoms of phases 2 and 3 about the newest session: each can say no."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import Done, call

from atomci.artifacts.handed.guarded import Session as Index
from atomci.artifacts.handed.guarded import SessionLimits, StopReason, Usage
from atomci.artifacts.json_text import json_of
from atomci.artifacts.redaction import Redactor
from atomci.guard.record import Record

RUN = "artifacts/cli_runs/generic/20261127T210000-abcdef"
ATOMS = (
    "start_cli_edit_guardrail",
    "archive_cli_session_logs",
    "detect_cli_completion_signal",
    "write_artifact_index_json",
    "execute_cli_tool_with_policies",
)
SECRET = "v9Xq2LmT7rWz4KpB"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("[tool.atomci]\n")
    (tmp_path / ".git").mkdir()
    return tmp_path


def session(root: Path) -> None:
    """A session's record, as the guard writes it."""
    record = Record(root / RUN, Redactor({}))
    record.stream("stdout.log")(b"hello\n")
    record.close()
    record.finish(
        Index(
            run="20261127T210000-abcdef",
            tool="generic",
            command=("true",),
            started=("true",),
            folder=".",
            place="/place",
            in_place=False,
            backend="landlock",
            level="os-fs",
            time="2026-11-27T21:00:00.000+00:00",
            seconds=1.5,
            limits=SessionLimits(wall=60),
            stop=StopReason.ENDED,
            verdict="done",
            reason="it ended by itself",
            exit_code=0,
            result=None,
            usage=Usage(),
            changed=False,
            environment=(),
            files=(),
        )
    )


def asked(root: Path, verb: str) -> Done:
    return call((verb, *ATOMS, "--json"), root, {"PATH": os.environ["PATH"], "API_TOKEN": SECRET})


def holding(root: Path) -> dict[str, str]:
    """What `atomci check` says of each."""
    return {row["atom"]: row["status"] for row in json.loads(asked(root, "check").out)["atoms"]}


def test_without_a_session_nobody_knows(root: Path) -> None:
    assert holding(root) == dict.fromkeys(ATOMS, "not run here yet")
    assert set(asked(root, "run").statuses.values()) == {"skipped"}


def test_a_record_as_the_guard_writes_it_holds(root: Path) -> None:
    session(root)
    assert holding(root) == dict.fromkeys(ATOMS, "holds")
    assert asked(root, "run").statuses == dict.fromkeys(ATOMS, "pass")


def edited(**changes: Any) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        index = json.loads((folder / "index.json").read_bytes())
        (folder / "index.json").write_bytes(json_of({**index, **changes}))

    return edit


def with_a_secret(folder: Path) -> None:
    (folder / "stdout.log").write_text(f"{SECRET}\n")


@pytest.mark.parametrize(
    ("harm", "broken"),
    [
        (edited(stop="lost"), {ATOMS[0], ATOMS[2]}),
        (edited(exit_code=3), {ATOMS[2]}),
        (edited(tells_result=True), {ATOMS[2]}),
        (edited(incomplete="the disk was full"), {ATOMS[1]}),
        (edited(files=[]), {ATOMS[1], ATOMS[3]}),
        (with_a_secret, {ATOMS[1], ATOMS[3]}),
        (lambda folder: (folder / "stdout.log").unlink(), {ATOMS[1], ATOMS[3]}),
        (lambda folder: (folder / "more").write_text(""), {ATOMS[1], ATOMS[3]}),
        (lambda folder: (folder / "index.json").write_text("{"), {*ATOMS[:3], ATOMS[4]}),
        (edited(level="detect", backend="none"), {ATOMS[4]}),
        (edited(outside=["/home/me/.bashrc"]), {ATOMS[4]}),
    ],
)
def test_what_is_wrong_with_it_is_seen(root: Path, harm: Callable[[Path], object], broken: set[str]) -> None:
    session(root)
    harm(root / RUN)
    assert {atom for atom, holds in holding(root).items() if holds != "holds"} == broken


def test_bounds_that_cannot_be_read_are_told_with_their_line(root: Path) -> None:
    session(root)
    (root / "pyproject.toml").write_text('[tool.atomci.guard]\nmemory = "much"\n')
    done = asked(root, "check")
    assert done.code == 2
    assert "pyproject.toml:2: tool.atomci.guard.memory: not a size: 'much'" in done.err
