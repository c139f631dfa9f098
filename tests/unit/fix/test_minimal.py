"""The smallest part of a change that does the same."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from atomci.fix.minimal import Part, parts_of, sides_with, smallest
from atomci.fix.proposal import Edit, Patch, Side

LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "\n", "d = 1\n"]), max_size=8).map("".join)


def change(before: str | None, after: str | None, path: str = "a.txt") -> Edit:
    sides = [None if text is None else Side(text.encode()) for text in (before, after)]
    return Edit(path, *sides)


@settings(deadline=None)
@given(LINES, LINES)
def test_all_parts_make_the_change_and_none_make_nothing(before: str, after: str) -> None:
    whole = Patch([change(before, after)])
    assert sides_with(whole, parts_of(whole)) == {"a.txt": Side(after.encode())}
    assert sides_with(whole, ()) == {"a.txt": Side(before.encode())}


def test_a_file_that_comes_goes_or_is_no_text_is_one_part() -> None:
    binary = Edit("b.bin", Side(b"\0"), Side(b"\0\0"))
    whole = Patch([change(None, "new\n", "new.txt"), change("old\n", None, "old.txt"), binary])
    assert [(part.path, part.whole) for part in parts_of(whole)] == [
        ("new.txt", True), ("old.txt", True), ("b.bin", True)
    ]  # fmt: skip
    assert sides_with(whole, parts_of(whole)[:1])["old.txt"] == Side(b"old\n")


def test_only_what_is_needed_stays_and_what_python_cannot_read_is_not_tried() -> None:
    before, after = "x = 1\ny = 2\nz = 3\n", "x = 10\ny = (\n  2)\nz = 30\n"
    whole = Patch([change(before, after, "a.py"), change(None, "more\n", "more.txt")])
    asked: list[dict[str, Side | None]] = []

    def fits(parts: Sequence[Part]) -> bool:
        sides = sides_with(whole, parts)
        asked.append(sides)
        made = sides["a.py"]
        return made is not None and b"z = 30" in made.data

    kept = smallest(whole, parts_of(whole), fits, 50)

    assert b"".join(line.encode() for part in kept for line in part.lines).endswith(b"z = 30\n")
    assert sides_with(whole, kept)["more.txt"] is None
    assert all(side is None or side.tree is not None for sides in asked for side in [sides["a.py"]])


def test_it_is_asked_no_more_often_than_it_may_be() -> None:
    whole = Patch([change("", f"{n}\n", f"{n}.txt") for n in range(20)])
    asked: list[int] = []

    def fits(parts: Sequence[Part]) -> bool:
        asked.append(len(parts))
        return False

    assert len(smallest(whole, parts_of(whole), fits, 5)) == 20
    assert len(asked) == 5
