"""An existing repository joins a template: one commit on a branch of its own, nothing of the user's changed.

The commit is a merge of HEAD and the render against an empty base in which what is there stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from atomci.adopt.adoptable import adoptable_head, require_layout, require_questions
from atomci.adopt.comparison import Comparison, notes
from atomci.adopt.inference import answers_to, existing, origins
from atomci.artifacts.sync import Adoption
from atomci.errors import RefusedError
from atomci.template.answers import Recorded, answers_file
from atomci.template.lock import lock_bytes, made_lock
from atomci.template.replay import described_template
from atomci.template.snapshot import snapshot, tiers
from atomci.template.versions import newest_tag
from atomci.template.workshop import Workshop
from atomci.tools.git import GitFailed
from atomci.tools.objects import Entry, Files, Objects, Repository, identity, open_repository

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


def plan_adoption(shop: Workshop, root: Path, wish: Wish) -> PlannedAdoption:
    """What an adoption would do. Nothing is touched.

    Raises UsageError, RefusedError or InfrastructureError where it can't be done.
    """
    repository = open_repository(root)
    head = adoptable_head(repository, root, wish.branch)
    template = shop.template(wish.location)
    release = template.release(wish.ref or newest_tag(template.tags) or "HEAD")
    described = described_template(wish.location, template.checkout(release), release)
    require_questions(wish.answers, described.questions_data)
    objects = Objects(repository, shop.folder())
    mine = objects.files(head)
    here = existing(repository, objects, mine)
    found = answers_to(here, described.questions_data)
    recorded_in = answers_file(str(described.answers_relpath))
    recorded = Recorded(root, recorded_in, {"_src_path": wish.location, "_commit": release.name})
    last = {name: fact.value for name, fact in found.items() if name not in wish.answers}
    rendered = snapshot(
        shop, objects, template, release, recorded, data=wish.answers, last=last, ask=wish.ask
    )
    owners = tiers(template, release, recorded, rendered.facts)
    require_layout(here, rendered.files)
    comparison = Comparison(repository, objects, mine, rendered, owners, here.layout is not None)
    files = comparison.files(recorded_in)
    lock = made_lock(rendered.files, recorded_in, release.name, owners.tier)
    new = {row.path: rendered.files[row.path] for row in files if row.change == "added"}
    new[recorded.lock] = Entry("100644", objects.write("blob", lock_bytes(lock)))
    answers = tuple(origins(rendered.answers, wish.answers, found, asked=wish.ask))
    adoption = Adoption(
        state="planned",
        template=wish.location,
        version=release.name,
        branch=wish.branch,
        answers=answers,
        files=tuple(files),
        notes=tuple(notes(repository, files, answers, here)),
    )
    return PlannedAdoption(adoption, repository, objects, head, {**mine, **new})


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
