"""What is settled around git's merge: tiers, tiny files and pins; and what git's answer says."""

import re
from collections.abc import Iterable
from typing import Any

import pytest

from atomci.errors import InfrastructureError
from atomci.template.ownership import Tier
from atomci.tools.git.objects import Entry, Files
from atomci.update.three_way.merge import Merged, merge
from atomci.update.three_way.merge_tree import has_markers

LONG = "line\n" * 60
OLD, NEW = "v1", "v2"
COMMITS = {"yours": "11aa", "template": "22bb"}


class _Stored:
    """Objects whose ids are their contents. `answer` is what git says of a merge, `result` its tree.

    `handed` are the trees that git is given: the base, the user's and the template's. `moved` is what it
    tells of two of them.
    """

    def __init__(self, answer: tuple[int, bytes, str], result: Files | None) -> None:
        self.git: Any = self
        self.handed: list[Files] = []
        self.asked: list[str] = []
        self.moved: dict[str, str] = {}
        self._answer = answer
        self._result = result or {}

    def read(self, oids: Iterable[str]) -> dict[str, bytes]:
        return {oid: oid.encode("utf-8", "surrogateescape") for oid in oids}

    def sizes(self, oids: Iterable[str]) -> dict[str, int]:
        return {oid: len(oid) for oid in oids}

    def write(self, _: str, content: bytes) -> str:
        return content.decode()

    def tree(self, files: Files) -> str:
        self.handed.append(dict(files))
        return "tree"

    def commit(self, tree: str, message: str, who: str, parents: tuple[str, ...] = ()) -> str:
        return COMMITS.get(message.strip(), "00")

    def renames(self, _: Files, after: Files) -> dict[str, str]:
        return {old: new for old, new in self.moved.items() if new in after}

    def code(self, *_: str) -> tuple[int, bytes, str]:
        return self._answer

    def files(self, tree: str) -> Files:
        self.asked.append(tree)
        return dict(self._result)


def stored(answer: tuple[int, bytes, str] = (0, b"", ""), result: Files | None = None) -> Any:
    return _Stored(answer, result)


def merged(objects: Any, ours: Files, base: Files, theirs: Files, tier: Tier = "merged") -> Merged:
    return merge(objects, ours, base, theirs, lambda _: tier, "me")


def files(**texts: str | None) -> Files:
    return {path: Entry("100644", text) for path, text in texts.items() if text is not None}


def long(text: str | None) -> str | None:
    """A text that isn't tiny, and so is git's to merge."""
    return text and f"{LONG}{text}"


@pytest.mark.parametrize(
    ("tier", "ours", "base", "theirs", "new_base", "new_theirs"),
    [
        ("merged", "mine", OLD, NEW, OLD, NEW),
        ("managed", "mine", OLD, NEW, "mine", NEW),  # the template's wins
        ("managed", None, OLD, NEW, None, NEW),  # and comes back
        ("managed", "mine", OLD, None, "mine", None),
        ("seed", "mine", OLD, NEW, None, None),  # the user's stays
        ("seed", None, OLD, NEW, None, None),  # and stays deleted
        ("seed", "mine", None, NEW, None, None),
        ("seed", None, None, NEW, None, NEW),  # a new one is rendered
        ("generated", "mine", OLD, None, None, None),
    ],
)
def test_a_tier_decides_who_can_change_a_file(
    tier: Tier, ours: str | None, base: str | None, theirs: str | None,
    new_base: str | None, new_theirs: str | None,
) -> None:  # fmt: skip
    objects = stored()

    merged(objects, files(f=long(ours)), files(f=long(base)), files(f=long(theirs)), tier)

    assert objects.handed == [files(f=long(text)) for text in (new_base, ours, new_theirs)]


@pytest.mark.parametrize(
    ("ours", "base", "theirs", "outcome"),
    [
        (OLD, OLD, NEW, NEW),
        (NEW, OLD, NEW, NEW),
        ("mine", OLD, OLD, "mine"),
        (OLD, OLD, None, None),
        (None, OLD, OLD, None),
        (None, None, NEW, NEW),
    ],
)
def test_a_tiny_file_that_one_side_changed_is_settled_without_git(
    ours: str | None, base: str | None, theirs: str | None, outcome: str | None
) -> None:
    objects = stored(result=files(a=LONG))

    found = merged(objects, files(f=ours, a=LONG), files(f=base, a=LONG), files(f=theirs, a=LONG))

    assert found == Merged(files(f=outcome, a=LONG))
    assert objects.handed == [files(a=LONG)] * 3


