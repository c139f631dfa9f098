"""An existing repository joins a template: one commit on a branch of its own, nothing of the user's changed.

The commit is a merge of HEAD and the render against an empty base in which what is there stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from atomci.adopt.adoptable import BRANCH, Adoptable, adoptable, require_layout
from atomci.adopt.comparison import Comparison
from atomci.adopt.existing import Inferred
from atomci.adopt.inference import answers_to, origins, refuse_invented_names
from atomci.adopt.next_steps import STUB, next_steps
from atomci.adopt.notes import notes
from atomci.artifacts.printed.sync import AdoptedFile, Adoption
from atomci.errors import RefusedError
from atomci.template.answers import Recorded, answers_file
from atomci.template.lock import lock_bytes, made_lock, with_own_files
from atomci.template.questionnaire import Dialogue, require_questions
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
    branch: str = BRANCH
    dialogue: Dialogue | None = None


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
    version = Version(template, release, recorded, wish.answers, last, dialogue=wish.dialogue)
    return _Render(version, found, snapshot(shop, here.objects, version))


def _planned(here: Adoptable, render: _Render, wish: Wish) -> PlannedAdoption:
    """The commit's files: what is the repository's, and what of the render is added to it."""
    version, rendered, existing = render.version, render.snapshot.files, here.existing
    answers = tuple(
        origins(render.snapshot.answers, wish.answers, render.found, asked=wish.dialogue is not None)
    )
    refuse_invented_names(answers)
    owners = tiers(version, render.snapshot)
    unlicensed = any(row.name in ("licence", "license") and "default" in row.source for row in answers)
    files = Comparison(
        here.repository, here.objects, here.files, render.snapshot, owners, existing, unlicensed
    ).files(version.recorded.file)
    new = {row.path: rendered[row.path] for row in files if row.change == "added"}
    texts = _texts(here.objects, rendered)
    added = {path: texts[path] for path in new if path in texts}
    if existing.setup_file and "pyproject.toml" in new:
        added["pyproject.toml"] = stub = STUB.format(setup=existing.setup_file)
        new["pyproject.toml"] = Entry("100644", here.objects.write("blob", stub.encode()))
    adoption = Adoption(
        state="planned",
        template=wish.location,
        version=version.release.name,
        branch=wish.branch,
        answers=answers,
        files=(*files, _locked_row(version.recorded.lock)),
        notes=tuple(notes(here.repository, files, added, answers, existing)),
        next=tuple(next_steps(texts, added, existing)),
    )
    # What was here before isn't the template's to replace, and what is left out isn't missing.
    own = {row.path for row in files if row.change not in ("added", "identical")}
    tier = with_own_files(owners.tier, own)
    lock = made_lock(rendered, version.recorded.file, version.release.name, tier)
    new[version.recorded.lock] = Entry("100644", here.objects.write("blob", lock_bytes(lock)))
    return PlannedAdoption(adoption, here.repository, here.objects, here.head, {**here.files, **new})


def _locked_row(path: str) -> AdoptedFile:
    why = "what was rendered, so that atomci status can show what differs"
    return AdoptedFile(path=path, change="added", tier="generated", detail=why)


def _texts(objects: Objects, files: Files) -> dict[str, str]:
    regular = {path: entry.oid for path, entry in files.items() if entry.is_file}
    contents = objects.read(regular.values())
    return {path: contents[oid].decode("utf-8", "replace") for path, oid in regular.items()}


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
