"""Where a hunk of a diff ends, and which Python a setting means."""

from pathlib import Path

import pytest

from atomci.analysis.diffs import Change, first_changes
from atomci.analysis.settings import any_settings, dotted


@pytest.mark.parametrize(
    ("hunk", "line"),
    [
        ("@@ -1,2 +1,1 @@\n a\n--- was\n", 2),
        ("@@ -1,3 +1,2 @@\n a\n b\n--- was\n", 3),
        ("@@ -1,2 +1,3 @@\n a\n b\n+++ is\n", 3),
    ],
)
def test_a_change_in_the_last_line_of_a_hunk_is_no_head_of_a_file(hunk: str, line: int) -> None:
    assert first_changes(f"--- a.py\n+++ a.py\n{hunk}", Path("/p")) == {"a.py": Change(line)}


@pytest.mark.parametrize(
    ("target", "meant"),
    [("py311", "3.11"), ("3.12", "3.12"), (3.13, "3.13"), ("py27", "py27"), ("py311x", "py311x")],
)
def test_a_python_is_named_by_its_dotted_version(target: object, meant: str) -> None:
    assert dotted(target) == meant


def test_a_tool_may_ask_nothing_of_its_table() -> None:
    assert list(any_settings({"line-length": 3}, ("demo",))) == []
