"""What becomes of each rendered file in a repository that joins a template, and of each answer."""

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from atomci.adopt.adoptable import adoptable_head, require_layout
from atomci.adopt.comparison import Comparison
from atomci.adopt.existing import Existing, Inferred, read_existing
from atomci.adopt.inference import origins
from atomci.adopt.join import PlannedAdoption, make_adoption
from atomci.adopt.notes import notes
from atomci.artifacts.printed.sync import AdoptedFile, Adoption, InferredAnswer
from atomci.errors import RefusedError, UsageError
from atomci.template.answers import answers_file
from atomci.template.ownership import Ownership, Tier
from atomci.template.questionnaire import require_questions
from atomci.template.snapshot import Snapshot
from atomci.tools.git.client import GitFailed
from atomci.tools.git.objects import Entry, Files

ANSWERS = ".copier-answers.yml"
TIERS: dict[str, Tier] = {"managed.sh": "managed", "src/a.py": "seed", ".env.example": "seed",
                          ".hidden/a": "seed", "NEWS": "seed"}  # fmt: skip


@dataclass
class _Git:
    """A repository of which git says what it is told to; `leaves_out` are ignored paths."""

    top: Path = Path("/nowhere")
    prefix: str = ""
    says: Mapping[str, str] = field(default_factory=dict)
    leaves_out: tuple[str, ...] = ()
    fails: bool = False
    asked: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def git(self) -> Any:
        return self

    def __call__(self, *words: str, stdin: bytes = b"") -> bytes:
        self.asked.append(words)
        if self.fails:
            raise GitFailed(words, 128, "fatal: it is locked")
        return self.says.get(words[0], "").encode()

    def ask(self, *words: str) -> str | None:
        return next((said for key, said in self.says.items() if key in " ".join(words)), None)

    def resolve(self, name: str) -> str | None:
        return self.ask("rev-parse", name)

    def commit(self, name: str = "HEAD") -> str | None:
        return self.resolve(f"{name}^{{commit}}")

    def branch(self) -> str | None:
        return self.ask("symbolic-ref", "--quiet", "--short", "HEAD")

    def states(self, *_: str) -> dict[str, str]:
        return dict.fromkeys(self.says.get("status", "").split(), " M")

    def ignored(self, paths: Iterable[str]) -> set[str]:
        return set(paths) & set(self.leaves_out)


class _Stored:
    """Objects whose ids are their contents."""

    def __init__(self) -> None:
        self.migrated = False

    def read(self, oids: Iterable[str]) -> dict[str, bytes]:
        return {oid: oid.encode("utf-8", "surrogateescape") for oid in oids}

    def tree(self, _: Files) -> str:
        return "tree"

    def commit(self, *_: object) -> str:
        return "c0ffee"

    def migrate(self) -> None:
        self.migrated = True


def files(texts: Mapping[str, str]) -> Files:
    return {path: Entry("100644", text) for path, text in texts.items()}


def rendering(found: Files) -> Snapshot:
    replayed: Any = None
    stored: Future[Files] = Future()
    stored.set_result(found)
    return Snapshot(replayed, {}, stored)


def owners() -> Ownership:
    return Ownership(tuple((tier, path.__eq__) for path, tier in TIERS.items()))


def compared(
    mine: Files, rendered: Files, repository: _Git | None = None, *, unlicensed: bool = False
) -> dict[str, AdoptedFile]:
    stubs: Any = (repository or _Git(), _Stored())
    there = Existing(frozenset(mine), lambda path: mine[path].oid, "", {})
    comparison = Comparison(*stubs, mine, rendering(rendered), owners(), there, unlicensed)
    return {row.path: row for row in comparison.files(ANSWERS)}


def test_a_file_that_is_there_stays_and_one_that_is_not_is_added() -> None:
    rows = compared(files({"a": "mine", "b": "same"}), files({"a": "x", "b": "same", "c": "new"}))

    assert {path: row.change for path, row in rows.items()} == {"a": "kept", "b": "identical", "c": "added"}


