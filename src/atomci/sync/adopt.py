"""An existing repository joins a template: one commit on a branch of its own, nothing of the user's changed.

The commit is a merge of HEAD and the render against an empty base in which what is there stays.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from atomci.artifacts.sync import AdoptedFile, Adoption, InferredAnswer
from atomci.errors import RefusedError, UsageError
from atomci.sync.answers import Recorded, answers_files
from atomci.sync.inference import Existing, Fact, answers_to
from atomci.sync.lock import lock_bytes, made_lock
from atomci.sync.objects import Entry, Files, Objects, Repository, open_repository
from atomci.sync.ownership import Ownership
from atomci.sync.replay import described_template
from atomci.sync.snapshot import Snapshot, snapshot, tiers
from atomci.sync.update import identity
from atomci.sync.versions import newest_tag
from atomci.sync.workshop import Workshop
from atomci.tools.git import Git, GitFailed

__all__ = ["PlannedAdoption", "Wish", "make_adoption", "plan_adoption"]

_ANSWERS_FILE = ".copier-answers.yml"
_ATTRIBUTES = ".gitattributes"
# Files that say the same under another ending: with a README.rst nobody needs a README.md besides.
_TWINS = ({"", ".md", ".rst", ".txt"}, {".yml", ".yaml"})


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
    head = _refuse(repository, root, wish.branch)
    template = shop.template(wish.location)
    release = template.release(wish.ref or newest_tag(template.tags) or "HEAD")
    described = described_template(wish.location, template.checkout(release), release)
    _know_all(wish.answers, described.questions_data)
    objects = Objects(repository, shop.folder())
    mine = objects.files(head)
    existing = _existing(repository, objects, mine)
    found = answers_to(existing, described.questions_data)
    answers_file = _answers_file(str(described.answers_relpath))
    recorded = Recorded(root, answers_file, {"_src_path": wish.location, "_commit": release.name})
    last = {name: fact.value for name, fact in found.items() if name not in wish.answers}
    rendered = snapshot(
        shop, objects, template, release, recorded, data=wish.answers, last=last, ask=wish.ask
    )
    owners = tiers(template, release, recorded, rendered.facts)
    _refuse_layout(existing, rendered)
    files = _Comparison(repository, objects, mine, rendered, owners, existing.layout is not None).files(
        answers_file
    )
    lock = made_lock(rendered.files, answers_file, release.name, owners.tier)
    new = {row.path: rendered.files[row.path] for row in files if row.change == "added"}
    new[recorded.lock] = Entry("100644", objects.write("blob", lock_bytes(lock)))
    answers = tuple(_origins(rendered.answers, wish, found))
    adoption = Adoption(
        state="planned",
        template=wish.location,
        version=release.name,
        branch=wish.branch,
        answers=answers,
        files=tuple(files),
        notes=tuple(_notes(repository, files, answers, existing)),
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


def _refuse(repository: Repository, root: Path, branch: str) -> str:
    """HEAD's commit. Raises UsageError or RefusedError for a repository that can't join as it is."""
    git = repository.git
    if repository.prefix:
        raise RefusedError(
            f"{root} is a folder of the repository {repository.top}, and a template takes a whole one",
            f"cd {repository.top}; or give the folder a repository of its own: "
            f"git subtree split --prefix={repository.prefix.rstrip('/')}",
        )
    head = git.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if head is None:
        raise UsageError("the repository has no commit yet", "git add -A && git commit, then again")
    committed = git.ask("ls-tree", "--name-only", head, "--", _ANSWERS_FILE)
    if there := [*answers_files(root), *([committed] if committed else [])]:
        raise RefusedError(
            f"{there[0]} is here: it was rendered from a template already",
            "atomci status tells from which, atomci update brings it up to date",
        )
    if branch == "HEAD" or git.ask("check-ref-format", "--branch", branch) != branch:
        raise UsageError(f"--branch {branch}: not a branch name", "for example --branch atomci/adopt")
    if git.ask("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}") is not None:
        raise RefusedError(
            f"there is a branch {branch} already", f"git branch -D {branch}, or another: --branch NAME"
        )
    return head


def _know_all(answers: Mapping[str, Any], questions: Mapping[str, Any]) -> None:
    unknown = sorted(answers.keys() - questions.keys())
    if unknown:
        raise UsageError(
            f"the template asks no question called {unknown[0]}", f"it asks: {', '.join(sorted(questions))}"
        )


def _answers_file(named: str) -> str:
    """The template's name for it, where `atomci status` and others would find that."""
    return (
        named if PurePosixPath(named).match(".copier-answers*.y*ml") and "/" not in named else _ANSWERS_FILE
    )


