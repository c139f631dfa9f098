"""Which static tools a project uses: the atoms' own, or those that stand in for them."""

from pathlib import Path

import pytest

from atomci.analysis import black, mypy, ruff, ruff_format
from atomci.analysis.table import in_use, stands_in, tool_of
from atomci.project import Project


def project(root: Path, **reads: str) -> Project:
    rows = "".join(f"[tool.atomci.atoms.{atom}]\nreads = '{name}'\n" for atom, name in reads.items())
    (root / "pyproject.toml").write_text(rows, encoding="utf-8")
    return Project(root)


def test_without_a_swap_each_atom_has_its_own(tmp_path: Path) -> None:
    plain = project(tmp_path)
    assert in_use(plain) == (ruff, black, mypy)
    assert tool_of(plain, "run_mypy_typecheck") is mypy


def test_a_tool_stands_in_where_its_lane_is(tmp_path: Path) -> None:
    swapped = project(tmp_path, run_black_check="ruff-format")
    assert tool_of(swapped, "run_black_check") is ruff_format
    assert in_use(swapped) == (ruff, ruff_format, mypy)


@pytest.mark.parametrize(
    ("atom", "reads"),
    [
        ("run_black_check", "black"),
        ("run_black_check", "lines"),
        ("run_black_check", None),
        ("run_ruff_lint", "ruff-format"),
        ("run_pytest_unit_with_coverage", "ruff-format"),
    ],
)
def test_its_own_tool_a_bare_parser_and_another_lane_stand_in_for_nothing(
    atom: str, reads: str | None
) -> None:
    assert stands_in(atom, reads) is None