def test_a_kept_file_tells_the_lines_it_lacks_and_that_a_managed_one_stays() -> None:
    mine = files({"managed.sh": "one\n", "merged": "one\n", "src/a.py": "one\n"})

    rows = compared(mine, files(dict.fromkeys(mine, "one\ntwo\n")))

    assert [rows[path].lines for path in ("managed.sh", "merged", "src/a.py")] == [("two",), ("two",), ()]
    assert "stays yours" in rows["managed.sh"].detail
    assert rows["merged"].detail == rows["src/a.py"].detail == ""


def test_another_mode_alone_is_told() -> None:
    row = compared({"a": Entry("100644", "x")}, {"a": Entry("100755", "x")})["a"]

    assert (row.change, row.detail, row.lines) == (
        "kept", "only the mode differs: 100644, and 100755 in the template", (),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("mine", "path", "obstacle"),
    [
        ({"docs": Entry("100644", "x")}, "docs/a/b.md", "docs is in its place"),
        ({"docs/a.md": Entry("100644", "x")}, "docs", "the folder docs is in its place"),
        ({"sub": Entry("160000", "x")}, "sub", "a submodule is in its place"),
    ],
)
def test_a_file_without_a_place_is_blocked(mine: Files, path: str, obstacle: str) -> None:
    row = compared(mine, files({path: "new"}))[path]

    assert (row.change, row.detail) == ("blocked", obstacle)


@pytest.mark.parametrize(
    ("mine", "rendered", "change"),
    [
        ("README.rst", "README.md", "kept"),
        ("readme.md", "README.md", "kept"),
        ("PyProject.toml", "pyproject.toml", "kept"),
        ("README", "README.md", "kept"),
        ("COPYING", "LICENSE", "kept"),
        ("licence.txt", "LICENSE", "kept"),
        (".codecov.yaml", ".codecov.yml", "kept"),
        ("docs/README.rst", "README.md", "added"),
        ("README.py", "README.md", "added"),
        ("CHANGES.md", "CHANGELOG.md", "kept"),
    ],
)
def test_a_file_that_says_the_same_under_another_name_counts(mine: str, rendered: str, change: str) -> None:
    row = compared(files({mine: "x"}), files({rendered: "y"}))[rendered]

    assert (row.change, row.detail) == (change, f"yours is {mine}" if change == "kept" else "")


def test_a_file_that_is_rendered_too_is_no_twin_of_another() -> None:
    rows = compared(files({"README.rst": "x"}), files({"README.rst": "x", "README.md": "y"}))

    assert rows["README.md"].change == "added"


@pytest.mark.parametrize("path", ["src/a.py", ".env.example", "NEWS", ".hidden/a"])
@pytest.mark.parametrize(("code", "change"), [("mine.py", "left-out"), ("setup.py", "added")])
def test_what_is_rendered_once_as_a_start_is_left_out_where_there_is_code(
    path: str, code: str, change: str
) -> None:
    rows = compared(files({code: "x"}), files({path: "x", "other/a.py": "merged"}))

    assert (rows[path].change, rows["other/a.py"].change) == (change, "added")


@pytest.mark.parametrize(
    ("code", "unlicensed", "change"),
    [("mine.py", True, "left-out"), ("mine.py", False, "added"), ("notes.txt", True, "added")],
)
def test_nobodys_code_gets_a_licence_that_nobody_chose(code: str, unlicensed: bool, change: str) -> None:
    rows = compared(files({code: "x"}), files({"LICENSE": "MIT"}), unlicensed=unlicensed)

    assert rows["LICENSE"].change == change


def test_a_new_file_tells_what_it_is_there_for() -> None:
    reasons = (("the gate", "managed.sh".__eq__),)
    stubs: Any = (_Git(), _Stored())
    there = Existing(frozenset(), str, "", {})
    comparison = Comparison(*stubs, {}, rendering(files({"managed.sh": "x"})), Ownership((), reasons), there)

    assert [row.detail for row in comparison.files(ANSWERS)] == ["the gate"]


