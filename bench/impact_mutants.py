"""Small changes of a project's files, drawn by seed, of the kinds that programmers get wrong."""

from __future__ import annotations

import os
import random
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "scripts"))

from break_and_see import Break, parses, places


@dataclass(frozen=True)
class Mutant:
    """A break of a file."""

    file: str
    change: Break

    @property
    def name(self) -> str:
        """What tells it from others of its project."""
        one = self.change
        return f"{self.file}:{one.start}-{one.stop} {one.kind}: {one.text}"


def mutants_of(root: Path, files: Sequence[str]) -> list[Mutant]:
    """Each break of each file; not all of them leave it Python."""
    return [Mutant(file, one) for file in files for one in places((root / file).read_bytes(), texts=True)]


def draw(root: Path, mutants: Sequence[Mutant], seed: str) -> Iterator[Mutant]:
    """Those that are valid, in an order that the seed decides; each kind has the same chance to be next."""
    chance = random.Random(seed)  # noqa: S311 -- a draw that can be repeated
    kinds: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in sorted(mutants, key=lambda mutant: mutant.name):
        kinds[mutant.change.kind].append(mutant)
    for kind in sorted(kinds):
        chance.shuffle(kinds[kind])
    while kinds:
        kind = chance.choice(sorted(kinds))
        mutant = kinds[kind].pop()
        if not kinds[kind]:
            del kinds[kind]
        if parses(mutant.change.applied((root / mutant.file).read_bytes())):
            yield mutant


@contextmanager
def applied(root: Path, mutant: Mutant, number: int) -> Iterator[None]:
    """The project with the change, and afterwards as before.

    Compiled Python goes by the second of a file's time and by its size, so each number is another second.
    """
    path = root / mutant.file
    text, stat = path.read_bytes(), path.stat()
    path.write_bytes(mutant.change.applied(text))
    later = int(stat.st_mtime) + 10 + 2 * number
    os.utime(path, (later, later))
    try:
        yield
    finally:
        path.write_bytes(text)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
