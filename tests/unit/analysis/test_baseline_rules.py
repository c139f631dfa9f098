"""What a baseline holds: texts and structs, no tools."""

from pathlib import Path
from typing import Any

import pytest

from atomci.analysis.baseline.comparison import compare, entries_of, seen_in
from atomci.analysis.baseline.entries import FILE, parsed, read_entries, text_of, write_entries
from atomci.analysis.baseline.growth import grown
from atomci.analysis.baseline.held import Standing, held_back
from atomci.analysis.baseline.renewal import renewed
from atomci.artifacts.handed.baseline import BaselineEntry
from atomci.artifacts.handed.schemas import Finding, Findings
from atomci.catalog import ATOMS
from atomci.errors import InfrastructureError

LINT = "run_ruff_lint"


def finding(line: int = 1, message: str = "`os` unused", **values: Any) -> Finding:
    return Finding(
        **{"path": "a.py", "line": line, "tool": "ruff", "rule": "F401", "message": message, **values}
    )


def hold(root: Path, *found: Finding) -> None:
    write_entries(root, entries_of(seen_in(root, LINT, found)))


def standing(root: Path, *found: Finding) -> tuple[list[tuple[str, int]], list[int], str]:
    """Rule and line of what counts, lines of what is held, and the numbers."""
    result = held_back(root, LINT, found, "ruff", "lint")
    return [(one.rule, one.line) for one in result.counting], [one.line for one in result.held], result.said


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "a.py").write_text("import os\nimport sys\nimport os  # twice\n", encoding="utf-8")
    return tmp_path


def test_of_equal_findings_those_on_lines_of_the_same_text_are_held(root: Path) -> None:
    hold(root, finding(3))
    assert standing(root, finding(1), finding(3)) == ([("F401", 1)], [3], "1 new, 1 held by the baseline")


@pytest.mark.parametrize(
    ("then", "now", "same"),
    [
        ("Redefinition of `x` from line 3", "Redefinition of `x` from line 14", True),
        ("`f` is too complex (11 > 10)", "`f` is too complex (12 > 10)", True),
        ("two  blanks\nand a line", "two blanks and a line", True),
        ("Undefined name `l1`", "Undefined name `l2`", False),
        ("Name `a.3` is bad", "Name `a.4` is bad", False),
        ("x" * 300 + "1a", "x" * 300 + "2a", False),
        ("black would reformat this (cell_3)", "black would reformat this (cell_12)", True),
    ],
)
def test_numbers_and_blanks_of_a_message_do_not_count(root: Path, then: str, now: str, same: bool) -> None:
    hold(root, finding(1, then))
    counting, held, _ = standing(root, finding(1, now))
    assert bool(held) is same
    assert bool(counting) is not same


def test_one_that_is_held_on_a_line_of_another_text_is_counted(root: Path) -> None:
    """It was edited; or one was fixed and the same made elsewhere in the file, which nobody can tell apart."""
    hold(root, finding(1), finding(3))
    (root / "a.py").write_text("import os\n\n\nimport os  # elsewhere\n", encoding="utf-8")
    assert standing(root, finding(1), finding(4))[2] == "2 held by the baseline (1 on a line that was edited)"
    formatted = {"rule": "unformatted", "message": "would change"}
    hold(root, finding(1, **formatted))
    assert standing(root, finding(4, **formatted))[2] == "1 held by the baseline"


def test_what_is_brought_up_to_date_has_todays_lines(root: Path) -> None:
    hold(root, finding(1))
    run = Findings(tool="ruff", version="", atom=LINT, examined=1, findings=(), held=(finding(3),))
    renewal = renewed(root, read_entries(root), [run])
    assert (renewal.altered, renewal.held) == (1, 1)
    write_entries(root, renewal.entries)
    assert standing(root, finding(3))[2] == "1 held by the baseline"


@pytest.mark.parametrize(("line", "mark"), [(1, "0bc74ae3"), (3, "b328e085"), (5, ""), (0, ""), (-1, "")])
def test_a_mark_is_a_hash_of_the_text_of_the_line_without_blanks(root: Path, line: int, mark: str) -> None:
    """The first of sha256 in hex: files that are in repositories must be read by later versions."""
    (seen,) = seen_in(root, LINT, [finding(line)])
    assert seen.mark == mark


