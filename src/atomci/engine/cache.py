"""Results that a content hash proves to hold still. Only passes of pure atoms are kept."""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
from functools import cache
from pathlib import Path

from atomci.artifacts.json_text import json_of
from atomci.artifacts.runs import Result
from atomci.artifacts.store import ArtifactError, read, sha256
from atomci.catalog import Atom
from atomci.engine.context import Options, Workspace
from atomci.engine.inputs import matches
from atomci.project import Project
from atomci.tools.atomic import replace_file

__all__ = ["CACHE_FOLDER", "ResultCache", "input_key"]

CACHE_FOLDER = ".atomci_cache"
# Variables that change what the tools do.
_ENV_PREFIXES = (
    "PYTEST_",
    "MYPY",
    "RUFF_",
    "BLACK_",
    "COVERAGE_",
    "PYTHONPATH",
    "PYTHONHASHSEED",
    "PYTHONWARNINGS",
)
_KEPT_PER_ATOM = 4


@cache
def _own_code() -> str:
    """A hash of atomci's own source, so that a changed atom never meets an old result."""
    digest = hashlib.blake2b(digest_size=16)
    package = Path(__file__).parents[1]
    for file in sorted(package.rglob("*.py")):
        digest.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def input_key(atom: Atom, workspace: Workspace, options: Options) -> str:
    """The hash of all that the atom's result may depend on, in hex."""
    project, inputs, config = workspace.project, workspace.inputs, workspace.config.of(atom.name)
    digest = hashlib.blake2b(digest_size=20)

    def add(*words: str) -> None:
        digest.update("\0".join((*words, "\n")).encode("utf-8", "surrogateescape"))

    add(_own_code(), atom.name, repr(config), platform.python_version())
    add(*project.installed)
    add(*(f"{k}={v}" for k, v in sorted(os.environ.items()) if k.startswith(_ENV_PREFIXES)))
    if options.since is not None:
        add(options.since, "all" if options.everything else "")
        add(*(inputs.changed(options.since) or ("unknown",)))
    add(*workspace.conditions)
    for word in shlex.split(config.run or "", posix=os.name != "nt"):
        add(word, _identity(project, word))
    for path in inputs.matching(config.inputs or atom.reads):
        if not matches(path, atom.writes):
            add(path, inputs.hash_of(path))
    return digest.hexdigest()


def _identity(project: Project, word: str) -> str:
    """What a word of a swapped command stands for now: a script of the project, else a program."""
    if (script := project.root / word).is_file():
        return hashlib.blake2b(script.read_bytes(), digest_size=16).hexdigest()
    program = shutil.which(word, path=os.pathsep.join((str(project.scripts), os.environ.get("PATH", ""))))
    if program is None:
        return ""
    found = Path(program).resolve().stat()
    return f"{program} {found.st_size} {found.st_mtime_ns}"


class ResultCache:
    """`.atomci_cache/results/<atom>/<key>/`: the result and copies of the files it wrote."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder = root / CACHE_FOLDER

    def find(self, atom: Atom, key: str) -> Result | None:
        """The kept result, its files put back where they are missing or different, or None."""
        entry = self._folder / "results" / atom.name / key
        try:
            result = read(entry / "result.json", Result)
            for output in result.outputs:
                target = self._root / output.path
                if not (target.is_file() and sha256(target) == output.sha256):
                    replace_file(target, (entry / "files" / output.path).read_bytes())
        except (ArtifactError, OSError):
            return None
        os.utime(entry)
        return result

    def keep(self, atom: Atom, result: Result) -> None:
        """Keep a pass; the least recently used results of the atom make room."""
        folder = self._folder / "results" / atom.name
        entry = folder / result.key
        self._prepare()
        shutil.rmtree(entry, ignore_errors=True)
        for output in result.outputs:
            target = entry / "files" / output.path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._root / output.path, target)
        replace_file(entry / "result.json", json_of(result))
        kept = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in kept[_KEPT_PER_ATOM:]:
            shutil.rmtree(old, ignore_errors=True)

    def _prepare(self) -> None:
        """The folder ignores itself, so that no project has to."""
        ignore = self._folder / ".gitignore"
        if not ignore.is_file():
            self._folder.mkdir(exist_ok=True)
            ignore.write_text("*\n", encoding="utf-8")
