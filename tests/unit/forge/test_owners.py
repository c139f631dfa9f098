"""CODEOWNERS as GitHub reads it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from atomci.forge.owners import OwnersRule, Reviewers, owners_of, read_owners
from atomci.tools.git.client import Git

# pattern: paths that it matches | paths that it doesn't
TABLE = {
    "*": "a a/b .github/x |",
    "foo": "foo foo/bar bar/foo bar/foo/baz | foo.txt bar/foo.txt Foo",
    "/foo": "foo foo/bar foo/bar/baz | fool bar/foo bar/foo/baz",
    "foo/": "foo/bar bar/foo/baz bar/foo/baz/qux | foo bar/foo",
    "/foo/": "foo/bar foo/bar/baz | foo bar/foo/bar",
    "foo/bar": "foo/bar foo/bar/baz | foo/bart baz/foo/bar",
    "foo/bar/": "foo/bar/baz | foo/bar x/foo/bar/baz",
    "docs/*": "docs/a.md | docs/a/b.md a/docs/b.md docs",
    "/docs/*": "docs/a.md | docs/a/b.md",
    "docs/**": "docs/a docs/a/b | docs a/docs/b",
    "docs/**/x": "docs/x docs/a/x docs/a/b/x docs/x/below | docs/xy",
    "**/logs": "logs logs/a a/logs a/b/logs/c | blogs",
    "**": "a a/b |",
    "**/**/**/x": "x a/x a/b/c/d/x | y",
    "*.js": "a.js a/b.js a.js/below | a.jsx a.j",
    "foo*": "foo food food/x a/food | afoo",
    "t?p": "tip top/x a/tap | trip t/p",
    "a/*/c": "a/b/c a/b/c/d | a/c a/b/b/c",
    "a/*/": "a/b/c a/b/c/d | a/b a",
    r"a\ b": "a\xa0b | a",
    "x[12]y": "x[12]y | x1y x2y",
    "(a)+.txt": "(a)+.txt x/(a)+.txt | aa.txt a+.txt",
    r"\*.js": "*.js x/*.js | a.js",
    "a#b": "a#b | a",
    "ä/b": "ä/b/c | a/b",
}


@pytest.mark.parametrize("pattern", TABLE)
def test_what_a_pattern_matches(pattern: str) -> None:
    fits, _, others = TABLE[pattern].partition("|")
    rule = OwnersRule(1, pattern, ())
    for path in fits.split(" "):
        assert not path or rule.regex.fullmatch(path.replace("\xa0", " ")), path
    for path in others.split(" "):
        assert not rule.regex.fullmatch(path) or not path, path


FILE = r"""
# all
*        @org/all  a@example.org

*.py     @ann @Bob_corp   # python people
/docs/   @org/writers
/docs/generated/
a\ b.txt @ann
*.rs     notowner
!x       @ann
\#x      @ann
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("README", ("@org/all", "a@example.org")),
        ("src/x.py", ("@ann", "@Bob_corp")),
        ("docs/x.py", ("@org/writers",)),
        ("docs/generated/x", ()),
        ("a b.txt", ("@ann",)),
        ("main.rs", ("@org/all", "a@example.org")),
    ],
)
def test_the_last_line_that_matches_decides(path: str, owners: tuple[str, ...]) -> None:
    rule = read_owners(FILE).rule_for(path)
    assert rule is not None
    assert rule.owners == owners


def test_a_line_that_github_cant_read_is_left_out_and_told() -> None:
    faults = read_owners(FILE).faults
    assert [(fault.line, fault.text.split()[0]) for fault in faults] == [
        (9, "*.rs"),
        (10, "!x"),
        (11, r"\#x"),
    ]
    assert faults[0].why == "notowner is no @user, @org/team or address"


@pytest.mark.parametrize("line", ["foo\\", "foo @ann \\"])
def test_a_line_that_ends_in_a_backslash_is_no_rule(line: str) -> None:
    found = read_owners(line)
    assert (found.rules, len(found.faults)) == ((), 1)


def test_who_is_asked_for_a_review() -> None:
    paths = ["README", "x.py", "docs/a", "y.py"]
    assert read_owners(FILE).reviewers(paths, ["@Ann"]) == Reviewers(
        ("Bob_corp",), ("org/all", "org/writers")
    )
    assert read_owners("").reviewers(paths) == Reviewers()


def test_the_file_of_a_commit_is_read_and_the_first_place_counts(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        who = ("-c", "user.name=A", "-c", "user.email=a@b.c")
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "none")
    for place, text in (("docs", "* @docs"), (".", "* @root"), (".github", "#" * 3_000_001)):
        (tmp_path / place).mkdir(exist_ok=True)
        (tmp_path / place / "CODEOWNERS").write_text(text, encoding="utf-8")
        git("add", ".")
        git("commit", "-q", "-m", place)
    found = [owners_of(Git(tmp_path), ref) for ref in ("HEAD~3", "HEAD~2", "HEAD~1", "HEAD")]
    assert [each and (each.path, each.rules[0].owners) for each in found] == [
        None,
        ("docs/CODEOWNERS", ("@docs",)),
        ("CODEOWNERS", ("@root",)),
        None,
    ]
