import pytest

from my_command import Heading, outline


def test_headings_come_in_order_with_level_and_anchor() -> None:
    assert outline("# One\ntext\n### Two ###\n") == [
        Heading(1, "One", "one"),
        Heading(3, "Two", "two"),
    ]


@pytest.mark.parametrize("line", ["#no space", "####### seven", "text # not", ""])
def test_other_lines_are_no_headings(line: str) -> None:
    assert outline(line) == []


def test_fenced_code_holds_no_headings() -> None:
    document = "```\n# no\n~~~\n# still no\n```\n# Yes\n"

    assert [heading.title for heading in outline(document)] == ["Yes"]
