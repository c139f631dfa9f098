"""What a template's authors and a project's owner do to their files, as Hypothesis makes it up."""

import itertools
import sys
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import NamedTuple

from hypothesis import strategies as st
from sync_world import Folder, lines

__all__ = [
    "EDITS",
    "EDITS_OF_USERS",
    "START",
    "WORK",
    "WORLDS",
    "Edit",
    "Files",
    "World",
    "edited",
    "files_of",
    "put",
]

_LINK = "120000"
_IGNORED = ("/new0/", "/new1/", "/keep.txt", "*.local")


class File(NamedTuple):
    """Bytes, or a link's target, and git's mode."""

    content: bytes
    mode: str = "100644"


Files = dict[str, File]
Edit = tuple[str, str, int]
"""What is done, to which file, and a number that says where or how."""


class World(NamedTuple):
    """What is so beside the files.

    `locked`: the project has a lock from the start. `moved`: where the recorded tag was moved to. `twin`: which
    commit has two tags. `sparse`: some folders aren't in the working tree. `bits`: git looks at executable bits.
    """

    locked: bool
    moved: str
    twin: str
    sparse: bool
    bits: bool


NAMES = (
    "ci.yml",
    "guide.txt",
    "lib/__init__.py",
    "lib/deep/__init__.py",
    "keep.txt",
    "src/start.py",
    "README.md",
    'odd "name"\t[a]*\\.md',
    "two\nlines.md",
    ":(top)-dash.md",
    "\u00fcber/\u00e9t\u00e9.txt",
)
START: Files = {
    name: File(
        b'"""A package."""\n' if name.endswith("__init__.py") else lines(name.split("\n")[0], 12).encode()
    )
    for name in NAMES
} | {".gitignore": File(("".join(f"# {n}\n" for n in range(12)) + "/new0/\n*.local\n").encode())}
_KINDS = (
    "line", "line", "line", "rewrite", "delete", "move", "make", "make", "tiny", "crlf", "bytes", "link", "bit",
    "folder", "case", "ignore",
)  # fmt: skip
_OF_USERS = ("named", "unsaved") if sys.platform == "linux" else ("unsaved",)


def _edits(kinds: Iterable[str]) -> st.SearchStrategy[list[Edit]]:
    one = st.tuples(st.sampled_from([*kinds]), st.sampled_from([*NAMES, "own.local"]), st.integers(0, 11))
    return st.lists(one, max_size=5)


EDITS = _edits(_KINDS)
EDITS_OF_USERS = _edits((*_KINDS, *_OF_USERS))
WORK = st.lists(
    st.tuples(
        st.sampled_from(["write", "add", "remove", "link", "bit", "folder", "forget"]), st.integers(0, 9)
    ),
    max_size=5,
)
"""What is done on an update that is under way: to which of its paths."""
WORLDS = st.builds(
    World,
    locked=st.booleans(),
    moved=st.sampled_from(["", "", "other", "newest"]),
    twin=st.sampled_from(["", "", "old", "new"]),
    sparse=st.sampled_from([False, False, True]),
    bits=st.sampled_from([True, True, False]),
)


def edited(files: Files, edits: Iterable[Edit], word: str) -> Files:
    """The files after the edits. Every line and target that is written holds `word` and a number of its own."""
    files, numbers = dict(files), itertools.count()
    for kind, name, place in edits:
        mine = f"{word}-{next(numbers)}."
        if kind in ("make", "unsaved"):
            at = f"new{place % 3}/{name}" if kind == "make" else f"{place % 3}.local"
            if _is_free(files, at):
                files[at] = File(lines(mine, 12).encode())
        elif kind == "ignore":
            _toggle(files, _IGNORED[place % len(_IGNORED)].encode() + b"\n")
        elif name in files:
            _edit(files, kind, name, place, mine)
    return files


def _edit(files: Files, kind: str, name: str, place: int, mine: str) -> None:
    content, mode = files[name]
    is_link, rows = mode == _LINK, content.splitlines() or [b""]
    if kind == "delete":
        del files[name]
    elif kind == "link":
        targets = [f"nowhere/{mine}", "keep.txt", f"../{mine}", "lib"]
        files[name] = File(targets[place % len(targets)].encode(), _LINK)
    elif kind in ("rewrite", "tiny"):
        files[name] = File((lines(mine, 8) if kind == "rewrite" else f"{mine}\n").encode())
    elif kind in ("move", "folder", "case", "named"):
        there = {
            "move": f"moved{place % 3}/{name}",
            "folder": f"{name}/inner.txt",
            "case": str(PurePosixPath(name).with_name(PurePosixPath(name).name.swapcase())),
            "named": f"caf\udce9{place % 2}.txt",
        }[kind]
        file = files.pop(name)
        files[there if _is_free(files, there) else name] = file
    elif is_link:
        return
    elif kind == "bit":
        files[name] = File(content, "100644" if mode == "100755" else "100755")
    elif kind == "crlf":
        files[name] = File(b"".join(row + b"\r\n" for row in [*rows, mine.encode()]), mode)
    else:
        rows[place % len(rows)] = mine.encode() + (b" \xff\xe9" if kind == "bytes" else b"")
        files[name] = File(b"\n".join(rows) + b"\n", mode)


def _toggle(files: Files, rule: bytes) -> None:
    content, mode = files.get(".gitignore", File(b""))
    if mode != _LINK:
        new = content.replace(rule, b"") if rule in content else content + rule
        files[".gitignore"] = File(new, mode)


def _is_free(files: Files, path: str) -> bool:
    """Whether nothing stands at a path, above it or below it."""
    above = {str(parent) for parent in PurePosixPath(path).parents}
    return path not in files and not above & files.keys() and not any(f.startswith(f"{path}/") for f in files)


def files_of(folder: Folder) -> Files:
    """What lies in a folder."""
    modes = {-1: _LINK, 0: "100644"}
    return {
        path: File(content, modes.get(mode, "100755")) for path, (content, mode) in folder.contents.items()
    }


def put(folder: Folder, before: Files, after: Files, under: str = "") -> None:
    """Make one set of files of another."""
    for name in before.keys() - after.keys():
        path = folder.root / under / name
        path.unlink()
        while (path := path.parent) != folder.root and not any(path.iterdir()):
            path.rmdir()
    for name, file in after.items():
        if before.get(name) == file:
            continue
        path = folder.root / under / name
        path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        if file.mode == _LINK:
            path.symlink_to(file.content.decode())
        else:
            path.write_bytes(file.content)
            path.chmod(0o755 if file.mode == "100755" else 0o644)
