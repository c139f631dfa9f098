"""What becomes of each rendered file in a repository that joins a template."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from atomci.adopt.counterparts import Counterparts
from atomci.adopt.disruption import disruption
from atomci.adopt.existing import Existing
from atomci.artifacts.printed.sync import AdoptedFile
from atomci.template.ownership import Ownership
from atomci.template.snapshot import Snapshot
from atomci.tools.git.client import Git
from atomci.tools.git.objects import Entry, Files, Objects
from atomci.tools.git.repository import Repository

__all__ = ["Comparison"]

_ATTRIBUTES = ".gitattributes"
_PYPROJECT = "pyproject.toml"


@dataclass(frozen=True)
class Comparison:
    """What a repository has, and what a template renders for it; `mine` is what HEAD holds.

    `unlicensed`: nobody said under which licence it is.
    """

    repository: Repository
    objects: Objects
    mine: Files
    rendered: Snapshot
    owners: Ownership
    existing: Existing
    unlicensed: bool = False

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
        detail = "it stays yours, also when the template changes its own" if tier == "managed" else ""
        if mine.oid == theirs.oid:
            detail = f"only the mode differs: {mine.mode}, and {theirs.mode} in the template"
        contents = self.objects.read((mine.oid, theirs.oid)) if tier in ("managed", "merged") else {}
        lines = _missing_lines(contents[mine.oid], contents[theirs.oid]) if contents else ()
        return self._row(path, "kept", detail, lines)

    def _new(self, path: str, ignored: set[str]) -> AdoptedFile:
        detail = "; ".join(filter(None, self._remarks(path)))
        change, detail = next(self._against(path, ignored), ("added", detail))
        return self._row(path, change, detail)

    def _against(self, path: str, ignored: set[str]) -> Iterator[tuple[str, str]]:
        """Why a file that isn't there isn't added, the weightiest reason first."""
        has_code = self.existing.has_code
        if twin := self._counterparts.twin(path):
            yield "kept", f"yours is {twin}"
        if stand_in := self._counterparts.stand_in(path):
            yield "left-out", f"you have {stand_in}"
        if obstacle := self._obstacle(path):
            yield "blocked", f"{obstacle} is in its place"
        if path == _ATTRIBUTES and (changed := self._renormalized()):
            yield "blocked", f"git wants other line endings in {changed}: git add --renormalize"
        if path in ignored:
            yield "ignored", "git ignores it here"
        if has_code and self.owners.tier(path) == "seed":
            yield "left-out", "rendered once as a start, and you have code of your own"
        if has_code and path == "LICENSE" and self.unlicensed:
            yield "left-out", "no licence that the template offers was found here: -d licence=..."
        if reason := disruption(path, self._texts[path], self.existing):
            yield "left-out", reason

    def _remarks(self, path: str) -> Iterator[str]:
        """Why a file is new, and what is to be known before it is taken."""
        if path == _PYPROJECT and self.existing.setup_file:
            yield f"without the description of the package, which stays in {self.existing.setup_file}"
        else:
            yield self.owners.why(path)
        if lies := self._uncommitted(path):
            yield f"{lies} of yours isn't committed: commit or move it before git switch"

    @cached_property
    def _texts(self) -> dict[str, str]:
        """The rendered files that aren't there."""
        new = {path: entry for path, entry in self.rendered.files.items() if path not in self.mine}
        contents = self.objects.read(entry.oid for entry in new.values() if entry.is_file)
        return {path: contents.get(entry.oid, b"").decode("utf-8", "replace") for path, entry in new.items()}

    @cached_property
    def _counterparts(self) -> Counterparts:
        return Counterparts(self.mine, self.rendered.files)

    def _row(self, path: str, change: Any, detail: str = "", lines: tuple[str, ...] = ()) -> AdoptedFile:
        return AdoptedFile(path=path, change=change, tier=self.owners.tier(path), detail=detail, lines=lines)

    def _obstacle(self, path: str) -> str | None:
        """A file where a folder is to be, or a folder where the file is."""
        above = [str(folder) for folder in PurePosixPath(path).parents if str(folder) in self.mine]
        inside = any(other.startswith(f"{path}/") for other in self.mine)
        return above[0] if above else (f"the folder {path}" if inside else None)

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


def _missing_lines(mine: bytes, theirs: bytes) -> tuple[str, ...]:
    """The template's lines that a file lacks; none for what isn't text."""
    try:
        have, wanted = (text.decode("utf-8").splitlines() for text in (mine, theirs))
    except UnicodeDecodeError:
        return ()
    known = {line.strip() for line in have}
    return tuple(line for line in wanted if line.strip() and line.strip() not in known)
