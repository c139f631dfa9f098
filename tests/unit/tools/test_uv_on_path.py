"""Whether whoever called has uv on PATH, and not only we: `uv run` changes PATH for what it runs."""

import sys
from pathlib import Path

import pytest

from atomci.tools.uv import off_path


def a_uv(folder: Path) -> Path:
    folder.mkdir(parents=True)
    program = folder / "uv"
    program.write_text("#!/bin/sh\necho uv 1.0\n", encoding="utf-8")
    program.chmod(0o755)
    return program


@pytest.mark.skipif(sys.platform == "win32", reason="made-up programs are shell scripts")
def test_a_uv_that_only_uv_run_put_on_path_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = a_uv(tmp_path / ".venv/bin"), a_uv(tmp_path / ".uv/bin")
    monkeypatch.setattr(sys, "executable", str(ours.with_name("python")))
    monkeypatch.setenv("UV", str(theirs))

    monkeypatch.setenv("PATH", f"{ours.parent}")
    assert off_path() == theirs.parent

    monkeypatch.setenv("PATH", f"{ours.parent}:{theirs.parent}")
    assert off_path() is None

    monkeypatch.delenv("UV")
    monkeypatch.setenv("PATH", f"{ours.parent}")
    assert off_path() is None
