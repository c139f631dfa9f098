"""What all work with templates in a process shares: a folder, templates fetched and compiled, a thread."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, TypeVar

from atomci.template.replay import Replay
from atomci.template.repository import Template, remote_tags
from atomci.template.sources import on_this_machine
from atomci.template.versions import newest_tag

__all__ = ["Workshop"]

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Workshop:
    """A folder outside every project, gone afterwards. No other process uses it, nor copier's cache.

    `tell` is called with what is being done.
    """

    tell: Callable[[str], None] = lambda _: None
    replay: Replay = field(default_factory=Replay)
    _tags: dict[str, Mapping[str, str]] = field(default_factory=dict)
    _templates: dict[str, Template] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _hand: ThreadPoolExecutor | None = None

    def __enter__(self) -> Workshop:
        self._temporary = tempfile.TemporaryDirectory(prefix="atomci-sync-", ignore_cleanup_errors=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._hand is not None:
            self._hand.shutdown(cancel_futures=True)
        self._temporary.cleanup()

    def folder(self) -> Path:
        """A new empty folder."""
        path = Path(self._temporary.name, str(next(self._numbers)))
        path.mkdir()
        return path

    def meanwhile(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Do something of git's while this thread renders; one thing after the other."""
        if self._hand is None:
            self._hand = ThreadPoolExecutor(1, "atomci-git")
        return self._hand.submit(work, *args, **kwargs)

    def settle(self) -> None:
        """Wait until all of that is done. No thread of ours lives then, so that the process can fork."""
        if self._hand is not None:
            self._hand.shutdown()
            self._hand = None

    def newest(self, location: str, *, prereleases: bool = False) -> str | None:
        """The tag of a template's newest release, None without one; nothing is fetched to tell that."""
        return newest_tag(self.tags(location), prereleases=prereleases)

    def tags(self, location: str) -> Mapping[str, str]:
        """The commit of each tag of a template, by its name; it is asked once."""
        if location not in self._tags:
            tags = remote_tags(location, Path(self._temporary.name))
            self._tags[location] = self.template(location).tagged if tags is None else tags
        return self._tags[location]

    def unused(self, location: str) -> tuple[str, ...]:
        """A note where a template on this machine has changes that no commit holds: versions are commits."""
        if on_this_machine(location) is None or not self.template(location).is_edited:
            return ()
        return (f"{location} has uncommitted changes, which an update leaves out: git commit them there",)

    def template(self, location: str) -> Template:
        """A template, fetched at its first use."""
        if location not in self._templates:
            self._templates[location] = Template(location, self.folder())
        return self._templates[location]
