"""Commit messages: what they say, and what is wrong with them. The table is where the usual linters disagree."""

import pytest

from atomci.release.messages import Footer, faults_of, read_message

FINE = [
    "feat: x",
    "feat(a b): c",
    "feat(api)!: x",
    "fix: A thing.",
    "fix: x\n\nbody\n\nRefs: #1\nBREAKING-CHANGE: y",
    'Revert "feat: x"\n\nThis reverts commit 0123456789abcdef0123456789abcdef01234567.',
    'Reapply "feat: x"',
    "Merge branch 'main' into topic",
    "Merge pull request #3 from a/b\n\nfeat: y",
    "Merge remote-tracking branch 'origin/main'",
    "feat: ein Gerät\r\n\r\nmehr\r\n",
]
WRONG = {
    "": "empty",
    "\n\n": "empty",
    "Feat: x": "did you mean feat?",
    "FIX: x": "did you mean fix?",
    "feature: x": "did you mean feat?",
    "feat(): c": "the scope in the parentheses is empty",
    "feat( ): c": "the scope in the parentheses is empty",
    "feat:x": "a space is missing",
    "feat: ": "nothing is said",
    "feat:": "nothing is said",
    "feat x": "isn't TYPE: SUBJECT",
    "a change: with a colon": "isn't TYPE: SUBJECT",
    "feat (a): x": "isn't TYPE: SUBJECT",
    "Merged everything": "isn't TYPE: SUBJECT",
    "feat: x\nBREAKING CHANGE: y": "a blank line is missing after the first line",
    "feat: x\n\nbody\nBREAKING CHANGE: y": "a blank line is missing before BREAKING CHANGE",
}


@pytest.mark.parametrize("text", FINE)
def test_a_message_that_keeps_to_the_convention_has_no_fault(text: str) -> None:
    assert faults_of(text) == ()
    assert faults_of(text, shared=True) == ()


@pytest.mark.parametrize("text", WRONG)
def test_a_fault_is_named(text: str) -> None:
    assert WRONG[text] in "; ".join(faults_of(text))


@pytest.mark.parametrize("word", ["fixup", "squash", "amend"])
def test_a_commit_that_waits_to_be_squashed_is_for_oneself_alone(word: str) -> None:
    assert faults_of(f"{word}! feat: x") == ()
    assert "--autosquash" in faults_of(f"{word}! feat: x", shared=True)[0]


def test_types_of_a_project_of_its_own() -> None:
    assert faults_of("feat: x", types=["story"]) != ()
    assert faults_of("story: x", types=["story"]) == ()


def test_a_message_is_taken_apart() -> None:
    read = read_message("fix(api)!: y\n\none\n\ntwo\n\nRefs #12\nReviewed-by: A\n  and B\n")
    assert (read.type, read.scope, read.breaking, read.subject) == ("fix", "api", True, "y")
    assert read.body == "one\n\ntwo"
    assert read.footers == (Footer("Refs", "#12"), Footer("Reviewed-by", "A\nand B"))


@pytest.mark.parametrize(
    ("text", "breaking"),
    [
        ("feat: x", False),
        ("feat!: x", True),
        ("feat: x\n\nBREAKING CHANGE: y", True),
        ("feat: x\n\nBREAKING-CHANGE: y", True),
        ("feat: x\n\nbreaking change: y", False),
        ("feat: x\n\nbody\nBREAKING CHANGE: y", True),
        ("feat: x\n\nBREAKING CHANGE: y\n\nSigned-off-by: A", True),
        ("feat: x\n\nno BREAKING CHANGE: y", False),
        ("feat: x\n\nBREAKING CHANGE:", False),
        ("anything\n\nBREAKING CHANGE: y", True),
    ],
)
def test_what_is_breaking(text: str, breaking: bool) -> None:
    assert read_message(text).breaking is breaking


def test_a_revert_names_what_it_reverts() -> None:
    text = 'Revert "feat: x"\n\nThis reverts commit abc1234.\nThis reverts commit def5678, too.'
    assert read_message(text).kind == "revert"
    assert read_message(text).reverts == ("abc1234", "def5678")
    assert read_message("revert: feat: x\n\nThis reverts commit abc1234.").reverts == ("abc1234",)


def test_a_message_of_anybody_is_read() -> None:
    read = read_message("Update README")
    assert (read.kind, read.type, read.scope, read.subject) == ("other", "", None, "Update README")
    assert read_message("").kind == "other"
