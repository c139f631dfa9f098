"""Pins that project and template both moved."""

import pytest

from atomci.update.three_way.pins import PinTaken, settle_pins

OLD, NEW, NEWER = (letter * 40 for letter in "abc")


def uses(commit: str, note: str, name: str = "actions/checkout") -> str:
    return f"      - uses: {name}@{commit} # {note}\n"


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "taken"),
    [
        ("a==1.0\n", "a==1.10\n", "a==1.9\n", "a==1.10\n"),
        ("a==1.0\n", "a==1.1\n", "a==2.0\n", "a==2.0\n"),
        ("a==1.0\n", "a==2.0\n", "a==2.0rc1\n", "a==2.0\n"),
        ('"a[x] == 1.0",\n', '"a[x] == 1.2",\n', '"a[x] == 1.1",\n', '"a[x] == 1.2",\n'),
        (uses(OLD, "v4.0.0"), uses(NEW, "v4.1.0"), uses(NEWER, "v4.2.0"), uses(NEWER, "v4.2.0")),
        (uses(OLD, "v4.0.0"), uses(NEWER, "v4.10"), uses(NEW, "v4.9"), uses(NEWER, "v4.10")),
        ("uses: a/b@v1\n", "uses: a/b@v3\n", "uses: a/b@v2\n", "uses: a/b@v3\n"),
        (
            "- repo: https://x/y\n  rev: v1.0\n", "- repo: https://x/y\n  rev: v1.5\n",
            "- repo: https://x/y\n  rev: v2.0\n", "- repo: https://x/y\n  rev: v2.0\n",
        ),
        (
            f"- repo: y\n  rev: {OLD}  # frozen: v1\n", f"- repo: y\n  rev: {NEW}  # frozen: v3\n",
            f"- repo: y\n  rev: {NEWER}  # frozen: v2\n", f"- repo: y\n  rev: {NEW}  # frozen: v3\n",
        ),
    ],
)  # fmt: skip
def test_the_higher_version_is_taken_by_all_three(base: str, ours: str, theirs: str, taken: str) -> None:
    texts, choices = settle_pins(base, ours, theirs)

    assert texts == (taken, taken, taken)
    assert len(choices) == 1
    assert choices[0].taken in (choices[0].ours, choices[0].theirs)
    assert choices[0].taken in taken


def test_a_choice_says_what_each_side_had() -> None:
    _, choices = settle_pins("ruff==0.1\n", "ruff==0.3\n", "ruff==0.2\n")

    assert choices == [PinTaken("ruff", "0.3", "0.2", "0.3")]


def test_a_pin_that_one_side_moved_takes_that_sides_value_without_a_word() -> None:
    texts, choices = settle_pins("a==1\nb==1\n", "a==2\nb==1\n", "a==1\nb==3\n")

    assert texts == ("a==2\nb==3\n",) * 3
    assert choices == []


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        (f"uses: a/b@{OLD}\n", f"uses: a/b@{NEW}\n", f"uses: a/b@{NEWER}\n"),  # which one is newer?
        ("uses: a/b@v1\n", f"uses: a/b@{NEW}\n", "uses: a/b@v2\n"),
        ("uses: a/b@v1\n", "uses: a/b@v2\n", f"uses: a/b@{NEW}\n"),
        ("rev: main\n", "rev: one\n", "rev: two\n"),
        ("a==2\n", "a==1.9\n", "a==2.1\n"),  # held back
        ("a==2\n", "a==2.1\n", "a==1.9\n"),  # by the template
        ("a==2\n", "a==1.8\n", "a==1.9\n"),
        ("a==2\n", "a==2  # 2.1 breaks us\n", "a==2.1\n"),  # held back where it was
        ("a==2\n", "a==2.1  # 2.2 breaks us\n", "a==2.2\n"),
        ("rev: main\n", "rev: v1\n", "rev: v2\n"),  # raised from what?
        ("\n", "a==2\n", "a==3\n"),  # a pin that not all of them have
        ("a==1\n", "\n", "a==3\n"),
        ("a==1\n", "a==2\n", "\n"),
        ("a==1\na==1\n", "a==2\na==1\n", "a==3\na==3\n"),  # two values in one text
        ("a>=1\n", "a>=2\n", "a>=3\n"),  # a floor, no pin
        ("x = 1\n", "x = 2\n", "x = 3\n"),
    ],
)
def test_what_cannot_be_compared_stays_as_it_is(base: str, ours: str, theirs: str) -> None:
    assert settle_pins(base, ours, theirs) == ((base, ours, theirs), [])


def test_a_revision_belongs_to_the_repository_above_it() -> None:
    def hooks(one: str, two: str) -> str:
        return f"repos:\n- repo: https://x/one\n  rev: {one}\n- repo: https://x/two\n  rev: {two}\n"

    texts, choices = settle_pins(hooks("v1", "v1"), hooks("v5", "v2"), hooks("v1", "v3"))

    assert texts == (hooks("v5", "v3"),) * 3
    assert [choice.pin for choice in choices] == ["rev: https://x/two"]


def test_two_pins_on_one_line_do_not_hold_each_other_back() -> None:
    texts, _ = settle_pins("x = [a==1, b==1]\n", "x = [a==2, b==1]\n", "x = [ a==1, b==3 ]\n")

    assert texts == ("x = [a==2, b==3]\n", "x = [a==2, b==3]\n", "x = [ a==2, b==3 ]\n")


def test_text_around_pins_is_untouched() -> None:
    texts, _ = settle_pins("# base\na==1 # x\n", "# ours\na==2 # x\n", "# theirs\na==3 # x\n")

    assert texts == ("# base\na==3 # x\n", "# ours\na==3 # x\n", "# theirs\na==3 # x\n")
