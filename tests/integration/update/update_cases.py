"""Templates with a past x answers x what users do, run through `atomci update` and through `copier update`."""

import contextlib
import io
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import copier
import yaml
from own_template import CURRENT, NEXT, checkout, known_answers, release_tags, with_next_release
from pathspec import GitIgnoreSpec
from sync_world import Content, Folder, Outcome, new_repository
from template_histories import HISTORIES, History
from user_changes import CHANGES, Renders, is_binary, superseded

from atomci.cli.main import main

__all__ = [
    "SHOWN",
    "SUBJECTS",
    "SYNTHETIC",
    "Case",
    "Ended",
    "Subject",
    "Worlds",
    "answers_beside",
    "atomci",
    "by_atomci",
    "by_copier",
    "judged",
    "marked",
    "unmerged",
]

Contents = dict[str, tuple[bytes, int]]
LOCK = ".atomci/lock.json"
ANSWERS_FILE = ".copier-answers.yml"
OWN_ANSWERS: dict[str, dict[str, Any]] = {
    "defaults": {"project_name": "demo"},
    "service": {"project_name": "demo", "kind": "service", "dependency_manager": "pip-tools",
                "integrations": ["vscode", "docker", "docs"], "licence": "Apache-2.0"},
}  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """A template, and from which of its releases to which a project of it is updated."""

    does: str
    build: Callable[[Path], Folder]
    answers: dict[str, dict[str, Any]]
    releases: tuple[str, ...]


def _of_history(history: History) -> Subject:
    def build(folder: Path) -> Folder:
        template = new_repository(folder)
        for tag, files in history.releases.items():
            template.commit(files, tag)
        return template

    return Subject(history.does, build, history.answers, tuple(history.releases))


def _of_tag(tag: str) -> Subject:
    answers = {name: known_answers(tag, chosen) for name, chosen in OWN_ANSWERS.items()}
    return Subject(
        f"from {tag} to what is here", lambda folder: checkout(folder, tag), answers, (tag, CURRENT)
    )


SYNTHETIC = {name: _of_history(history) for name, history in HISTORIES.items()}
OWN = Subject(
    "this template, to a release made up for the tests: files of each owner changed, one moved, one dropped, actions"
    " bumped",
    with_next_release,
    OWN_ANSWERS,
    (CURRENT, NEXT),
)
SHOWN = {**SYNTHETIC, "atomci": OWN}
"""What the page in `docs/` shows: the same in every clone."""
SUBJECTS = SHOWN | {f"atomci {tag}": _of_tag(tag) for tag in release_tags()}


def answers_beside(name: str, change: str) -> str:
    """The set of answers with which a case is run through both programs: each set has its turn."""
    sets = list(SUBJECTS[name].answers)
    return sets[list(CHANGES).index(change) % len(sets)]


@dataclass(frozen=True)
class Case:
    """A project of the old release as the user left it, and what the template makes of it next."""

    project: Folder
    renders: Renders
    base: Contents
    fresh: Contents
    wrote: dict[str, Content]
    seed: Callable[[str], bool]

    def again(self, root: Path) -> Folder:
        """The same project elsewhere."""
        return self.project.copy(root / "demo")

    @property
    def touched(self) -> set[str]:
        """What the user touched, under the template's new names too."""
        successors = {self.renders.successor(path) for path in self.wrote}
        return self.wrote.keys() | {path for path in successors if path}

    @property
    def untouched(self) -> Contents:
        """The other files as they have to be: freshly rendered, but for the seeds that were there."""
        kept = {path: found for path, found in self.base.items() if self.seed(path)}
        return {path: found for path, found in (self.fresh | kept).items() if path not in self.touched}


@dataclass
class Worlds:
    """Templates and projects on disk, each made once."""

    root: Path
    _made: dict[tuple[str, ...], Any] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def template(self, name: str) -> Folder:
        """Its repository; don't write into it."""
        return self._once(("template", name), SUBJECTS[name].build)

    def rendered(self, name: str, answers: str, release: str) -> Folder:
        """What `copier copy` makes of a release, committed; don't write into it."""

        def make(folder: Path) -> Folder:
            template, data = self.template(name), SUBJECTS[name].answers[answers]
            copier.run_copy(
                str(template.root), folder / "demo", data=data, defaults=True, quiet=True, vcs_ref=release
            )
            project = Folder(folder / "demo")
            project.git("init", "--quiet", "--initial-branch=main", "--template=")
            project.commit()
            return project

        return self._once(("rendered", name, answers, release), make)

    def case(self, name: str, answers: str, change: str, start: int = 0) -> Case:
        """A project from a release to the last one, with a change of a user committed."""
        releases = SUBJECTS[name].releases
        base, fresh = (self.rendered(name, answers, at) for at in (releases[start], releases[-1]))
        renders = Renders(*(
            {path: content for path, (content, mode) in at.contents.items() if mode >= 0} for at in (base, fresh)
        ))  # fmt: skip
        wrote = CHANGES[change](renders)
        if not wrote and change != "none":
            wrote = CHANGES[change](replace(renders, every=True))
        project = base.copy(self.folder() / "demo")
        project.commit(wrote)
        return Case(project, renders, base.contents, fresh.contents, wrote, self.seeds(name))

    def seeds(self, name: str) -> Callable[[str], bool]:
        """Whether plain copier would leave a path alone that is there: `_skip_if_exists` of the last release."""
        if ("seeds", name) not in self._made:
            config = yaml.safe_load(self.template(name).read("copier.yml"))
            spec = GitIgnoreSpec.from_lines(config.get("_skip_if_exists", []))
            self._made[("seeds", name)] = spec.match_file
        found: Callable[[str], bool] = self._made[("seeds", name)]
        return found

    def folder(self) -> Path:
        """A new name for a folder."""
        return self.root / str(next(self._numbers))

    def _once(self, key: tuple[str, ...], make: Callable[[Path], Folder]) -> Folder:
        if key not in self._made:
            self._made[key] = make(self.folder())
        found: Folder = self._made[key]
        return found


