"""Functions whose work outlives the test that they ran in: those that keep what they gave, and those that
make objects which other tests use.

A test that gets what another one had made doesn't run what made it. So it depends on that all the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from atomci.testing.selection.blocks import Blocks

__all__ = ["Keepers"]

_Block = tuple[str, str]
"""A file, and a name in it."""
_MAKING = "__init__"


@dataclass(frozen=True)
class Keepers:
    """`runs` has the tests that ran each block, as `PATH::NAME`; `carried` by test the classes of which it
    may have used an object that another one made, None where nobody knows.
    """

    code: Mapping[str, Blocks]
    runs: Mapping[str, frozenset[str]]
    carried: Mapping[str, Collection[str] | None] = field(default_factory=dict)

    def behind(self, file: str, name: str) -> Iterator[_Block]:
        """The functions that keep what they gave, and that may run this one to find it."""
        for keeper in self._keeping:
            if keeper == (file, name) or (file, name) in self._called_by[keeper]:
                yield keeper

    def users(self, file: str, name: str) -> Iterator[tuple[str, _Block]]:
        """Tests that used an object which may have been made by this function in another test, each with the
        function that makes such objects.
        """
        for maker, tests in self._used_elsewhere.items():
            if maker == (file, name) or (file, name) in self._called_by[maker]:
                yield from ((test, maker) for test in sorted(tests))

    @cached_property
    def _keeping(self) -> list[_Block]:
        return [(file, name) for file, blocks in self.code.items() for name in sorted(blocks.keeping)]

    @cached_property
    def _used_elsewhere(self) -> Mapping[_Block, frozenset[str]]:
        """Of each function that makes objects of a class, the tests that ran others of its methods only."""
        ran: dict[_Block, set[str]] = defaultdict(set)
        for block, tests in self.runs.items():
            file, _, name = block.partition("#")[0].rpartition("::")
            of_class, _, method = name.rpartition(".")
            blocks = self.code.get(file)
            maker = f"{of_class}.{_MAKING}"
            if of_class and blocks and maker in blocks.hashes and name not in blocks.unbound:
                ran[file, maker] |= tests if method != _MAKING else frozenset()
        found = {
            maker: frozenset(test for test in tests - self._tests(maker) if self._may_carry(test, maker))
            for maker, tests in ran.items()
        }
        return {maker: tests for maker, tests in found.items() if tests}

    def _may_carry(self, test: str, maker: _Block) -> bool:
        carried = self.carried.get(test)
        return carried is None or "::".join(maker).rpartition(".")[0] in carried

    def _tests(self, block: _Block) -> frozenset[str]:
        return self.runs.get("::".join(block), frozenset())

    @cached_property
    def _called_by(self) -> Mapping[_Block, frozenset[_Block]]:
        """What each may run, by names, as far as it ran in a test in which the other did too."""
        return {start: self._reached_from(start) for start in (*self._keeping, *self._used_elsewhere)}

    def _reached_from(self, start: _Block) -> frozenset[_Block]:
        """In its own file also through others; further names are those of too much to go on."""
        tests = self._tests(start)
        found = {start}
        queue = [start]
        for file, name in queue:
            for word in self.code[file].uses.get(name, ()):
                for block in self._by_name.get(word, ()):
                    near = block[0] == file or name in self.code[file].keeping
                    if near and block not in found and not tests.isdisjoint(self._tests(block)):
                        found.add(block)
                        queue += [block] if block[0] == file else []
        return frozenset(found - {start})

    @cached_property
    def _by_name(self) -> Mapping[str, list[_Block]]:
        """Functions by the names by which they may be called: their own, or that of the class."""
        found: dict[str, list[_Block]] = defaultdict(list)
        for file, blocks in self.code.items():
            for name in blocks.hashes:
                above, _, last = name.rpartition(".")
                if name:
                    found[above.rpartition(".")[2] if last == _MAKING and above else last].append(
                        (file, name)
                    )
        return found
