"""How a project differs from its render: by the committed lock, or by rendering once more."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from atomci.artifacts.sync import Drift, Lock, LockedFile, SyncStatus
from atomci.errors import InfrastructureError, RefusedError, UsageError
from atomci.sync.answers import Recorded
from atomci.sync.lock import is_current, lock_bytes, made_lock, read_lock, same_content
from atomci.tools.git import Git

if TYPE_CHECKING:
    from atomci.sync.objects import Files, Objects, Repository
    from atomci.sync.ownership import Ownership
    from atomci.sync.workshop import Workshop

__all__ = ["difference", "drift", "looked_at", "restore", "status", "status_offline", "write_lock"]

# Whose edits are drift, and whose are the project's good right.
_OURS = ("managed",)
_SHARED = ("managed", "merged")


def drift(root: Path, lock: Lock) -> tuple[Drift, ...]:
    """The managed and merged files that aren't as they were rendered. Edits of merged ones are allowed."""
    found = []
    for path, file in lock.files.items():
        if file.tier in _SHARED and (state := _state(root / path, file)) is not None:
            found.append(Drift(path=path, tier=file.tier, state=state, allowed=file.tier not in _OURS))
    return tuple(found)


def looked_at(recorded: Recorded) -> list[str]:
    """The lock and what `status_offline` holds against it, relative to the project."""
    lock = read_lock(recorded)
    shared = [path for path, file in lock.files.items() if file.tier in _SHARED] if lock else []
    return [recorded.lock, *shared]


def _state(path: Path, file: LockedFile) -> Literal["modified", "missing"] | None:
    try:
        details = path.lstat()
        if file.mode == "120000":
            same = same_content(os.fsencode(path.readlink()), file.blob)
        else:
            executable = os.name == "nt" or bool(details.st_mode & 0o100) == (file.mode == "100755")
            same = executable and not path.is_symlink() and same_content(path.read_bytes(), file.blob)
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except OSError:  # a folder, or a file where a link was
        return "modified"
    return None if same else "modified"


def status_offline(recorded: Recorded) -> SyncStatus:
    """Drift by the lock alone. It is unknown where plain copier left no lock, or an older one.

    Raises InfrastructureError for a lock that can't be read, or that git has and the folder hasn't.
    """
    lock = read_lock(recorded)
    if lock is None:
        if what := _lost_lock(recorded):
            raise InfrastructureError(f"drift is unknown: {what}", "atomci status writes it anew; commit it")
        return _status(recorded, None, "missing", None)
    if not is_current(lock, recorded):
        return _status(recorded, None, "stale", None)
    return _status(recorded, lock, "current", None)


def _lost_lock(recorded: Recorded) -> str:
    """What became of a lock that was there; empty where there never was one."""
    if (recorded.root / recorded.lock).exists():
        return f"{recorded.lock} can't be read"
    if Git(recorded.root).ask("log", "-1", "--format=%h", "--", recorded.lock):
        return f"{recorded.lock} was deleted"
    return ""


def status(shop: Workshop, recorded: Recorded, *, prereleases: bool = False) -> SyncStatus:
    """Version lag and drift. A missing or stale lock is computed from the template, and written."""
    from atomci.sync.template import remote_tags
    from atomci.sync.versions import newest_tag

    tags = remote_tags(recorded.location)
    if tags is None:
        tags = shop.template(recorded.location).tags
    latest = newest_tag(tags, prereleases=prereleases)
    lock, state = read_lock(recorded), "current"
    if lock is None or not is_current(lock, recorded):
        state = "missing" if lock is None else "stale"
        lock = fresh_lock(shop, recorded)
        if write_lock(recorded, lock):
            state = "written"
    return _status(recorded, lock, state, latest)


def _status(recorded: Recorded, lock: Lock | None, state: str, latest: str | None) -> SyncStatus:
    found = drift(recorded.root, lock) if lock else ()
    clean = lock is not None and all(row.allowed for row in found)
    return SyncStatus(
        template=recorded.location,
        version=recorded.version,
        latest=latest,
        behind=None if latest is None else _behind(recorded.version, latest),
        clean=clean,
        lock=state,  # type: ignore[arg-type]
        examined=sum(file.tier in _SHARED for file in lock.files.values()) if lock else 0,
        drift=found,
        verdict="unknown" if lock is None else "clean" if clean else "drifted",
    )


def _behind(version: str, latest: str) -> bool:
    from atomci.sync.versions import position

    here, there = position(version), position(latest)
    return here < there if here and there else version != latest


def fresh_lock(shop: Workshop, recorded: Recorded) -> Lock:
    """The lock of the recorded version, by rendering it."""
    found = _rendered(shop, recorded)
    return made_lock(found.files, recorded.file, recorded.version, found.owners.tier)