def test_what_git_ignores_stays_out_but_the_answers_file() -> None:
    repository = _Git(leaves_out=("a", ANSWERS, "mine"))

    rows = compared(files({"mine": "x"}), files({"a": "1", ANSWERS: "2", "b": "3", "mine": "y"}), repository)

    assert {path: row.change for path, row in rows.items()} == {
        "a": "ignored", ANSWERS: "added", "b": "added", "mine": "kept",
    }  # fmt: skip


def test_what_lies_uncommitted_in_the_place_of_a_new_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("not committed")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").mkdir()
    (tmp_path / "link").symlink_to("folder")

    rows = compared({}, files(dict.fromkeys(("a", "folder/b", "link/c", "file"), "x")), _Git(tmp_path))

    assert {row.change for row in rows.values()} == {"added"}
    assert [rows[path].detail.partition(" of yours")[0] for path in rows] == [
        "a", "file", "", "link",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("mine", "theirs", "lacking"),
    [
        (b"a\n  b\n", b"b\n\nc\n   \n", ("c",)),
        (b"a\r\n", b"a\n", ()),
        (b"", b"  a\n", ("  a",)),
        (b"\xff", b"a\n", ()),
        (b"a\n", b"\xff\n", ()),
    ],
)
def test_lines_that_a_file_lacks_are_told_whatever_their_indent(
    mine: bytes, theirs: bytes, lacking: tuple[str, ...]
) -> None:
    here, rendered = (text.decode("utf-8", "surrogateescape") for text in (mine, theirs))

    assert compared(files({"a": here}), files({"a": rendered}))["a"].lines == lacking


@pytest.mark.parametrize(
    ("given", "value", "fact", "ask", "told"),
    [
        ({"q": 1}, 1, Inferred(2, "setup.cfg"), False, InferredAnswer(name="q", value=1, source="given")),
        ({}, 2, Inferred(2, "setup.cfg"), True, InferredAnswer(name="q", value=2, source="setup.cfg")),
        ({}, 3, None, False, InferredAnswer(name="q", value=3, source="the template's default")),
        ({}, 3, None, True, InferredAnswer(name="q", value=3, source="asked")),
        ({}, 3, Inferred(2, "setup.cfg"), False, InferredAnswer(
            name="q", value=3, source="the template's default; it doesn't accept what is in setup.cfg",
            instead_of=2)),
    ],
)  # fmt: skip
def test_each_answer_has_its_origin(
    given: dict[str, int], value: int, fact: Inferred | None, ask: bool, told: InferredAnswer
) -> None:
    assert list(origins({"q": value}, given, {"q": fact} if fact else {}, asked=ask)) == [told]


@pytest.mark.parametrize("value", ["maybe", "", "ja", ["yes"], 2])
def test_what_is_neither_yes_nor_no_is_refused_since_copier_takes_it_for_a_yes(value: object) -> None:
    with pytest.raises(UsageError, match="neither yes nor no"):
        require_questions({"sample": value}, {"sample": {"type": "bool"}})
    for word in ("yes", "No", True, False, "off", 1):
        require_questions({"sample": word}, {"sample": {"type": "bool"}})


def test_an_answer_to_no_question_is_an_error_that_lists_the_questions() -> None:
    require_questions({"a": 1}, {"a": {}, "b": {}})
    with pytest.raises(UsageError, match="no question called c") as caught:
        require_questions({"a": 1, "c": 2}, {"b": {}, "a": {}})

    assert caught.value.hint == "it asks: a, b"


MANY: dict[str, object] = {
    **{
        name: {}
        for name in ("author", "kind", "licence", "profile", "project", "python", "sample", "systems", "x")
    },
    "brought": {"when": False, "default": "{{ kind if profile == 'minimal' }}"},
    "uses_docker": {"when": False, "default": "{{ 'docker' in brought }}"},
    "year": {"when": False, "default": 2026},
    "asked_at_times": {"when": "{{ kind == 'cli' }}"},
}


