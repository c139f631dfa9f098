"""A session's place, the bounds that hold there, and the program as it is started within them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from atomci.errors import InfrastructureError
from atomci.guard.agents.state import LOGINS, own_state
from atomci.guard.confinement.bounds import Bounds, Confined
from atomci.guard.confinement.choice import confined
from atomci.guard.confinement.remembered import Remembered
from atomci.guard.outside import Seen, changed_outside, seen_outside
from atomci.guard.policy.bounds import bounds_for
from atomci.guard.policy.settings import read_guard
from atomci.guard.record import CLI_RUNS
from atomci.guard.workplace import worktree
from atomci.guard.workplace.place import Workplace
from atomci.project import Project
from atomci.tools.git.repository import Repository

__all__ = ["Enclosure", "enclose"]

_TRIAL = "trial"


@dataclass(frozen=True)
class Enclosure:
    """Where a session works and how its program is started: words, folder and environment."""

    place: Workplace
    program: Confined
    before: Seen
    remembered: Remembered | None

    def end(self) -> tuple[str, ...]:
        """Take away what was only for the session; the worktree stays.

        Returns the paths outside that matter most and are different now, by whomever; of a program that could
        change none, nobody asks. Raises InfrastructureError.
        """
        after = seen_outside(self.place, Path.home()) if self.program.level == "detect" else {}
        if self.remembered is not None:
            self.remembered.doubt(self.place.scratch)
        worktree.clear(self.place)
        return changed_outside(self.before, after)


def enclose(
    project: Project,
    run: str,
    argv: Sequence[str],
    folder: Path,
    *,
    tool: str,
    around: Mapping[str, str],
    in_place: bool = False,
    degraded: bool = False,
    terminal: bool = False,
    lent: Workplace | None = None,
    readable: Sequence[Path] = (),
    repository: Repository | None = None,
) -> Enclosure:
    """Make a place for a run, and confine a program to it; `folder` is where it would run in the checkout.

    In a place that is `lent` only the session's own folder is made. `readable` can be read, wherever it lies.
    `repository`: the checkout's, where it is open.
    Nothing is left of it where that fails. Raises UsageError, RefusedError, InfrastructureError.
    """
    settings = project.setting(read_guard)
    make = worktree.in_place if in_place else worktree.make
    place = make(project.root, run, repository=repository) if lent is None else worktree.lend(lent, run)
    try:
        state = own_state(tool, Path.home(), place.scratch, around)
        bounds = _with(bounds_for(settings, place, around, terminal=terminal), state)
        bounds = replace(bounds, readable=(*bounds.readable, *readable))
        records = project.root / CLI_RUNS
        remembered = Remembered(records / _TRIAL) if records.parent.is_dir() else None
        where = _folder_in(place, folder)
        program = confined(bounds, argv, where, degraded=degraded, remembered=remembered)
        before = seen_outside(place, Path.home()) if program.level == "detect" else {}
    except BaseException as error:
        worktree.remove(place)
        if isinstance(error, OSError):
            raise InfrastructureError(f"the session can't be prepared: {error}") from None
        raise
    return Enclosure(place, program, before, remembered)


def _with(bounds: Bounds, state: Mapping[str, str]) -> Bounds:
    """With an agent's own state, and without that of all agents in the user's home."""
    logins = tuple(Path.home() / name for name in LOGINS)
    environment = {**bounds.environment, **state}
    return replace(bounds, hidden=(*bounds.hidden, *logins), environment=environment)


def _folder_in(place: Workplace, folder: Path) -> Path:
    """The folder of that name in the place; its top where it isn't there, as of an ignored one."""
    resolved = folder.resolve()
    inside = (
        place.tree / resolved.relative_to(place.root) if resolved.is_relative_to(place.root) else place.tree
    )
    return inside if inside.is_dir() else place.tree
