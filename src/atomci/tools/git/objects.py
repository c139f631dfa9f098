"""A project's git objects, and a private folder for new ones until they are migrated."""

from __future__ import annotations

import hashlib
import os
import shutil
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from atomci.errors import RefusedError
from atomci.tools.git.client import Git, quoted
from atomci.tools.git.names import refuse_paths
from atomci.tools.git.repository import Repository

__all__ = ["Entry", "Files", "Objects", "in_list"]


# What a folder holds is all meant, and as it is, whatever of it the repository's own working tree shows.
_AS_IT_LIES = (
    "-c", "core.sparseCheckout=false", *(("-c", "core.fileMode=true") if os.name != "nt" else ()),
)  # fmt: skip


class Entry(NamedTuple):
    """A file as git sees it: mode (100644, 100755, 120000, 160000) and object id."""

    mode: str
    oid: str

    @property
    def is_file(self) -> bool:
        """Whether it is a file of bytes: no link, no submodule."""
        return self.mode in ("100644", "100755")


Files = dict[str, Entry]


class Objects:
    """Reads a repository's objects and writes new ones beside it. Safe to throw away at any moment."""

    def __init__(
        self, repository: Repository, folder: Path, env: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.repository = repository
        self.folder = folder
        self._contents: dict[str, bytes] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self.git = repository.git.with_env(
            **env,
            GIT_OBJECT_DIRECTORY=str(folder),
            GIT_ALTERNATE_OBJECT_DIRECTORIES=in_list(repository.objects),
        )

    def git_over(self, worktree: Path, index: Path) -> Git:
        """git with another folder as the repository's working tree, and an index of its own."""
        where = {"GIT_DIR": self.repository.git_dir, "GIT_WORK_TREE": worktree, "GIT_INDEX_FILE": index}
        return Git(worktree, {**self.git.env, **{name: str(path) for name, path in where.items()}})

    def files(self, treeish: str) -> Files:
        """All files of a commit or tree, by their paths from the top."""
        return _entries(self.git("ls-tree", "-r", "-z", "--full-tree", treeish), "tree")

    def add(self, worktree: Path, index: Path) -> Files:
        """The files in a folder as git would store them in this repository: line endings, filters, modes."""
        # The folder's own .gitattributes count, as they would once it is the project's.
        git = self.git_over(worktree, index)
        git(*_AS_IT_LIES, "add", "--force", "--all", ".")
        return _entries(git("ls-files", "--stage", "-z"), "index")

    def read(self, oids: Iterable[str]) -> dict[str, bytes]:
        """The contents of blobs, by id; each is read once."""
        asked = list(dict.fromkeys(oids))
        self._contents |= self._read([oid for oid in asked if oid not in self._contents])
        return {oid: self._contents[oid] for oid in asked}

    def _read(self, wanted: list[str]) -> dict[str, bytes]:
        if not wanted:
            return {}
        out = self.git("cat-file", "--batch", stdin="".join(f"{oid}\n" for oid in wanted).encode())
        found, at = {}, 0
        for oid in wanted:
            head, at = out[at : out.index(b"\n", at)], out.index(b"\n", at) + 1
            size = int(head.split()[2])
            found[oid] = out[at : at + size]
            at += size + 1
        return found

    def missing(self, oids: Iterable[str]) -> set[str]:
        """Those of these objects that aren't there."""
        asked = "".join(f"{oid}\n" for oid in dict.fromkeys(oids)).encode()
        rows = self.git("cat-file", "--batch-check", stdin=asked).decode().splitlines()
        return {row.removesuffix(" missing") for row in rows if row.endswith(" missing")}

    def sizes(self, oids: Iterable[str]) -> dict[str, int]:
        """The sizes of blobs in bytes, by id."""
        wanted = list(dict.fromkeys(oids))
        if not wanted:
            return {}
        said = self.git(
            "cat-file", "--batch-check=%(objectsize)", stdin="".join(f"{oid}\n" for oid in wanted).encode()
        )
        return {oid: int(line) for oid, line in zip(wanted, said.split(), strict=True)}

    def write(self, kind: str, content: bytes) -> str:
        """Store an object and return its id."""
        framed = f"{kind} {len(content)}\0".encode() + content
        oid = hashlib.new(self.repository.algorithm, framed, usedforsecurity=False).hexdigest()
        path = self.folder / oid[:2] / oid[2:]
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            partial = path.with_name(f"tmp_obj_{oid}")
            partial.write_bytes(zlib.compress(framed, 1))
            partial.replace(path)
        return oid

    def tree(self, files: Files) -> str:
        """Store the tree that holds these files. Raises RefusedError for a path that none can hold."""
        refuse_paths(files, "the tree")
        nested: dict[str, object] = {}
        for path, entry in files.items():
            *folders, name = path.split("/")
            level = nested
            for folder in folders:
                level = level.setdefault(folder, {})  # type: ignore[assignment]
                if isinstance(level, Entry):
                    raise _no_folder(path, folder)
            if level.setdefault(name, entry) is not entry:
                raise _no_folder(path, name)
        return self._tree(nested)

    def _tree(self, level: Mapping[str, object]) -> str:
        rows = []
        for name, found in level.items():
            if isinstance(found, Entry):
                rows.append((os.fsencode(name), found.mode, found.oid))
            else:
                rows.append((os.fsencode(name) + b"/", "40000", self._tree(found)))  # type: ignore[arg-type]
        # git sorts folders as if their names ended in a slash.
        rows.sort()
        content = b"".join(
            mode.encode() + b" " + name.rstrip(b"/") + b"\0" + bytes.fromhex(oid) for name, mode, oid in rows
        )
        return self.write("tree", content)

    def renames(self, before: Files, after: Files) -> dict[str, str]:
        """New names by old ones, as git tells them; other line endings don't matter to it."""
        if before.keys() >= after.keys():
            return {}
        trees = (self.tree(before), self.tree(after))
        out = self.git("diff-tree", "-r", "-z", "-M", "--diff-filter=R", "--name-status", *trees)
        fields = [os.fsdecode(field) for field in out.split(b"\0")]
        return dict(zip(fields[1::3], fields[2::3], strict=False))

    def commit(self, tree: str, message: str, who: str, parents: tuple[str, ...] = ()) -> str:
        """Store a commit; `who` is git's line of a name, an address and a time."""
        lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
        lines += [f"author {who}", f"committer {who}", "", message]
        return self.write("commit", os.fsencode("\n".join(lines)))

    def migrate(self) -> None:
        """Move what was written into the project's own objects. Each is whole before it has its name."""
        # A pack without its index is nothing to git, so indexes come last.
        new = sorted((path for path in self.folder.rglob("*") if path.is_file()), key=_index_last)
        for path in new:
            there = self.repository.objects / path.relative_to(self.folder)
            if there.exists() or path.parent.name == "info":
                continue
            there.parent.mkdir(parents=True, exist_ok=True)
            path.chmod(0o444)
            try:
                path.rename(there)
            except OSError:  # another file system
                _copied(path, there)


def _copied(path: Path, there: Path) -> None:
    partial = there.with_name(f"tmp_obj_{path.name}")
    try:
        shutil.copyfile(path, partial)
        partial.chmod(0o444)
        partial.replace(there)
    except OSError:
        partial.unlink(missing_ok=True)  # on a full disk it would take the room that is left
        raise


def _no_folder(path: str, name: str) -> RefusedError:
    return RefusedError(
        f"{path}: {name} can't be a folder and a file, or a link, at once", f"rename {name} and commit that"
    )


def _entries(out: bytes, source: str) -> Files:
    files = {}
    for row in out.split(b"\0"):
        if row:
            head, _, path = row.partition(b"\t")
            words = head.decode().split()
            files[os.fsdecode(path)] = Entry(words[0], words[2] if source == "tree" else words[1])
    return files


def _index_last(path: Path) -> tuple[bool, str]:
    return path.suffix == ".idx", str(path)


def in_list(path: Path) -> str:
    """A path in a list that colons separate."""
    text = str(path)
    return quoted(text) if any(sign in text for sign in ':;"') else text
