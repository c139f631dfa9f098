"""Which answers file counts, and what it has to say."""

from pathlib import Path

import pytest

from atomci.errors import UsageError
from atomci.template.answers import Recorded, answers_files, parse_answers, recorded_answers, rendered_root

GOOD = "_commit: v1\n_src_path: gh:org/name\nname: thing\n7: seven\n"


@pytest.mark.parametrize(
    ("file", "lock"),
    [
        (".copier-answers.yml", ".atomci/lock.json"),
        (".copier-answers.yaml", ".atomci/lock.json"),
        (".copier-answers.docs.yml", ".atomci/lock.docs.json"),
        (".copier-answers-docs.yml", ".atomci/lock.docs.json"),
    ],
)
def test_each_answers_file_has_a_lock_of_its_own(file: str, lock: str) -> None:
    assert Recorded(Path(), file, {}).lock == lock


def test_a_record_tells_source_version_and_answers_apart(tmp_path: Path) -> None:
    (tmp_path / ".copier-answers.yml").write_text(GOOD)

    recorded = recorded_answers(tmp_path)

    assert (recorded.location, recorded.version) == ("gh:org/name", "v1")
    assert recorded.answers == {"name": "thing", "7": "seven"}


@pytest.mark.parametrize("text", [b"a: [", b"\xff\xfe\xfa", b"- a\n", b"just words\n", b""])
def test_answers_that_are_no_mapping_are_an_error_that_names_the_file(text: bytes) -> None:
    with pytest.raises(UsageError, match=r"^there\.yml: not "):
        parse_answers(text, "there.yml")


@pytest.mark.parametrize("key", ["_src_path", "_commit"])
def test_a_record_without_source_or_version_is_an_error(tmp_path: Path, key: str) -> None:
    lines = [line for line in GOOD.splitlines() if not line.startswith(key)]
    (tmp_path / ".copier-answers.yml").write_text("\n".join(lines))

    with pytest.raises(UsageError, match=f"doesn't record {key}"):
        recorded_answers(tmp_path)


def test_of_several_answers_files_one_has_to_be_named(tmp_path: Path) -> None:
    for name in (".copier-answers.docs.yml", ".copier-answers.yml", ".copier-answers.ci.yaml"):
        (tmp_path / name).write_text(GOOD)

    with pytest.raises(UsageError, match="3 templates") as caught:
        recorded_answers(tmp_path)

    assert caught.value.hint == "name one: --answers-file .copier-answers.ci.yaml"
    assert recorded_answers(tmp_path, ".copier-answers.docs.yml").lock == ".atomci/lock.docs.json"


@pytest.mark.parametrize("name", [None, ".copier-answers.none.yml"])
def test_a_folder_that_was_not_rendered_is_an_error_with_ways_on(tmp_path: Path, name: str | None) -> None:
    with pytest.raises(UsageError, match=f"no {name or '.copier-answers.yml'} in") as caught:
        recorded_answers(tmp_path, name)

    assert "atomci new" in caught.value.hint
    assert "atomci adopt" in caught.value.hint


def test_only_files_of_copiers_name_are_answers_files(tmp_path: Path) -> None:
    for name in (".copier-answers.yml", "copier-answers.yml", ".copier-answers.json", ".copier.yml"):
        (tmp_path / name).write_text("")
    (tmp_path / ".copier-answers.d.yml").mkdir()

    assert answers_files(tmp_path) == [".copier-answers.yml"]


def test_the_nearest_folder_with_answers_is_found_from_below_but_not_beyond_the_repository(
    tmp_path: Path,
) -> None:
    (tmp_path / ".copier-answers.yml").write_text(GOOD)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert rendered_root(below) == tmp_path

    (tmp_path / "a" / ".git").mkdir()
    assert rendered_root(below) == below
