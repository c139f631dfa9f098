"""Whether a repository can join a template as it is; a refusal says the way out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from atomci.adopt.existing import Existing, read_existing
from atomci.errors import RefusedError, UsageError
from atomci.project import ANSWERS_FILE
from atomci.template.answers import answers_files
from atomci.template.workshop import Workshop
from atomci.tools.git.objects import Files, Objects
from atomci.tools.git.repository import Repository, head_commit, open_repository

__all__ = ["BRANCH", "Adoptable", "adoptable", "adoptable_head", "require_layout"]

BRANCH = "atomci/adopt"


@dataclass(frozen=True)
class Adoptable:
    """A repository that can join: its HEAD, the files there, and what they say of it."""

    root: Path
    repository: Repository
    objects: Objects
    head: str
    files: Files
    existing: Existing


def adoptable(shop: Workshop, root: Path, branch: str) -> Adoptable:
    """The repository in a folder. Raises UsageError or RefusedError where it can't join as it is."""
    repository = open_repository(root)
    head = adoptable_head(repository, root, branch)
    objects = Objects(repository, shop.folder())
    files = objects.files(head)
    return Adoptable(root, repository, objects, head, files, read_existing(repository, objects, files))


def adoptable_head(repository: Repository, root: Path, branch: str) -> str:
    """HEAD's commit. Raises UsageError or RefusedError for a repository that can't join as it is.

    That is one that has joined, a folder of one, one without a commit, or with such a branch.
    """
    git = repository.git
    if repository.prefix:
        raise RefusedError(
            f"{root} is a folder of the repository {repository.top}, and a template needs a whole one",
            f"cd {repository.top}; or give the folder a repository of its own: "
            f"git subtree split --prefix={repository.prefix.rstrip('/')}",
        )
    head = head_commit(repository)
    committed = git.ask("ls-tree", "--name-only", head, "--", ANSWERS_FILE)
    if there := [*answers_files(root), *([committed] if committed else [])]:
        raise RefusedError(
            f"{there[0]} is here: it was rendered from a template already",
            "atomci status shows which one, atomci update brings it up to date",
        )
    if branch == "HEAD" or git.ask("check-ref-format", "--branch", branch) != branch:
        raise UsageError(f"--branch {branch}: not a branch name", "for example --branch atomci/adopt")
    if git.resolve(f"refs/heads/{branch}") is not None:
        # git removes none that is checked out, and what somebody named otherwise may be anything.
        ours = branch == BRANCH and not git.ask(
            "for-each-ref", "--format=%(worktreepath)", f"refs/heads/{branch}"
        )
        raise RefusedError(
            f"there is a branch {branch} already",
            (
                f"git branch -D {branch}, or another: --branch NAME"
                if ours
                else "take another name: --branch NAME"
            ),
        )
    return head


def require_layout(existing: Existing, rendered: Collection[str]) -> None:
    """Raises RefusedError where a new pyproject.toml would look in src/ for a package that is elsewhere."""
    layout = existing.layout
    if "pyproject.toml" not in rendered or "pyproject.toml" in existing.paths or existing.setup_file:
        return
    in_src = any(path.startswith("src/") and path.endswith(".py") for path in rendered)
    if layout is None or layout.kind == "src" or not in_src:
        return
    target = f"src/{layout.package}" + ("/__init__.py" if layout.kind == "module" else "")
    folder = str(PurePosixPath(target).parent)
    raise RefusedError(
        f"the template needs the package in src/, and here it is {layout.path}",
        f"mkdir -p {folder} && git mv {layout.path} {target}; correct what names the old path (build, tests, "
        "configuration), or leave it there and describe it: uv init --bare; commit, then try again",
    )
