"""Learning that some file may have changed: from the system by watchfiles, or by looking."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import threading
from collections.abc import Callable, Collection, Iterable

__all__ = ["LOOKING", "Notices", "has_watchfiles", "watchfiles_version"]

LOOKING = 0.5
"""Seconds between two looks, where the system tells nothing."""
_STEP_MS = 20
_GROUP_MS = 200
_State = dict[str, tuple[int, ...]]


def has_watchfiles() -> bool:
    """Whether the system's own notices can be had."""
    return importlib.util.find_spec("watchfiles") is not None


def watchfiles_version() -> str | None:
    """That which is installed beside atomci; None without one."""
    try:
        return importlib.metadata.version("watchfiles") if has_watchfiles() else None
    except importlib.metadata.PackageNotFoundError:
        return None


class Notices:
    """Calls `changed` from a thread of its own. It may call without need, and what changed it doesn't say."""

    def __init__(self, changed: Callable[[], None], *, look: bool = False) -> None:
        self._changed = changed
        self._look = look or not has_watchfiles()
        self._why = "" if look else "watchfiles isn't installed"
        self._followed: frozenset[str] = frozenset()
        self._files: tuple[str, ...] = ()
        self._stop = threading.Event()

    @property
    def how(self) -> str:
        """In words."""
        if not self._look:
            return "by the system's notices"
        return f"by looking twice a second{f', since {self._why}' if self._why else ''}"

    def follow(self, folders: frozenset[str], files: Collection[str]) -> bool:
        """Notice changes of these files and of names in these folders; whether it begins anew for that."""
        self._files = tuple(files)
        if folders == self._followed:
            return False
        self.end()
        self._followed, self._stop = folders, threading.Event()
        target = self._by_looking if self._look else self._by_notices
        threading.Thread(target=target, args=(folders, self._stop), daemon=True).start()
        return True

    def end(self) -> None:
        """No call comes after this but one that is under way."""
        self._stop.set()
        self._followed = frozenset()

    def _by_notices(self, folders: frozenset[str], stop: threading.Event) -> None:
        from watchfiles import watch

        try:
            for _ in watch(
                *sorted(folders),
                watch_filter=None,
                debounce=_GROUP_MS,
                step=_STEP_MS,
                stop_event=stop,
                recursive=False,
                raise_interrupt=False,
                ignore_permission_denied=True,
            ):
                self._changed()
        except FileNotFoundError:  # a folder is gone already
            self._changed()
            self._by_looking(folders, stop)
        except Exception as error:  # whatever the system hasn't more of
            self._look, self._why = True, f"the system's notices can't be had: {error}"
            self._by_looking(folders, stop)

    def _by_looking(self, folders: frozenset[str], stop: threading.Event) -> None:
        before = _states((*folders, *self._files))
        while not stop.wait(LOOKING):
            now = _states((*folders, *self._files))
            if now != before:
                self._changed()
            before = now


def _states(paths: Iterable[str]) -> _State:
    found: _State = {}
    for path in paths:
        try:
            one = os.stat(path)  # noqa: PTH116  # for thousands, twice a second
        except (OSError, ValueError):
            continue
        found[path] = (one.st_mtime_ns, one.st_ctime_ns, one.st_size, one.st_ino)
    return found
