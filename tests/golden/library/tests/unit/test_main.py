import json
from pathlib import Path

import pytest

from my_library.__main__ import main


def test_the_outline_is_printed_as_json(
    temp_project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(temp_project / "guide.md")]) == 0

    titles = [heading["title"] for heading in json.loads(capsys.readouterr().out)]
    assert titles == ["Guide", "Install", "Use", "From Python", "Install"]


def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = str(tmp_path / "missing.md")

    assert main([missing]) == 1
    assert missing in capsys.readouterr().err


def test_a_wrong_call_prints_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err
