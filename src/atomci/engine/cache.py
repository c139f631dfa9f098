"""Results that hold still while what they rest on does. Only passes of pure atoms are kept."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from atomci.artifacts.handed.runs import Observed, Result
from atomci.artifacts.json_text import json_of
from atomci.artifacts.store import ArtifactError, read, sha256
from atomci.catalog import Atom
from atomci.engine.context import Options, Workspace
from atomci.engine.inputs.dependencies import Dependencies, Surroundings, hash_of_text, key_of
from atomci.engine.inputs.environment import fingerprint, installed_files, of_the_process
from atomci.project import CACHE_FOLDER, Project
from atomci.tools.atomic import replace_file
from atomci.tools.distributions import own_version

__all__ = [
    "ResultCache",
    "TakenOver",
    "clear_notes",
    "declared",
    "goes_by_its_files",
    "make_room",
    "notes_in",
    "own_code",
    "surroundings",
]

# Variables that change what the tools do.
_ENV_PREFIXES = (
    "PYTEST_",
    "MYPY",
    "RUFF_",
    "BLACK_",
    "COVERAGE_",
    "PYTHON",
)
_KEPT_PER_ATOM = 4


@cache
def own_code() -> str:
    """A hash of what atomci itself is, so that a changed atom never meets an old result: by its files' sizes
    and times, as for every package. To read them all takes longer than to find all results unchanged.
    """
    package = str(Path(__file__).parents[1])
    return hash_of_text(own_version(), package, *sorted(installed_files(package)))


def declared(atom: Atom, workspace: Workspace) -> Dependencies:
    """What the atom's row says, or the project's table in its place."""
    inputs = workspace.config.of(atom.name).inputs
    return Dependencies(globs=tuple(inputs or atom.reads))


def goes_by_its_files(atom: Atom) -> bool:
    """Whether a change of what it reads makes its result old: also that of one that tries the project out
    on this machine.
    """
    return atom.effect == "pure" or (atom.effect == "host" and "**/*" in atom.reads)


def surroundings(atom: Atom, workspace: Workspace, options: Options | None = None) -> Surroundings:
    """How things are now for an atom."""
    asked = options or workspace.options
    return Surroundings(workspace.inputs, dict(_facts(atom, workspace, asked)), atom.writes)


def _facts(atom: Atom, workspace: Workspace, options: Options) -> Iterator[tuple[str, str]]:
    project, config = workspace.project, workspace.config.of(atom.name)
    yield "atomci itself", own_code()
    yield f"the table of {atom.name}", hash_of_text(repr(config))
    yield "the environment's Python or packages", fingerprint(project)
    yield "the user, the umask or a limit of the system", hash_of_text(of_the_process())
    for name, value in sorted(os.environ.items()):
        if name.startswith(_ENV_PREFIXES):
            yield f"the variable {name}", hash_of_text(value)
    if options.since is not None:
        changed = workspace.inputs.changed(options.since) or ("unknown",)
        asked = "all" if options.everything else ""
        yield f"what differs from {options.since}", hash_of_text(asked, *changed)
    if workspace.conditions:
        yield "which tests are left out or quarantined", hash_of_text(*workspace.conditions)
    for word in shlex.split(config.run or "", posix=os.name != "nt"):
        yield f"the program or script {word}", _identity(project, word)


def _identity(project: Project, word: str) -> str:
    """What a word of a swapped command stands for now: a script of the project, else a program."""
    if (script := project.root / word).is_file():
        return hashlib.blake2b(script.read_bytes(), digest_size=16).hexdigest()
    program = shutil.which(word, path=os.pathsep.join((str(project.scripts), os.environ.get("PATH", ""))))
    if program is None:
        return ""
    found = Path(program).resolve().stat()
    return f"{program} {found.st_size} {found.st_mtime_ns}"


@dataclass(frozen=True)
class TakenOver:
    """An earlier result that still holds, or why the newest one doesn't."""

    result: Result | None
    because: str = ""


class ResultCache:
    """`.atomci_cache/results/<atom>/<key>/`: the result and copies of the files it wrote."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder = root / CACHE_FOLDER

    def find(self, atom: Atom, now: Surroundings) -> TakenOver:
        """A kept result that holds, its files put back where they are missing or different."""
        because = ""
        for entry, result in self._whole(atom):
            if difference := now.difference(result.observed or Observed()):
                because = because or difference
                continue
            try:
                self._put_back(entry, result)
            except OSError:
                continue
            os.utime(entry)
            return TakenOver(result)
        return TakenOver(None, because)

    def kept(self, atom: Atom) -> Iterator[tuple[Result, Path]]:
        """The passes that are kept, whether they hold or not, each with the folder of its files."""
        return ((result, entry / "files") for entry, result in self._whole(atom))

    def _whole(self, atom: Atom) -> Iterator[tuple[Path, Result]]:
        for entry in _newest_first(self._folder / "results" / atom.name):
            with contextlib.suppress(ArtifactError, OSError):
                result = read(entry / "result.json", Result)
                if _is_whole(entry, atom, result):
                    yield entry, result

    def _put_back(self, entry: Path, result: Result) -> None:
        for output in result.outputs:
            target = self._root / output.path
            if not (target.is_file() and sha256(target) == output.sha256):
                replace_file(target, (entry / "files" / output.path).read_bytes())

    def keep(self, atom: Atom, result: Result) -> None:
        """Keep a pass; the least recently used results of the atom make room."""
        folder = self._folder / "results" / atom.name
        entry = folder / result.key
        _prepare(self._folder)
        shutil.rmtree(entry, ignore_errors=True)
        for output in result.outputs:
            target = entry / "files" / output.path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._root / output.path, target)
        replace_file(entry / "result.json", json_of(result))
        for old in _newest_first(folder)[_KEPT_PER_ATOM:]:
            shutil.rmtree(old, ignore_errors=True)


def _is_whole(entry: Path, atom: Atom, result: Result) -> bool:
    """Whether an entry is what was kept: a disk, a copy or somebody may have changed it."""
    if result.observed is None or result.key != key_of(result.observed):
        return False
    if (result.atom, result.status) != (atom.name, "pass"):
        return False
    return all(
        output.path.startswith("artifacts/")
        and ".." not in output.path.split("/")
        and sha256(entry / "files" / output.path) == output.sha256
        for output in result.outputs
    )


def notes_in(root: Path, atom: Atom) -> Path:
    """Where what an atom starts may leave notes for it; they are neither inputs nor artifacts."""
    return root / CACHE_FOLDER / "notes" / atom.name


def clear_notes(root: Path, atom: Atom) -> None:
    """Remove those of an earlier run, and make room for new ones."""
    make_room(root)
    shutil.rmtree(notes_in(root, atom), ignore_errors=True)


def make_room(root: Path) -> None:
    """The folder of the cache, in which notes are too."""
    _prepare(root / CACHE_FOLDER)


def _prepare(folder: Path) -> None:
    """The cache's folder ignores itself, so that no project has to."""
    ignore = folder / ".gitignore"
    if not ignore.is_file():
        folder.mkdir(exist_ok=True)
        ignore.write_text("*\n", encoding="utf-8")


def _newest_first(folder: Path) -> list[Path]:
    """Entries by when they were last used."""
    try:
        return sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    except OSError:
        return []
