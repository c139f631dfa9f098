"""Why two runs may differ: their manifests compared, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from atomci.artifacts.handed.manifests import MANIFEST, DifferenceKind, Manifest, Parity, RunDifference
from atomci.artifacts.store import read
from atomci.errors import UsageError

__all__ = ["compare", "manifest_at"]

_NOTES = " -p atomci.testing.observation.functions"

_NONE = "none"
_LOCKS = ("uv.lock", "requirements")
_SYNC = "atomci run compile_lockfile_and_sync"


def manifest_at(root: Path, named: str) -> Manifest:
    """The manifest that is named: a file, a folder that holds runs, a run's id, or `last`.

    Of several runs it is the newest. Raises UsageError for none, ArtifactError for a broken one.
    """
    path = Path(named)
    if path.is_file():
        return read(path, Manifest)
    runs = root / "artifacts" / "runs"
    folder = path if path.is_dir() else runs if named == "last" else runs / named
    found = sorted(folder.rglob(MANIFEST), key=lambda file: file.parent.name) if folder.is_dir() else []
    if not found:
        raise UsageError(
            f"{named}: no manifest of a run is there",
            "name a run's folder, the unpacked artifact of a CI job, a run's id, or: last",
        )
    return read(found[-1], Manifest)


def compare(first: Manifest, second: Manifest) -> Parity:
    """All that one has otherwise than the other: verdicts first, then what may explain them."""
    found = tuple(_differences(first, second))
    same = not any(row.counts for row in found)
    return Parity(first=first.run, second=second.run, same=same, differences=found)


def _differences(a: Manifest, b: Manifest) -> Iterator[RunDifference]:
    yield from _verdicts(a, b)
    yield from _commits(a, b)
    yield from _files(a, b)
    if a.python != b.python:
        yield _row("python", "Python", a.python, b.python)
    yield from _mapped("package", {"atomci": a.atomci} | a.packages, {"atomci": b.atomci} | b.packages, _SYNC)
    yield from _mapped("variable", a.variables, b.variables)
    yield from _commands(a, b)
    if a.system != b.system:
        yield _row("system", "the system", a.system, b.system)
    for what, here, there in (
        ("what was asked for", " ".join(a.targets), " ".join(b.targets)),
        ("--since", a.since or _NONE, b.since or _NONE),
    ):
        if here != there:
            yield _row("run", what, here, there)
    if a.event != b.event:
        yield _row("run", "what started it", a.event, b.event, counts=False)


def _verdicts(a: Manifest, b: Manifest) -> Iterator[RunDifference]:
    for name in dict.fromkeys((*a.atoms, *b.atoms)):
        here, there = a.atoms.get(name), b.atoms.get(name)
        words = [f"{ran.status} {ran.reason}".strip() if ran else "not run" for ran in (here, there)]
        if (here and here.status) != (there and there.status):
            yield _row("verdict" if here and there else "atom", name, *words)


def _commits(a: Manifest, b: Manifest) -> Iterator[RunDifference]:
    if a.commit != b.commit:
        remedy = f"git checkout {a.commit}" if a.commit else ""
        yield _row("commit", "commit", a.commit or _NONE, b.commit or _NONE, remedy=remedy)
    if (a.uncommitted or ()) != (b.uncommitted or ()):
        yield _row("commit", "not committed", _listed(a.uncommitted), _listed(b.uncommitted), counts=False)


def _files(a: Manifest, b: Manifest) -> Iterator[RunDifference]:
    for path in sorted(a.inputs.keys() | b.inputs.keys()):
        here, there = a.inputs.get(path), b.inputs.get(path)
        if here != there:
            # A file that only one run looked at is no other file: that run looked at more.
            both = here is not None and there is not None
            kind: DifferenceKind = "lock" if path.startswith(_LOCKS) else "file"
            yield _row(kind, path, here or "not looked at", there or "not looked at", counts=both)


def _mapped(
    kind: DifferenceKind, a: Mapping[str, str], b: Mapping[str, str], remedy: str = ""
) -> Iterator[RunDifference]:
    for name in sorted(a.keys() | b.keys()):
        here, there = a.get(name, _NONE), b.get(name, _NONE)
        if here != there:
            yield _row(kind, name, here, there, remedy=remedy)


def _commands(a: Manifest, b: Manifest) -> Iterator[RunDifference]:
    for name in (name for name in a.atoms if name in b.atoms):
        here, there = _without_notes(a.atoms[name].commands), _without_notes(b.atoms[name].commands)
        if here != there and here and there:
            yield _row("atom", f"commands of {name}", here, there)


def _without_notes(commands: tuple[str, ...]) -> str:
    """Commands but for the plugin that notes what tests run: no verdict depends on it."""
    return "; ".join(commands).replace(_NOTES, "")


def _row(
    kind: DifferenceKind, what: str, first: str, second: str, *, counts: bool = True, remedy: str = ""
) -> RunDifference:
    return RunDifference(kind=kind, what=what, first=first, second=second, counts=counts, remedy=remedy)


def _listed(paths: tuple[str, ...] | None) -> str:
    if not paths:
        return "git doesn't say" if paths is None else _NONE
    more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
    return ", ".join(paths[:5]) + more
