"""The body of an update's pull request: what it says, and that nothing in it does harm on GitHub."""

from __future__ import annotations

import re

import pytest

from atomci.artifacts.printed.sync import AnswerChange, FileChange, MigrationStep, PinChoice, Update
from atomci.fleet.body import Mark, body_of, mark_of

BRANCH = "atomci/template-update"
GITHUB = "https://github.com/acme/template.git"


def update(*files: FileChange, before: str = "v1.0.0", after: str = "v2.0.0", **more: object) -> Update:
    return Update(
        state="planned", template="gh:acme/template", before=before, after=after, files=files, **more  # type: ignore[arg-type]
    )


def changed(path: str, change: str = "updated", **more: str) -> FileChange:
    return FileChange(path=path, change=change, tier="merged", **more)  # type: ignore[arg-type]


def body(
    found: Update, *conflicts: str, before: str = "", location: str = GITHUB, unfinished: str = ""
) -> str:
    return body_of(found, conflicts, BRANCH, location, before, unfinished)


def test_each_kind_of_change_is_listed() -> None:
    text = body(
        update(
            changed("a.md", "replaced"),
            changed("b.md", "renamed", renamed_from="c.md"),
            changed("d.md", "corrected-upstream"),
            answers=(AnswerChange(name="licence", before=None, after="MIT"),),
            pins=(PinChoice(path="e.yml", pin="ruff", ours="1.0", theirs="2.0", taken="2.0"),),
            migrations=(
                MigrationStep(id="move", version="v2.0.0", reason="one place", effect="renames f to g"),
                MigrationStep(id="drop", version="v2.0.0", reason="old", effect="deletes h", skipped=True),
            ),
        )
    )

    for row in (
        "- `a.md`: replaced; your edit stays",
        "- `b.md` (was `c.md`): renamed",
        "- `d.md`: yours; the template corrected its own",
        "- `licence`: nothing to `MIT`",
        "- `e.yml`: `ruff` `2.0`, the higher of yours (`1.0`)",
        "- `move`: `renames f to g`; `one place`",
        "- `drop`: `skipped`; `old`",
        "No conflicts.",
    ):
        assert row in text
    assert "### In conflict" not in text


def test_each_conflict_is_listed_with_what_to_type() -> None:
    text = body(update(changed("a.md", "conflicted", detail="modify/delete"), changed("b.md")), "a.md")

    assert "- `a.md`: `modify/delete`" in text
    assert f"$ git switch {BRANCH}\n" in text
    assert "`atomci update --to v2.0.0`" in text
    assert "No conflicts" not in text
    assert text.count("`a.md`") == 1


def test_what_could_not_be_finished_is_said() -> None:
    assert "No conflicts, but `uv lock failed`" in body(update(), unfinished="uv lock failed")


@pytest.mark.parametrize(
    ("before", "after", "link"),
    [
        ("v1.0.0", "v2.0.0", "v1.0.0...v2.0.0"),
        ("v1.0.0-3-gabc1234", "v2.0.0", "abc1234...v2.0.0"),
        ("v1", "release/2 #1", "v1...release%2F2%20%231"),
    ],
)
def test_the_templates_changes_are_linked(before: str, after: str, link: str) -> None:
    assert f"(https://github.com/acme/template/compare/{link})" in body(update(before=before, after=after))


@pytest.mark.parametrize("location", ["/srv/template", "file:///srv/template"])
def test_a_template_that_is_on_no_host_has_no_link(location: str) -> None:
    assert "](" not in body(update(), location=location)


def test_a_link_holds_no_token() -> None:
    assert "secret" not in body(
        update(), location="https://me:secret@github.com/acme/template.git"  # pragma: allowlist secret
    )


@pytest.mark.parametrize(
    "name", ["@acme/team", "fixes #12", "acme/x#3", "<img src=x>", "a`b``c", "--> x", "a\nb"]
)
def test_nothing_from_outside_is_markup(name: str) -> None:
    text = body(
        update(
            changed(name),
            changed(name, "conflicted", detail=name),
            answers=(AnswerChange(name="a", before=name, after=name),),
            migrations=(MigrationStep(id="m", version="v2", reason=name, effect=name),),
        ),
        name,
        unfinished=name,
    )
    # What is left when every code span is taken out, whatever its fence.
    plain = re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", text)

    assert not re.search(r"@acme|#\d|<img|a`b", plain)
    assert text.count("-->") == 2
    assert text.endswith("<!-- atomci:end -->")


def test_the_longest_update_fits_and_says_what_is_left_out() -> None:
    files = [changed(f"folder/{'x' * 80}/{number}.py") for number in range(3000)]
    answers = tuple(AnswerChange(name=f"a{n}", before="x" * 5000, after="y" * 5000) for n in range(300))
    conflicts = [changed(f"conflict/{number}.py", "conflicted") for number in range(3000)]

    text = body(update(*files, *conflicts, answers=answers), *(row.path for row in conflicts))

    assert len(text) < 65536
    assert len(re.findall(r"^- and \d+ more$", text, re.MULTILINE)) == 3
    shown = len(re.findall(r"^- `folder/", text, re.MULTILINE))
    assert f"- and {3000 - shown} more" in text


@pytest.mark.parametrize("version", ["v2.0.0", "a>b-->c", "release/2", "v1-3-gabc1234"])
@pytest.mark.parametrize("conflicts", [(), ("a.md",)])
def test_the_next_run_reads_what_it_is_about(version: str, conflicts: tuple[str, ...]) -> None:
    mark = mark_of("before\n" + body(update(after=version), *conflicts) + "\nbehind")

    assert mark is not None
    assert mark.about(version)
    assert not mark.about("v9")
    assert mark.conflicts == bool(conflicts)


def test_a_body_of_somebody_else_has_no_mark_and_is_kept_below() -> None:
    assert mark_of("Please merge v2.0.0") is None
    text = body(update(), before="Please merge")
    assert text.endswith("\n\nPlease merge")
    assert body(update(), before=text) == text


def test_what_stands_around_our_part_stays() -> None:
    text = "before\n" + body(update()) + "\nbehind"

    newer = body(update(after="v3.0.0"), before=text)

    assert newer == "before\n" + body(update(after="v3.0.0")) + "\nbehind"
    assert mark_of(newer) == Mark("v3.0.0", conflicts=False)