def _existing(repository: Repository, objects: Objects, mine: Files) -> Existing:
    def read(path: str) -> str:
        return objects.read([mine[path].oid])[mine[path].oid].decode("utf-8", "replace")

    git = repository.git
    origin = git.ask("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD") or ""
    names = (git.ask("for-each-ref", "--format=%(refname:short)", "refs/heads") or "").split()
    usual = next((name for name in ("main", "master", "trunk", "develop") if name in names), "")
    branches = {
        "origin's HEAD": origin.removeprefix("origin/"),
        "the branch of that name": usual,
        "the branch that is checked out": git.ask("symbolic-ref", "--quiet", "--short", "HEAD") or "",
    }
    regular = frozenset(path for path, entry in mine.items() if entry.mode in ("100644", "100755"))
    return Existing(regular, read, git.ask("config", "--get", "remote.origin.url") or "", branches)


def _refuse_layout(existing: Existing, rendered: Snapshot) -> None:
    layout = existing.layout
    in_src = any(path.startswith("src/") and path.endswith(".py") for path in rendered.files)
    if layout is None or layout.kind == "src" or not in_src:
        return
    target = f"src/{layout.package}" + ("/__init__.py" if layout.kind == "module" else "")
    folder = str(PurePosixPath(target).parent)
    raise RefusedError(
        f"the template has the package in src/, and here it is {layout.path}",
        f"mkdir -p {folder} && git mv {layout.path} {target}; mend what names the old path (build, tests, "
        "configuration), commit, then again",
    )


