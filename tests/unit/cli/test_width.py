"""Long lines at a terminal: between words, with a hanging indent, and nothing lost."""

from __future__ import annotations

import re
import sys

import pytest

from atomci.cli.view.width import folded, is_narrow

ROW = "holds            014 configure_pytest  pyproject.toml:118: markers unit, integration are registered"


@pytest.fixture(params=[60, 80, 100, 120])
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(request.param))
    return int(request.param)


@pytest.mark.parametrize("line", [ROW, f"{ROW}; {ROW}", f"\x1b[32mholds\x1b[0m{ROW[5:]} {ROW}", "short"])
def test_each_row_fits_and_has_every_word(width: int, line: str) -> None:
    rows = folded(line).split("\n")
    assert all(len(re.sub(r"\x1b\[\d+m", "", row)) <= width for row in rows)
    assert all(row.startswith(" " * 8) and row[8] != " " for row in rows[1:])
    assert " ".join(rows).split() == line.split()


def test_a_column_that_does_not_fit_begins_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    assert folded("  001 install_python_runtime   optional  An interpreter that satisfies it").split(
        "\n"
    ) == [
        "  001 install_python_runtime   optional",
        "        An interpreter that satisfies it",
    ]


def test_no_word_is_broken(width: int) -> None:
    path = "/".join(["folder"] * 40)
    assert path in folded(f"broken {path} is missing").split()


def test_a_line_that_fits_stays_as_it_is(width: int) -> None:
    assert folded(f"{'a   b':{width}}") == f"{'a   b':{width}}"


def test_columns_need_eighty(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_narrow() == (width < 80)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False)
    assert not is_narrow()


def test_what_goes_elsewhere_stays_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert folded(ROW) == ROW
