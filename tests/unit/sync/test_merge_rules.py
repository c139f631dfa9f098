"""What is settled around git's merge: tiers, tiny files and pins; and what git's answer says."""

from collections.abc import Iterable
from typing import Any

import pytest

from atomci.errors import InfrastructureError
from atomci.sync.merge import Merged, _by_tier, _labelled, _parse, _settle, _tiny_files, merge
from atomci.sync.objects import Entry, Files
from atomci.sync.ownership import Tier

LONG = "line\n" * 60
OLD, NEW = "v1", "v2"


class _Stored:
    """Objects whose ids are their contents; `answer` is what git says of a merge."""

    def __init__(self, answer: tuple[int, bytes, str] = (0, b"", "")) -> None:
        self.git: Any = self
        self._answer = answer

    def read(self, oids: Iterable[str]) -> dict[str, bytes]:
        return {oid: oid.encode("utf-8", "surrogateescape") for oid in oids}

    def sizes(self, oids: Iterable[str]) -> dict[str, int]:
        return {oid: len(oid) for oid in oids}

    def write(self, _: str, content: bytes) -> str:
        return content.decode()

    def tree(self, files: Files) -> str:
        return "tree"

    def commit(self, tree: str, message: str, who: str, parents: tuple[str, ...] = ()) -> str:
        return message.strip().replace(" ", "-")

    def code(self, *_: str) -> tuple[int, bytes, str]:
        return self._answer

    def files(self, _: str) -> Files:
        return {"clean": Entry("100644", "merged"), "my file": Entry("100644", "theirs")}


def stored(answer: tuple[int, bytes, str] = (0, b"", "")) -> Any:
    return _Stored(answer)


def files(**texts: str | None) -> Files:
    return {path: Entry("100644", text) for path, text in texts.items() if text is not None}


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
    changed = _by_tier(files(f=ours), files(f=base), files(f=theirs), lambda _: tier)

    assert changed == (files(f=new_base), files(f=new_theirs))


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
    left = files(f=ours, a=LONG), files(f=base, a=LONG), files(f=theirs, a=LONG)

    settled, kept_deleted = _tiny_files(stored(), *left)

    assert settled == files(f=outcome)
    assert kept_deleted == []
    assert left == (files(a=LONG),) * 3


def test_a_tiny_file_that_the_user_deleted_stays_deleted_and_that_is_told() -> None:
    left = files(), files(f=OLD), files(f=NEW)

    assert _tiny_files(stored(), *left) == ({}, ["f"])
    assert left == ({}, {}, {})


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
    left = files(f=ours), files(f=base), files(f=theirs)

    assert _tiny_files(stored(), *left) == ({}, [])
    assert left == (files(f=ours), files(f=base), files(f=theirs))


def test_a_tiny_file_where_another_side_has_a_folder_is_left_to_git() -> None:
    ours, base, theirs = files(f=OLD), files(f=OLD), {"f/a": Entry("100644", OLD)}

    assert _tiny_files(stored(), ours, base, theirs) == ({}, [])
    assert (ours, theirs) == (files(f=OLD), {"f/a": Entry("100644", OLD)})


def test_a_tiny_file_of_the_users_is_not_taken_for_one_that_they_deleted() -> None:
    ours, base, theirs = files(own="x", big=LONG), files(gone=LONG, big=LONG), files(gone="y", big=LONG)

    settled, _ = _tiny_files(stored(), ours, base, theirs)

    assert settled == files(own="x")
    assert ours == files(big=LONG)
    assert set(base) == {"gone", "big"}


def test_pins_are_brought_to_the_higher_version_and_the_users_original_is_kept() -> None:
    ours, base, theirs = files(f="a==3\n#m\n"), files(f="a==1\n"), files(f="a==2\n")

    originals, choices = _settle(stored(), ours, base, theirs)

    assert (ours, base, theirs) == (files(f="a==3\n#m\n"), files(f="a==3\n"), files(f="a==3\n"))
    assert originals == {}
    assert [(path, choice.taken) for path, choice in choices] == [("f", "3")]

    ours, base, theirs = files(f="a==2\n"), files(f="a==1\n"), files(f="a==3\n")

    assert _settle(stored(), ours, base, theirs)[0] == files(f="a==2\n")
    assert ours == files(f="a==3\n")


