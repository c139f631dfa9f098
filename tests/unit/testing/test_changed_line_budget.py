"""The budget of changed lines: what counts, and what is never taken for covered."""

import pytest

from atomci.artifacts.handed.testing import ChangedStatements
from atomci.testing.measurement.changes import Changes, findings_of, judged, said
from atomci.tools.git.changed_lines import added_lines


def _file(path: str, covered: int, *missing: int) -> ChangedStatements:
    return ChangedStatements(path=path, covered=covered, missing=missing)


def test_the_statements_of_all_changed_files_count_together() -> None:
    found = Changes(files=(_file("src/demo/a.py", 7, 4, 5, 9), _file("src/demo/b.py", 6)))
    change = judged(found, "main", 90.0)
    assert (change.percent, change.met) == (81.25, False)
    assert said(change) == "81.25 % of 16 changed statements since main covered, budget 90 %"
    (finding,) = findings_of(change)
    assert (finding.path, finding.line) == ("src/demo/a.py", 4)
    assert finding.message == "changed and not covered: lines 4-5, 9"
    assert judged(found, "main", 81.25).met


def test_a_change_without_statements_is_said_to_have_none() -> None:
    change = judged(Changes(packages=("src/demo",)), "main", 100.0)
    assert (change.percent, change.met) == (None, True)
    assert said(change) == "no statement changed since main"
    for unknown, which in (
        (("tests/a.py",), "tests/a.py, which isn't measured"),
        (("tests/a.py", "b.py"), "tests/a.py and 1 more, which aren't measured"),
    ):
        change = judged(Changes(packages=("src/demo",), unknown=unknown), "main", 100.0)
        assert (change.met, change.unknown, change.unmeasured) == (True, (), unknown)
        assert said(change) == f"no statement changed since main but in {which}"


def test_a_number_just_below_the_budget_is_not_shown_as_the_budget() -> None:
    change = judged(Changes(files=(_file("a.py", 99_999, 1),)), "main", 100.0)
    assert (change.met, said(change).split()[0]) == (False, "99.999000")


@pytest.mark.parametrize(
    ("elsewhere", "packages", "unknown", "said_why"),
    [
        ((), ("src/demo",), ("src/demo/new.py",), "no test imports it"),
        ((), ("src/other",), (), ""),
        (("/venv/lib/python3/site-packages/demo/new.py",), (), ("src/demo/new.py",), "[tool.coverage.paths]"),
        (("C:\\venv\\Lib\\site-packages\\demo\\new.py",), (), ("src/demo/new.py",), "[tool.coverage.paths]"),
        (("/elsewhere/checkout/src/demo/new.py",), (), ("src/demo/new.py",), "[tool.coverage.paths]"),
        (("/venv/lib/python3/site-packages/demo/old.py",), (), (), ""),
    ],
)
def test_a_changed_file_of_which_coverage_knows_nothing(elsewhere, packages, unknown, said_why) -> None:
    found = Changes(
        files=(_file("src/demo/a.py", 5),),
        unknown=("tests/test_new.py", "src/demo/new.py"),
        elsewhere=elsewhere,
        packages=packages,
    )
    change = judged(found, "main", 50.0)
    assert (change.unknown, change.met) == (unknown, not unknown)
    assert said_why in change.why_unknown
    assert ("coverage knows nothing of src/demo/new.py" in said(change)) is bool(unknown)


DIFF = b"""\
diff --git a/one.py b/one.py
index 1..2 100644
--- a/one.py
+++ b/one.py
@@ -2 +2 @@ def f():
-    old
+    new
@@ -9,0 +10,2 @@
+diff --git a/fake.py b/fake.py
++++ b/fake.py
diff --git a/old.py b/moved.py
similarity index 100%
rename from old.py
rename to moved.py
diff --git a/two.py b/two.py
--- a/two.py
+++ b/two.py
@@ -1,4 +1,5 @@
 kept
+@@ -1 +99 @@
 kept
-gone
+new
\\ No newline at end of file
"""


def test_lines_of_a_diff_are_numbered_whatever_they_say() -> None:
    """Also with lines of context, which diff.interHunkContext adds."""
    assert list(added_lines(DIFF)) == [(2, 10, 11), (), (2, 4)]
    assert list(added_lines(b"")) == []