def test_a_tiny_file_that_the_user_deleted_stays_deleted_and_that_is_told() -> None:
    objects = stored()

    assert merged(objects, files(), files(f=OLD), files(f=NEW)) == Merged({}, kept_deleted=("f",))
    assert objects.handed == [{}, {}, {}]


@pytest.mark.parametrize(
    ("ours", "base", "theirs"),
    [
        ("mine", OLD, NEW),  # both changed it: lines have to be merged
        (LONG, LONG, NEW),
        (OLD, OLD, LONG),
        ("\n" * 10, "\n" * 10, NEW),
        ("x" * 256, "x" * 256, NEW),
        (OLD, OLD, OLD),
    ],
)
def test_what_git_has_to_merge_is_left_to_git(ours: str, base: str, theirs: str) -> None:
    objects = stored()

    assert merged(objects, files(f=ours), files(f=base), files(f=theirs)) == Merged({})
    assert objects.handed == [files(f=base), files(f=ours), files(f=theirs)]


@pytest.mark.parametrize("side", [0, 1, 2])
def test_a_tiny_file_where_another_side_has_a_folder_is_left_to_git(side: int) -> None:
    objects, sides = stored(), [files(f="mine"), files(f=OLD), files(f=OLD)]
    sides[side] = {"f/a": Entry("100644", OLD)}

    assert merged(objects, *sides) == Merged({})
    assert objects.handed == [sides[1], sides[0], sides[2]]


def test_a_tiny_file_of_the_users_is_not_taken_for_one_that_they_deleted() -> None:
    objects, base, theirs = stored(), files(gone=LONG, big=LONG), files(gone="y", big=LONG)

    found = merged(objects, files(own="x", big=LONG), base, theirs)

    assert found == Merged(files(own="x"))
    assert objects.handed == [base, files(big=LONG), theirs]


@pytest.mark.parametrize(
    ("ours", "theirs", "taken"), [("a==3\n#m\n", "a==2\n", "3"), ("a==2\n", "a==3\n", "3")]
)
def test_pins_are_brought_to_the_higher_version(ours: str, theirs: str, taken: str) -> None:
    objects, sides = stored(), [f"{text}{LONG}" for text in (ours, "a==1\n", theirs)]

    found = merged(objects, *(files(f=text) for text in sides))

    settled = [re.sub(r"==\d", f"=={taken}", text) for text in (sides[1], sides[0], sides[2])]
    assert objects.handed == [files(f=text) for text in settled]
    assert [(path, choice.taken) for path, choice in found.pins] == [("f", taken)]


@pytest.mark.parametrize(
    ("ours", "mode"), [("a==1\n", "100644"), ("a==2\n", "120000"), ("a==2\udcff\n", "100644")]
)
def test_pins_are_settled_only_in_text_that_all_three_changed(ours: str, mode: str) -> None:
    mine, base, theirs = ({"f": Entry(mode, ours + LONG)}, files(f="a==1\n" + LONG), files(f="a==3\n" + LONG))
    objects = stored()

    assert merged(objects, mine, base, theirs) == Merged({})
    assert objects.handed == [base, mine, theirs]


def conflicted(*stages: tuple[int, str], kind: str = "CONFLICT (contents)") -> bytes:
    rows = [f"100644 {oid} {stage}\tmy file" for stage, oid in stages]
    said = ["1", "my file", kind, "a sentence\n", "1", "other", "Auto-merging", "Auto-merging other\n"]
    return "\0".join(["tree", *rows, "", *said, ""]).encode()


@pytest.mark.parametrize("by", ["the user", "the template"])
def test_pins_of_a_file_that_one_side_moved_are_brought_to_the_higher_version(by: str) -> None:
    objects = stored((1, conflicted((1, "old"), (2, "mine"), (3, "yours")), ""))
    objects.moved = {"f": "my file"}
    mine, yours = ("my file", "f") if by == "the user" else ("f", "my file")
    old, ours, theirs = f"a==1\n{LONG}", f"a==3\n{LONG}", f"a==2\n{LONG}"

    found = merged(objects, files(**{mine: ours}), files(f=old), files(**{yours: theirs}))

    assert objects.handed[-3:] == [files(f=ours), files(**{mine: ours}), files(**{yours: ours})]
    assert [(path, choice.taken) for path, choice in found.pins] == [("my file", "3")]


def test_a_file_that_was_moved_without_a_conflict_is_not_looked_for() -> None:
    objects = stored()
    objects.renames = None  # git would read every file that was added

    merged(objects, files(**{"my file": f"a==3\n{LONG}"}), files(f=f"a==1\n{LONG}"), files(f=f"a==2\n{LONG}"))

    assert len(objects.handed) == 3


