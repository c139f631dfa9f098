"""Whatever is done to a tree before and after: an undo gives the one state, the undo of it the other.

ATOMCI_EXAMPLES is how many histories are made up.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from nightly import NIGHTLY
from tree_world import git, lying, new_tree, users_git

from atomci.guard.snapshot.take import take
from atomci.guard.snapshot.undo import UndoRequest, undo
from atomci.tools.git.repository import open_repository

EXAMPLES = int(os.environ.get("ATOMCI_EXAMPLES", "300" if NIGHTLY else "4"))
RUN, UNDO, AGAIN = "20260101T000000-abc", "20260102T000000-abc", "20260103T000000-abc"
FIRST = {
    ".gitignore": "*.log\ncache/\n",
    ".gitattributes": "*.txt text=auto\n",
    "a.txt": "a\n",
    "d/b": "b\n",
    "d/e/c": "c",
}

NAMES = ("a.txt", "b", "c", "x.log", "caf\udce9", "d", "e")
PATHS = st.lists(st.sampled_from((*NAMES, "cache")), min_size=1, max_size=3).map("/".join) | st.sampled_from(
    (".gitignore", ".gitattributes", "d/b", "d/e/c")
)
CONTENTS = st.sampled_from((b"", b"a\n", b"a\r\n", b"b\n", b"*\n", b"*.txt text eol=crlf\n", b"\0\xff"))
EDITS = st.lists(
    st.tuples(st.just("write"), PATHS, CONTENTS)
    | st.tuples(
        st.sampled_from(("remove", "folder", "link", "run", "close", "stage", "commit")), PATHS, st.just(b"")
    )
    | st.tuples(st.just("move"), PATHS, PATHS.map(os.fsencode)),
    max_size=8,
)
Edit = tuple[str, str, bytes]


def write(place: Path, content: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)


def remove(place: Path, _: bytes) -> None:
    place.unlink() if place.is_symlink() or not place.is_dir() else shutil.rmtree(place)


def link(place: Path, _: bytes) -> None:
    place.symlink_to("./d/e/")


def move(place: Path, other: bytes) -> None:
    place.rename(next(above for above in place.parents if (above / ".git").exists()) / os.fsdecode(other))


DOES: dict[str, Callable[[Path, bytes], object]] = {
    "write": write,
    "remove": remove,
    "folder": lambda place, _: place.mkdir(parents=True),
    "link": link,
    "run": lambda place, _: place.chmod(0o755),
    "close": lambda place, _: place.chmod(0o600) if place.is_file() else None,
    "move": move,
}


def edit(top: Path, edits: list[Edit]) -> None:
    for kind, path, more in edits:
        with contextlib.suppress(OSError, shutil.Error, AssertionError):
            if kind == "commit":
                git(top, "commit", "-q", "--allow-empty", "-m", "more")
            elif kind == "stage":
                git(top, "add", "-A", "--", ".")
            elif (top / path).resolve().is_relative_to(top):
                DOES[kind](top / path, more)


def permissions(top: Path) -> dict[bytes, int]:
    files = (path for path in lying(top) if (top / os.fsdecode(path)).is_file())
    return {path: stat.S_IMODE((top / os.fsdecode(path)).lstat().st_mode) for path in files}


def committed(top: Path) -> set[bytes]:
    """What git holds, whose permissions it doesn't."""
    return set(git(top, "ls-tree", "-r", "-z", "--name-only", "HEAD").split(b"\0"))


@pytest.mark.timeout(3600 if NIGHTLY else 600)
@given(earlier=EDITS, work=EDITS)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=not NIGHTLY,
    suppress_health_check=list(HealthCheck),
    phases=list(Phase) if NIGHTLY else [Phase.generate],
)
def test_there_and_back(
    tmp_path_factory: pytest.TempPathFactory, earlier: list[Edit], work: list[Edit]
) -> None:
    top = new_tree(tmp_path_factory.mktemp("history") / "project", FIRST)
    edit(top, earlier)
    before, bits, held = lying(top), permissions(top), committed(top)
    take(top, RUN, "before")
    edit(top, work)
    after, bits_after, own = lying(top), permissions(top), users_git(top)
    take(top, RUN, "after")
    held |= committed(top)
    repository = open_repository(top)
    done = undo(repository, UndoRequest(RUN, UNDO))
    assert lying(top) == before
    assert {path: mode for path, mode in permissions(top).items() if path not in held} == {
        path: mode for path, mode in bits.items() if path not in held
    }
    if done.done:
        undo(repository, UndoRequest(UNDO, AGAIN))
    assert lying(top) == after
    assert {path: mode for path, mode in permissions(top).items() if path not in held} == {
        path: mode for path, mode in bits_after.items() if path not in held
    }
    assert users_git(top) == own
    shutil.rmtree(top)
