"""A project without git, so that no program is started."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_up import MadeUp


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MadeUp:
    """A project with one file; its files are what is on disk."""
    monkeypatch.setattr("atomci.engine.inputs.files.Git.files", lambda git: None)
    made = MadeUp(tmp_path)
    made.write("pyproject.toml", "")
    made.write("data.txt", "one")
    return made
