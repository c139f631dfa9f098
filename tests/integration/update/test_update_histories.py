"""Template histories and edits made up by Hypothesis: what holds for all of them."""

import hashlib
import os
import re
import shlex
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import copier
import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_histories import (
    EDITS,
    EDITS_OF_USERS,
    START,
    WORK,
    WORLDS,
    Edit,
    Files,
    World,
    edited,
    files_of,
    put,
)
from sync_world import ANSWERS, CONFIG, OWNERSHIP, Folder, Pristine, new_repository
from update_cases import unmerged

from atomci.artifacts.printed.sync import Update
from atomci.errors import RefusedError
from atomci.template.answers import recorded_answers
from atomci.template.workshop import Workshop
from atomci.update.apply import apply_update
from atomci.update.drift.status import status
from atomci.update.end import abort_update, continue_update
from atomci.update.plan import plan_update
from atomci.update.request import Request

BY_DAY = "ATOMCI_EXAMPLES" not in os.environ
EXAMPLES = int(os.environ.get("ATOMCI_EXAMPLES", "5"))
LOCK, ANSWERS_FILE = ".atomci/lock.json", ".copier-answers.yml"
ALWAYS = {LOCK, ANSWERS_FILE}
QUIET = {"kept-deleted", "corrected-upstream", "ignored"}
Release = tuple[list[Edit], list[Edit]]
Work = list[tuple[str, int]]


STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    "world": WORLDS,
    "releases": st.lists(st.tuples(EDITS, EDITS_OF_USERS), min_size=1, max_size=2),
    "jump": st.booleans(),
    "works": st.lists(WORK, min_size=2, max_size=2),
}


