"""A session taken away."""

from __future__ import annotations

from atomci.guard.snapshot.store import SnapshotStore
from atomci.guard.workplace import worktree

__all__ = ["drop"]


def drop(store: SnapshotStore) -> None:
    """Remove its worktree and its snapshots. Raises InfrastructureError."""
    place = worktree.find(store.repository.top, store.run)
    if place is not None:
        worktree.remove(place)
    store.drop()
