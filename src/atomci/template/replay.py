"""Rendering a version of a template with recorded answers, in this process, as `copier update` would.

copier's worker does it; it is only told where the template's files already are, so that it neither
fetches nor asks git about each file. A test compares the bytes with those of `copier copy`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

from atomci.errors import RefusedError
from atomci.template.answers import Recorded
from atomci.template.render import copier_errors
from atomci.template.repository import Release
from atomci.template.unprompted import unprompted

__all__ = ["Replay", "Replayed", "described_template"]


@dataclass(frozen=True)
class Replayed:
    """What a render tells besides its files."""

    seeds: Callable[[str], bool]
    exclude: tuple[str, ...]
    questions: frozenset[str]
    template: Any


@dataclass
class Replay:
    """Renders. A template is read and compiled once for all renders of one object."""

    _compiled: Any = None
    _templates: dict[tuple[Path, str], Any] = field(default_factory=dict)

    def warm_up(self) -> None:
        """Import copier meanwhile, which takes longer than what git does first. Its errors come later."""
        Thread(target=_import_copier, daemon=True).start()

    def render(
        self,
        files: Path,
        release: Release,
        recorded: Recorded,
        into: Path,
        *,
        data: Mapping[str, Any],
        last: Mapping[str, Any],
        exclude: Sequence[str] = (),
        ask: bool = False,
    ) -> Replayed:
        """Render the template's `files` into a folder.

        `data` are answers that count whatever they say, `last` earlier ones that count where they are
        still valid. What is open then is asked for, or takes the default. Raises UsageError for a bad
        answer or template, RefusedError where trust is needed.
        """
        location = recorded.location
        with copier_errors(location):
            from atomci.template import worker as copiers

            if ask:
                importlib.import_module("questionary")
            template = self._template(location, files, release)
            worker = copiers.Worker(
                src_path=location,
                dst_path=into,
                answers_file=Path(recorded.file),
                data=dict(data),
                exclude=list(exclude),
                defaults=not ask,
                skip_answered=ask,
                overwrite=True,
                quiet=True,
                cleanup_on_error=False,
                skip_tasks=True,
            )
            self._compiled = self._compiled or copiers.Compiled()
            worker.place(template, last, recorded.root, self._compiled)
            match = copiers.run(worker)
        return Replayed(
            lambda path: match(Path(path)), template.exclude, frozenset(template.questions_data), template
        )

    def _template(self, location: str, files: Path, release: Release) -> Any:
        if (files, location) not in self._templates:
            self._templates[files, location] = described_template(location, files, release)
        return self._templates[files, location]


def described_template(location: str, files: Path, release: Release) -> Any:
    """A version as copier sees it: questions, settings. Raises RefusedError where trust is needed."""
    with copier_errors(location):
        from atomci.template import worker as copiers

        template = copiers.checked_out(location, files, release)
        _refuse_trust(location, template)
        return template


def _import_copier() -> None:
    with suppress(ImportError), unprompted():
        importlib.import_module("atomci.template.worker")


def refuse_migrations(location: str, old: Replayed, new: Replayed) -> None:
    """Raises RefusedError where copier would run commands of the template between the two versions."""
    if any(new.template.migration_tasks(stage, old.template) for stage in ("before", "after")):
        raise _needs_trust(location, "migrations")


def _refuse_trust(location: str, template: Any) -> None:
    for name in ("tasks", "jinja_extensions"):
        if getattr(template, name):
            raise _needs_trust(location, name)


def _needs_trust(location: str, what: str) -> RefusedError:
    return RefusedError(
        f"{location} runs code of its own (_{what}), which atomci doesn't",
        "if you trust it: copier update --trust",
    )