@given(**STRATEGIES)
@settings(
    max_examples=EXAMPLES,
    derandomize=BY_DAY,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_nothing_is_lost_in_any_history(
    world: World, releases: list[Release], jump: bool, works: list[Work], kept: Pristine
) -> None:
    kept.clear()
    template, project = Folder(kept.place / "template"), Folder(kept.place / "project" / "demo")
    kept.put("history", kept.place, lambda: _start(template, project))
    if world.locked or world.moved:
        _look(project)
        project.commit()
    untouched = project.copy(kept.place / "untouched" / "demo")
    theirs = _moved(template, world)
    for number, (edits, mine) in enumerate(releases, start=2):
        _edit(project, mine, f"mine{number}", world)
        before, theirs = theirs, edited(theirs, edits, f"theirs{number}")
        _release(template, before, theirs, world, number)
        if not jump or number == len(releases) + 1:
            _step(project, works)
            _converges(untouched, template, kept.place / f"fresh{number}" / "demo")


def _start(template: Folder, project: Folder) -> None:
    new_repository(template.root)
    template.write({"copier.yml": f"{CONFIG}_preserve_symlinks: true\n", "ownership.toml": OWNERSHIP,
                    f"template/{ANSWERS}": "{{ _copier_answers | to_nice_yaml }}"})  # fmt: skip
    put(template, {}, _as_template(START), "template/")
    template.commit(tag="v1.0.0")
    new_repository(project.root)
    copier.run_copy(str(template.root), project.root, defaults=True, quiet=True)
    project.commit()


def _as_template(files: Files) -> Files:
    """What of it counts in a project only has another name in the template."""
    return {".gitignore.jinja" if path == ".gitignore" else path: file for path, file in files.items()}


def _moved(template: Folder, world: World) -> Files:
    """The template's files after the recorded tag went elsewhere, or got a twin."""
    if world.twin == "old":
        template.git("tag", "v1.0.1")
    if world.moved != "other":
        return START
    files = edited(
        START, [("line", "guide.txt", 3), ("delete", "keep.txt", 0), ("make", "keep.txt", 1)], "moved"
    )
    put(template, _as_template(START), _as_template(files), "template/")
    template.commit()
    template.git("tag", "--force", "v1.0.0")
    return files


def _release(template: Folder, before: Files, after: Files, world: World, number: int) -> None:
    put(template, _as_template(before), _as_template(after), "template/")
    template.commit(tag=f"v{number}.0.0")
    if world.moved == "newest":
        template.git("tag", "--force", f"v{number - 1}.0.0")
    if world.twin == "new":
        template.git("tag", f"v{number}.0.1")


def _edit(project: Folder, edits: list[Edit], word: str, world: World) -> None:
    before = files_of(project)
    put(project, before, edited(before, edits, word))
    project.commit()
    if world.sparse and not project.has(".git/info/sparse-checkout"):
        project.git("sparse-checkout", "set", "--no-cone", "/*", "!/lib/", "!/moved0/", "!keep.txt")
    if not world.bits:
        project.git("config", "core.fileMode", "false")


def _step(project: Folder, works: list[Work]) -> None:
    before = project.whole
    plan = _planned(project)
    assert project.whole == before
    if project.has(LOCK):
        assert _look(project) == (plan.state != "up-to-date")
    texts = _texts(project)
    if plan.state == "up-to-date":
        return
    done = _applied(project)
    if done is None:
        before, plan, done = _cleared(project, before)
    _is_as_told(project, before, plan, done)
    _nothing_lost(project, texts, done)
    for work in works:
        _aborted(project, before, done, work)
        assert _applied(project) == done
    if done.state == "conflicts":
        project.take_ours()
    assert continue_update(project.root).state == "committed"
    _nothing_lost(project, texts, done)
    after = project.whole
    assert (_planned(project).state, _look(project)) == ("up-to-date", False)
    assert project.whole == after
    # What an update no longer ignores may be untracked now.
    assert [row for row in project.status if not row.startswith("?? ")] == []


def _look(project: Folder) -> bool | None:
    """Whether status tells of a newer version."""
    with Workshop() as shop:
        return status(shop, recorded_answers(project.root)).behind


def _planned(project: Folder) -> Update:
    with Workshop() as shop:
        planned = plan_update(shop, recorded_answers(project.root), Request())
        return planned if isinstance(planned, Update) else planned.update


def _applied(project: Folder) -> Update | None:
    """What an update reports; None where the user's files are in its way."""
    with Workshop() as shop:
        planned = plan_update(shop, recorded_answers(project.root), Request())
        assert not isinstance(planned, Update)
        try:
            return apply_update(planned)
        except RefusedError as error:
            refused = error
    typed = re.match("(git add --force .*), git commit, then try again", refused.hint, re.DOTALL)
    assert typed, refused
    project.git(*shlex.split(typed[1])[1:])
    return None


def _cleared(project: Folder, before: tuple[object, ...]) -> tuple[tuple[object, ...], Update, Update]:
    """The way out that a refusal names, taken until there is nothing to refuse."""
    for _ in range(9):
        after = project.whole
        assert (after[0], after[2:5]) == (before[0], before[2:5])
        project.git("commit", "--quiet", "--message", "in the way")
        before, plan = project.whole, _planned(project)
        if done := _applied(project):
            return before, plan, done
    raise AssertionError("refused for ever")


def _is_as_told(project: Folder, before: tuple[object, ...], plan: Update, done: Update) -> None:
    """The report is the plan's, and its rows are what became of each file, no more and no less."""
    conflicts = {file.path for file in plan.files if file.change == "conflicted"}
    assert done == _with_state(plan, "conflicts" if conflicts else "staged")
    assert unmerged(project).keys() == conflicts
    was, now = _entries(str(before[1])), _entries(project.git("ls-files", "--stage", "-v", "-z"))
    rows = {file.path: file.change for file in done.files}
    told = {path for path, change in rows.items() if change not in QUIET}
    told |= {file.renamed_from for file in done.files if file.change == "renamed"}
    differing = {path for path in was.keys() | now.keys() if was.get(path) != now.get(path)}
    assert told - ALWAYS == (differing | conflicts) - ALWAYS
    for path, change in rows.items():
        there = (path in was, path in now)
        if change in ("added", "renamed", "removed"):
            assert there == ((True, False) if change == "removed" else (False, True)), (path, change)
        elif change in ("updated", "merged", "replaced"):
            assert there == (True, True), (path, change)
        elif change in ("kept-deleted", "ignored"):
            assert not there[1], (path, change)


def _with_state(update: Update, state: str) -> Update:
    return msgspec.structs.replace(update, state=state)  # type: ignore[arg-type]


def _rows(listed: object) -> set[str]:
    return set(str(listed).split("\0"))


def _entries(listed: str) -> dict[str, str]:
    """Mode and id of each path that isn't in conflict, in a list of the index."""
    rows = (row.partition("\t") for row in listed.split("\0") if row)
    return {path: " ".join(words.split()[1:3]) for words, _, path in rows if words.endswith(" 0")}


def _held(project: Folder) -> dict[str, list[bytes]]:
    """All contents by path, in the working tree and in the index."""
    found = {path: [content] for path, (content, _) in project.contents.items()}
    rows = [row for row in project.git("ls-files", "--stage", "-z").split("\0") if row]
    oids = [row.split()[1] for row in rows]
    for row, content in zip(rows, _blobs(project, oids), strict=True):
        found.setdefault(row.partition("\t")[2], []).append(content)
    return found


def _blobs(project: Folder, oids: list[str]) -> list[bytes]:
    asked = "".join(f"{oid}\n" for oid in oids).encode()
    words = ["git", "cat-file", "--batch"]
    out = subprocess.run(words, cwd=project.root, input=asked, check=True, capture_output=True).stdout
    found, at = [], 0
    for _ in oids:
        end = out.index(b"\n", at)
        size = int(out[at:end].split()[2])
        found.append(out[end + 1 : end + 1 + size])
        at = end + size + 2
    return found


def _texts(project: Folder) -> dict[bytes, str]:
    """Each line and target of the user's, with a path at which it stands."""
    return {
        line: path
        for path, contents in _held(project).items()
        for content in contents
        for line in content.replace(b"\r\n", b"\n").split(b"\n")
        if b"mine" in line
    }


def _nothing_lost(project: Folder, texts: dict[bytes, str], done: Update) -> None:
    """What a managed file gives up is in git's history, and told."""
    replaced = {
        path
        for file in done.files
        if "stays in git's history" in file.detail
        for path in (file.path, file.renamed_from)
    }
    lost = texts.keys() - _texts(project).keys()
    assert {texts[line] for line in lost} <= replaced, lost


def _aborted(project: Folder, before: tuple[object, ...], done: Update, work: Work) -> None:
    """Everything is as it was, but for what the user made elsewhere, and refs that hold what was taken away."""
    known = {content for contents in _held(project).values() for content in contents}
    made = _worked(project, sorted(file.path for file in done.files if file.change not in QUIET), work)
    new = {content for contents in _held(project).values() for content in contents} - known
    ended = abort_update(project.root)
    assert ended.state == "aborted"
    after = project.whole
    extra = {path: found for path, found in after[0].items() if path not in before[0]}
    assert {path: found for path, found in after[0].items() if path not in extra} == before[0]
    assert extra.keys() <= made
    assert not (differing := _rows(after[1]) ^ _rows(before[1])), differing
    assert (after[2], after[4]) == (before[2], before[4])
    assert set(before[3].splitlines()) <= set(after[3].splitlines())
    kept = project.git("rev-list", "--objects", "--glob=refs/atomci")
    for content in new - {content for content, _ in extra.values()}:
        oid = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
        assert oid in kept, content
    _put_away(project, extra)


def _put_away(project: Folder, extra: Iterable[str]) -> None:
    for path in extra:
        (project.root / path).unlink()
        for folder in (project.root / path).parents:
            if folder == project.root or any(folder.iterdir()):
                break
            folder.rmdir()


def _worked(project: Folder, paths: list[str], work: Work) -> set[str]:
    """Do that work; the paths at which something new may stand."""
    made = set(paths)
    for number, (kind, place) in enumerate(work):
        path = paths[place % len(paths)]
        target, text = project.root / path, f"work-{number}.\n"
        stands = any(parent.is_symlink() or parent.is_file() for parent in target.parents)
        if stands or (target.is_dir() and not target.is_symlink()):
            continue
        if kind in ("write", "link", "folder", "remove"):
            target.unlink(missing_ok=True)
        if kind == "write":
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        elif kind == "link":
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(text.strip())
        elif kind == "folder":
            target.mkdir(parents=True)
            (target / "inner.txt").write_text(text)
            made.add(f"{path}/inner.txt")
        elif kind == "bit" and target.is_file() and not target.is_symlink():
            target.chmod(target.stat().st_mode ^ 0o111)
        elif kind == "add" and os.path.lexists(target):
            project.git("--literal-pathspecs", "add", "--force", "--sparse", "--", path)
        elif kind == "forget":
            project.git("--literal-pathspecs", "rm", "--quiet", "--cached", "--force", "--ignore-unmatch",
                        "--sparse", "--", path)  # fmt: skip
    return made


def _converges(untouched: Folder, template: Folder, root: Path) -> None:
    """A project that nobody edited becomes what a fresh render is."""
    if _planned(untouched).state == "up-to-date":
        return
    done = _applied(untouched)
    assert done is not None
    assert done.state == "staged", done.files
    untouched.commit()
    copier.run_copy(str(template.root), root, defaults=True, quiet=True)
    ours, fresh = untouched.contents, Folder(root).contents
    skipped = ("src/", ".atomci/")
    away = {path for path in fresh.keys() - ours.keys() if not path.startswith(skipped)}
    if away:
        ignored = untouched.git("check-ignore", "--stdin", "-z", stdin="\0".join(away))
        assert {*ignored.split("\0")} - {""} == away
    for path, found in ours.items():
        if not path.startswith(skipped):
            assert found == fresh.get(path), path
