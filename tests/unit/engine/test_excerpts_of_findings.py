"""The lines around findings, as a run keeps them."""

from pathlib import Path

import pytest

from atomci.artifacts.handed.schemas import Finding
from atomci.engine import excerpts as excerpts_module
from atomci.engine.excerpts import excerpts


def at(path: str, line: int) -> Finding:
    return Finding(path=path, line=line, tool="ruff", rule="F401", message="unused")


def test_each_file_is_kept_once_with_three_lines_around_each_finding(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("".join(f"line {n}\n" for n in range(1, 31)))
    (kept,) = excerpts(tmp_path, "lint", [at("a.py", 2), at("a.py", 4), at("a.py", 30)])
    assert (kept.atom, kept.path) == ("lint", "a.py")
    assert list(kept.lines) == [1, 2, 3, 4, 5, 6, 7, 27, 28, 29, 30, 31]
    assert kept.lines[4] == "line 4"


@pytest.mark.parametrize("path", ["missing.py", "../outside.py", "folder", "a\0.py", "", "large.py"])
def test_what_is_no_readable_file_of_the_project_has_no_lines(
    tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (tmp_path / "outside.py").write_text("secret\n")
    (root / "large.py").write_text("x\n" * 100)
    monkeypatch.setattr(excerpts_module, "_SIZE", 100)
    assert list(excerpts(root, "lint", [at(path, 1)])) == []


def test_a_line_without_end_is_cut_and_bytes_that_are_no_text_are_shown(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"x" * 10_000 + b"\n\xff\xfe\n")
    (kept,) = excerpts(tmp_path, "lint", [at("a.py", 1)])
    assert len(kept.lines[1]) == 240
    assert kept.lines[2] == "\ufffd\ufffd"
