"""Which atoms of a plan may start, and which are left out, by how others ended. Starts nothing itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from atomci.catalog import Atom
from atomci.engine.context import Outcome, Workspace
from atomci.engine.outputs import missing_outputs
from atomci.engine.plan import Plan, most_urgent_first
from atomci.engine.policy import STOPPED, blocked_by_need, is_red, stopped_by

__all__ = ["Schedule"]


@dataclass
class Schedule:
    """A plan on its way: `outcomes` of what has ended, in that order."""

    workspace: Workspace
    plan: Plan
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    _running: dict[str, Atom] = field(default_factory=dict)
    _waiting: dict[str, Atom] = field(init=False)

    def __post_init__(self) -> None:
        # One at a time, earlier phases go first, since they may make later ones needless.
        order = self.plan.atoms if self.jobs == 1 else most_urgent_first(self.plan)
        self._waiting = {atom.name: atom for atom in order}

    @property
    def jobs(self) -> int:
        """Atoms at a time."""
        return self.workspace.options.jobs

    @property
    def running(self) -> Collection[str]:
        """The atoms that have started and not ended, as it is whenever one looks."""
        return self._running.keys()

    @property
    def over(self) -> bool:
        """Whether all has ended."""
        return not self._waiting and not self._running

    @property
    def left(self) -> list[Atom]:
        """What has not ended."""
        return [atom for atom in self.plan.atoms if atom.name not in self.outcomes]

    def start(self) -> Iterator[tuple[Atom, Outcome | None]]:
        """The atoms to start now, each with how it ends where it isn't to run."""
        for atom in self._ready():
            why_not = self._why_not(atom)
            del self._waiting[atom.name]
            self._running[atom.name] = atom
            yield atom, why_not

    def end(self, name: str, outcome: Outcome) -> None:
        """Take down how one ended."""
        self.outcomes[name] = outcome
        self._running.pop(name, None)

    def _ready(self) -> list[Atom]:
        """One that writes the tree runs alone."""
        free = self.jobs - len(self._running)
        if any(atom.effect == "tree" for atom in self._running.values()):
            return []
        ready: list[Atom] = []
        for atom in self._waiting.values():
            if len(ready) >= free:
                break
            if self.plan.edges[atom.name] - self.outcomes.keys():
                continue
            if atom.effect == "tree":
                return ready or ([] if self._running else [atom])
            ready.append(atom)
        return ready

    def _why_not(self, atom: Atom) -> Outcome | None:
        """Why the atom is skipped, None when it is to run."""
        if not self.workspace.config.of(atom.name).enabled:
            return Outcome("skipped", "disabled in pyproject.toml")
        if atom.always:
            return None
        atoms = {row.name: row for row in self.plan.atoms}
        red = [atoms[name] for name, outcome in self.outcomes.items() if is_red(outcome)]
        if not self.workspace.options.keep_going and (name := stopped_by(atom, red)) is not None:
            return Outcome("skipped", f"{STOPPED}{name} is red")
        reason = blocked_by_need(atom, self.outcomes, lambda need: self._left_nothing(atoms[need]))
        return None if reason is None else Outcome("skipped", reason)

    def _left_nothing(self, atom: Atom) -> bool:
        """What an optional atom leaves is a hint at most."""
        return not atom.optional and bool(missing_outputs(self.workspace.project.root, atom))
