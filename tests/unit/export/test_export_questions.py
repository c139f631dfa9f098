"""A copier question as one of cookiecutter's, and what has no counterpart there."""

from fnmatch import fnmatchcase
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from atomci.errors import RefusedError
from atomci.export.convert import export_cookiecutter
from atomci.export.cookiecutter import converted, literal, looks_binary, offered, prompt
from atomci.template.repository import Release


def export(folder: Path, dest: Path) -> None:
    """Export a template of which a folder is the only release."""
    made = folder.with_name("workshop")
    made.mkdir()
    template = SimpleNamespace(
        location="gh:a/b", wanted=lambda _: Release("c0ffee", "v1"), checkout=lambda _: folder
    )
    shop: Any = SimpleNamespace(template=lambda _: template, folder=lambda: made)
    export_cookiecutter(shop, "gh:a/b", None, dest)


@pytest.mark.parametrize("name", ["cookiecutter", "template", "templates", "folder_name"])
def test_a_name_that_cookiecutter_needs_itself_is_refused(name: str) -> None:
    with pytest.raises(RefusedError, match=f"question {name} has a name"):
        converted(name, {})


@pytest.mark.parametrize(
    "choices", ["{{ others }}", {"A": {"value": "a", "validator": "{{ no }}"}}, [["A", {"value": "a"}]]]
)
def test_choices_that_depend_on_answers_are_refused(choices: Any) -> None:
    with pytest.raises(RefusedError, match="question q has choices that depend on answers"):
        converted("q", {"choices": choices})


@pytest.mark.parametrize(
    ("choices", "found"),
    [
        (["a", 2], {"a": "a", "2": 2}),
        ([["A", "a"], ["B", "b"]], {"A": "a", "B": "b"}),
        ({"A": "a", 1: "b"}, {"A": "a", "1": "b"}),
        ([], {}),
    ],
)
def test_choices_are_values_by_their_labels(choices: Any, found: dict[str, Any]) -> None:
    assert converted("q", {"choices": choices})["choices"] == list(found.values())
    labels = {str(value): label for label, value in found.items()}
    assert prompt({"choices": choices}, {}) == ({"__prompt__": "", **labels} if found else "")


def test_a_question_keeps_its_conditions_and_a_default_only_where_it_has_one() -> None:
    details = {"when": "{{ a }}", "validator": "{{ b }}", "secret": True, "choices": {"A": "a"}}

    without = converted("q", details)

    assert without == {
        "type": "yaml", "when": "{{ a }}", "validator": "{{ b }}", "multiselect": False, "secret": True,
        "choices": ["a"],
    }  # fmt: skip
    assert converted("q", details | {"default": None}) == without | {"default": None}
    assert converted("q", {})["when"] is True


@pytest.mark.parametrize(
    ("details", "kind"),
    [
        ({"type": "json", "default": "x"}, "json"),
        ({"default": True}, "bool"),
        ({"default": 1}, "int"),
        ({"default": 1.5}, "float"),
        ({"default": "x"}, "str"),
        ({"default": ["x"]}, "yaml"),
        ({}, "yaml"),
    ],
)
def test_a_question_without_a_type_has_that_of_its_default(details: dict[str, Any], kind: str) -> None:
    assert converted("q", details)["type"] == kind


@pytest.mark.parametrize(
    ("details", "first"),
    [
        ({"choices": ["a", "b", "c"], "default": "b"}, ["b", "a", "c"]),
        ({"choices": [1, 2], "default": 2}, ["2", "1"]),
        ({"choices": ["a"], "default": "{{ x }}"}, "{{ x }}"),
        ({"choices": ["a", "b"], "multiselect": True, "default": ["b", "a"]}, "b,a"),
        ({"choices": ["a"], "multiselect": True, "default": "{{ x }}"}, "{{ x }}"),
        ({"default": True}, True),
        ({"default": {"a": 1}}, '{"a": 1}'),
        ({"default": None}, ""),
        ({}, ""),
    ],
)
def test_the_default_is_what_cookiecutter_offers_first(details: dict[str, Any], first: Any) -> None:
    assert offered(converted("q", details)) == first


@pytest.mark.parametrize(
    ("details", "asked"),
    [
        ({"help": "What\n  is it?"}, "What is it?"),
        ({"help": "Called {{ name }}?"}, ""),
        ({"help": "Which?", "choices": {"The A": "a"}}, {"__prompt__": "Which?", "a": "The A"}),
        ({"help": "Which?", "choices": {"The A": "a", "B": "b"}, "multiselect": True},
         "Which? (Of a, b; commas between them)"),
        ({"choices": ["a"], "multiselect": True}, "(Of a; commas between them)"),
    ],
)  # fmt: skip
def test_a_prompt_is_the_help_with_the_labels_of_choices(details: dict[str, Any], asked: Any) -> None:
    assert prompt(details, {}) == asked


@pytest.mark.parametrize(
    ("content", "binary"),
    [
        (b"", False),
        (b"plain\ttext\r\n\f", False),
        (b"\t\n\f\r", False),
        (b"plain text\0", True),
        ("世界你好".encode(), True),
        ("mostly plain, one é".encode(), False),
        (b"a" * 1024 + b"\0", False),
        (b"\x1b" * 3 + b"a" * 10, True),
    ],
)
def test_a_text_that_cookiecutter_would_copy_is_known(content: bytes, binary: bool) -> None:
    assert looks_binary(content) is binary


@pytest.mark.parametrize("path", ["a/b.png", "a[1].png", "*.png", "a?b", "[!a]*"])
def test_a_literal_pattern_matches_its_path_only(path: str) -> None:
    assert fnmatchcase(path, literal(path))
    assert not any(fnmatchcase(other, literal(path)) for other in ("a1.png", "x.png", "axb", "b", "a/bxpng"))


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A template of one file."""
    folder = tmp_path / "template"
    (folder / "docs").mkdir(parents=True)
    (folder / "copier.yml").write_text("name: thing\n")
    (folder / "docs/text.jinja").write_text("{{ name }}")
    return folder


def test_a_text_that_is_not_utf_8_is_refused_by_its_name(template: Path, tmp_path: Path) -> None:
    (template / "docs/latin.jinja").write_bytes(b"caf\xe9")

    with pytest.raises(RefusedError, match=r"docs/latin\.jinja isn't text in UTF-8"):
        export(template, tmp_path / "dest")

    assert not (tmp_path / "dest").exists()


@pytest.mark.parametrize("there", [True, False])
def test_a_copy_that_fails_leaves_the_destination_as_it_was(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    dest = tmp_path / "dest"
    if there:
        dest.mkdir()

    def half(_: Path, target: Path, **__: object) -> None:
        target.mkdir(exist_ok=True)
        (target / "half").write_text("")
        raise OSError("the disk is full")

    monkeypatch.setattr("shutil.copytree", half)
    with pytest.raises(OSError, match="full"):
        export(template, dest)

    assert [path.name for path in tmp_path.rglob("*")].count("half") == 0
    assert dest.exists() is there
