"""A budget for changed lines, by real git, coverage and pytest."""

from dataclasses import replace

import pytest

from atomci.tools.git.changed_lines import changed_lines
from atomci.tools.git.client import Git

ATOM = "enforce_coverage_budget"
SETTINGS = "\n[tool.atomci.coverage]\nchanged_lines = 75\n"
CHANGE = '''

def later(
    text: str,
) -> str:
    """Say it later."""
    # a comment
    if not text:
        return (
            "nothing"
        )
    raise NotImplementedError  # pragma: no cover
'''


def test_what_changed_since_a_commit_is_told_whatever_the_settings_of_git(tmp_path, git) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "sub").mkdir()
    text = "".join(f"{number}\n" for number in range(20))
    for name in ("edited.py", "moved.py", "gone.py", "ö d.py", "crlf.py"):
        (tmp_path / "sub" / name).write_text(text, encoding="utf-8")
    (tmp_path / "outside.py").write_text(text, encoding="utf-8")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "one")
    for name, value in {
        "diff.noprefix": "true",
        "diff.external": "false",
        "color.ui": "always",
        "diff.renames": "false",
        "diff.interHunkContext": "9",
        "diff.orderFile": "order",
    }.items():
        git(tmp_path, "config", name, value)
    (tmp_path / "order").write_text("*z*\n*o*\n", encoding="utf-8")
    (tmp_path / "outside.py").write_text("other\n", encoding="utf-8")
    sub = tmp_path / "sub"
    (sub / "edited.py").write_text(text.replace("3\n", "three\n", 1) + "a\nb", encoding="utf-8")
    git(tmp_path, "mv", "sub/moved.py", "sub/z.py")
    (sub / "z.py").write_text("first\n" + text, encoding="utf-8")
    (sub / "gone.py").unlink()
    (sub / "ö d.py").write_text(text.replace("\n5\n", "\n", 1), encoding="utf-8")
    (sub / "crlf.py").write_bytes(text.encode().replace(b"7\n", b"7\r\n", 1))
    (sub / "new.py").write_text("a\nb", encoding="utf-8")
    (sub / "empty.py").write_text("", encoding="utf-8")
    (sub / "notes.txt").write_text("a\n", encoding="utf-8")
    assert changed_lines(Git(sub), "HEAD") == {
        "edited.py": (4, 21, 22),
        "z.py": (1,),
        "crlf.py": (8,),
        "new.py": (1, 2),
    }


@pytest.fixture
def changed(real_sample):
    """A project on a branch, with a change that no test covers."""
    real_sample.append("pyproject.toml", SETTINGS)
    real_sample.replace("pyproject.toml", "fail_under = 80", "fail_under = 1")
    real_sample.commit()
    real_sample.git("switch", "--quiet", "-c", "topic")
    real_sample.append("src/demo/words.py", CHANGE)
    real_sample.commit()
    return real_sample


def test_changed_statements_are_judged_and_named(changed) -> None:
    lines = changed.read("src/demo/words.py").splitlines()
    condition = lines.index("    if not text:") + 1
    done = changed.atomci("run", ATOM, "--json")
    assert (done.code, done[ATOM][0]) == (1, "fail")
    assert "33.33 % of 3 changed statements since main covered, budget 75 %" in done[ATOM][1]
    (finding,) = done.atoms[ATOM]["findings"]
    assert (finding["path"], finding["line"]) == ("src/demo/words.py", condition)
    assert finding["message"] == f"changed and not covered: lines {condition}-{condition + 1}"
    test = '\n\ndef test_later() -> None:\n    from demo.words import later\n\n    assert later("")\n'
    changed.append("tests/unit/test_words.py", test)
    done = changed.atomci("run", ATOM, "--json")
    assert (done.code, done[ATOM][0]) == (0, "pass"), done.out
    assert "100.00 % of 3 changed statements since main covered" in done[ATOM][1]
    changed.git("switch", "--quiet", "-c", "other", "main")
    changed.git("reset", "--quiet", "--hard", "main")
    changed.append("README.md", "more\n")
    done = changed.atomci("run", ATOM, "--json")
    assert done[ATOM][1].endswith("; no statement changed since main; 9 lines from earlier runs")


def test_a_changed_file_that_was_measured_under_another_path_is_no_pass(changed) -> None:
    """As with a package that is installed as a copy: diff-cover finds no lines, and is content."""
    copy = changed.root.parent / "elsewhere/site-packages"
    copy.mkdir(parents=True)
    (changed.root / "src/demo").rename(copy / "demo")
    (changed.root / "src/demo").mkdir()
    for file in (copy / "demo").iterdir():
        if file.is_file():
            (changed.root / "src/demo" / file.name).write_bytes(file.read_bytes())
    changed.replace("pyproject.toml", "relative_files = true", f"source = ['{copy.as_posix()}']")
    changed.write("conftest.py", f"import sys\nsys.path.insert(0, {copy.as_posix()!r})\n")
    done = changed.atomci("run", ATOM, "--json")
    assert (done.code, done[ATOM][0]) == (1, "vacuous"), done.out
    assert "coverage knows nothing of src/demo/words.py" in done[ATOM][1]
    assert "was measured in its place: [tool.coverage.paths]" in done[ATOM][1]


def test_without_the_history_that_tells_what_changed_it_is_broken_and_says_what_to_type(changed) -> None:
    changed.append("pyproject.toml", '\n[tool.atomci.selection]\nbase = "origin/gone"\n')
    done = changed.atomci("run", ATOM, "--json")
    assert done[ATOM][0] == "error"
    assert "git fetch --unshallow origin" in done[ATOM][1]


def test_zero_matched_lines_are_no_pass_in_any_layout(changed) -> None:
    """What coverage doesn't look for: a folder without `__init__.py`, and modules that nobody imports."""
    changed.git("reset", "--quiet", "--hard", "main")
    changed.write("src/space/far/away.py", "def go() -> int:\n    return 1\n")
    changed.write("src/space/far/__init__.py", '"""Nothing to run, but for this text."""\n')
    changed.write("scripts/help.py", "X = 1\n")
    done = changed.atomci("run", ATOM, "--json")
    assert (done.code, done[ATOM][0]) == (1, "vacuous"), done.out
    assert (
        "coverage knows nothing of src/space/far/away.py, which changed: no test imports it" in done[ATOM][1]
    )
    (changed.root / "src/space/far/away.py").unlink()
    done = changed.atomci("run", ATOM, "--json")
    assert (done.code, done[ATOM][0]) == (0, "pass"), done.out
    said = "no statement changed since main but in scripts/help.py, which isn't measured"
    assert done[ATOM][1].endswith(said)


def test_changed_lines_are_found_through_a_link_to_the_checkout(changed) -> None:
    link = changed.root.parent / "link"
    link.symlink_to(changed.root, target_is_directory=True)
    done = replace(changed, root=link).atomci("run", ATOM, "--json")
    assert "33.33 % of 3 changed statements since main covered" in done[ATOM][1], done.out
    (finding,) = done.atoms[ATOM]["findings"]
    assert finding["path"] == "src/demo/words.py"