@dataclass(frozen=True)
class _Comparison:
    repository: Repository
    objects: Objects
    mine: Files
    rendered: Snapshot
    owners: Ownership
    has_code: bool

    def files(self, answers_file: str) -> list[AdoptedFile]:
        """What becomes of each rendered file."""
        theirs = self.rendered.files
        ignored = self._ignored(path for path in theirs if path not in self.mine) - {answers_file}
        rows = []
        for path, entry in sorted(theirs.items()):
            mine = self.mine.get(path)
            if mine is None:
                rows.append(self._new(path, ignored))
            elif mine == entry:
                rows.append(self._row(path, "identical"))
            else:
                rows.append(self._kept(path, mine, entry))
        return rows

    def _kept(self, path: str, mine: Entry, theirs: Entry) -> AdoptedFile:
        if mine.mode == "160000":
            return self._row(path, "blocked", "a submodule is in its place")
        tier = self.owners.tier(path)
        detail = (
            "drift, red in CI without an exception; the next update puts the template's in its place"
            if tier == "managed"
            else ""
        )
        if mine.oid == theirs.oid:
            detail = f"only the mode differs: {mine.mode}, and {theirs.mode} in the template"
        contents = self.objects.read((mine.oid, theirs.oid)) if tier in ("managed", "merged") else {}
        lines = _missing_lines(contents[mine.oid], contents[theirs.oid]) if contents else ()
        return self._row(path, "kept", detail, lines)

    def _new(self, path: str, ignored: set[str]) -> AdoptedFile:
        if twin := self._twin(path):
            return self._row(path, "kept", f"yours is {twin}")
        if obstacle := self._obstacle(path):
            return self._row(path, "blocked", f"{obstacle} is in its place")
        if path == _ATTRIBUTES and (changed := self._renormalized()):
            return self._row(
                path, "blocked", f"git would want {changed} with other line endings: git add --renormalize"
            )
        if path in ignored:
            return self._row(path, "ignored", "git ignores it here")
        if self._is_example(path):
            return self._row(path, "left-out", "an example, and you have code of your own")
        lies = self._uncommitted(path)
        detail = f"{lies} of yours isn't committed: commit or move it before git switch" if lies else ""
        return self._row(path, "added", detail)

    def _row(self, path: str, change: Any, detail: str = "", lines: tuple[str, ...] = ()) -> AdoptedFile:
        return AdoptedFile(path=path, change=change, tier=self.owners.tier(path), detail=detail, lines=lines)

    def _twin(self, path: str) -> str | None:
        """A file of the user's that is this one for people: another case, another ending."""
        pure = PurePosixPath(path)
        folder, suffix = str(pure.parent), pure.suffix.lower()
        for name in self._by_folder.get(folder, ()):
            other = PurePosixPath(name)
            alike = any({suffix, other.suffix.lower()} <= endings for endings in _TWINS)
            same = other.name.lower() == pure.name.lower() or (alike and _subject(other) == _subject(pure))
            if same and name not in self.rendered.files:
                return name
        return None

    @cached_property
    def _by_folder(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in self.mine:
            found.setdefault(str(PurePosixPath(path).parent), []).append(path)
        return found

    def _obstacle(self, path: str) -> str | None:
        """A file where a folder is to be, or a folder where the file is."""
        above = [str(folder) for folder in PurePosixPath(path).parents if str(folder) in self.mine]
        inside = any(other.startswith(f"{path}/") for other in self.mine)
        return above[0] if above else (f"the folder {path}" if inside else None)

    def _is_example(self, path: str) -> bool:
        """Code and tests, rendered once to be replaced: seeds in folders that aren't hidden."""
        seed = self.owners.tier(path) == "seed" and "/" in path
        return self.has_code and seed and not path.startswith(".")

    def _ignored(self, paths: Iterable[str]) -> set[str]:
        asked = b"".join(os.fsencode(path) + b"\0" for path in paths)
        _, out, _ = self.repository.git.code("check-ignore", "-z", "--stdin", stdin=asked)
        return {os.fsdecode(path) for path in out.split(b"\0") if path}

    def _renormalized(self) -> str | None:
        """A file stored with CRLF that git would call changed, once the template's attributes count."""
        rows = self.repository.git("ls-files", "--eol", "-z").split(b"\0")
        crlf = [row.partition(b"\t")[2] for row in rows if row.startswith((b"i/crlf", b"i/mixed"))]
        if not crlf:
            return None
        with tempfile.TemporaryDirectory(prefix="atomci-adopt-") as folder:
            oid = self.rendered.files[_ATTRIBUTES].oid
            Path(folder, _ATTRIBUTES).write_bytes(self.objects.read([oid])[oid])
            git = Git(Path(folder), {"GIT_DIR": str(self.repository.git_dir), "GIT_WORK_TREE": folder})
            out = git("check-attr", "-z", "--stdin", "text", stdin=b"\0".join(crlf) + b"\0")
        # `auto` leaves alone what is stored with CRLF; `set` doesn't.
        fields = out.split(b"\0")
        named = (path for path, state in zip(fields[::3], fields[2::3], strict=False) if state == b"set")
        return next((os.fsdecode(path) for path in named), None)

    def _uncommitted(self, path: str) -> str | None:
        """What lies in the working tree where the file will be; git doesn't switch over it."""
        for name in [*(str(folder) for folder in PurePosixPath(path).parents), path]:
            place = self.repository.top / name
            if os.path.lexists(place) and (name == path or place.is_symlink() or not place.is_dir()):
                return name
        return None


def _subject(path: PurePosixPath) -> str:
    stem = path.stem.lower()
    return "license" if stem in ("licence", "copying") else stem


def _missing_lines(mine: bytes, theirs: bytes) -> tuple[str, ...]:
    """The template's lines that a file lacks; none for what isn't text."""
    try:
        have, wanted = (text.decode("utf-8").splitlines() for text in (mine, theirs))
    except UnicodeDecodeError:
        return ()
    known = {line.strip() for line in have}
    return tuple(line for line in wanted if line.strip() and line.strip() not in known)


def _origins(answers: Mapping[str, Any], wish: Wish, found: Mapping[str, Fact]) -> Iterable[InferredAnswer]:
    for name, value in answers.items():
        fact = found.get(name)
        if name in wish.answers:
            yield InferredAnswer(name=name, value=value, source="given")
        elif fact is not None and fact.value == value:
            yield InferredAnswer(name=name, value=value, source=fact.source)
        else:
            source = "asked" if wish.ask else "the template's default"
            source += f"; it can't take what is in {fact.source}" if fact is not None else ""
            instead = fact.value if fact is not None else None
            yield InferredAnswer(name=name, value=value, source=source, instead_of=instead)


def _notes(
    repository: Repository, files: list[AdoptedFile], answers: tuple[InferredAnswer, ...], existing: Existing
) -> Iterable[str]:
    if repository.git("status", "--porcelain", "--untracked-files=no"):
        yield "the branch starts at HEAD: what you haven't committed isn't in it, and stays where it is"
    added = {row.path for row in files if row.change == "added"}
    licence = next((row for row in answers if row.name in ("licence", "license")), None)
    if "LICENSE" in added and licence is not None and "default" in licence.source:
        yield f"LICENSE is new and says {licence.value}, by default: -d {licence.name}=... for another"
    for old in sorted({"setup.py", "setup.cfg"} & existing.paths):
        if "pyproject.toml" in added:
            yield f"pyproject.toml is new beside {old}: move to it what {old} says of the package"
