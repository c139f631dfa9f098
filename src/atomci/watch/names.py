"""Which modules a project's files import: what a process may import before it knows its tests."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

__all__ = ["Names", "imported_in"]

# A test that looks at what is loaded, or has pytest rewrite more, would see the difference.
_TELLING = ("sys.modules", "register_assert_rewrite")


def imported_in(text: str) -> frozenset[str] | None:
    """Modules that a file imports whenever it is imported; None where nothing may be imported before it."""
    if any(word in text for word in _TELLING):
        return None
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError):
        return frozenset()
    found: set[str] = set()
    for node in body:
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module)
    return frozenset(found - {"__future__"})


class Names:
    """Reads each file once while its hash stays."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, tuple[str, frozenset[str] | None]] = {}

    def of(self, files: Iterable[tuple[str, str]]) -> frozenset[str]:
        """Of files with their hashes: what any of them imports, but for modules of the project itself."""
        files = sorted(files)
        found = [self._of_file(path, digest) for path, digest in files]
        if None in found:
            return frozenset()
        own = {part.removesuffix(".py") for path, _ in files for part in path.split("/")}
        every = frozenset[str]().union(*(names for names in found if names is not None))
        return frozenset(name for name in every if name.partition(".")[0] not in own)

    def _of_file(self, path: str, digest: str) -> frozenset[str] | None:
        known = self._known.get(path)
        if known is None or known[0] != digest:
            try:
                text = (self._root / path).read_text(encoding="utf-8", errors="replace")
            except OSError:
                text = ""
            known = self._known[path] = digest, imported_in(text)
        return known[1]
