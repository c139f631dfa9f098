"""The audit log beside real runs: what `atomci audit` and atom 104 say of it."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from atomci.audit import log

RUN = ("run", "run_ruff_lint")


@pytest.fixture
def audited(sample: Any) -> Any:
    """A project in which two runs are over."""
    for _ in range(2):
        assert sample.atomci(*RUN).code == 0
    return sample


def test_each_run_is_told_and_vouched_for(audited: Any) -> None:
    shown = audited.atomci("audit", "show", "--json")
    entries = json.loads(shown.out)["entries"]
    assert [(entry["words"], entry["verdict"], entry["exit"]) for entry in entries] == [
        (["run_ruff_lint"], "green", 0)
    ] * 2
    told = audited.atomci("audit", "show", "-n", "1").out.splitlines()
    assert ": atomci run run_ruff_lint, of " in told[0]
    assert told[1] == f"head: {json.loads(shown.out)['head']}"
    verified = audited.atomci("audit", "verify")
    assert (verified.code, verified.out.splitlines()[0]) == (
        0,
        "entries that follow each other: 2; heads kept elsewhere: 0",
    )
    assert audited.atomci("check", "atom_104").code == 0


def _edit(project: Any, what: Any) -> None:
    path: Path = project.root / "artifacts" / log.NAME
    path.write_bytes(b"".join(what(path.read_bytes().splitlines(keepends=True))))


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        (lambda lines: [lines[0].replace(b"green", b"brown"), lines[1]], "edited"),
        (lambda lines: [lines[0], lines[1].replace(b'"exit":0', b'"exit":1')], "unrecorded"),
        (lambda lines: lines[:1], "unrecorded"),
        (lambda lines: lines[1:], "missing"),
    ],
    ids=["first line", "last line", "cut", "begun later"],
)
def test_tampering_is_told_and_red(audited: Any, what: Any, kind: str) -> None:
    _edit(audited, what)
    said = audited.atomci("audit", "verify", "--json")
    assert said.code == 1
    assert kind in [fault["kind"] for fault in json.loads(said.out)["faults"]]
    assert audited.atomci("check", "atom_104").code == 1
    assert audited.atomci("run", "atom_104").code == 1


def test_an_entry_says_of_which_commit_and_which_files_a_run_left(sample: Any) -> None:
    sample.write("more.txt", "x")
    sample.atomci(*RUN)
    entry = json.loads(sample.atomci("audit", "show", "--json").out)["entries"][-1]
    assert (entry["commit"], entry["uncommitted"]) == (sample.git("rev-parse", "HEAD"), 1)
    for name, file in (("events", "events.jsonl"), ("manifest", "manifest.json")):
        assert entry[name] == hashlib.sha256((sample.runs[-1] / file).read_bytes()).hexdigest()
    events = [json.loads(line) for line in (sample.runs[-1] / "events.jsonl").read_text().splitlines()]
    assert entry["ms"] == round(events[-1]["seconds"] * 1000)


def test_what_a_run_left_cant_be_changed_unseen(audited: Any) -> None:
    events = audited.runs[0] / "events.jsonl"
    events.write_text(events.read_text().replace("run_ruff_lint", "run_ruff_lust", 1))
    said = audited.atomci("audit", "verify")
    assert said.code == 1
    assert f"{audited.runs[0].name}/events.jsonl isn't as it was when the run ended" in said.out


def test_a_run_that_was_killed_needs_no_entry(audited: Any) -> None:
    """Nor does one of before there was a log."""
    for name in ("20990101T000000-abcdef", "20010101T000000-abcdef"):
        shutil.copytree(audited.runs[-1], audited.root / "artifacts/runs" / name)
    killed = audited.root / "artifacts/runs/20990101T000000-abcdef/events.jsonl"
    whole = killed.read_text()
    killed.write_text("".join(whole.splitlines(keepends=True)[:-1]))
    assert audited.atomci("audit", "verify").code == 0
    killed.write_text(whole)
    assert (
        "20990101T000000-abcdef is over, and the audit log has no entry"
        in audited.atomci("audit", "verify").out
    )


def test_a_log_that_was_removed_is_as_none(audited: Any) -> None:
    (audited.root / "artifacts" / log.NAME).unlink()
    assert audited.atomci("audit", "verify").code == 0
    assert audited.atomci("audit", "show").out == "there is no entry yet: atomci run local_ci makes one\n"


def test_a_head_in_a_commit_shows_what_was_cut(audited: Any) -> None:
    head = json.loads(audited.atomci("audit", "show", "--json").out)["head"]
    audited.git("commit", "-q", "--allow-empty", "-m", f"fix: x\n\nAudit-Head: {head}")
    assert audited.atomci("audit", "verify").out.splitlines()[0].endswith("heads kept elsewhere: 1")
    _edit(audited, lambda lines: lines[:1])
    said = audited.atomci("audit", "verify")
    assert said.code == 1
    assert "names line 1, and the log ends before it" in said.out


def test_a_head_of_another_machine_says_nothing_of_this_log(audited: Any) -> None:
    audited.git("commit", "-q", "--allow-empty", "-m", f"fix: x\n\nAudit-Head: {'0' * 16}:7:{'f' * 64}")
    assert "heads of other logs (1)" in audited.atomci("audit", "verify").out
    assert audited.atomci("check", "atom_104").code == 0
    given = audited.atomci("audit", "verify", "--anchor", f"{'0' * 16}:0:{'f' * 64}")
    assert given.code == 1
    wrong = audited.atomci("audit", "verify", "--anchor", "nonsense")
    assert (wrong.code, "is no head" in wrong.err) == (2, True)


def test_a_log_that_cant_be_written_changes_no_verdict(audited: Any) -> None:
    path = audited.root / "artifacts" / log.NAME
    path.unlink()
    path.mkdir()
    said = audited.atomci(*RUN)
    assert said.code == 0
    assert f"note: the audit log {path} can't be written: Is a directory" in said.err


def test_who_is_what_github_says(sample: Any) -> None:
    actions = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_RUN_ID": "7",
        "GITHUB_RUN_ATTEMPT": "2",
        "GITHUB_ACTOR": "ann",
        "GITHUB_TRIGGERING_ACTOR": "bob",
    }
    sample.atomci(*RUN, **actions)
    entry = json.loads(sample.atomci("audit", "show", "--json").out)["entries"][-1]
    assert entry["who"]["actions"] == {
        "repository": "o/r", "run": "7", "attempt": "2", "actor": "ann", "triggered_by": "bob"
    }  # fmt: skip
    assert " bob on GitHub, o/r run 7: atomci run" in sample.atomci("audit", "show").out
