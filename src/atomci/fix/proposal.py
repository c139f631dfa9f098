"""A proposed fix: the difference of two snapshots, and never what its author says that it changed."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property
from pathlib import PurePosixPath
from typing import Literal

__all__ = ["Edit", "Patch", "Refusal", "Side"]

Kind = Literal["file", "executable", "link", "submodule"]
_TEST_FOLDERS = frozenset({"test", "tests", "testing"})


@dataclass(frozen=True)
class Side:
    """A path before or after: its bytes (a link's target, a submodule's commit) and what git takes it for."""

    data: bytes
    kind: Kind = "file"

    @cached_property
    def text(self) -> str | None:
        """None where it isn't UTF-8, or holds a NUL."""
        try:
            return None if b"\0" in self.data else self.data.decode()
        except UnicodeDecodeError:
            return None

    @cached_property
    def tree(self) -> ast.Module | None:
        """What Python reads in it; None where it can't be parsed."""
        try:
            return ast.parse(self.data)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


@dataclass(frozen=True)
class Edit:
    """One path that differs. A path that appears has no `before`; one that goes has no `after`."""

    path: str
    before: Side | None
    after: Side | None

    @property
    def name(self) -> str:
        """The last part of the path."""
        return PurePosixPath(self.path).name

    @property
    def is_python(self) -> bool:
        """By its name."""
        return self.path.endswith((".py", ".pyi"))

    @cached_property
    def is_tests(self) -> bool:
        """It lies with the tests, or pytest would collect it, or read it before them."""
        *folders, name = PurePosixPath(self.path).parts
        collected = name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py"
        return bool(_TEST_FOLDERS & set(folders)) or (collected and self.is_python)

    @property
    def sides(self) -> tuple[Side, ...]:
        """Those that are there."""
        return tuple(side for side in (self.before, self.after) if side)

    @property
    def lines(self) -> int:
        """How many lines go or come, counted as `git diff --stat` does."""
        return self.added + self._counted[0]

    @property
    def added(self) -> int:
        """How many come."""
        return self._counted[1]

    @cached_property
    def _counted(self) -> tuple[int, int]:
        """How many go, and how many come."""
        old, new = (
            side.text.splitlines() if side and side.text else [] for side in (self.before, self.after)
        )
        blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
        same = sum(block.size for block in blocks)
        return len(old) - same, len(new) - same


@dataclass(frozen=True)
class Patch:
    """Everything that would change, by path, and the tests' Python files that stay as they are."""

    changes: Sequence[Edit]
    kept: Mapping[str, Side] = field(default_factory=dict)

    @property
    def python(self) -> tuple[Edit, ...]:
        """Changes of Python files."""
        return tuple(change for change in self.changes if change.is_python)

    @property
    def tests(self) -> tuple[Edit, ...]:
        """Changes of the tests' Python files."""
        return tuple(change for change in self.python if change.is_tests)


@dataclass(frozen=True, order=True)
class Refusal:
    """Why a proposal is refused: the rule, the place (line 0 where there is none), and what was seen."""

    path: str
    line: int
    rule: str
    message: str
