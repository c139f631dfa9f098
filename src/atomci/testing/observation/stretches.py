"""What runs between two moments. Kept to the standard library, since it runs inside the tests' process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import CodeType

from atomci.testing.observation.lines import RanLines

__all__ = ["Stretch"]


@dataclass
class Stretch:
    """What runs somewhere: in a test, in a fixture, while a module is imported, or between them."""

    codes: dict[int, CodeType] = field(default_factory=dict)
    read: dict[str, None] = field(default_factory=dict)
    started: dict[str, None] = field(default_factory=dict)
    """What runs apart and can't be followed."""
    starts: dict[int, None] = field(default_factory=dict)
    """Programs, by their numbers."""
    keys: dict[str, None] = field(default_factory=dict)
    """Those of the programs that were started here."""
    carried: frozenset[str] | None = frozenset()
    """Classes that had objects when it began; None where nobody knows."""
    lines: RanLines = field(default_factory=RanLines)
    covered: dict[str, int] = field(default_factory=dict)

    def take(self, other: Stretch) -> None:
        """Count what is the other's as its own."""
        for number in other.codes:
            theirs = other.lines.of(number)
            if theirs is None:
                self.lines.given_up.add(number)
            else:
                if number in self.codes and self.lines.of(number) is None:
                    self.lines.given_up.add(number)
                self.lines.ran.setdefault(number, set()).update(theirs)
        self.codes.update(other.codes)
        self.read.update(other.read)
        self.started.update(other.started)
        self.starts.update(other.starts)
        self.keys.update(other.keys)
        if self.carried is None or other.carried is None:
            self.carried = None
        else:
            self.carried |= other.carried
        self.cover(other.covered)

    def cover(self, covered: Mapping[str, int]) -> None:
        """Count lines as covered here."""
        for file, bits in covered.items():
            self.covered[file] = self.covered.get(file, 0) | bits
