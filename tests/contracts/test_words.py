"""What people read is in the words that they would use: `fix`, `again`, `shows`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ODD = re.compile(r"\b(mend(s|ed|ing)?|anew|gives? way|otherwise than|so tells|tells (what|which|how))\b")


def printed(path: Path) -> Iterator[tuple[int, str]]:
    """The texts of a module with their lines, docstrings left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.lineno, node.value


def test_what_is_printed_is_in_usual_words() -> None:
    texts = [(path, *row) for path in sorted((ROOT / "src").rglob("*.py")) for row in printed(path)]
    assert len(texts) > 1000
    assert [
        f"{path.relative_to(ROOT)}:{line}: {text}" for path, line, text in texts if ODD.search(text)
    ] == []


def test_what_is_rendered_is_in_usual_words() -> None:
    files = [ROOT / "copier.yml", ROOT / "ownership.toml", *(ROOT / "includes").rglob("*.jinja")]
    files += [path for path in (ROOT / "template").rglob("*") if path.is_file()]
    assert len(files) > 50
    lines = [(path, line) for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    assert [f"{path.name}: {line}" for path, line in lines if ODD.search(line)] == []
