"""No two things of one name."""

import ast
from collections import defaultdict
from pathlib import Path

TESTS = Path(__file__).parents[1]
PACKAGE = TESTS.parent / "src" / "atomci"


def test_no_two_public_classes_share_a_name() -> None:
    places = defaultdict(list)
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(file.relative_to(PACKAGE).as_posix())
    twice = {name: files for name, files in places.items() if len(files) > 1}
    assert twice == {}, "give one of the two another name"


def test_no_two_test_files_share_a_name() -> None:
    """pytest takes the second for the first where both are in no package."""
    places = defaultdict(list)
    for file in sorted(TESTS.rglob("test_*.py")):
        if "golden" not in file.parts and not (file.parent / "__init__.py").exists():
            places[file.name].append(file.relative_to(TESTS).as_posix())
    assert {name: files for name, files in places.items() if len(files) > 1} == {}
