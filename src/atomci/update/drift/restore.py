"""Files against what was rendered: shown as git shows a difference, or put back.

Where git still holds what the lock names, the template isn't asked; else it is rendered once more.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from atomci.artifacts.sync import Lock, Tier
from atomci.errors import RefusedError, UsageError
from atomci.template.answers import Recorded
from atomci.template.lock import is_current, made_lock, read_lock
from atomci.template.snapshot import recorded_snapshot
from atomci.template.workshop import Workshop
from atomci.tools.objects import Entry, Files, Objects, Repository, head_commit, open_repository
from atomci.update.drift.status import SHARED, drifted
from atomci.update.under_way import refuse_operations
from atomci.update.worktree.journal import Journal
from atomci.update.worktree.stage import index_line, stage
from atomci.update.worktree.switch import held, switch

__all__ = ["difference", "restore"]


@dataclass(frozen=True)
class _Rendered:
    """What was rendered, by paths relative to the project, and which of it is meant."""

    repository: Repository
    objects: Objects
    files: Files
    tier: Callable[[str], Tier]
    wanted: list[str]


def _rendered(shop: Workshop, recorded: Recorded, paths: Sequence[str]) -> _Rendered:
    repository = open_repository(recorded.root)
    objects = Objects(repository, shop.folder())
    lock = read_lock(recorded)
    if lock is not None and is_current(lock, recorded):
        files = _locked(lock, recorded)
        found = _meant(repository, objects, files, lambda path: _tier(lock, path), paths)
        if objects.has(files[path].oid for path in found.wanted):
            return found
    files, owners = recorded_snapshot(shop, objects, recorded)
    return _meant(repository, objects, files, owners.tier, paths)


def _locked(lock: Lock, recorded: Recorded) -> Files:
    files = {path: Entry(file.mode, file.blob) for path, file in lock.files.items()}
    return {**files, recorded.file: Entry("100644", lock.answers)}


def _tier(lock: Lock, path: str) -> Tier:
    return lock.files[path].tier if path in lock.files else "managed"


def _meant(
    repository: Repository, objects: Objects, files: Files, tier: Callable[[str], Tier], paths: Sequence[str]
) -> _Rendered:
    if not paths:
        return _Rendered(
            repository, objects, files, tier, [path for path in sorted(files) if tier(path) in SHARED]
        )
    chosen: set[str] = set()
    for path in paths:
        clean = path.rstrip("/")
        named = {file for file in files if clean in ("", ".", file) or file.startswith(f"{clean}/")}
        if not named:
            raise UsageError(
                f"the template renders no {path} here", "atomci diff without a path shows what differs"
            )
        chosen |= named
    return _Rendered(repository, objects, files, tier, sorted(chosen))


def difference(shop: Workshop, recorded: Recorded, paths: Sequence[str], *, colour: bool = False) -> bytes:
    """What turns the render into the working tree, as git shows it; empty where nothing does.

    Without paths: managed and merged files. Paths are relative to the project; a folder means its files.
    """
    found = _rendered(shop, recorded, paths)
    wanted = found.wanted
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
    found = _rendered(shop, recorded, paths)
    with held(found.repository):
        return _restore(found, recorded)


def _restore(found: _Rendered, recorded: Recorded) -> list[str]:
    repository, prefix = found.repository, found.repository.prefix
    refuse_operations(repository)
    lock = made_lock(found.files, recorded.file, recorded.version, found.tier)
    wanted = {
        prefix + path: found.files[path]
        for path in found.wanted
        if path not in lock.files or drifted(recorded.root / path, lock.files[path]) is not None
    }
    head = head_commit(repository)
    touched = sorted(wanted)
    _refuse_unsaved(repository, touched)
    found.objects.migrate()
    staged = stage(repository, wanted, touched, [index_line(path, wanted[path]) for path in touched])
    versions = (recorded.version, recorded.version)
    switch(repository, staged, Journal(then="gone", head=head, template=recorded.location, versions=versions))
    return [step.path.removeprefix(prefix) for step in staged.steps]


def _refuse_unsaved(repository: Repository, touched: list[str]) -> None:
    states = repository.git.states("--untracked-files=all", "--ignored=matching")
    unsaved = [path for path in touched if states.get(path, " D") not in (" D", "D ")]
    if unsaved:
        raise RefusedError(
            f"{', '.join(unsaved)}: what no commit holds would be lost",
            "git commit or git stash it, then again",
        )