@pytest.mark.parametrize(
    ("name", "said", "hint"),
    [
        ("license", "the template has no question called license", "did you mean licence? "),
        ("zzz", "the template has no question called zzz", ""),
        (
            "uses_docker",
            "uses_docker isn't a question: the template computes it",
            "answer kind or profile instead; ",
        ),
        ("year", "year isn't a question: the template computes it", ""),
    ],
)
def test_an_answer_to_no_question_says_which_one_is_meant(name: str, said: str, hint: str) -> None:
    require_questions({"asked_at_times": 1}, MANY)
    with pytest.raises(UsageError) as caught:
        require_questions({name: 1, "kind": 2}, MANY)

    assert caught.value.message == said
    assert caught.value.hint == f"{hint}the template's copier.yml has all questions"


@pytest.mark.parametrize(
    ("named", "file"),
    [
        (".copier-answers.docs.yml", ".copier-answers.docs.yml"),
        (".copier-answers.yaml", ".copier-answers.yaml"),
        ("answers.yml", ANSWERS),
        ("sub/.copier-answers.yml", ANSWERS),
    ],
)
def test_the_answers_file_is_where_status_would_find_it(named: str, file: str) -> None:
    assert answers_file(named) == file


@pytest.mark.parametrize(
    ("paths", "rendered", "hint"),
    [
        (["thing/__init__.py"], "src/a/b.py", "mkdir -p src && git mv thing src/thing;"),
        (["src/thing/__init__.py"], "src/a/b.py", None),
        (["thing/__init__.py"], "a/b.py", None),
        (["README.md"], "src/a/b.py", None),
    ],
)
def test_a_package_that_is_not_in_src_is_refused_with_the_move(
    paths: list[str], rendered: str, hint: str | None
) -> None:
    there = Existing(frozenset(paths), lambda _: "", "", {})

    if hint is None:
        require_layout(there, [rendered, "pyproject.toml"])
        return
    with pytest.raises(RefusedError) as caught:
        require_layout(there, [rendered, "pyproject.toml"])
    assert caught.value.hint.startswith(hint)


@pytest.mark.parametrize("file", ["pyproject.toml", "setup.py", "setup.cfg"])
def test_a_package_that_is_described_already_may_lie_anywhere(file: str) -> None:
    there = Existing(frozenset({"thing/__init__.py", file}), lambda _: "", "", {})

    require_layout(there, ["src/a/b.py", "pyproject.toml"])


