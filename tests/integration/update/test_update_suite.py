"""Every template with a past, every set of answers, every change of a user: what holds for all of them."""

import subprocess
import sys
from pathlib import Path

import pytest
from beside_copier import PAGE, page, row, rows_of
from nightly import NIGHTLY
from own_template import CURRENT, checkout, known_answers, release_tags
from sync_world import Folder, new_repository
from update_cases import (
    SHOWN,
    SUBJECTS,
    SYNTHETIC,
    Case,
    Ended,
    Worlds,
    answers_beside,
    atomci,
    by_atomci,
    by_copier,
    judged,
    marked,
    unmerged,
)
from user_changes import CHANGES

AGAIN = "uv run tests/integration/update/beside_copier.py"
LOCK = ".atomci/lock.json"


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    """Templates and projects that tests only copy."""
    return Worlds(tmp_path_factory.mktemp("worlds"))


def holds(case: Case, ended: Ended) -> None:
    """What is promised of one update."""
    outcome, after, verdicts = ended.outcome, ended.after, ended.verdicts
    report = outcome.files
    conflicts = {path for path, change in report.items() if change == "conflicted"}
    assert outcome.code == (1 if conflicts else 0), outcome.err
    assert unmerged(after).keys() == conflicts
    contents = after.contents
    assert {path for path, (content, _) in contents.items() if marked(content)} <= conflicts
    assert not verdicts["lost"]
    managed = {row["path"] for row in outcome.json["files"] if row["tier"] == "managed"}
    assert verdicts["back"] <= {path for path in managed if report.get(path) == "added"}
    for path in verdicts["yours only"]:
        origin = path.removeprefix("moved/")
        told = report.get(origin) in {"corrected-upstream", "kept-deleted"}
        # Of seeds that were moved away or made before the template had them nothing is told, nor of what it dropped.
        own_seed = case.seed(origin) and (origin != path or origin not in case.base)
        assert told or own_seed or (origin != path and origin not in case.fresh), path
    of_git = {path for path in conflicts if "~" in path}
    others = {p: f for p, f in contents.items() if p not in case.touched | of_git | {LOCK}}
    assert others == case.untouched


def settles(case: Case, ended: Ended) -> None:
    """Resolved and committed, the update is over: another finds nothing to do, and the user's text is still there."""
    after = ended.after
    after.take_ours()
    done = atomci(after, "update", "--continue")
    assert (done.code, done.json["state"]) == (0, "committed"), done.err
    assert after.status == []
    assert judged(case, after)["lost"] <= ended.verdicts["replaced"]
    for path in ended.verdicts["replaced"]:
        wrote = case.wrote[path]
        assert isinstance(wrote, bytes)
        # Line endings are git's to choose, by .gitattributes.
        assert after.blob(f"HEAD^:{path}") in (wrote, wrote.replace(b"\r\n", b"\n"))
    before = after.whole
    again = atomci(after, "update")
    assert (again.code, again.json["state"]) == (0, "up-to-date")
    assert after.whole == before
    assert atomci(after, "status", "--offline").code == 0


def ours_in(line: str) -> list[str]:
    """Of a line of the page: the change, and what became of it by atomci."""
    return line.split(" | ")[:2]


def beside_copier(name: str, change: str) -> bool:
    """Whether copier runs too: by day each change in one template, and each template with several changes."""
    return NIGHTLY or (list(SHOWN).index(name) + list(CHANGES).index(change)) % len(SHOWN) == 0


def equal_where_copier_is_right(ours: Ended, copiers: Ended) -> None:
    """Files that both programs got right hold the same bytes."""
    mine, theirs = ours.after.contents, copiers.after.contents
    for word in ("both", "kept", "yours only", "stays deleted"):
        for path in ours.verdicts.get(word, set()) & copiers.verdicts.get(word, set()):
            assert mine.get(path) == theirs.get(path), path


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", SUBJECTS)
def test_nothing_is_lost_and_the_page_says_what_became_of_it(name: str, change: str, worlds: Worlds) -> None:
    beside = answers_beside(name, change)
    for answers in SUBJECTS[name].answers if name in SYNTHETIC else [beside]:
        case = worlds.case(name, answers, change)
        assert change == "none" or case.wrote.keys() & case.renders.hit or name not in SHOWN
        ours = by_atomci(case, worlds.folder())
        holds(case, ours)
        if name in SHOWN and answers == beside:
            shown = rows_of(PAGE.read_text(encoding="utf-8"))[name, change]
            assert ours_in(shown) == ours_in(row(change, ours, ours)), AGAIN
            if beside_copier(name, change):
                copiers = by_copier(case, worlds.folder())
                equal_where_copier_is_right(ours, copiers)
                assert shown == row(change, ours, copiers), AGAIN
        settles(case, ours)


