"""How the loop learns of saves where the system has no more notices to give."""

import threading
from pathlib import Path
from typing import Any

import pytest

from atomci.tools import notices
from atomci.tools.notices import Notices


@pytest.mark.parametrize("error", [OSError("OS file watch limit reached"), FileNotFoundError("gone")])
def test_where_the_system_has_none_it_looks(tmp_path: Path, monkeypatch: Any, error: Exception) -> None:
    def refuse(*folders: str, **_: object) -> None:
        raise error

    watchfiles = pytest.importorskip("watchfiles")
    monkeypatch.setattr(watchfiles, "watch", refuse)
    monkeypatch.setattr(notices, "LOOKING", 0.01)
    told = threading.Event()
    saves = Notices(told.set)
    file = tmp_path / "x.py"
    file.write_text("", encoding="utf-8")
    saves.follow(frozenset([str(tmp_path)]), [str(file)])
    try:
        for number in range(1000):  # until one is noticed
            file.write_text("x" * number, encoding="utf-8")
            if told.wait(0.02):
                break
        assert told.is_set()
    finally:
        saves.end()
    if not isinstance(error, FileNotFoundError):
        assert "limit reached" in saves.how


def test_the_same_folders_are_followed_once(tmp_path: Path) -> None:
    saves = Notices(lambda: None, look=True)
    folders = frozenset([str(tmp_path)])
    assert saves.follow(folders, [])
    assert not saves.follow(folders, [str(tmp_path / "new.py")])
    saves.end()
