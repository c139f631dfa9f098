"""What a template's Jinja texts use, and what of it cookiecutter couldn't do."""

import pytest
from jinja2 import Environment

from atomci.errors import RefusedError
from atomci.export.jinja_sources import Sources, conditional, is_jinja, plain

SQUARE = {"block_start_string": "[%", "block_end_string": "%]",
          "variable_start_string": "[[", "variable_end_string": "]]"}  # fmt: skip
FILES = {"includes/a.jinja": "{% include 'includes/b.jinja' %}", "includes/b.jinja": "b", "other/c": "c"}


def sources(files: dict[str, str] | None = None) -> Sources:
    texts = FILES if files is None else files
    return Sources({}, sorted(texts), texts.__getitem__)


@pytest.mark.parametrize(
    ("text", "included"),
    [
        ("{% include 'other/c' %}", {"other/c"}),
        ("{% import 'other/c' as c %}", {"other/c"}),
        ("{% from 'other/c' import x %}", {"other/c"}),
        ("{% extends 'other/c' %}", {"other/c"}),
        ("{% include ['none', 'other/c'] %}", {"other/c"}),
        ("{% include 'includes/a.jinja' %}", {"includes/a.jinja", "includes/b.jinja"}),
        ("{% include 'includes/' ~ name ~ '.jinja' %}", {"includes/a.jinja", "includes/b.jinja"}),
        ("{% include 'oth' + name + 'x' %}", {"other/c"}),
        ("{% include name %}", set(FILES)),
        ("{% include 'other' %}", set()),
        ("{{ 'other/c' }}", set()),
    ],
)
def test_the_files_that_a_text_may_include_are_taken_in(text: str, included: set[str]) -> None:
    found = sources()

    found.add("here", text)

    assert found.included == included


def test_files_that_include_each_other_come_to_an_end() -> None:
    found = sources({"a": "{% include 'b' %}", "b": "{% include 'a' %}"})

    found.add("here", "{% include 'a' %}")

    assert found.included == {"a", "b"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{{ a | made_up }}", "the Jinja filter 'made_up'"),
        ("{{ a is made_up }}", "the Jinja test 'made_up'"),
        ("{{ _copier_python }}", "_copier_python"),
        ("{{ _external_data.a }}", "_external_data"),
        ("{{ pathjoin('a', 'b') }}", "pathjoin"),
        ("{{ _copier_conf.dst_path }}", "_copier_conf.dst_path"),
        ("{% if %}", "Expected an expression"),
    ],
)
def test_what_cookiecutter_lacks_is_refused_with_its_place(text: str, why: str) -> None:
    for found, where in ((sources(), "here"), (sources({"file": text}), "file")):
        with pytest.raises(RefusedError) as caught:
            found.add("here", text if where == "here" else "{% include 'file' %}")

        assert caught.value.message.startswith(f"{where}: {why}")


@pytest.mark.parametrize(
    "text",
    ["{{ _copier_conf.answers_file }}", "{{ _copier_answers | to_nice_yaml }}", "{{ _folder_name }}",
     "{{ other.dst_path }}", "{{ name | regex_replace('a', 'b') | upper }}", "{{ a is defined }}"],
)  # fmt: skip
def test_what_the_exported_template_brings_along_is_fine(text: str) -> None:
    sources().add("here", text)


@pytest.mark.parametrize("text", ["a {{ b", "{% c", "{# d"])
def test_a_sign_of_jinja_makes_a_text_jinja(text: str) -> None:
    signs = SQUARE | {"comment_start_string": "[#"}

    assert is_jinja(text, {})
    assert not is_jinja(text, signs)
    assert is_jinja(text.replace("{", "["), signs)


@pytest.mark.parametrize("name", ["a", "{{ name }}.py", "{{- _copier_conf.answers_file -}}", "a{{b}}c"])
def test_a_name_that_is_never_empty_stays(name: str) -> None:
    assert conditional(name, {}) == name


@pytest.mark.parametrize(
    ("name", "full"),
    [("{% if on %}docs{% endif %}", "docs"), ("{% if on %}{{ name }}.py{% endif %}", "x.py"),
     ("{{ 'a' if on else '' }}", "a")],
)  # fmt: skip
@pytest.mark.parametrize("envops", [{}, SQUARE])
def test_a_name_that_may_be_empty_gets_a_stand_in_of_its_own(
    name: str, full: str, envops: dict[str, str]
) -> None:
    if envops:
        name = name.replace("{{", "[[").replace("}}", "]]").replace("{%", "[%").replace("%}", "%]")
    template = Environment(**envops, autoescape=True).from_string(conditional(name, envops))

    assert template.render(on=True, name="x").strip() == full
    stand_in = template.render(on=False, name="x").strip()
    assert stand_in.startswith(".not-rendered-")
    assert stand_in not in conditional(f"{name} ", envops)


@pytest.mark.parametrize(
    ("path", "envops", "rendered"),
    [
        ("{% if a %}docs{% endif %}/{{ name }}.md", {}, "docs/x.md"),
        ("[% if a %]docs[% endif %]/[[ name ]].md", SQUARE, "docs/x.md"),
        ("{{ name }}/a", SQUARE, "{{ name }}/a"),
    ],
)
def test_a_plain_path_has_no_tags_and_x_for_values(path: str, envops: dict[str, str], rendered: str) -> None:
    assert plain(path, envops) == rendered
