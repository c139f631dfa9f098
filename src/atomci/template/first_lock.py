"""The lock of a project that has just been rendered, so that its first commit knows drift already."""

from __future__ import annotations

from atomci.errors import InfrastructureError, UsageError
from atomci.template.answers import recorded_answers
from atomci.template.lock import made_lock, write_lock
from atomci.template.ownership import ownership
from atomci.template.render import Rendered
from atomci.template.workshop import Workshop
from atomci.tools.git.client import Git
from atomci.tools.git.objects import Objects
from atomci.tools.git.repository import open_repository

__all__ = ["write_first_lock"]


def write_first_lock(rendered: Rendered) -> tuple[str, ...]:
    """Write the lock of the files as they were rendered; nothing else may be in their folder yet.

    A note where the template or its answers file allow no lock, none otherwise. Raises InfrastructureError
    when it can't be written.
    """
    root = rendered.project.root
    try:
        recorded = recorded_answers(root)
        owners = ownership(rendered.owners, rendered.seeds, recorded.file, recorded.lock, recorded.location)
    except UsageError as error:
        return (f"drift can't be found later: {error.message}",)
    with Workshop() as shop:
        # The project has no repository yet; one of no use otherwise tells what git would store.
        folder = shop.folder()
        Git(folder)("init", "--quiet")
        files = Objects(open_repository(folder), shop.folder()).add(root, shop.folder() / "index")
    if not write_lock(recorded, made_lock(files, recorded.file, recorded.version, owners.tier)):
        raise InfrastructureError(f"{root / recorded.lock} can't be written")
    return ()