def test_the_page_shows_every_case_and_no_other() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = rows_of(text)

    assert rows.keys() == {(name, change) for name in SHOWN for change in CHANGES}
    assert text == page(rows), AGAIN


@pytest.mark.parametrize("name", SUBJECTS)
def test_an_unmodified_project_of_any_release_becomes_a_fresh_render(name: str, worlds: Worlds) -> None:
    """But for its seeds, byte for byte; from the first release the suite above starts."""
    for start in range(1, len(SUBJECTS[name].releases) - 1):
        for answers in SUBJECTS[name].answers:
            case = worlds.case(name, answers, "none", start)
            ended = by_atomci(case, worlds.folder())
            holds(case, ended)
            assert ended.outcome.code == 0


@pytest.mark.parametrize(("change", "code"), [("none", 0), ("edit the same line", 1)])
def test_the_commands_exit_as_they_do_in_this_process(change: str, code: int, worlds: Worlds) -> None:
    case = worlds.case("service", "defaults", change)
    ours, copiers = case.again(worlds.folder()), case.again(worlds.folder())

    def run(project: Folder, *words: str) -> int:
        program = [str(Path(sys.executable).parent / words[0]), *words[1:]]
        return subprocess.run(program, cwd=project.root, capture_output=True, check=False).returncode

    if code:
        ours.write({"Dockerfile": "not committed\n"})
        assert run(ours, "atomci", "update") == 4
        ours.git("checkout", "--", "Dockerfile")
    assert run(ours, "atomci", "update", "--plan") == code
    assert run(ours, "atomci", "update") == code
    ours.take_ours()
    assert run(ours, "atomci", "update", "--continue") == 0
    assert run(ours, "atomci", "update") == 0
    assert run(copiers, "copier", "update", "--defaults") == 0


def test_release_tags_are_taken_up_oldest_first(tmp_path: Path) -> None:
    clone = new_repository(tmp_path / "clone")
    for tag in ("v0.10.0", "v0.9.0", "nightly", "v1.0.0rc1"):
        clone.commit(tag=tag)

    assert release_tags(clone.root) == ["v0.9.0", "v0.10.0", "v1.0.0rc1"]
    assert {f"atomci {tag}" for tag in release_tags()} == SUBJECTS.keys() - SHOWN.keys()


def test_a_release_is_given_only_the_answers_that_it_knows(tmp_path: Path) -> None:
    clone = new_repository(tmp_path / "clone")
    clone.commit(
        {
            "copier.yml": "name: {type: str}\nkind: {choices: [library]}\n"
            "with: {choices: {Docker: docker, The docs: docs}, multiselect: true}\n"
        },
        "v0.1.0",
    )
    answers = {"name": "demo", "kind": "service", "with": ["docs", "slack"], "licence": "MIT"}

    assert known_answers("v0.1.0", answers, clone.root) == {"name": "demo", "with": ["docs"]}
    assert known_answers("v0.1.0", {"kind": "library"}, clone.root) == {"kind": "library"}


def test_a_release_is_compared_with_the_checkout(tmp_path: Path) -> None:
    """As the suite does from the first tag on, shown with a clone that has one."""
    clone = checkout(tmp_path / "clone")
    clone.commit({"template/SECURITY.md.jinja": "of the release\n"}, "v0.1.0")
    clone.write({"template/SECURITY.md.jinja": "of the checkout\n"})

    template = checkout(tmp_path / "template", "v0.1.0", clone.root)

    assert template.git("show", "v0.1.0:template/SECURITY.md.jinja") == "of the release"
    assert template.git("show", f"{CURRENT}:template/SECURITY.md.jinja") == "of the checkout"
