"""One version of a template, rendered with a project's answers and stored as git would store it there."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from atomci.errors import UsageError
from atomci.template.answers import Recorded, parse_answers
from atomci.tools.objects import Files, Objects
from atomci.template.ownership import FILE, Ownership, ownership
from atomci.template.replay import Replayed
from atomci.template.repository import Release, Template
from atomci.template.workshop import Workshop

__all__ = ["Snapshot", "recorded_snapshot", "snapshot", "tiers"]


@dataclass(frozen=True)
class Snapshot:
    """What a version renders. The answers are those that it records, copier's own left out."""

    facts: Replayed
    answers: Mapping[str, Any]
    stored: Future[Files]

    @property
    def files(self) -> Files:
        """The files by their paths from the top of the repository; waits until git has stored them."""
        return self.stored.result()


def snapshot(
    shop: Workshop,
    objects: Objects,
    template: Template,
    release: Release,
    recorded: Recorded,
    *,
    data: Mapping[str, Any],
    last: Mapping[str, Any],
    exclude: tuple[str, ...] = (),
    ask: bool = False,
) -> Snapshot:
    """Render a version and store its files, the latter meanwhile. `data` and `last` as in Replay.render.

    The folder is called like the project's, as templates may ask for its name.
    """
    folder = shop.folder()
    prefix = objects.repository.prefix
    worktree = folder / (recorded.root.name if not prefix else "top")
    into = worktree / prefix
    into.mkdir(parents=True)
    files = template.checkout(release)
    facts = shop.replay.render(files, release, recorded, into, data=data, last=last, exclude=exclude, ask=ask)
    answers = into / recorded.file
    if not answers.is_file():
        raise UsageError(
            f"{release.name} of the template renders no {recorded.file}",
            "its answers file has another name there; nothing can be updated from it",
        )
    values = parse_answers(answers.read_bytes(), str(answers))
    stored = shop.meanwhile(objects.add, worktree, folder / "index")
    shop.meanwhile(shutil.rmtree, folder, ignore_errors=True)
    return Snapshot(
        facts, {name: value for name, value in values.items() if not name.startswith("_")}, stored
    )


def recorded_snapshot(shop: Workshop, objects: Objects, recorded: Recorded) -> tuple[Files, Ownership]:
    """The recorded version as it was rendered, and who owns what: paths relative to the project."""
    template = shop.template(recorded.location)
    release = template.release(recorded.version)
    found = snapshot(shop, objects, template, release, recorded, data=recorded.answers, last={})
    shop.settle()
    files = {path.removeprefix(objects.repository.prefix): entry for path, entry in found.files.items()}
    return files, tiers(template, release, recorded, found.facts)


def tiers(template: Template, release: Release, recorded: Recorded, facts: Replayed) -> Ownership:
    """Who owns what at a version."""
    return ownership(template.read(release, FILE), facts.seeds, recorded.file, recorded.lock)
