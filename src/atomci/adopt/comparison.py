"""What becomes of each rendered file in a repository that joins a template, and what is worth a note."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from atomci.adopt.existing import Existing
from atomci.artifacts.sync import AdoptedFile, InferredAnswer
from atomci.template.ownership import Ownership
from atomci.template.snapshot import Snapshot
from atomci.tools.git.client import Git
from atomci.tools.git.objects import Entry, Files, Objects
from atomci.tools.git.repository import Repository

__all__ = ["Comparison", "notes"]

_ATTRIBUTES = ".gitattributes"
# Files that say the same under another ending: with a README.rst nobody needs a README.md besides.
_TWINS = ({"", ".md", ".rst", ".txt"}, {".yml", ".yaml"})


@dataclass(frozen=True)
class Comparison:
    """What a repository has, and what a template renders for it; `mine` is what HEAD holds.

    `has_code`: examples of the template's are left out.
    """

    repository: Repository
    objects: Objects
    mine: Files
    rendered: Snapshot
    owners: Ownership
    has_code: bool

    def files(self, answers_file: str) -> list[AdoptedFile]:
        """What becomes of each rendered file, by path. The answers file counts also where git ignores it."""
        theirs = self.rendered.files
        ignored = self.repository.git.ignored(path for path in theirs if path not in self.mine) - {
            answers_file
        }
        rows = []
        for path, entry in sorted(theirs.items()):
            mine = self.mine.get(path)
            if mine is None:
                rows.append(self._new(path, ignored))
            elif mine == entry:
                rows.append(self._row(path, "identical"))
            else:
                rows.append(self._kept(path, mine, entry))
        return rows

    def _kept(self, path: str, mine: Entry, theirs: Entry) -> AdoptedFile:
        if mine.mode == "160000":
            return self._row(path, "blocked", "a submodule is in its place")
        tier = self.owners.tier(path)
        detail = (
            "drift, red in CI without an exception; the next update puts the template's in its place"
            if tier == "managed"
            else ""
        )
        if mine.oid == theirs.oid:
            detail = f"only the mode differs: {mine.mode}, and {theirs.mode} in the template"
        contents = self.objects.read((mine.oid, theirs.oid)) if tier in ("managed", "merged") else {}
        lines = _missing_lines(contents[mine.oid], contents[theirs.oid]) if contents else ()
        return self._row(path, "kept", detail, lines)

    def _new(self, path: str, ignored: set[str]) -> AdoptedFile:
        if twin := self._twin(path):
            return self._row(path, "kept", f"yours is {twin}")
        if obstacle := self._obstacle(path):
            return self._row(path, "blocked", f"{obstacle} is in its place")
        if path == _ATTRIBUTES and (changed := self._renormalized()):
            return self._row(
                path, "blocked", f"git would want {changed} with other line endings: git add --renormalize"
            )
        if path in ignored:
            return self._row(path, "ignored", "git ignores it here")
        if self._is_example(path):
            return self._row(path, "left-out", "an example, and you have code of your own")
        lies = self._uncommitted(path)
        detail = f"{lies} of yours isn't committed: commit or move it before git switch" if lies else ""
        return self._row(path, "added", detail)

    def _row(self, path: str, change: Any, detail: str = "", lines: tuple[str, ...] = ()) -> AdoptedFile:
        return AdoptedFile(path=path, change=change, tier=self.owners.tier(path), detail=detail, lines=lines)

    def _twin(self, path: str) -> str | None:
        """A file of the user's that is this one for people: another case, another ending."""
        pure = PurePosixPath(path)
        folder, suffix = str(pure.parent), pure.suffix.lower()
        for name in self._by_folder.get(folder, ()):
            other = PurePosixPath(name)
            alike = any({suffix, other.suffix.lower()} <= endings for endings in _TWINS)
            same = other.name.lower() == pure.name.lower() or (alike and _subject(other) == _subject(pure))
            if same and name not in self.rendered.files:
                return name
        return None

    @cached_property
    def _by_folder(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in self.mine:
            found.setdefault(str(PurePosixPath(path).parent), []).append(path)
        return found

    def _obstacle(self, path: str) -> str | None:
        """A file where a folder is to be, or a folder where the file is."""
        above = [str(folder) for folder in PurePosixPath(path).parents if str(folder) in self.mine]
        inside = any(other.startswith(f"{path}/") for other in self.mine)
        return above[0] if above else (f"the folder {path}" if inside else None)

    def _is_example(self, path: str) -> bool:
        """Code and tests, rendered once to be replaced: seeds in folders that aren't hidden."""
        seed = self.owners.tier(path) == "seed" and "/" in path
        return self.has_code and seed and not path.startswith(".")

    def _renormalized(self) -> str | None:
        """A file stored with CRLF that git would call changed, once the template's attributes count."""
        rows = self.repository.git("ls-files", "--eol", "-z").split(b"\0")
        crlf = [row.partition(b"\t")[2] for row in rows if row.startswith((b"i/crlf", b"i/mixed"))]
        if not crlf:
            return None
        with tempfile.TemporaryDirectory(prefix="atomci-adopt-") as folder:
            oid = self.rendered.files[_ATTRIBUTES].oid
            Path(folder, _ATTRIBUTES).write_bytes(self.objects.read([oid])[oid])
            git = Git(Path(folder), {"GIT_DIR": str(self.repository.git_dir), "GIT_WORK_TREE": folder})
            out = git("check-attr", "-z", "--stdin", "text", stdin=b"\0".join(crlf) + b"\0")
        # `auto` leaves alone what is stored with CRLF; `set` doesn't.
        fields = out.split(b"\0")
        named = (path for path, state in zip(fields[::3], fields[2::3], strict=False) if state == b"set")
        return next((os.fsdecode(path) for path in named), None)

    def _uncommitted(self, path: str) -> str | None:
        """What lies in the working tree where the file will be; git doesn't switch over it."""
        for name in [*(str(folder) for folder in PurePosixPath(path).parents), path]:
            place = self.repository.top / name
            if os.path.lexists(place) and (name == path or place.is_symlink() or not place.is_dir()):
                return name
        return None


def _subject(path: PurePosixPath) -> str:
    stem = path.stem.lower()
    return "license" if stem in ("licence", "copying") else stem


def _missing_lines(mine: bytes, theirs: bytes) -> tuple[str, ...]:
    """The template's lines that a file lacks; none for what isn't text."""
    try:
        have, wanted = (text.decode("utf-8").splitlines() for text in (mine, theirs))
    except UnicodeDecodeError:
        return ()
    known = {line.strip() for line in have}
    return tuple(line for line in wanted if line.strip() and line.strip() not in known)


def notes(
    repository: Repository, files: list[AdoptedFile], answers: tuple[InferredAnswer, ...], existing: Existing
) -> Iterable[str]:
    """What else someone has to know of these files and answers before they take them."""
    if repository.git.states("--untracked-files=no"):
        yield "the branch starts at HEAD: what you haven't committed isn't in it, and stays where it is"
    added = {row.path for row in files if row.change == "added"}
    licence = next((row for row in answers if row.name in ("licence", "license")), None)
    if "LICENSE" in added and licence is not None and "default" in licence.source:
        yield f"LICENSE is new and says {licence.value}, by default: -d {licence.name}=... for another"
    if any(row.path == "pyproject.toml" and row.change == "kept" for row in files):
        yield "pyproject.toml is kept: take over the tools and settings that atomci diff pyproject.toml shows"
    for old in sorted({"setup.py", "setup.cfg"} & existing.paths):
        if "pyproject.toml" in added:
            yield f"pyproject.toml is new beside {old}: move to it what {old} says of the package"