@pytest.mark.parametrize(
    ("ours", "mode"), [("a==1\n", "100644"), ("a==2\n", "120000"), ("a==2\udcff\n", "100644")]
)
def test_pins_are_settled_only_in_text_that_all_three_changed(ours: str, mode: str) -> None:
    sides = {"f": Entry(mode, ours)}, files(f="a==1\n"), files(f="a==3\n")

    assert _settle(stored(), *sides) == ({}, [])
    assert sides == ({"f": Entry(mode, ours)}, files(f="a==1\n"), files(f="a==3\n"))


def conflicted(*stages: tuple[int, str], kind: str = "CONFLICT (contents)") -> bytes:
    rows = [f"100644 {oid} {stage}\tmy file" for stage, oid in stages]
    said = ["1", "my file", kind, "a sentence\n", "1", "other", "Auto-merging", "Auto-merging other\n"]
    return "\0".join(["tree", *rows, "", *said, ""]).encode()


def test_gits_answer_tells_tree_stages_and_reasons() -> None:
    tree, stages, reasons = _parse(conflicted((1, "a"), (2, "b"), (3, "c")))

    assert tree == "tree"
    assert stages == {"my file": {n: Entry("100644", oid) for n, oid in ((1, "a"), (2, "b"), (3, "c"))}}
    assert reasons == {"my file": "contents"}


def test_every_path_of_a_conflict_has_its_first_reason() -> None:
    out = b"t\0\0" + b"2\0a\0b\0CONFLICT (rename/rename)\0x\n\0" + b"1\0a\0CONFLICT (contents)\0y\n\0"

    assert _parse(out)[2] == {"a": "rename/rename", "b": "rename/rename"}
    assert _parse(b"t\0") == ("t", {}, {})


def test_conflict_markers_and_set_aside_paths_name_sides_instead_of_commits() -> None:
    text = "<<<<<<< 11aa\nx 11aa\n||||||| 00\n=======\ny\n>>>>>>> 22bb\n"
    found = Merged(files(f=text), {"f": {}, "g~22bb": {}}, {"g~22bb": "file/directory"})

    named = _labelled(stored(), found, ("11aa", "22bb"))

    assert named.files["f"].oid == "<<<<<<< yours\nx 11aa\n||||||| 00\n=======\ny\n>>>>>>> template\n"
    assert set(named.stages) == {"f", "g~template"}
    assert named.reasons == {"g~template": "file/directory"}


@pytest.mark.parametrize(
    ("kind", "kept_deleted"),
    [("CONFLICT (modify/delete)", ("my file",)), ("CONFLICT (rename/rename)", ())],
)
def test_what_the_user_deleted_stays_deleted_unless_it_was_moved(
    kind: str, kept_deleted: tuple[str, ...]
) -> None:
    objects = stored((1, conflicted((1, "a"), (3, "c"), kind=kind), ""))

    found = merge(objects, {}, {}, {}, lambda _: "merged", "me")

    assert found.kept_deleted == kept_deleted
    for there in (found.stages, found.files):
        assert ("my file" in there) is (kept_deleted == ())


def test_a_conflict_keeps_the_users_file_as_it_was_before_pins_were_settled() -> None:
    ours = f"a==2\n{LONG}"
    objects = stored((1, b"tree\x00100644 settled 2\tf\0\0", ""))
    objects.write = lambda *_: "settled"

    found = merge(objects, files(f=ours), files(f="a==1\n" + LONG), files(f="a==3\n" + LONG * 2),
                  lambda _: "merged", "me")  # fmt: skip

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
        merge(stored((128, b"", said)), {}, {}, {}, lambda _: "merged", "me")

    assert caught.value.message == message
    assert hint in caught.value.hint
    assert bool(hint) is bool(caught.value.hint)
