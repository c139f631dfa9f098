"""`[tool.atomci]` of pyproject.toml: swapped, disabled and tuned atoms. Errors name key and line."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import PurePosixPath
from typing import TypeVar

import msgspec

from atomci.engine.overrides import LONGEST, Override, today
from atomci.errors import UsageError
from atomci.project import Project
from atomci.toml_lines import closest_line, lines_of
from atomci.update.drift.excepted import ExceptedFile

__all__ = [
    "AtomConfig",
    "Config",
    "RetentionConfig",
    "ServiceConfig",
    "ShardsConfig",
    "SlowConfig",
    "load_config",
    "load_drift",
    "load_overrides",
    "load_retention",
    "load_secrets",
    "load_services",
    "load_shards",
    "load_slow",
    "table_error",
]

T = TypeVar("T", bound=msgspec.Struct)

_EVENTS = ("pull_request", "merge_group", "push", "schedule", "workflow_dispatch", "local")
"""What may start a run."""


class AtomConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[tool.atomci.atoms.NAME]`. At most one of `run` and `use` replaces what the atom does."""

    run: str | None = None
    """A command line, run in the project's root without a shell."""
    use: str | None = None
    """An entry point, `package.module:function`, called with the atom's context."""
    reads: str | None = None
    """The parser that turns the command's output into findings."""
    inputs: tuple[str, ...] | None = None
    """Globs that replace the files the atom is declared to read."""
    enabled: bool = True
    timeout: float | None = None
    """Seconds after which one of its programs is killed."""


class ServiceConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[tool.atomci.services.NAME]`: what the e2e tests find running. It is either `run` or `image`.

    `{port}` in `run` and `ready` stands for a free port.
    """

    run: str | None = None
    """A command line, run in the project's root without a shell."""
    image: str | None = None
    """A container's image, started where Docker runs."""
    port: int | None = None
    """The port inside the container, published as `{port}`."""
    ready: str
    """Where it answers when it is up: `http://127.0.0.1:{port}/PATH` or `tcp:{port}`."""
    timeout: float = 30.0
    """Seconds that it may take to be up."""


class RetentionConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[tool.atomci.retention]`: which runs under artifacts/ are kept."""

    days: int = 30
    """Older runs are removed."""
    megabytes: int = 500
    """The oldest are removed until the others take no more, in units of a million bytes."""


class ShardsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[tool.atomci.shards]`: over how many jobs the unit suite is divided, and by which durations."""

    count: int = 1
    durations: str = "artifacts/tests/durations.json"
    """What a whole run left. CI has none of its own, so a committed copy is named here."""


class SlowConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[tool.atomci.slow]`: on which events unit tests with the marker `slow` are left out."""

    skip_on: tuple[str, ...] = ("pull_request",)
    """GitHub's names of events, and `local` for every run elsewhere."""


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[tool.atomci]`."""

    atoms: dict[str, AtomConfig] = {}
    services: dict[str, ServiceConfig] = {}
    drift: tuple[ExceptedFile, ...] = ()
    secrets: tuple[str, ...] = ()
    """Names of the secrets that workflows use."""
    retention: RetentionConfig = RetentionConfig()
    override: tuple[Override, ...] = ()
    shards: ShardsConfig = ShardsConfig()
    slow: SlowConfig = SlowConfig()

    def of(self, name: str) -> AtomConfig:
        """The table of one atom, all defaults when there is none."""
        return self.atoms.get(name, _DEFAULT)


_DEFAULT = AtomConfig()


def load_config(project: Project, names: Collection[str]) -> Config:
    """Read and check the tables. Raises UsageError with `pyproject.toml:LINE: tool.atomci.KEY: ...`."""
    table = project.table("tool").get("atomci", {})
    if not isinstance(table, Mapping):
        raise table_error(project, (), f"expected a table, got {table!r}")
    for key in table.keys() - set(Config.__struct_fields__):
        raise table_error(project, (key,), _unknown(Config))
    atoms = table.get("atoms", {})
    if not isinstance(atoms, Mapping):
        raise table_error(project, ("atoms",), f"expected a table, got {atoms!r}")
    return Config(
        atoms={name: _atom_config(project, name, row, names) for name, row in atoms.items()},
        services=load_services(project),
        drift=load_drift(project),
        secrets=load_secrets(project),
        retention=load_retention(project),
        override=load_overrides(project, names),
        shards=load_shards(project),
        slow=load_slow(project),
    )


def load_services(project: Project) -> dict[str, ServiceConfig]:
    """Read and check `[tool.atomci.services]`. Raises UsageError."""
    services = project.table("tool", "atomci").get("services", {})
    if not isinstance(services, Mapping):
        raise table_error(project, ("services",), f"expected a table, got {services!r}")
    return {name: _service(project, name, row) for name, row in services.items()}


def load_drift(project: Project) -> tuple[ExceptedFile, ...]:
    """Read and check `[[tool.atomci.drift]]`; those that are over are among them. Raises UsageError."""
    rows = project.table("tool", "atomci").get("drift", [])
    if not isinstance(rows, list):
        raise table_error(project, ("drift",), "expected a list: [[tool.atomci.drift]]")
    found: dict[str, ExceptedFile] = {}
    for index, row in enumerate(rows):
        exception = _converted(project, ("drift", index), row, ExceptedFile)
        for key, problem, hint in _drift_problems(exception, found):
            raise table_error(project, ("drift", index, key), problem, hint)
        found[exception.path] = exception
    return tuple(found.values())


def load_overrides(project: Project, names: Collection[str]) -> tuple[Override, ...]:
    """Read and check `[[tool.atomci.override]]`; those that are over are among them. Raises UsageError."""
    rows = project.table("tool", "atomci").get("override", [])
    if not isinstance(rows, list):
        raise table_error(project, ("override",), "expected a list: [[tool.atomci.override]]")
    found: dict[str, Override] = {}
    for index, row in enumerate(rows):
        override = _converted(project, ("override", index), row, Override)
        for key, problem, hint in _override_problems(override, names, found):
            raise table_error(project, ("override", index, key), problem, hint)
        found[override.atom] = override
    return tuple(found.values())


def load_retention(project: Project) -> RetentionConfig:
    """Read and check `[tool.atomci.retention]`. Raises UsageError."""
    table = project.table("tool", "atomci").get("retention", {})
    retention = _converted(project, ("retention",), table, RetentionConfig)
    for key in RetentionConfig.__struct_fields__:
        if getattr(retention, key) < 1:
            raise table_error(project, ("retention", key), "give a whole number above 0")
    return retention


def load_secrets(project: Project) -> tuple[str, ...]:
    """Read and check `[tool.atomci] secrets`. Raises UsageError."""
    names = project.table("tool", "atomci").get("secrets", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise table_error(project, ("secrets",), 'expected names: secrets = ["SLACK_WEBHOOK_URL"]')
    for name in names:
        if not re.fullmatch(r"(?!GITHUB_)[A-Z_]\w*", name, re.IGNORECASE | re.ASCII):
            why = "isn't a secret's name: letters, digits and underscores; GITHUB_ in front is GitHub's own"
            raise table_error(project, ("secrets",), f"{name!r} {why}")
    return tuple(names)


def load_shards(project: Project) -> ShardsConfig:
    """Read and check `[tool.atomci.shards]`. Raises UsageError."""
    shards = _own_table(project, "shards", ShardsConfig)
    if shards.count < 1:
        raise table_error(project, ("shards", "count"), "give a number of shards, 1 or more")
    path = PurePosixPath(shards.durations)
    if path.is_absolute() or ".." in path.parts or "\\" in shards.durations or not path.parts:
        raise table_error(project, ("shards", "durations"), "give a path relative to the project's root")
    return shards


def load_slow(project: Project) -> SlowConfig:
    """Read and check `[tool.atomci.slow]`. Raises UsageError."""
    slow = _own_table(project, "slow", SlowConfig)
    if unknown := [event for event in slow.skip_on if event not in _EVENTS]:
        raise table_error(project, ("slow", "skip_on"), f"{unknown[0]!r} is none of {', '.join(_EVENTS)}")
    return slow


def table_error(project: Project, keys: Sequence[str | int], message: str, hint: str = "") -> UsageError:
    """What is wrong with `tool.atomci.KEYS`, with its line in pyproject.toml; a number counts in a list."""
    path = ("tool", "atomci", *keys)
    shown = ".".join(key for key in path if isinstance(key, str))
    line = closest_line(lines_of((project.root / "pyproject.toml").read_text(encoding="utf-8")), path)
    return UsageError(f"pyproject.toml:{line}: {shown}: {message}", hint)


def _atom_config(project: Project, name: str, row: object, names: Collection[str]) -> AtomConfig:
    def wrong(key: str, message: str, hint: str = "") -> UsageError:
        return table_error(project, ("atoms", name, *([key] if key else [])), message, hint)

    if name not in names:
        raise wrong("", "no atom has this name", _close_to(name, names))
    atom = _converted(project, ("atoms", name), row, AtomConfig)
    for key, problem in _problems(atom):
        raise wrong(key, problem)
    return atom


def _own_table(project: Project, name: str, kind: type[T]) -> T:
    row = project.table("tool", "atomci").get(name, {})
    if not isinstance(row, Mapping):
        raise table_error(project, (name,), f"expected a table, got {row!r}")
    return _converted(project, (name,), row, kind)


def _drift_problems(exception: ExceptedFile, before: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """What types don't show, each with its key and a hint."""
    if not exception.reason.strip():
        yield "reason", "is empty", "say why the file may differ"
    path = PurePosixPath(exception.path)
    if path.is_absolute() or ".." in path.parts or str(path) != exception.path or "\\" in exception.path:
        yield "path", f"{exception.path!r} isn't the path of a file, relative to the project", "no patterns"
    if exception.path in before:
        yield "path", f"{exception.path} has an exception already", "one file, one exception"
    yield from _too_far(exception.until)


def _too_far(until: date) -> Iterator[tuple[str, str, str]]:
    if (until - today()).days > LONGEST:
        last = today() + timedelta(days=LONGEST)
        yield "until", f"{until} is more than {LONGEST} days ahead", f"at the latest: until = {last}"


def _service(project: Project, name: str, row: object) -> ServiceConfig:
    service = _converted(project, ("services", name), row, ServiceConfig)
    if not re.fullmatch(r"[A-Za-z]\w*", name):
        raise table_error(project, ("services", name), "name it by letters, digits and underscores")
    for key, problem in _service_problems(service):
        raise table_error(project, ("services", name, *([key] if key else [])), problem)
    return service


def _override_problems(
    override: Override, names: Collection[str], before: Collection[str]
) -> Iterator[tuple[str, str, str]]:
    """What types don't show, each with its key and what to do."""
    if override.atom not in names:
        yield "atom", f"no atom is called {override.atom!r}", _close_to(override.atom, names)
    if override.atom in before:
        yield "atom", f"{override.atom} has an override already", "one atom, one override"
    for key in ("reason", "owner"):
        if not getattr(override, key).strip():
            yield key, "is empty", "say why it is red" if key == "reason" else "say who mends it"
    yield from _too_far(override.until)


def _close_to(name: str, names: Collection[str]) -> str:
    close = difflib.get_close_matches(name, names, 1)
    return f"did you mean {close[0]}?" if close else "atomci list shows the names"


def _converted(project: Project, keys: tuple[str | int, ...], row: object, kind: type[T]) -> T:
    """A table as its struct."""
    if isinstance(row, Mapping):
        for key in row.keys() - set(kind.__struct_fields__):
            raise table_error(project, (*keys, key), _unknown(kind))
    try:
        return msgspec.convert(row, kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        raise table_error(project, (*keys, *re.findall(r"^\w+", path)), message) from None


def _problems(atom: AtomConfig) -> Iterator[tuple[str, str]]:
    """What types don't show, each with its key."""
    if atom.run is not None and atom.use is not None:
        yield "use", "give either run or use"
    if atom.use is not None and not re.fullmatch(r"[\w.]+:[\w.]+", atom.use):
        yield "use", f"{atom.use!r} isn't package.module:function"
    if atom.run is not None and (problem := _command_problem(atom.run)):
        yield "run", problem
    if atom.reads is not None and atom.run is None:
        yield "reads", "names a parser, but there is no run"
    if atom.inputs is not None and not atom.inputs:
        yield "inputs", "give at least one glob, or delete the key"
    if atom.timeout is not None and atom.timeout <= 0:
        yield "timeout", "give a number of seconds above 0"


_READY = re.compile(r"http://[^/\s]+(/\S*)?|tcp:(\d+|\{port\})")


def _service_problems(service: ServiceConfig) -> Iterator[tuple[str, str]]:
    if (service.run is None) == (service.image is None):
        yield ("" if service.run is None else "image"), "give either run or image"
    if service.run is not None and (problem := _command_problem(service.run)):
        yield "run", problem
    if service.image is not None and service.port is None:
        yield "image", "give the port inside the container too: port = 5432"
    if service.run is not None and service.port is not None:
        yield "port", "is for an image; a command is told its port by {port}"
    if not _READY.fullmatch(service.ready):
        yield "ready", "give http://127.0.0.1:{port}/PATH or tcp:{port}"
    if service.timeout <= 0:
        yield "timeout", "give a number of seconds above 0"


def _unknown(kind: type[msgspec.Struct]) -> str:
    return f"unknown key; known: {', '.join(kind.__struct_fields__)}"


def _command_problem(command: str) -> str | None:
    try:
        return None if shlex.split(command) else "the command is empty"
    except ValueError as error:
        return f"not a command line: {error}"