def write_lock(recorded: Recorded, lock: Lock) -> bool:
    """Write the lock, whole or not at all. False where the folder can't be written to."""
    path = recorded.root / recorded.lock
    partial = path.with_suffix(".tmp")
    try:
        path.parent.mkdir(exist_ok=True)
        partial.write_bytes(lock_bytes(lock))
        partial.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        return False
    return True


@dataclass(frozen=True)
class _Rendered:
    repository: Repository
    objects: Objects
    files: Files
    owners: Ownership


def _rendered(shop: Workshop, recorded: Recorded) -> _Rendered:
    from atomci.sync.objects import Objects, open_repository
    from atomci.sync.snapshot import recorded_snapshot

    repository = open_repository(recorded.root)
    objects = Objects(repository, shop.folder())
    return _Rendered(repository, objects, *recorded_snapshot(shop, objects, recorded))


def difference(shop: Workshop, recorded: Recorded, paths: Sequence[str], *, colour: bool = False) -> bytes:
    """What turns the render into the working tree, as git shows it; empty where nothing does.

    Without paths: managed and merged files. Paths are relative to the project; a folder means its files.
    """
    from atomci.sync.objects import Entry

    found = _rendered(shop, recorded)
    wanted = _chosen(found, paths)
    top = found.repository.top / found.repository.prefix
    there = [path for path in wanted if os.path.lexists(top / path) and not (top / path).is_dir()]
    links = [path for path in there if (top / path).is_symlink()]
    plain = [path for path in there if path not in links]
    git = found.objects.git
    names = "".join(f"{found.repository.prefix}{path}\n" for path in plain)
    oids = git("hash-object", "-w", "--stdin-paths", stdin=os.fsencode(names)).decode().split()
    now: Files = {}
    for path, oid in zip(plain, oids, strict=True):
        mode = "100755" if os.access(top / path, os.X_OK) else "100644"
        now[path] = Entry(found.files[path].mode if os.name == "nt" else mode, oid)
    for path in links:
        target = os.fsencode((top / path).readlink())
        now[path] = Entry("120000", found.objects.write("blob", target))
    trees = [found.objects.tree({path: files[path] for path in wanted if path in files})
             for files in (found.files, now)]  # fmt: skip
    return git("diff-tree", "-r", "-p", f"--color={'always' if colour else 'never'}", *trees)


def restore(shop: Workshop, recorded: Recorded, paths: Sequence[str]) -> list[str]:
    """Put files back as they were rendered, all or none, staged; the paths that changed.

    Raises RefusedError where that would lose work that no commit holds.
    """
    from atomci.sync.apply import refuse_operations
    from atomci.sync.switch import Journal, stage, switch

    found = _rendered(shop, recorded)
    repository, prefix = found.repository, found.repository.prefix
    refuse_operations(repository)
    lock = made_lock(found.files, recorded.file, recorded.version, found.owners.tier)
    wanted = {
        prefix + path: found.files[path]
        for path in _chosen(found, paths)
        if path not in lock.files or _state(recorded.root / path, lock.files[path]) is not None
    }
    head = repository.git.ask("rev-parse", "--verify", "--quiet", "HEAD")
    if head is None:
        raise UsageError("the repository has no commit yet", "git add -A && git commit, then again")
    touched = sorted(wanted)
    _refuse_unsaved(repository, touched)
    found.objects.migrate()
    lines = b"".join(
        f"{wanted[path].mode} {wanted[path].oid} 0\t".encode() + os.fsencode(path) + b"\0" for path in touched
    )
    staged = stage(repository, wanted, touched, lines)
    switch(
        repository,
        Journal(
            phase="switching",
            then="gone",
            head=head,
            index_before=staged.index_before,
            index_after=staged.index_after,
            steps=staged.steps,
            heads={},
            message="",
            template=recorded.location,
            versions=(recorded.version, recorded.version),
        ),
    )
    repository.git.code("update-index", "-q", "--refresh")
    return [step.path.removeprefix(prefix) for step in staged.steps]


def _refuse_unsaved(repository: Repository, touched: list[str]) -> None:
    rows = repository.git(
        "status", "--porcelain", "-z", "--untracked-files=all", "--ignored=matching", "--no-renames"
    )
    states = {os.fsdecode(row[3:]): row[:2].decode() for row in rows.split(b"\0") if row}
    unsaved = [path for path in touched if states.get(path, " D") not in (" D", "D ")]
    if unsaved:
        raise RefusedError(
            f"{', '.join(unsaved)}: what no commit holds would be lost",
            "git commit or git stash it, then again",
        )


def _chosen(found: _Rendered, paths: Sequence[str]) -> list[str]:
    if not paths:
        return [path for path in sorted(found.files) if found.owners.tier(path) in _SHARED]
    chosen: set[str] = set()
    for path in paths:
        clean = path.rstrip("/")
        named = {file for file in found.files if clean in ("", ".", file) or file.startswith(f"{clean}/")}
        if not named:
            raise UsageError(
                f"the template renders no {path} here", "atomci diff without a path shows what differs"
            )
        chosen |= named
    return sorted(chosen)
