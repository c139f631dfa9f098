"""What an atom is given, and what it gives back."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol, TypeVar, overload

from atomci.artifacts import store
from atomci.artifacts.handed.runs import CoverageMeasured
from atomci.artifacts.handed.schemas import Finding, Status
from atomci.artifacts.handed.testing import TestResult, TestSession
from atomci.artifacts.handed.verdicts import Fact
from atomci.artifacts.handles import Artifact
from atomci.artifacts.redaction import Redactor, redactor_for
from atomci.catalog import Atom
from atomci.deadlines import today
from atomci.engine.config import Config
from atomci.engine.inputs.dependencies import Dependencies
from atomci.engine.inputs.files import Inputs
from atomci.engine.overrides import Overrides
from atomci.engine.plan import Catalog
from atomci.project import Project
from atomci.tools.process import Children, Command, Completed, ToolMissing

__all__ = ["Context", "Implementation", "Options", "Outcome", "Verdict", "Workspace", "runs"]

T = TypeVar("T")


@dataclass(frozen=True)
class Options:
    """What the caller asked for."""

    since: str | None = None
    everything: bool = False
    keep_going: bool = False
    use_cache: bool = True
    jobs: int = 1
    preview: bool = False
    """Nothing will run: what commands depend on is worked out anew, since artifacts may be old."""
    event: str = field(default_factory=lambda: os.environ.get("GITHUB_EVENT_NAME") or "local")
    """What started the run: GitHub's name of the event, or `local`."""
    in_ci: bool = field(default_factory=lambda: os.environ.get("CI", "").lower() in ("1", "true"))
    words: tuple[str, ...] = ()
    """Targets and options as they were typed, to continue the run with when it is stopped."""
    resumed: str = ""
    """The stopped run that this one continues; empty where it continues none."""
    within: bool = False
    """Another run started this one."""
    of_atoms: tuple[object, ...] = ()
    """What single atoms are asked for, each a value of a class of its own: see `Context.option`."""


@dataclass(frozen=True)
class Outcome:
    """How an atom ended, how much it looked at (in `unit`s), and what it found."""

    status: Status
    reason: str = ""
    examined: int = 0
    unit: str = "files"
    findings: tuple[Finding, ...] = ()
    overridden: str = ""
    """Red, but by an override the run isn't: `overridden until DATE: REASON`."""
    without: tuple[str, ...] = ()
    """Artifacts of its row that it rightly didn't write."""
    lapsed: str = ""
    """An override of the atom is over, which makes the run red: `its override expired on DATE: REASON`."""
    left_out: str = ""
    """What was left out of a repository that isn't set up for atomci, and why; empty where nothing was."""

    @classmethod
    def leaving_out(cls, what: str, examined: int = 0, unit: str = "files") -> Outcome:
        """Skipped, since the repository doesn't have what it takes."""
        return cls("skipped", f"left out: {what}", examined, unit, left_out=what)


@dataclass(frozen=True, init=False)
class Verdict:
    """A check's answer. `holds` is None where the question doesn't apply, and a fact says why, or where the
    answer isn't known: there was no run here yet (`not_run`), or only one on an older state (`out_of_date`).

    Of one that doesn't hold, the facts are what is wrong; text stands for a fact without a place.
    """

    holds: bool | None
    facts: tuple[Fact, ...]
    remedy: str = ""
    not_run: bool = False
    out_of_date: bool = False

    def __init__(
        self,
        holds: bool | None,
        evidence: Iterable[Fact | str],
        remedy: str = "",
        *,
        not_run: bool = False,
        out_of_date: bool = False,
    ) -> None:
        given = (fact if isinstance(fact, Fact) else Fact(holds is not False, fact) for fact in evidence)
        object.__setattr__(self, "holds", holds)
        object.__setattr__(self, "facts", tuple(given))
        object.__setattr__(self, "remedy", remedy)
        object.__setattr__(self, "not_run", not_run)
        object.__setattr__(self, "out_of_date", out_of_date)

    @classmethod
    def of(cls, problems: Sequence[Fact | str], evidence: Sequence[Fact | str], remedy: str = "") -> Verdict:
        """It holds when there is no problem; else the problems are the facts."""
        return cls(False, problems, remedy) if problems else cls(True, evidence)

    @property
    def evidence(self) -> tuple[str, ...]:
        """The facts as text."""
        return tuple(str(fact) for fact in self.facts)


@dataclass(frozen=True)
class Workspace:
    """What all atoms of one call share: the project, its atoms, its settings and the caller's options."""

    project: Project
    catalog: Catalog
    config: Config
    options: Options = field(default_factory=Options)
    conditions: tuple[str, ...] = ()
    """What else than files results depend on, such as that slow tests are left out on this event."""

    def __post_init__(self) -> None:
        _ = self.inputs, self.overrides  # of threads that ask at once, each would make its own

    @cached_property
    def inputs(self) -> Inputs:
        """The project's files."""
        return Inputs(self.project.root)

    @cached_property
    def overrides(self) -> Overrides:
        """Those that hold today, and those that are over."""
        return Overrides.on(today(), self.config.override)

    @cached_property
    def redactor(self) -> Redactor:
        """What is secret here."""
        return redactor_for(self.project.root, os.environ)


