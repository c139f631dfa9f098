"""A project in a folder whose atoms are made up, and runs of them in this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from atomci.artifacts.handed.runs import Event, Result
from atomci.artifacts.store import read
from atomci.catalog import Atom
from atomci.engine.config import Config
from atomci.engine.context import Context, Implementation, Options, Outcome, Workspace
from atomci.engine.plan import Catalog, closure
from atomci.engine.runner import RunResult, run_plan
from atomci.project import Project

__all__ = ["MadeUp", "Work"]

Work = Outcome | Callable[[Context], Outcome]
"""What an atom does: it ends so, or it calls this."""


@dataclass
class MadeUp:
    """The project at `root`. `ran` names the atoms that really ran, in order, over all runs."""

    root: Path
    ran: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def run(
        self,
        *rows: tuple[Atom, Work],
        config: Config | None = None,
        listener: Callable[[Event], None] | None = None,
        load: Callable[[Atom], Implementation] | None = None,
        conditions: tuple[str, ...] = (),
        **options: Any,
    ) -> RunResult:
        """Run all of the atoms, one at a time where the options don't say otherwise."""
        works = {atom.name: work for atom, work in rows}
        self.events.clear()
        names = [atom.name for atom, _ in rows]
        catalog = Catalog({atom.name: atom for atom, _ in rows}, {}, frozenset(names))
        asked = Options(**{"event": "local", "in_ci": False, **options})
        return run_plan(
            Workspace(Project(self.root), catalog, config or Config(), asked, conditions),
            closure(names, catalog),
            load or (lambda atom: Implementation(self._noted(atom, works))),
            [listener or self.events.append],
        )

    def _noted(self, atom: Atom, works: Mapping[str, Work]) -> Callable[[Context], Outcome]:
        def run(ctx: Context) -> Outcome:
            self.ran.append(atom.name)
            work = works[atom.name]
            return work if isinstance(work, Outcome) else work(ctx)

        return run

    def write(self, path: str, text: str) -> None:
        """Make or replace a file."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def read(self, path: str) -> str:
        """A file's text."""
        return (self.root / path).read_text(encoding="utf-8")

    def result(self, name: str) -> Result:
        """What an atom's last run left in artifacts/atoms."""
        return read(self.root / f"artifacts/atoms/{name}.json", Result)

    @property
    def logged(self) -> list[dict[str, Any]]:
        """The events in the file of the one run."""
        (file,) = self.root.glob("artifacts/runs/*/events.jsonl")
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]

    def log(self, name: str) -> str:
        """An atom's log of the last run."""
        logs = sorted(
            self.root.glob(f"artifacts/runs/*/{name}.log"), key=lambda path: path.stat().st_mtime_ns
        )
        return logs[-1].read_text(encoding="utf-8")
