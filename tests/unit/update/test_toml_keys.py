"""Moving a key leaves the rest of a TOML file as it is written."""

import tomllib
from collections.abc import Callable

import pytest
import tomlkit

from atomci.update.toml_keys import move_key

TEXT = """\
# mine
[project]
name = "x"   # the name

[tool.old]
# why
width = [
  1,  # one
  2,
]
keep = true

[tool.old.deeper]
a = 1

[tool.other]
b = 2
"""


def test_a_key_moves_to_the_end_of_the_other_table() -> None:
    moved = move_key(TEXT, "tool.old.width", "tool.other.size")

    assert moved == TEXT.replace("width = [\n  1,  # one\n  2,\n]\n", "") + "size = [\n  1,  # one\n  2,\n]\n"


def test_a_table_that_is_not_there_is_made() -> None:
    moved = move_key(TEXT, "tool.old.keep", "tool.new.keep")

    assert moved == TEXT.replace("keep = true\n", "") + "\n[tool.new]\nkeep = true\n"


def test_a_table_is_renamed_with_those_below_it() -> None:
    moved = move_key(TEXT, "tool.old", "tool.new")

    assert moved == TEXT.replace("[tool.old", "[tool.new")


def test_a_table_may_leave_its_parent_empty() -> None:
    assert move_key("[a.b]\nc = 1\n", "a.b", "x.y") == "[x.y]\nc = 1\n"


@pytest.mark.parametrize(
    ("source", "target"), [("tool.none", "tool.x"), ("tool.old.keep", "tool.other.b"), ("name", "x")]
)
def test_nothing_to_move_is_none(source: str, target: str) -> None:
    assert move_key(TEXT, source, target) is None


def test_a_second_move_does_nothing() -> None:
    moved = move_key(TEXT, "tool.old.keep", "tool.new.keep")
    assert moved is not None

    assert move_key(moved, "tool.old.keep", "tool.new.keep") is None


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("a = {b = 1}\n", "a.b"),
        ("a.b = 1\n", "a.b"),
        ('["a"]\n\n[[a.c]]\nb = 1\n\n["a".x]\nb = { y = 1 }\n', "a.x.b.y"),
        ("not toml", "a.b"),
        ('[a.b]\nc = """\n[a.b]\n"""\n', "a.b"),  # TOML as well, with another text
        ("a.b.c = 1\n[a.b.d]\ne = 1\n", "a.b"),
    ],
)
def test_what_cannot_be_moved_for_certain_is_said(text: str, source: str) -> None:
    with pytest.raises(ValueError, match=r"safely|TOML"):
        move_key(text, source, "z.y")


def test_the_meaning_is_the_wanted_one() -> None:
    moved = move_key('top = 1\n[a]\n"b" = """\nx = 1\n[z]\n"""\n', "a.b", "top_b")

    assert moved is not None
    assert tomllib.loads(moved) == {"top": 1, "a": {}, "top_b": "x = 1\n[z]\n"}


@pytest.mark.parametrize(
    ("text", "target", "moved"),
    [
        pytest.param("[x]\ny = 1\n\n\n# of a\n[a]\nb = 1\n", "x.b", "[x]\ny = 1\nb = 1\n\n\n# of a\n[a]\n", id="gap"),
        pytest.param("[x]\n[a]\nb = 1\n", "x.b", "[x]\nb = 1\n[a]\n", id="empty table"),
        pytest.param("[x]\n[a]\nb = 1", "x.b", "[x]\nb = 1\n[a]\n", id="no last newline"),
        pytest.param("[a]\nb = 1\n[x]\ny = 1", "z.b", "[a]\n[x]\ny = 1\n\n[z]\nb = 1\n", id="nor with a new table"),
        pytest.param("y = 1\n\n[a]\nb = 1\n", "x", "y = 1\nx = 1\n\n[a]\n", id="top"),
        pytest.param("# of a\n[a]\nb = 1\n# end\n", "x", "x = 1\n# of a\n[a]\n# end\n", id="nothing at the top"),
    ],
)  # fmt: skip
def test_a_key_comes_behind_the_last_one_of_its_table(text: str, target: str, moved: str) -> None:
    assert move_key(text, "a.b", target) == moved


@pytest.mark.parametrize(
    ("source", "target"),
    [("tool.old.keep", "tool.new.keep"), ("tool.old.width", "tool.other.size"), ("tool.old", "tool.new")],
)
def test_the_line_endings_of_windows_stay(source: str, target: str) -> None:
    moved, plain = move_key(TEXT.replace("\n", "\r\n"), source, target), move_key(TEXT, source, target)

    assert plain is not None
    assert moved == plain.replace("\n", "\r\n")


def _in_place(document: tomlkit.TOMLDocument) -> None:
    document["tool"]["new"] = document["tool"].pop("old")


def _to_another_table(document: tomlkit.TOMLDocument) -> None:
    document["tool"]["other"]["size"] = document["tool"]["old"].pop("odd")


def _below_a_new_one(document: tomlkit.TOMLDocument) -> None:
    document["far"] = {"away": document["tool"].pop("old")}


@pytest.mark.parametrize(
    ("by_tomlkit", "source", "target"),
    [
        (_in_place, "tool.old", "tool.new"),
        (_to_another_table, "tool.old.odd", "tool.other.size"),
        (_below_a_new_one, "tool.old", "far.away"),
    ],
)
def test_tomlkit_writes_more_anew_than_what_moves(
    by_tomlkit: Callable[[tomlkit.TOMLDocument], None], source: str, target: str
) -> None:
    text = TEXT.replace("keep = true\n", "odd   =   1\n")
    document = tomlkit.parse(text)

    by_tomlkit(document)

    wanted = move_key(text, source, target)
    assert wanted is not None
    assert document.unwrap() == tomllib.loads(wanted)
    assert (
        tomlkit.dumps(document) != wanted
    ), "it moves this as we do now: can it take the place of toml_keys?"