@pytest.mark.parametrize(
    ("repository", "branch", "error", "message"),
    [
        (_Git(prefix="sub/", says={"HEAD": "abc"}), "b", RefusedError, "needs a whole one"),
        (_Git(), "b", UsageError, "no commit yet"),
        (_Git(says={"HEAD^": "abc", "ls-tree": ANSWERS}), "b", RefusedError, "is here"),
        (_Git(says={"HEAD^": "abc"}), "-b", UsageError, "not a branch name"),
        (_Git(says={"HEAD^": "abc", "check-ref": "HEAD"}), "HEAD", UsageError, "not a branch name"),
        (_Git(says={"HEAD^": "abc", "check-ref": "b", "refs/heads/b": "def"}), "b", RefusedError,
         "a branch b already"),
    ],
)  # fmt: skip
def test_a_repository_that_cannot_join_is_refused_with_the_way_out(
    tmp_path: Path, repository: Any, branch: str, error: type[UsageError], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        adoptable_head(repository, tmp_path, branch)

    assert caught.value.hint


def test_answers_that_are_not_committed_are_refused_too(tmp_path: Path) -> None:
    says = {"HEAD^": "abc", "check-ref": "b"}
    repository: Any = _Git(says=says)
    assert adoptable_head(repository, tmp_path, "b") == "abc"

    (tmp_path / ".copier-answers.docs.yml").write_text("")
    with pytest.raises(RefusedError, match=r"answers\.docs\.yml is here"):
        adoptable_head(repository, tmp_path, "b")


def test_links_and_submodules_are_nothing_to_infer_from() -> None:
    mine = {"a": Entry("100644", "text"), "x": Entry("100755", "run"), "link": Entry("120000", "a"),
            "sub": Entry("160000", "b")}  # fmt: skip
    stubs: Any = (
        _Git(says={"refs/remotes": "origin/trunk", "for-each": "work master", "symbolic": "work",
                   "config": "gh"}),
        _Stored(),
    )  # fmt: skip

    found = read_existing(*stubs, mine)

    assert found.paths == {"a", "x"}
    assert found.read("a") == "text"
    assert found.remote == "gh"
    assert list(found.branches.values()) == ["trunk", "master", "work"]


@pytest.mark.parametrize(
    ("change", "source", "told"),
    [("added", "the template's default", True), ("added", "LICENSE", False),
     ("kept", "the template's default", False)],
)  # fmt: skip
def test_a_new_licence_that_nobody_chose_is_told(change: Any, source: str, told: bool) -> None:
    rows = [AdoptedFile(path="LICENSE", change=change, tier="merged")]
    answers = (InferredAnswer(name="license", value="MIT", source=source),)
    repository: Any = _Git()

    said = list(notes(repository, rows, {}, answers, Existing(frozenset(), str, "", {})))

    assert said == (["LICENSE is new and says MIT, by default: -d license=... for another"] if told else [])


def test_what_is_to_be_looked_at_before_it_is_taken_is_told() -> None:
    rows = [
        AdoptedFile(path="pyproject.toml", change="kept", tier="merged"),
        AdoptedFile(path=".github/CODEOWNERS", change="added", tier="seed"),
    ]
    texts = {"Dockerfile": "COPY src/thing /app", "check.sh": "atomci run local_ci"}
    there = Existing(frozenset({"thing/__init__.py", "artifacts/kept.bin", ".cruft.json"}), str, "", {})
    repository: Any = _Git()

    said = "\n".join(notes(repository, rows, texts, (), there))

    assert "atomci diff pyproject.toml" in said
    assert "a team, @org/team" in said
    assert "your package is thing; these name src/thing: Dockerfile" in said
    assert "git mv artifacts" in said
    assert ".cruft.json: another tool" in said


@pytest.mark.parametrize("text", ["", "[project\n", "\ufeff[project]\nname = 'x'\n"])
def test_what_cannot_be_read_is_told(text: str) -> None:
    there = Existing(frozenset({"pyproject.toml"}), lambda _: text, "", {})

    (said,) = notes(_Git(), [], {}, (), there)  # type: ignore[arg-type]

    assert said.startswith("pyproject.toml can't be read")


@pytest.mark.parametrize(("name", "told"), [("one", False), ("proj", True)])
def test_a_package_that_is_one_of_several_is_told_with_the_others(name: str, told: bool) -> None:
    files = {"pyproject.toml": f"[project]\nname = '{name}'\n", "src/one/a.py": "", "src/two/a.py": ""}
    there = Existing(frozenset(files), files.__getitem__, "", {})
    answers = (InferredAnswer(name="package", value="one", source="src/one"),)

    said = list(notes(_Git(), [], {}, answers, there))  # type: ignore[arg-type]

    assert said == (["package: it may also be src/two: choose by -d package=..."] if told else [])


def test_work_that_is_not_committed_is_told_to_stay_behind() -> None:
    repository: Any = _Git(says={"status": " M a\n"})

    said = list(notes(repository, [], {}, (), Existing(frozenset(), str, "", {})))

    assert [note.partition(":")[0] for note in said] == ["the branch starts at HEAD"]


@pytest.mark.parametrize("fails", [False, True])
def test_an_adoption_is_a_new_branch_or_nothing(monkeypatch: pytest.MonkeyPatch, fails: bool) -> None:
    monkeypatch.setattr("atomci.adopt.join.identity", lambda _: "me")
    repository, objects = _Git(fails=fails), _Stored()
    stubs: Any = (repository, objects)
    adoption = Adoption(state="planned", template="gh:a/b", version="v1", branch="new")
    planned = PlannedAdoption(adoption, *stubs, "head", {})

    if fails:
        with pytest.raises(RefusedError, match="the branch new can't be made: fatal: it is locked"):
            make_adoption(planned)
    else:
        made = make_adoption(planned)
        assert (made.state, made.commit) == ("adopted", "c0ffee")
    # The last word asks git for a branch that isn't there yet.
    assert objects.migrated
    assert repository.asked == [
        ("update-ref", "-m", "atomci adopt", "refs/heads/new", "c0ffee", "0" * len("c0ffee"))
    ]
