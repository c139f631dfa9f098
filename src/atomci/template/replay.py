"""Rendering a version of a template with recorded answers, in this process, as `copier update` would.

copier's worker does it; it is only told where the template's files already are, so that it neither
fetches nor asks git about each file. A test compares the bytes with those of `copier copy`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from atomci.errors import RefusedError
from atomci.template.answers import Recorded
from atomci.template.render import copier_errors
from atomci.template.repository import Release, Template

__all__ = ["Replay", "Replayed", "Version", "described_template", "refuse_migrations"]


@dataclass(frozen=True)
class Version:
    """A version of a template with a project's answers: what is to be rendered.

    `data` are answers that count whatever they say, `last` earlier ones that count where they are still valid.
    What is open then is asked for (`ask`), or takes the default. Paths of `exclude` are left out.
    """

    template: Template
    release: Release
    recorded: Recorded
    data: Mapping[str, Any]
    last: Mapping[str, Any] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    ask: bool = False


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

    def render(self, version: Version, into: Path) -> Replayed:
        """Render into a folder. Raises UsageError for a bad answer or template, RefusedError where trust is needed."""
        recorded, template = version.recorded, self._described(version)
        with copier_errors(recorded.location):
            from atomci.template import worker as copiers

            if version.ask:
                importlib.import_module("questionary")
            worker = copiers.Worker(
                src_path=recorded.location,
                dst_path=into,
                answers_file=Path(recorded.file),
                data=dict(version.data),
                exclude=list(version.exclude),
                defaults=not version.ask,
                skip_answered=version.ask,
                overwrite=True,
                quiet=True,
                cleanup_on_error=False,
                skip_tasks=True,
            )
            self._compiled = self._compiled or copiers.Compiled()
            worker.place(template, version.last, recorded.root, self._compiled)
            match = copiers.run(worker)
        return Replayed(
            lambda path: match(Path(path)), template.exclude, frozenset(template.questions_data), template
        )

    def _described(self, version: Version) -> Any:
        location, files = version.recorded.location, version.template.checkout(version.release)
        if (files, location) not in self._templates:
            found = described_template(version.template, version.release, location)
            self._templates[files, location] = found
        return self._templates[files, location]


def described_template(template: Template, release: Release, location: str = "") -> Any:
    """A version as copier sees it: questions, settings. Raises RefusedError where trust is needed.

    `location` is what a project recorded of where the template is, if that is another by now.
    """
    location = location or template.location
    files = template.checkout(release)
    with copier_errors(location):
        from atomci.template import worker as copiers

        described = copiers.checked_out(location, files, release)
        _refuse_trust(location, described)
        return described


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
