"""An existing repository joins a template: one commit on a branch of its own, nothing of the user's changed.

The commit is a merge of HEAD and the render against an empty base in which what is there stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from atomci.adopt.adoptable import Adoptable, adoptable, require_layout, require_questions
from atomci.adopt.comparison import Comparison, notes
from atomci.adopt.existing import Inferred
from atomci.adopt.inference import answers_to, origins
from atomci.artifacts.sync import Adoption
from atomci.errors import RefusedError
from atomci.template.answers import Recorded, answers_file
from atomci.template.lock import lock_bytes, made_lock
from atomci.template.replay import Version, described_template
from atomci.template.snapshot import Snapshot, snapshot, tiers
from atomci.template.workshop import Workshop
from atomci.tools.git.client import GitFailed
from atomci.tools.git.objects import Entry, Files, Objects
from atomci.tools.git.repository import Repository, identity

__all__ = ["PlannedAdoption", "Wish", "make_adoption", "plan_adoption"]


@dataclass(frozen=True)
class Wish:
    """What is asked for. No `ref`: the newest release; `answers` count over what is found."""

    location: str
    ref: str | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)
    branch: str = "atomci/adopt"
    ask: bool = False


@dataclass(frozen=True)
class PlannedAdoption:
    """An adoption that can be made: the files of its commit."""

    adoption: Adoption
    repository: Repository
    objects: Objects
    head: str
    files: Files


@dataclass(frozen=True)
class _Render:
    """The template's version, rendered with the answers that were found or given."""

    version: Version
    found: Mapping[str, Inferred]
    snapshot: Snapshot


def plan_adoption(shop: Workshop, root: Path, wish: Wish) -> PlannedAdoption:
    """What an adoption would do. Nothing is touched.

    Raises UsageError, RefusedError or InfrastructureError where it can't be done.
    """
    here = adoptable(shop, root, wish.branch)
    render = _rendered(shop, here, wish)
    require_layout(here.existing, render.snapshot.files)
    return _planned(here, render, wish)


def _rendered(shop: Workshop, here: Adoptable, wish: Wish) -> _Render:
    """The version that is wished for, with the answers that the repository itself gives."""
    template = shop.template(wish.location)
    release = template.wanted(wish.ref)
    described = described_template(template, release)
    require_questions(wish.answers, described.questions_data)
    found = answers_to(here.existing, described.questions_data)
    last = {name: answer.value for name, answer in found.items() if name not in wish.answers}
    recorded = Recorded(
        here.root,
        answers_file(str(described.answers_relpath)),
        {"_src_path": wish.location, "_commit": release.name},
    )
    version = Version(template, release, recorded, wish.answers, last, ask=wish.ask)
    return _Render(version, found, snapshot(shop, here.objects, version))


def _planned(here: Adoptable, render: _Render, wish: Wish) -> PlannedAdoption:
    """The commit's files: what is the repository's, and what of the render is added to it."""
    version, rendered, objects = render.version, render.snapshot.files, here.objects
    owners = tiers(version, render.snapshot)
    has_code = here.existing.layout is not None
    comparison = Comparison(here.repository, objects, here.files, render.snapshot, owners, has_code)
    files = comparison.files(version.recorded.file)
    lock = made_lock(rendered, version.recorded.file, version.release.name, owners.tier)
    new = {row.path: rendered[row.path] for row in files if row.change == "added"}
    new[version.recorded.lock] = Entry("100644", objects.write("blob", lock_bytes(lock)))
    answers = tuple(origins(render.snapshot.answers, wish.answers, render.found, asked=wish.ask))
    adoption = Adoption(
        state="planned",
        template=wish.location,
        version=version.release.name,
        branch=wish.branch,
        answers=answers,
        files=tuple(files),
        notes=tuple(notes(here.repository, files, answers, here.existing)),
    )
    return PlannedAdoption(adoption, here.repository, objects, here.head, {**here.files, **new})


def make_adoption(planned: PlannedAdoption) -> Adoption:
    """Make the branch. HEAD, the index and the working tree stay as they are.

    Raises RefusedError when git takes no branch of that name, as after another was made meanwhile.
    """
    adoption, objects = planned.adoption, planned.objects
    message = f"Adopt the template at {adoption.version}\n\n{adoption.template}\n"
    tree = objects.tree(planned.files)
    commit = objects.commit(tree, message, identity(planned.repository), (planned.head,))
    objects.migrate()
    reference, nothing = f"refs/heads/{adoption.branch}", "0" * len(commit)
    try:
        planned.repository.git("update-ref", "-m", "atomci adopt", reference, commit, nothing)
    except GitFailed as error:
        raise RefusedError(
            f"the branch {adoption.branch} can't be made: {error.said}", "take another name: --branch NAME"
        ) from None
    return msgspec.structs.replace(adoption, state="adopted", commit=commit)
