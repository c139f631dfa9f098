"""The committed trees are what the template renders today; a diff of them is a diff downstream."""

from pathlib import Path

import pytest
from golden_trees import ANSWERS, GOLDEN, render


def files(folder: Path) -> dict[str, str]:
    """Their texts by path, without the caches of tools that someone ran in there."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file() and not any(part.endswith("_cache") for part in path.parts)
    }


@pytest.mark.parametrize("name", ANSWERS)
def test_a_golden_tree_is_current(name: str, tmp_path: Path) -> None:
    render(name, tmp_path / name)
    wanted, there = files(tmp_path / name), files(GOLDEN / name)
    assert sorted(there) == sorted(wanted), "uv run tests/integration/golden_trees.py"
    for path, text in wanted.items():
        assert there[path] == text, f"{path}: uv run tests/integration/golden_trees.py"


def test_every_tree_has_its_answers() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(ANSWERS)


def test_the_update_workflow_is_the_same_for_every_kind() -> None:
    """So that a run of one kind's, as the end-to-end tests make, speaks for all."""
    kinds = ("library", "cli", "service")
    texts = {(GOLDEN / kind / ".github/workflows/template-update.yml").read_bytes() for kind in kinds}
    assert len(texts) == 1