@dataclass(frozen=True)
class Ended:
    """How an update ended: its exit code, what it said, the project afterwards, what became of what."""

    outcome: Outcome
    after: Folder
    verdicts: dict[str, set[str]]


def by_atomci(case: Case, root: Path) -> Ended:
    """The case through `atomci update`."""
    after = case.again(root)
    outcome = atomci(after, "update")
    verdicts = judged(case, after)
    report = outcome.files if outcome.code in (0, 1) else {}
    told = {path for path in verdicts["lost"] if report.get(path) == "replaced"}
    verdicts["lost"] -= told
    return Ended(outcome, after, verdicts | {"replaced": told})


def by_copier(case: Case, root: Path) -> Ended:
    """The case through plain `copier update`."""
    after, err = case.again(root), io.StringIO()
    try:
        with contextlib.redirect_stderr(err):
            copier.run_update(after.root, defaults=True, overwrite=True, quiet=True)
        outcome = Outcome(0, "", err.getvalue())
    except Exception as error:  # its command would end with a traceback or a message, and with 1
        outcome = Outcome(1, "", str(error))
    return Ended(outcome, after, judged(case, after))


def atomci(project: Folder, *words: str) -> Outcome:
    """The command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([words[0], "--project", str(project.root), "--json", *words[1:]])
    return Outcome(code, out.getvalue(), err.getvalue())


def unmerged(project: Folder) -> dict[str, list[str]]:
    """The paths that git's index holds as in conflict, with the ids of their versions."""
    found: dict[str, list[str]] = {}
    for row in project.git("ls-files", "--unmerged", "-z").split("\0")[:-1]:
        entry, _, path = row.partition("\t")
        found.setdefault(path, []).append(entry.split()[1])
    return found


def judged(case: Case, after: Folder) -> dict[str, set[str]]:
    """What became of each path that the user touched, by what is in the tree and in git's index.

    The same for both programs; `docs/beside-copier.md` tells what the words mean.
    """
    there, conflicts = after.contents, unmerged(after)
    contents = [content for content, _ in there.values()]
    contents += [after.blob(oid) for oids in conflicts.values() for oid in oids]
    lines = {line for content in contents for line in _lines(content)}
    known = {line for content, _ in case.base.values() for line in _lines(content)}
    open_paths = conflicts.keys() | {path for path, (content, _) in there.items() if marked(content)}
    verdicts: dict[str, set[str]] = defaultdict(set)
    for path, content in case.wrote.items():
        origin = path.removeprefix("moved/")
        successor = case.renders.successor(origin)
        if content is None:
            is_back = any(there.get(at, (b"", -1))[1] >= 0 for at in (path, successor) if at)
            if f"moved/{path}" not in case.wrote:
                verdicts["back" if is_back else "stays deleted"].add(path)
            elif there.get(path, (b"", -1))[1] >= 0:
                verdicts["back"].add(path)
            continue
        data = content.encode() if isinstance(content, str) else content
        if is_binary(data):
            kept = data in contents
        else:
            kept = all(superseded(line, lines) for line in _lines(data) - known - lines)
        if not kept:
            verdicts["lost"].add(path)
        elif {path, origin, successor} & open_paths:
            verdicts["conflict"].add(path)
        else:
            at = [there[name][0] for name in {path, origin, successor} & there.keys()]
            verdicts[_beside(case.renders, origin, successor, at)].add(path)
    return verdicts


def _beside(renders: Renders, origin: str, successor: str | None, contents: list[bytes]) -> str:
    """Whether all that the template changed in a file is in what it became, beside what the user wrote."""
    base, theirs = renders.base.get(origin, b""), renders.theirs.get(successor or "", b"")
    if theirs == base and successor in (None, origin):
        return "kept"
    if is_binary(theirs):
        return "both" if theirs in contents else "yours only"
    # Another spacing is the user's to choose.
    spaced = {b" ".join(line.split()) for content in contents for line in _lines(content)}
    lacking = {b" ".join(line.split()) for line in _lines(theirs) - _lines(base)} - spaced
    return "both" if successor and all(superseded(line, spaced) for line in lacking) else "yours only"


def marked(content: bytes) -> bool:
    """Whether a file holds the marks of a conflict."""
    return any(line.startswith((b"<<<<<<< ", b">>>>>>> ")) for line in content.splitlines())


def _lines(content: bytes) -> set[bytes]:
    return {line.rstrip(b"\r") for line in content.split(b"\n")}
