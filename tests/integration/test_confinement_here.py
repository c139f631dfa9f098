"""Which back-end is taken on this machine, and that a confined program is held to its bounds."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from atomci.errors import RefusedError
from atomci.guard.confinement.bounds import Bounds, Level
from atomci.guard.confinement.choice import confined


@pytest.fixture
def bounds(tmp_path: Path) -> Bounds:
    for name in ("tree", "scratch"):
        (tmp_path / name).mkdir()
    return Bounds(writable=(tmp_path / "tree",), scratch=tmp_path / "scratch")


@dataclass
class MadeUp:
    """A back-end that runs a shell line in the program's place."""

    NAME: str
    line: str
    LEVEL: Level = "os-fs"
    absent: str = ""

    def missing(self) -> str:
        return self.absent

    def confined(self, bounds: Bounds, argv: tuple[str, ...], cwd: Path) -> tuple[str, ...]:
        return ("/bin/sh", "-c", self.line, *argv[3:])

    def gaps(self, bounds: Bounds) -> tuple[str, ...]:
        return ()


HONEST = 'echo inside > "$1"; echo done'
LEAKING = 'echo inside > "$1"; echo touched > "$2"; echo done'


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (MadeUp("absent", HONEST, absent="it isn't installed"), "absent: it isn't installed"),
        (MadeUp("silent", "exit 0"), "silent: exit 0"),
        (MadeUp("broken", "echo 'setting up uid map: Permission denied' >&2; exit 1"), "setting up uid map"),
        (MadeUp("leaking", LEAKING), "leaking: a program that it confined wrote outside"),
        (MadeUp("barred", "echo done"), "barred: done"),
    ],
)
def test_only_a_back_end_that_confines_in_a_trial_is_taken(bounds: Bounds, first, reason) -> None:
    cwd = bounds.writable[0]
    assert confined(bounds, ("true",), cwd, backends=[first, MadeUp("honest", HONEST)]).backend == "honest"
    with pytest.raises(RefusedError) as refused:
        confined(bounds, ("true",), cwd, backends=[first])
    assert reason in refused.value.message
    assert "--allow-degraded" in refused.value.hint
    assert list(bounds.scratch.iterdir()) == []
