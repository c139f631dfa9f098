"""One version of a template, rendered with a project's answers and stored as git would store it there."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from atomci.errors import UsageError
from atomci.template.answers import Recorded, parse_answers
from atomci.template.ownership import FILE, Ownership, ownership
from atomci.template.replay import Replayed, Version
from atomci.template.workshop import Workshop
from atomci.tools.git.objects import Files, Objects

__all__ = ["Snapshot", "recorded_snapshot", "snapshot", "tiers"]


@dataclass(frozen=True)
class Snapshot:
    """What a version renders. The answers are those that it records, copier's own left out."""

    replayed: Replayed
    answers: Mapping[str, Any]
    stored: Future[Files]

    @property
    def files(self) -> Files:
        """The files by their paths from the top of the repository; waits until git has stored them."""
        return self.stored.result()


def snapshot(shop: Workshop, objects: Objects, version: Version) -> Snapshot:
    """Render a version and store its files, the latter meanwhile.

    The folder is called like the project's, as templates may ask for its name.
    """
    recorded, prefix, folder = version.recorded, objects.repository.prefix, shop.folder()
    worktree = folder / (recorded.root.name if not prefix else "top")
    into = worktree / prefix
    into.mkdir(parents=True)
    replayed = shop.replay.render(version, into)
    answers = into / recorded.file
    if not answers.is_file():
        raise UsageError(
            f"{version.release.name} of the template renders no {recorded.file}",
            "its answers file has another name there; nothing can be updated from it",
        )
    values = parse_answers(answers.read_bytes(), str(answers))
    stored = shop.meanwhile(objects.add, worktree, folder / "index")
    shop.meanwhile(shutil.rmtree, folder, ignore_errors=True)
    own = {name: value for name, value in values.items() if not name.startswith("_")}
    return Snapshot(replayed, own, stored)


def recorded_snapshot(shop: Workshop, objects: Objects, recorded: Recorded) -> tuple[Files, Ownership]:
    """The recorded version as it was rendered, and who owns what: paths relative to the project."""
    template = shop.template(recorded.source)
    version = Version(template, template.recorded(recorded.version), recorded, recorded.answers)
    found = snapshot(shop, objects, version)
    shop.settle()
    files = {path.removeprefix(objects.repository.prefix): entry for path, entry in found.files.items()}
    return files, tiers(version, found)


def tiers(version: Version, found: Snapshot) -> Ownership:
    """Who owns what of a version that was rendered."""
    table = version.template.read(version.release, FILE)
    recorded = version.recorded
    return ownership(table, found.replayed.seeds, recorded.file, recorded.lock, recorded.location)
