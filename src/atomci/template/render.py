"""A project rendered afresh, with the bytes of `copier copy`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atomci.project import Project
from atomci.template.answers import Recorded
from atomci.template.ownership import FILE as OWNERSHIP_FILE
from atomci.template.questionnaire import Dialogue, require_questions
from atomci.template.replay import Version, described_template
from atomci.template.repository import opened_template
from atomci.template.sources import Source
from atomci.template.workshop import Workshop

__all__ = ["Rendered", "render"]


@dataclass(frozen=True)
class Rendered:
    """A fresh render: the project, what is to be said of it, and what the template says of who owns what.

    `owners` is its table, None where it has none; `seeds` tells what its `_skip_if_exists` matches.
    """

    project: Project
    notes: tuple[str, ...]
    owners: bytes | None
    seeds: Callable[[str], bool]


def render(
    shop: Workshop,
    source: Source,
    destination: Path,
    answers: Mapping[str, Any],
    dialogue: Dialogue | None = None,
) -> Rendered:
    """Render into an empty folder. What `answers` leave open is asked for, or without a dialogue the default.

    Raises UsageError for a bad answer or template, RefusedError where it needs trust, InfrastructureError
    when it can't be fetched or costs too much, and KeyboardInterrupt when the questions are broken off. What
    was written until then stays.
    """
    template = opened_template(source.clone or source.location, shop.folder())
    release, dirty = template.as_it_lies(source.ref)
    recorded = Recorded(destination, "", {"_src_path": source.location, "_commit": release.name})
    version = Version(
        template,
        release,
        recorded,
        answers,
        ref=source.ref,
        operation="copy",
        dialogue=dialogue,
    )
    require_questions(answers, described_template(template, release, source.location).questions_data)
    replayed = shop.replay.render(version, destination)
    project = Project(destination)
    notes = ("Dirty template changes included automatically.",) if dirty else ()
    return Rendered(project, notes, template.read(release, OWNERSHIP_FILE), replayed.seeds)
