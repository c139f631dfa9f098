"""Runs `atomci update` where the kernel refuses to write, and tells of each run how far it came and what it left.

As a program, `full_disk.py PROJECT DISK WORD...`, it mounts a small disk on the folder DISK and fills it,
less and less. It takes a mount namespace of its own, with which the disk goes.
"""

import ctypes
import hashlib
import importlib
import itertools
import json
import os
import resource
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

PAGE = 4096
DISK = 16 << 20
# From room for nothing to the first success in steps of so many pages; then halves, to the last page that lacks, and
# wherever a stage was passed over.
STEP = 24
STAGES = ("reading", "rendering", "storing", "staging", "switching")


@dataclass(frozen=True)
class Attempt:
    """One run: the bytes there was room for, the furthest stage it reached, exit code and words.

    `left` are the paths that it left otherwise than they were, `again` the exit code of the same command with
    room, `outcome` what that comes to.
    """

    room: int
    stage: str
    code: int
    said: str
    left: list[str]
    again: int
    outcome: str


def state(root: Path) -> dict[str, str]:
    """Every file, link and folder, those of .git too, but for objects: nothing names a new one yet."""
    found = {}
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        if name.startswith(".git/objects/"):
            continue
        content = f"link {path.readlink()}" if path.is_symlink() else "folder"
        if path.is_file() and not path.is_symlink():
            content = f"{path.stat().st_mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
        found[name] = content
    return found


def outcome(root: Path) -> str:
    """The state in short, without what holds the time: git's index, the journal, the commit that is picked."""
    timed = (".git/index", ".git/atomci-update", ".git/CHERRY_PICK_HEAD")
    rows = sorted(row for row in state(root).items() if not row[0].startswith(timed))
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def run(root: Path, words: Sequence[str], limit: Callable[[], None]) -> tuple[int, str, str]:
    """The exit code of `atomci update` in a child with a limit, the furthest stage it began, what it said."""
    # Pipes, which no limit of files and no full disk stops.
    (said, saying), (began, beginning) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        code = 99
        try:
            sys.stdout = sys.stderr = os.fdopen(saying, "w", encoding="utf-8", buffering=1)
            follow(beginning)
            limit()
            from atomci.cli.main import main

            code = main(["update", "--project", str(root), *words])
        finally:
            os._exit(code)
    os.close(saying)
    os.close(beginning)
    with os.fdopen(said, encoding="utf-8") as words_said, os.fdopen(began) as stages:
        text, reached = words_said.read(), stages.read().split()
    _, status = os.waitpid(child, 0)
    # Files are stored while others are still rendered, so the last stage that began isn't always the furthest.
    return os.waitstatus_to_exitcode(status), max(reached, key=STAGES.index, default=STAGES[0]), text


def follow(stages: int) -> None:
    """Write down when a stage begins."""
    from atomci.template.replay import Replay
    from atomci.tools.git.objects import Objects
    from atomci.update import apply, end

    for stage, place, name in (
        ("rendering", Replay, "render"),
        ("storing", Objects, "add"),
        ("storing", Objects, "migrate"),
        ("staging", apply, "stage"),
        ("staging", end, "stage"),
        ("switching", apply, "switch"),
        ("switching", end, "switch"),
    ):
        real = getattr(place, name)

        def begun(
            *words: object, real: Callable[..., object] = real, stage: str = stage, **named: object
        ) -> object:
            os.write(stages, f"{stage}\n".encode())
            return real(*words, **named)

        setattr(place, name, begun)


def attempt(
    root: Path,
    words: Sequence[str],
    room: int,
    limit: Callable[[], None] = lambda: None,
    release: Callable[[], None] = lambda: None,
) -> Attempt:
    """A run with a limit, which the child sets; where it failed, another after `release`."""
    before = state(root)
    code, stage, said = run(root, words, limit)
    after = state(root)
    left = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    release()
    again = code if code in (0, 1) else run(root, words, lambda: None)[0]
    return Attempt(room, stage, code, said, left, again, outcome(root))


def with_short_files(
    project: Path, words: Sequence[str], folder: Path, rooms: Sequence[int]
) -> Iterator[Attempt]:
    """Runs in which no file may become longer than so many bytes: RLIMIT_FSIZE, which every POSIX system has."""
    for room in rooms:
        root = folder / str(room) / project.name
        shutil.copytree(project, root, symlinks=True)
        yield attempt(root, words, room, partial(resource.setrlimit, resource.RLIMIT_FSIZE, (room, room)))


def with_little_room(project: Path, disk: Path, words: Sequence[str]) -> Iterator[Attempt]:
    """Runs on a disk with the project, the temporary files and room for ever more pages."""
    temporary, ballast, root = disk / "tmp", disk / "ballast", disk / "here" / project.name
    temporary.mkdir()
    os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
    stages: dict[int, int] = {}

    def attempted(pages: int) -> Attempt:
        shutil.copytree(project, root, symlinks=True)
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, (os.statvfs(disk).f_bavail - pages) * PAGE)
        found = attempt(root, words, pages * PAGE, release=ballast.unlink)
        shutil.rmtree(root.parent)
        stages[pages] = len(STAGES) if found.code in (0, 1) else STAGES.index(found.stage)
        return found

    yield attempted(0)
    while max(stages.values()) < len(STAGES):
        yield attempted(max(stages) + STEP)
    while (middle := _passed_over(stages)) is not None:
        yield attempted(middle)


def _passed_over(stages: Mapping[int, int]) -> int | None:
    """A number of pages in the middle of two that end more than one stage apart, or in failure and success."""
    for few, more in itertools.pairwise(sorted(stages)):
        apart = stages[more] - stages[few] > 1 or (stages[more] == len(STAGES) > stages[few])
        if apart and more - few > 1:
            return (few + more) // 2
    return None


def mount(folder: Path) -> None:
    """A disk in memory."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"none", os.fsencode(folder), b"tmpfs", 0, f"size={DISK}".encode()) != 0:
        raise OSError(ctypes.get_errno(), "mount")


if __name__ == "__main__":
    importlib.import_module("atomci.template.worker")  # once, and not in each child
    mount(Path(sys.argv[2]))
    for row in with_little_room(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]):
        sys.stdout.write(f"{json.dumps(asdict(row))}\n")