def test_a_file_that_both_sides_moved_is_left_to_git() -> None:
    objects = stored((1, conflicted((1, "old"), (2, "mine"), (3, "yours")), ""))
    objects.moved = {"f": "my file"}
    ours, theirs = (files(**{"my file": f"a=={number}\n{LONG}"}) for number in (3, 2))

    assert merged(objects, ours, files(f=f"a==1\n{LONG}"), theirs).pins == ()
    assert objects.handed[1:] == [ours, theirs]


def test_gits_answer_tells_tree_stages_and_reasons() -> None:
    objects = stored((1, conflicted((1, "a"), (2, "b"), (3, "c")), ""))

    found = merged(objects, {}, {}, {})

    assert objects.asked == ["tree"]
    assert found.stages == {"my file": {n: Entry("100644", oid) for n, oid in ((1, "a"), (2, "b"), (3, "c"))}}
    assert found.reasons == {"my file": "contents"}


def test_without_a_conflict_gits_answer_is_a_tree_alone() -> None:
    objects = stored((0, b"t\0", ""), files(a="x"))

    assert merged(objects, {}, {}, {}) == Merged(files(a="x"))
    assert objects.asked == ["t"]


def test_every_path_of_a_conflict_has_its_first_reason() -> None:
    out = b"t\0\0" + b"2\0a\0b\0CONFLICT (rename/rename)\0x\n\0" + b"1\0a\0CONFLICT (contents)\0y\n\0"

    assert merged(stored((1, out, "")), {}, {}, {}).reasons == {"a": "rename/rename", "b": "rename/rename"}


def test_conflict_markers_and_set_aside_paths_name_sides_instead_of_commits() -> None:
    text = "<<<<<<< 11aa\nx 11aa\n||||||| 00\n=======\ny\n>>>>>>> 22bb\n"
    said = "1\0g~22bb\0CONFLICT (file/directory)\0x\n\0"
    out = f"tree\x00100644 a 2\tf\x00100644 b 3\tg~22bb\0\0{said}".encode()

    named = merged(stored((1, out, ""), files(f=text)), {}, {}, {})

    assert named.files["f"].oid == "<<<<<<< yours\nx 11aa\n||||||| 00\n=======\ny\n>>>>>>> template\n"
    assert set(named.stages) == {"f", "g~template"}
    assert named.reasons == {"g~template": "file/directory"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (b"x\n<<<<<<< yours\ny\n", True),
        (b"x\n>>>>>>> template\n", True),
        (b"x\n=======\n", False),
        (b"x <<<<<<< yours\n", False),
    ],
)
def test_a_conflict_is_open_while_one_of_its_ends_is_there(text: bytes, shown: bool) -> None:
    assert has_markers(text) is shown


@pytest.mark.parametrize(
    ("kind", "kept_deleted"),
    [("CONFLICT (modify/delete)", ("my file",)), ("CONFLICT (rename/rename)", ())],
)
def test_what_the_user_deleted_stays_deleted_unless_it_was_moved(
    kind: str, kept_deleted: tuple[str, ...]
) -> None:
    objects = stored(
        (1, conflicted((1, "a"), (3, "c"), kind=kind), ""), {"my file": Entry("100644", "theirs")}
    )

    found = merged(objects, {}, {}, {})

    assert found.kept_deleted == kept_deleted
    for there in (found.stages, found.files):
        assert ("my file" in there) is (kept_deleted == ())


def test_a_conflict_keeps_the_users_file_as_it_was_before_pins_were_settled() -> None:
    ours = f"a==2\n{LONG}"
    objects = stored((1, b"tree\x00100644 settled 2\tf\0\0", ""))
    objects.write = lambda *_: "settled"

    found = merged(objects, files(f=ours), files(f="a==1\n" + LONG), files(f="a==3\n" + LONG * 2))

    assert found.stages == {"f": {2: Entry("100644", ours)}}


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        ("fatal: no space left\nmore", "git merge-tree: fatal: no space left", ""),
        ("usage: git merge-tree BASE", "git merge-tree: usage: git merge-tree BASE", "git 2.38"),
        ("", "git merge-tree: exit code 128", ""),
    ],
)
def test_a_merge_that_git_cannot_do_is_no_conflict(said: str, message: str, hint: str) -> None:
    with pytest.raises(InfrastructureError) as caught:
        merged(stored((128, b"", said)), {}, {}, {})

    assert caught.value.message == message
    assert hint in caught.value.hint
    assert bool(hint) is bool(caught.value.hint)