def test_a_name_that_is_not_utf_8_is_held_too(root: Path) -> None:
    odd = finding(1, path="\udce9.py")
    hold(root, odd)
    assert standing(root, odd)[1] == [1]


def test_without_a_file_all_count_and_nothing_is_said(root: Path) -> None:
    found = (finding(1),)
    assert held_back(root, LINT, found, "ruff", "lint") == Standing(found, (), "")


def test_what_is_fixed_is_told_with_the_file_that_has_most_of_it(root: Path) -> None:
    hold(root, finding(1), finding(3), finding(1, path="b.py"), finding(2, path="b.py", message="x"))
    (root / "b.py").write_text("x\ny\n", encoding="utf-8")
    (one,) = held_back(root, LINT, [finding(1, path="b.py")], "ruff", "lint").counting
    assert "3 of its findings are fixed (in a.py and 1 more): atomci baseline" in one.message
    (one,) = held_back(root, LINT, [*map(finding, (1, 3))], "ruff", "lint").counting
    assert "2 of its findings are fixed (in b.py): atomci baseline" in one.message


def test_what_a_tool_could_not_read_counts_among_the_new(root: Path) -> None:
    hold(root, finding(1))
    blind = finding(2, "bad", rule="invalid-syntax", unread=True)
    assert standing(root, blind, finding(1), finding(3))[2] == "2 new, 1 held by the baseline"


@pytest.mark.parametrize("unlike", [{"rule": "F811"}, {"path": "b.py"}, {"message": "another"}])
def test_another_rule_file_or_message_is_new(root: Path, unlike: dict[str, str]) -> None:
    hold(root, finding(1))
    (root / "b.py").write_text("import os\n", encoding="utf-8")
    counting, held, _ = standing(root, finding(1, **unlike))
    assert (counting[0], held) == ((unlike.get("rule", "F401"), 1), [])


def test_what_is_not_found_any_more_counts(root: Path) -> None:
    hold(root, finding(1), finding(2, "`sys` unused"))
    assert standing(root, finding(1)) == (
        [("baseline-out-of-date", 1)],
        [1],
        "1 held by the baseline, 1 fixed",
    )


@pytest.mark.parametrize("blind", [finding(2, "bad", rule="invalid-syntax", unread=True)])
def test_what_keeps_a_tool_from_reading_is_never_held_and_proves_nothing_fixed(
    root: Path, blind: Finding
) -> None:
    hold(root, finding(1), blind)
    assert standing(root, blind)[0] == [("invalid-syntax", 2)]
    run = Findings(tool="ruff", version="", atom=LINT, examined=1, findings=(blind,))
    made = renewed(root, None, [run])
    assert (made.entries, made.unread) == ((), (blind,))
    kept = read_entries(root) or ()
    assert set(renewed(root, kept, [run]).entries) == set(kept)


def test_a_file_that_is_gone_lends_its_entries_to_equal_lines_elsewhere(root: Path) -> None:
    hold(root, finding(1), finding(3))
    (root / "a.py").rename(root / "b.py")
    moved = [finding(line, path="b.py") for line in (1, 3)]
    assert standing(root, *moved)[2] == "2 held by the baseline, 2 renamed"
    (root / "c.py").write_text("def f(): import os\n", encoding="utf-8")
    counting, _, _ = standing(root, *moved, finding(1, path="c.py"))
    assert counting[0] == ("F401", 1)


def test_a_file_that_stays_lends_nothing(root: Path) -> None:
    hold(root, finding(1))
    (root / "b.py").write_text("import os\n", encoding="utf-8")
    assert standing(root, finding(1, path="b.py"))[2] == "1 new, 0 held by the baseline, 1 fixed"


def test_the_baselines_of_others_say_nothing(root: Path) -> None:
    write_entries(root, entries_of(seen_in(root, "run_mypy_typecheck", [finding(1)])))
    assert standing(root)[0] == []


