"""Template histories and edits made up by Hypothesis: what holds for all of them."""

import itertools
import os
from pathlib import Path

import copier
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sync_world import ANSWERS, CONFIG, OWNERSHIP, Content, Folder, Pristine, lines, new_repository
from update_cases import unmerged

from atomci.artifacts.sync import Update
from atomci.template.answers import recorded_answers
from atomci.template.workshop import Workshop
from atomci.update.apply import apply_update
from atomci.update.end import abort_update, continue_update
from atomci.update.plan import plan_update
from atomci.update.request import Request

NAMES = (
    "ci.yml",
    "guide.txt",
    "lib/__init__.py",
    "lib/deep/__init__.py",
    "keep.txt",
    "src/start.py",
    "a b.md",
    'odd "name".md',
    "Ci.YML.md",
    "\u00fcber/\u00e9t\u00e9.txt",
)
EXAMPLES = int(os.environ.get("ATOMCI_EXAMPLES", "15"))
# An edit of one file: a line changed, the file rewritten, deleted, moved, or made.
Edit = tuple[str, str, int]
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["line", "line", "rewrite", "delete", "move", "make", "tiny", "crlf"]),
        st.sampled_from(NAMES),
        st.integers(1, 12),
    ),
    max_size=4,
)
START: dict[str, str] = {
    name: '"""A package."""\n' if name.endswith("__init__.py") else lines(name, 12)
    for name in NAMES
    if name != "a b.md"
}


def edited(files: dict[str, str], edits: list[Edit], word: str) -> dict[str, str]:
    """The files after the edits. Every line that is written holds `word` and a number of its own."""
    files, numbers = dict(files), itertools.count()
    for kind, name, place in edits:
        mine = f"{word}-{next(numbers)}."
        if kind == "make":
            files.setdefault(f"new{place}/{name}", lines(mine, 12))
            continue
        if name not in files:
            continue
        rows = files[name].splitlines()
        if kind == "line":
            rows[place % len(rows)] = mine
            files[name] = "\n".join(rows) + "\n"
        elif kind == "rewrite":
            files[name] = lines(mine, 8)
        elif kind == "tiny":
            files[name] = f"{mine}\n"
        elif kind == "crlf":
            files[name] = "".join(f"{row}\r\n" for row in [*rows, mine])
        else:
            text = files.pop(name)
            if kind == "move":
                files[f"moved{place}/{name}"] = text
    return files


def replaced(folder: Folder, before: dict[str, str], after: dict[str, str], under: str = "") -> None:
    """Make one set of files of another, and commit."""
    changes: dict[str, Content] = {under + name: None for name in before if name not in after}
    folder.commit({**changes, **{under + name: text for name, text in after.items()}})


def updated(project: Folder) -> tuple[Update, Update | None]:
    """The plan and, where there was something to do, what was done."""
    with Workshop() as shop:
        planned = plan_update(shop, recorded_answers(project.root), Request())
        if isinstance(planned, Update):
            return planned, None
        return planned.update, apply_update(planned)


@given(releases=st.lists(EDITS, min_size=1, max_size=2), mine=EDITS, jump=st.booleans())
@settings(
    max_examples=int(os.environ.get("ATOMCI_EXAMPLES", "15")),
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_nothing_is_lost_in_any_history(
    releases: list[list[Edit]], mine: list[Edit], jump: bool, kept: Pristine
) -> None:
    kept.clear()
    template, project = Folder(kept.place / "template"), Folder(kept.place / "project" / "demo")
    kept.put("history", kept.place, lambda: _start(template, project))
    _one_history(template, project, releases, mine, jump)


def _start(template: Folder, project: Folder) -> None:
    new_repository(template.root)
    template.write({"copier.yml": CONFIG, "ownership.toml": OWNERSHIP,
                    f"template/{ANSWERS}": "{{ _copier_answers | to_nice_yaml }}"})  # fmt: skip
    replaced(template, {}, START, "template/")
    template.git("tag", "v1.0.0")
    new_repository(project.root)
    copier.run_copy(str(template.root), project.root, defaults=True, quiet=True)
    project.commit()


def _one_history(
    template: Folder, project: Folder, releases: list[list[Edit]], mine: list[Edit], jump: bool
) -> None:
    folder = template.root.parent
    untouched = project.copy(folder / "untouched" / "demo")
    wrote = edited(START, mine, "mine")
    replaced(project, START, wrote)
    theirs = START
    for number, edits in enumerate(releases, start=2):
        before, theirs = theirs, edited(theirs, edits, f"theirs{number}")
        replaced(template, before, theirs, "template/")
        template.git("tag", f"v{number}.0.0")
        if not jump or number == len(releases) + 1:
            _step(project, wrote)
            _converges(untouched, template, folder / f"fresh{number}" / "demo")


def _step(project: Folder, wrote: dict[str, str]) -> None:
    before = project.whole
    plan, done = updated(project)
    conflicts = {file.path for file in plan.files if file.change == "conflicted"}
    assert done is not None
    assert done.state == ("conflicts" if conflicts else "staged")
    assert unmerged(project).keys() == conflicts
    _nothing_lost(project, wrote)
    for work in ([], [*sorted(conflicts), ".copier-answers.yml"]):
        _aborted(project, before, work)
        updated(project)
    if conflicts:
        project.take_ours()
    assert continue_update(project.root).state == "committed"
    assert project.status == []
    again, nothing = updated(project)
    assert (again.state, nothing) == ("up-to-date", None)


def _aborted(project: Folder, before: tuple[object, ...], work: list[str]) -> None:
    """Everything is as it was, but for a new ref, which holds what was done to these files."""
    project.write(dict.fromkeys(work, "work of mine\n"))
    ended = abort_update(project.root)
    assert ended.state == "aborted"
    assert (project.whole[:3], project.whole[4]) == (before[:3], before[4])
    assert len(ended.notes) == bool(work)
    for path in work:
        ref = ended.notes[0].partition("git show ")[2].removesuffix(":PATH")
        assert project.git("show", f"{ref}:{path}") == "work of mine"


def _nothing_lost(project: Folder, wrote: dict[str, str]) -> None:
    """Each line of the user is in the tree; of the managed file, in some commit."""
    found = "".join(content.decode() for content, _ in project.contents.values())
    for path, text in wrote.items():
        held = project.git("log", "-p", "--format=", "HEAD") if path == "ci.yml" else found
        for line in text.splitlines():
            if "mine-" in line:
                assert line in held, (path, line)


def _converges(untouched: Folder, template: Folder, root: Path) -> None:
    _, done = updated(untouched)
    assert done is not None
    assert done.state == "staged"
    untouched.commit()
    copier.run_copy(str(template.root), root, defaults=True, quiet=True)
    ours, fresh = untouched.contents, Folder(root).contents
    assert {path for path in ours if not path.startswith(("src/", ".atomci/"))} == {
        path for path in fresh if not path.startswith("src/")
    }
    for path, found in fresh.items():
        if not path.startswith("src/"):
            assert ours[path] == found, path
