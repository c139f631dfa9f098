"""What plain copier makes of the cases in `docs/updating.md`: the page says no more than is true."""

import re
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import copier
import pytest
from sync_world import Content, Folder, lines

PAGE = Path(__file__).parents[3] / "docs" / "updating.md"
Case = tuple[dict[str, Content], dict[str, Content], Callable[[Folder], bool]]

REQ = "[dependencies]\nfirst=={}\nsecond=={}\n"
CASES: dict[str, Case] = {
    "the template renames a file that you edited": (
        {"template/guide.txt": None, "template/manual.txt": lines("guide")},
        {"guide.txt": lines("guide", n20="mine")},
        lambda after: not after.has("guide.txt") and "mine" not in after.read("manual.txt"),
    ),
    "you moved a file, the template changes it": (
        {"template/keep.txt": lines("keep", n5="theirs")},
        {"keep.txt": None, "docs/keep.txt": lines("keep")},
        lambda after: not after.has("keep.txt") and "theirs" not in after.read("docs/keep.txt"),
    ),
    "the template deletes a file that you edited": (
        {"template/guide.txt": None},
        {"guide.txt": lines("guide", n20="mine")},
        lambda after: not after.has("guide.txt"),
    ),
    "you replaced a binary that the template didn't touch": (
        {"template/keep.txt": lines("keep", n5="theirs")},
        {"logo.png": b"\0mine" * 99},
        lambda after: b"mine" not in (after.root / "logo.png").read_bytes(),
    ),
    "any conflict": (
        {"template/keep.txt": lines("keep", n5="theirs")},
        {"keep.txt": lines("keep", n5="mine")},
        lambda after: "<<<<<<<" in after.read("keep.txt") and "v2.0.0" in after.read(".copier-answers.yml"),
    ),
    "you deleted a file that the template changes": (
        {"template/keep.txt": lines("keep", n5="theirs")},
        {"keep.txt": None},
        lambda after: not after.has("keep.txt"),
    ),
    "both moved pins on neighbouring lines": (
        {"template/settings.toml": REQ.format("1.0", "2.0")},
        {"settings.toml": REQ.format("1.5", "1.0")},
        lambda after: "<<<<<<<" in after.read("settings.toml"),
    ),
    "drift in a managed file that the template never changes again": (
        {"template/keep.txt": lines("keep", n5="theirs")},
        {"ci.yml": lines("ci", 20, n3="drifted")},
        lambda after: "drifted" in after.read("ci.yml"),
    ),
}
ELSEWHERE = {
    "a checkout with CRLF, one line changed by both",  # below
    "a template with tasks or migrations of its own",  # tests/integration/test_template_render.py
}


def rows() -> list[str]:
    section = PAGE.read_text(encoding="utf-8").split("## Beside plain copier")[1].split("\n## ")[0]
    return [
        row
        for row in re.findall(r"^\| ([^|]+) \|.*\|.*\|$", section, re.MULTILINE)
        if row not in ("case", "---")
    ]


def test_every_case_of_the_page_is_run() -> None:
    assert set(rows()) - {"---"} == CASES.keys() | ELSEWHERE
    assert f"`copier update` {version('copier')} " in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_copier_ends_without_an_error_and_has_done_this(case: str, template: Folder, project: Folder) -> None:
    theirs, mine, outcome = CASES[case]
    if "template/settings.toml" in theirs:
        template.commit({"template/settings.toml": REQ.format("1.0", "1.0")}, "v1.1.0")
        copier.run_update(project.root, defaults=True, overwrite=True, quiet=True)
        project.commit()
    template.commit(theirs, "v2.0.0")
    project.commit(mine)

    copier.run_update(project.root, defaults=True, overwrite=True, quiet=True)

    assert outcome(project)


def test_copier_makes_one_conflict_of_a_crlf_checkout(template: Folder, project: Folder) -> None:
    project.commit({"keep.txt": lines("keep", n5="mine")})
    project.git("config", "core.autocrlf", "true")
    for path in project.git("ls-files").splitlines():
        (project.root / path).unlink()
    project.git("checkout", "--", ".")
    template.commit({"template/keep.txt": lines("keep", n5="theirs")}, "v2.0.0")

    copier.run_update(project.root, defaults=True, overwrite=True, quiet=True)

    text = project.read("keep.txt")
    conflict = text[text.index("<<<<<<<") : text.index(">>>>>>>")]
    assert len(conflict.splitlines()) > 70
