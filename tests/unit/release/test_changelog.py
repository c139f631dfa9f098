"""A changelog at a release: what people wrote stays, byte for byte."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from atomci.release.changelog import has_section, notes_of, released
from atomci.release.messages import read_message
from atomci.release.versions import Commit

ON = date(2026, 11, 28)
TWO = Version("2.0.0")
WRITTEN = """# Changelog

Notable changes.

## [Unreleased]

### Added

- By hand, in *my* words (#12)

## [1.0.0] - 2026-01-01

- First.

[Unreleased]: https://example.org/r/compare/v1.0.0...HEAD
[1.0.0]: https://example.org/r/releases/tag/v1.0.0
"""


def commit(message: str, oid: str = "f" * 40) -> Commit:
    return Commit(oid, read_message(message))


def test_unreleased_becomes_the_version() -> None:
    made = released(WRITTEN, TWO, ON, [commit("fix(api)!: no more None")], "v2.0.0")
    assert made == WRITTEN.replace(
        "## [Unreleased]\n", "## [Unreleased]\n\n## [2.0.0] - 2026-11-28\n"
    ).replace(
        "(#12)\n", "(#12)\n\n### Fixed\n\n- **Breaking:** api: no more None\n"
    ).replace(
        "compare/v1.0.0...HEAD\n", "compare/v2.0.0...HEAD\n[2.0.0]: https://example.org/r/compare/v1.0.0...v2.0.0\n"
    )  # fmt: skip


def test_a_group_that_is_there_gets_its_lines() -> None:
    made = released(WRITTEN, TWO, ON, [commit("feat: more"), commit("feat: most")], "v2.0.0")
    assert "- By hand, in *my* words (#12)\n- more\n- most\n\n## [1.0.0]" in made


@pytest.mark.parametrize("message", ["feat: something (#12)", "feat: by hand, in *my* words", "feat: say so"])
def test_what_a_line_tells_of_isnt_told_twice(message: str) -> None:
    text = WRITTEN.replace("(#12)", "(#12, abcdef1)")
    made = released(text, TWO, ON, [commit(message, "abcdef1" + "0" * 33)], "v2.0.0")
    assert "### Fixed" not in made
    assert made.count("- ") == text.count("- ") + 1


def test_twice_is_once() -> None:
    once = released(WRITTEN, TWO, ON, [commit("feat: more")], "v2.0.0")
    assert released(once, TWO, date(2027, 1, 1), [commit("feat: more")], "v2.0.0") == once


@pytest.mark.parametrize("text", ["", "\n", "\t", "# Changelog\n", "# Changelog", "Words\n\nmore words"])
def test_a_changelog_without_versions_gets_the_first(text: str) -> None:
    made = released(text, TWO, ON, [commit("feat: more")], "v2.0.0")
    assert made.startswith(text.rstrip("\n"))
    assert made.lstrip("\t\n").startswith(("# Changelog\n", "Words\n"))
    assert "## Unreleased\n\n## 2.0.0 - 2026-11-28\n\n### Added\n\n- more\n" in made
    assert notes_of(made, TWO) == "### Added\n\n- more"


def test_without_unreleased_the_version_goes_above_the_others() -> None:
    text = "# Changelog\n\n## 1.0.0 - 2026-01-01\n\n- First.\n"
    made = released(text, TWO, ON, [commit("fix: it")], "v2.0.0")
    assert made.index("## Unreleased") < made.index("## 2.0.0 - 2026-11-28") < made.index("## 1.0.0")
    assert made.endswith("## 1.0.0 - 2026-01-01\n\n- First.\n")


@pytest.mark.parametrize(
    "hidden", ["```\n## Unreleased\n```\n", "~~~~\n## Unreleased\n~~~\n~~~~\n", "<!--\n## Unreleased\n-->\n"]
)
def test_what_only_shows_a_heading_is_none(hidden: str) -> None:
    made = released(f"# Changelog\n\n{hidden}\n## Unreleased\n\n- x\n", TWO, ON, [], "v2.0.0")
    assert hidden in made
    assert made.endswith("## Unreleased\n\n## 2.0.0 - 2026-11-28\n\n- x\n")


@pytest.mark.parametrize(
    "heading", ["## [2.0.0] - 2026-11-28", "## 2.0.0", "## v2.0", "## [v2.0.0](https://x) (today)"]
)
def test_a_section_is_found_however_it_is_written(heading: str) -> None:
    assert has_section(f"# Changelog\n\n{heading}\n\n- x\n", TWO)
    assert not has_section(f"# Changelog\n\n{heading}\n", Version("2.0.1"))


def test_there_are_no_notes_of_another_version() -> None:
    assert notes_of(WRITTEN, TWO) is None
    assert notes_of(WRITTEN, Version("1.0.0")) == "- First."


_LINE = st.one_of(
    st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(
        ["## [Unreleased]", "## Unreleased", "## [1.0.0] - 2026-01-01", "### Added", "### Fixed", "- x (#1)", "```",
         "<!--", "-->", "# Changelog", "[Unreleased]: https://e.org/compare/v1.0.0...HEAD", "\udce4 not UTF-8", ""]
    ),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(_LINE, max_size=14), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_not_one_byte_that_people_wrote_changes(lines: list[str], end: str, ended: bool) -> None:
    text = end.join(lines) + (end if ended else "")
    made = released(text, TWO, ON, [commit("feat: m"), commit("fix: n"), commit("perf: o")], "v2.0.0")
    assert has_section(made, TWO)
    if has_section(text, TWO):
        assert made == text
    # What had no end of line may have got one, with whichever ends the file has.
    rest = iter(made.split("\n"))
    *whole, last = text.split("\n")
    for line in whole:
        assert "unreleased" in line.lower() or line in rest, (line, made)
    assert "unreleased" in last.lower() or any(line.removesuffix("\r") == last for line in rest), (last, made)
