"""The static tools after a cycle, as the gate would run them; of what they find, what is in changed files."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from atomci.analysis.baseline.held import held_back
from atomci.analysis.table import ATOMS, tool_of
from atomci.artifacts.handed.schemas import Finding
from atomci.artifacts.printed.watching import CycleFinished, TriageFinished, TriageVerdict
from atomci.atoms.loading.load import Loader
from atomci.engine.context import Context
from atomci.engine.guest import lacks
from atomci.engine.inputs.files import matches
from atomci.errors import AtomciError
from atomci.project import Project
from atomci.tools.process import Children, Stopped

__all__ = ["Remarks", "Triage", "Triages"]

_AFTER = 1.0
"""Seconds after a verdict in which the next pytest gets ready, and the next save may come."""


@dataclass
class Remarks:
    """`tools` that looked, each with how many findings it has in the changed files; why others didn't."""

    tools: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    elsewhere: int = 0

    @property
    def verdict(self) -> TriageVerdict:
        """Of all of them."""
        if self.broken:
            return "broken"
        return "findings" if self.findings else "clean" if self.tools else "none"


class Triage:
    """Looks once, on a thread of its own; `ended` is called from there, unless it was dropped."""

    def __init__(self, root: Path, changed: Collection[str], ended: Callable[[Triage], None]) -> None:
        self.changed = frozenset(changed)
        self.said = Remarks()
        self._root = root
        self._ended = ended
        self._children = Children()
        self._took = 0.0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def told(self, now: str, tests: CycleFinished) -> TriageFinished:
        """What it says, after a cycle that ended."""
        said = self.said
        return TriageFinished(
            time=now,
            cycle=tests.cycle,
            verdict=said.verdict,
            tests=tests.verdict,
            changed=tuple(sorted(self.changed)),
            tools=said.tools,
            left_out=said.left_out,
            broken=said.broken,
            findings=tuple(said.findings),
            elsewhere=said.elsewhere,
            seconds=round(self._took, 3),
        )

    def drop(self, reason: str) -> None:
        """End its programs, and wait for that."""
        self._ended = lambda triage: None
        self._children.stop(reason)
        self._thread.join()

    def _run(self) -> None:
        began = time.monotonic()
        try:
            self._look()
        except Stopped:
            return
        except Exception as error:  # such as one of the settings; a thread that dies would say nothing
            self.said.broken["triage"] = error.message if isinstance(error, AtomciError) else repr(error)
        self._took = time.monotonic() - began
        self._ended(self)

    def _look(self) -> None:
        loader = Loader(Project(self._root))
        workspace = loader.workspace()
        for atom in ATOMS:
            tool = tool_of(loader.project, atom)
            settings = workspace.config.of(atom)
            if not settings.enabled or settings.run or settings.use:
                self.said.left_out[tool.NAME] = "only the gate runs it" if settings.enabled else "disabled"
            elif why := lacks(loader.project, tool.PROGRAM, "it"):
                self.said.left_out[tool.NAME] = why
            elif not any(matches(path, tool.READS) for path in self.changed):
                self.said.left_out[tool.NAME] = "it reads none of these files"
            else:
                self._ask(Context(workspace, loader.catalog.atoms[atom], self._children))

    def _ask(self, ctx: Context) -> None:
        tool, said = tool_of(ctx.project, ctx.atom.name), self.said
        try:
            reading = tool.examine(ctx, None)
            if not reading.broken:
                counting = held_back(ctx.root, ctx.atom.name, reading.findings, tool.NAME, tool.LANE).counting
        except AtomciError as error:
            said.broken[tool.NAME] = error.message
            return
        if reading.broken:
            said.broken[tool.NAME] = reading.broken
        elif not reading.examined:
            said.left_out[tool.NAME] = "it looked at no file"
        else:
            here = [finding for finding in counting if finding.path in self.changed]
            said.tools[tool.NAME] = len(here)
            said.findings += here
            said.elsewhere += len(counting) - len(here)


class Triages:
    """One after the other: a moment after a cycle, of all that changed since the tools looked last."""

    def __init__(self, root: Path, ended: Callable[[Triage], None]) -> None:
        self._root = root
        self._ended = ended
        self._changed: frozenset[str] = frozenset()
        self._now: Triage | None = None
        self._due: float | None = None

    @property
    def is_on(self) -> bool:
        """Whether the tools look, or will."""
        return self._now is not None or self._due is not None

    @property
    def patience(self) -> float | None:
        """Seconds until `begin` has something to do; None where it hasn't."""
        return None if self._due is None else max(0.0, self._due - time.monotonic())

    def plan(self, changed: Collection[str]) -> None:
        """After a cycle."""
        self._changed |= frozenset(changed)
        if self._changed:
            self._due = time.monotonic() + _AFTER

    def begin(self) -> None:
        """Where it is time."""
        if self.patience == 0.0:
            self._due = None
            self._now = Triage(self._root, self._changed, self._ended)

    def take(self, triage: Triage, *, steady: bool) -> bool:
        """One that ended; whether it counts, which takes that the files are as it saw them."""
        if triage is not self._now:
            return False
        self._now = None
        if steady:
            self._changed = frozenset()
        return steady

    def drop(self, reason: str) -> None:
        """What changed is looked at later."""
        triage, self._now, self._due = self._now, None, None
        if triage is not None:
            triage.drop(reason)
