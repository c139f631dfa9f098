"""The atoms about the snapshots of the newest session: each can say no."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from command_line import call
from tree_world import new_tree

from atomci.guard.snapshot.store import SnapshotStore
from atomci.tools.git.repository import open_repository

ATOMS = ("capture_pre_edit_snapshot", "detect_modified_paths_since_snapshot")


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return new_tree(tmp_path / "project", {"pyproject.toml": "[tool.atomci]\n", "a.py": "a = 1\n"})


def states(top: Path) -> dict[str, str]:
    done = call(("check", *ATOMS, "--json"), top, dict(os.environ))
    rows = json.loads(done.out)["atoms"]
    return {row["atom"]: row["status"] for row in rows}


def test_they_hold_after_a_session_and_not_without_its_bytes(top: Path) -> None:
    assert set(states(top).values()) == {"not run here yet"}
    (top / "mine.py").write_text("mine\n")
    done = call(("guard", "--allow-degraded", "--", "sh", "-c", "echo b >> a.py"), top, dict(os.environ))
    assert done.code == 0, done
    assert set(states(top).values()) == {"holds"}
    store = next(iter((top / ".git/atomci-snapshots").iterdir()))
    shutil.rmtree(store / "objects")
    assert states(top)["capture_pre_edit_snapshot"] == "broken"
    (store / "after.json").unlink()
    assert states(top)["detect_modified_paths_since_snapshot"] == "broken"
    SnapshotStore(open_repository(top), store.name).drop()
    assert set(states(top).values()) == {"not run here yet"}