@dataclass(frozen=True)
class Context:
    """One atom's view of the project. Everything it starts, logs or writes goes through here."""

    workspace: Workspace
    atom: Atom
    children: Children = field(default_factory=Children)
    log: Callable[[str], None] = lambda text: None
    emit: Callable[[TestResult | TestSession | CoverageMeasured], None] = lambda event: None
    ended: Mapping[str, Outcome] = field(default_factory=dict)
    """How other atoms of the run have ended so far: of an atom that comes last, all of them."""
    running: Collection[str] = ()
    """The atoms of the run that have begun and not ended, this one too."""

    @property
    def project(self) -> Project:
        """The repository."""
        return self.workspace.project

    @property
    def root(self) -> Path:
        """The project's root."""
        return self.project.root

    @property
    def catalog(self) -> Catalog:
        """All atoms and pipelines, those of plugins too."""
        return self.workspace.catalog

    @property
    def options(self) -> Options:
        """What the caller asked for."""
        return self.workspace.options

    def option(self, kind: type[T]) -> T:
        """What this atom is asked for: the value of that class among the options, or its default."""
        return next((value for value in self.options.of_atoms if isinstance(value, kind)), kind())

    @property
    def overrides(self) -> Overrides:
        """Those that hold today, and those that are over."""
        return self.workspace.overrides

    @property
    def redactor(self) -> Redactor:
        """What is secret here."""
        return self.workspace.redactor

    @property
    def processors(self) -> int | None:
        """How many a program should use, since other atoms run beside it; None: as many as it likes."""
        beside = len(self.running) - 1
        return max(1, (os.cpu_count() or 1) - beside) if beside > 0 else None

    @property
    def timeout(self) -> float | None:
        """Seconds that pyproject.toml gives each program of the atom."""
        return self.workspace.config.of(self.atom.name).timeout

    def files(self, *globs: str) -> list[str]:
        """Project files (not ignored, not artifacts) that match a glob, sorted."""
        return self.workspace.inputs.matching(globs)

    def changed(self, since: str | None = None) -> list[str] | None:
        """What differs from the merge base with `since` (default: from HEAD); None where git can't tell."""
        return self.workspace.inputs.changed(since)

    @overload
    def read(self, artifact: Artifact[T]) -> T: ...
    @overload
    def read(self, artifact: str, kind: type[T]) -> T: ...
    def read(self, artifact: str | Artifact[T], kind: type[T] | None = None) -> T:
        """An artifact that must be there. Raises ArtifactError."""
        return store.read(self.root / artifact, _kind(artifact, kind))

    @overload
    def read_if_there(self, artifact: Artifact[T]) -> T | None: ...
    @overload
    def read_if_there(self, artifact: str, kind: type[T]) -> T | None: ...
    def read_if_there(self, artifact: str | Artifact[T], kind: type[T] | None = None) -> T | None:
        """An artifact that may be absent. Raises ArtifactError on a broken one."""
        return store.read_if_there(self.root / artifact, _kind(artifact, kind))

    def write(self, artifact: str | Artifact[T], value: T) -> None:
        """Write an artifact, without the secrets that are known here."""
        store.write(self.root / artifact, value, self.redactor.clean_json)

    def run(self, command: Command, *, cwd: Path | None = None) -> Completed:
        """Run a program, in the root if nowhere else; its line and output go to the atom's log."""
        if command.timeout is None and self.timeout is not None:
            command = replace(command, timeout=self.timeout)
        self.log(f"$ {command}\n")
        done = self.children.run(command, cwd or self.root, self.log)
        self.log(f"-> exit {done.code} after {done.seconds:.2f} s\n")
        return done

    def tool(self, name: str) -> str:
        """The program in the project's environment. Raises ToolMissing."""
        program = self.project.scripts / (f"{name}.exe" if os.name == "nt" else name)
        if not program.is_file():
            raise ToolMissing(
                f"{name} isn't in {self.project.environment}",
                "atomci run compile_lockfile_and_sync",
            )
        return str(program)


def _kind(artifact: str | Artifact[T], kind: type[T] | None) -> type[T]:
    if isinstance(artifact, Artifact):
        return artifact.kind
    assert kind is not None, "a path alone doesn't say what is in it"
    return kind


class AtomFunction(Protocol):
    """A function of a phase module: `def run_ruff_lint(ctx: Context) -> Outcome`."""

    def __call__(self, ctx: Context, /) -> Outcome: ...


Commands = Callable[[Context], Sequence[Command]]
Depends = Callable[[Context], Dependencies]


@dataclass(frozen=True)
class Implementation:
    """What runs for an atom, the commands it would start, and where it comes from."""

    run: AtomFunction
    commands: Commands = lambda ctx: ()
    origin: str = "built-in"
    depends: Depends | None = None
    """What its result depends on, asked before and after it runs; None: what its row declares."""


def runs(commands: Commands, depends: Depends | None = None) -> Callable[[AtomFunction], AtomFunction]:
    """Mark an atom with the commands it starts, so that `--dry-run` and `explain` can print them, and with
    what its result depends on where its row can't say.
    """

    def mark(function: AtomFunction) -> AtomFunction:
        function.commands = commands  # type: ignore[attr-defined]
        function.depends = depends  # type: ignore[attr-defined]
        return function

    return mark