def entry(*lines: str, why: str = "", path: str = "a.py") -> BaselineEntry:
    return BaselineEntry(path=path, atom=LINT, rule="F401", message="m", lines=lines, why=why)


def everywhere(path: str) -> bool:
    return True


@pytest.mark.parametrize(
    ("now", "base", "count"),
    [
        ([entry("1", "2")], [entry("1", "2", "3")], 0),
        ([entry("9", "8")], [entry("1", "2")], 0),
        ([entry("1", "2", "3")], [entry("1", "2")], 1),
        ([entry("1", why="asked for")], [], 0),
        ([entry("1", path="b.py")], [entry("1")], 1),
    ],
)
def test_more_than_the_base_has_needs_a_reason(now: Any, base: Any, count: int) -> None:
    assert len(grown(now, base, everywhere)) == count


def test_a_renamed_file_is_no_growth() -> None:
    assert grown([entry("1", path="b.py")], [entry("1")], lambda path: path == "b.py") == ()


def test_equal_entries_make_equal_bytes_in_whatever_order() -> None:
    rows = [entry("1"), entry("2", path="0.py"), entry("3", path="z.py")]
    assert text_of(rows) == text_of(reversed(rows))
    assert parsed(text_of(rows)) == (rows[1], rows[0], rows[2])


def test_both_sides_of_a_merge_leave_the_shorter_entry() -> None:
    text = text_of([entry("1", "2", "3")]) + text_of([entry("1")])
    assert parsed(text) == (entry("1"),)


@pytest.mark.parametrize(
    "line",
    [
        '{"path": "a.py"}',
        "[]",
        "nonsense",
        '{"schema":"atomci/baseline/2"}',
        '{"schema":"atomci/baseline/1","lines":[]}',
        '{"path":"a","atom":"b","rule":"c","message":"d","lines":[1]}',
        "\x00",
        "[" * 100_000,
    ],
)
def test_a_line_that_is_no_entry_is_an_error_with_its_place(root: Path, line: str) -> None:
    hold(root)
    (root / FILE).write_text((root / FILE).read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    with pytest.raises(InfrastructureError, match=r"baseline\.jsonl:2: this is no entry"):
        read_entries(root)


def test_windows_line_ends_a_mark_of_an_editor_and_an_empty_file_are_fine() -> None:
    text = text_of([entry("1")]).replace(b"\n", b"\r\n")
    assert parsed(text) == parsed(b"\xef\xbb\xbf" + text) == (entry("1"),)
    assert parsed(b"") == ()


def test_entries_of_atoms_that_there_are_not_are_dropped_and_those_without_an_answer_stay(root: Path) -> None:
    other = BaselineEntry(path="a.py", atom="run_flake8", rule="r", message="m", lines=("1",))
    silent = BaselineEntry(path="a.py", atom="run_mypy_typecheck", rule="r", message="m", lines=("1",))
    run = Findings(tool="ruff", version="", atom=LINT, examined=1, findings=())
    result = renewed(root, (other, silent, entry("1")), [run])
    assert (result.entries, result.fixed) == ((silent,), 2)


def test_growing_adds_to_an_entry_that_there_is(root: Path) -> None:
    hold(root, finding(1))
    run = Findings(tool="ruff", version="", atom=LINT, examined=1, findings=(finding(3),), held=(finding(1),))
    before = read_entries(root)
    assert [one.line for one in renewed(root, before, [run]).new] == [3]
    (longer,) = renewed(root, before, [run], "later").entries
    assert (len(longer.lines), longer.why) == (2, "later")


def test_ten_thousand_findings_are_compared_at_once(root: Path) -> None:
    found = [finding(1 + index % 3, f"m{index % 2}x") for index in range(10_000)]
    seen = seen_in(root, LINT, found)
    compared = compare(entries_of(seen), seen, everywhere)
    assert (len(compared.held), compared.new, compared.gone) == (10_000, (), ())


def test_the_rows_of_the_atoms_read_the_file() -> None:
    reading = {row.number for row in ATOMS if FILE in row.reads}
    assert reading == {31, 32, 33, 34}
