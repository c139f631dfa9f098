"""What the loop reads before the first save, and that a selection waits for it."""

import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from atomci.watch import record


def test_whoever_selects_waits_until_all_files_are_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    go_on, read = threading.Event(), list[str]()

    def blocks_of(_: object) -> SimpleNamespace:
        assert go_on.wait(20)
        return SimpleNamespace(
            of=lambda source: read.append(source.decode()), keep=lambda: read.append("kept")
        )

    monkeypatch.setattr(record, "blocks_of", blocks_of)
    (tmp_path / "a.py").write_text("x = 1")
    ctx = SimpleNamespace(root=tmp_path, files=lambda _: ["a.py", "gone.py"])
    wait = record.reading_ahead(ctx)  # type: ignore[arg-type]
    assert read == []
    threading.Timer(0.1, go_on.set).start()
    wait()
    assert read == ["x = 1", "kept"]
