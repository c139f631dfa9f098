from pathlib import Path

import pytest

from atomci.configuration.documents import (
    Unreadable,
    json_document,
    read_text,
    toml_document,
    yaml_document,
)

TOML = """\
top = 1
[tool.ruff]
line-length = 100 # [not.a.table]
lint.select = ["E"]

[tool."quoted.name"]
"key with = sign" = 2

[[tool.mypy.overrides]]
module = "a"
[[tool.mypy.overrides]]
module = "b"
[tool.mypy.overrides.more]
strict = true

[tool.black]
extend-exclude = '''
[build]
line-length = 1
'''
line-length = 100
targets = [
  { name = "py311" },
]
"""


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("top",), 1),
        (("tool", "ruff"), 2),
        (("tool", "ruff", "line-length"), 3),
        (("tool", "ruff", "lint", "select"), 4),
        (("tool", "quoted.name", "key with = sign"), 7),
        (("tool", "mypy", "overrides", 0, "module"), 10),
        (("tool", "mypy", "overrides"), 9),
        (("tool", "mypy", "overrides", 1, "module"), 12),
        (("tool", "mypy", "overrides", 1, "more", "strict"), 14),
        (("tool", "black", "line-length"), 21),
        (("tool", "black", "targets", 0, "name"), 22),
    ],
)
def test_a_toml_key_knows_its_line(tmp_path: Path, keys: tuple[str | int, ...], line: int) -> None:
    (tmp_path / "a.toml").write_text(TOML)

    document = toml_document(tmp_path, "a.toml")

    assert document.get(*keys) is not None
    assert str(document.at(*keys)) == f"a.toml:{line}"


def test_a_key_that_is_not_there_has_the_line_of_the_closest_one_above(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(TOML)
    document = toml_document(tmp_path, "a.toml")

    assert document.get("tool", "ruff", "missing") is None
    assert str(document.at("tool", "ruff", "missing", "deeper")) == "a.toml:2"
    assert str(document.at("tool")) == "a.toml:2"
    assert str(document.at("nothing")) == "a.toml:1"


def test_yaml_keys_and_items_know_their_lines(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(
        "on:\n  push:\njobs:\n  a:\n    steps:\n      - run: x\n      - uses: y\n"
    )

    document = yaml_document(tmp_path, "a.yml")

    assert str(document.at("on")) == "a.yml:1"
    assert str(document.at("jobs", "a", "steps", 1, "uses")) == "a.yml:7"
    assert document.get("jobs", "a", "steps", 1, "uses") == "y"


def test_json_knows_lines_also_when_it_is_indented_by_tabs(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{\n\t"a": [\n\t\t{"b.c": 1}\n\t]\n}\n')

    assert str(json_document(tmp_path, "a.json").at("a", 0, "b.c")) == "a.json:3"


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.toml", "a = 1\nb = \n", "a.toml:2: not TOML"),
        ("a.yml", "a: 1\nb: [\n", "a.yml:3: not YAML"),
        ("a.yml", "a: 1\nb: 2\na: 3\n", "a.yml:3: a is given twice, first in line 1"),
        ("a.yml", "a:\n  - b: 1\n    b: 2\n", "a.yml:3: a.0.b is given twice"),
        ("a.json", '{\n  "a": 1, // why\n}\n', "a.json:2: not JSON"),
        ("a.json", "", "a.json:1: not JSON"),
    ],
)
def test_what_cannot_be_parsed_is_named_with_its_line(
    tmp_path: Path, name: str, text: str, says: str
) -> None:
    (tmp_path / name).write_text(text)
    parse = {"toml": toml_document, "yml": yaml_document, "json": json_document}[name.partition(".")[2]]

    with pytest.raises(Unreadable) as caught:
        parse(tmp_path, name)

    assert str(caught.value).startswith(says)


def test_a_missing_and_an_undecodable_file_are_unreadable(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b"a = '\xe9'\n")

    with pytest.raises(Unreadable, match=r"^no\.toml: missing$"):
        read_text(tmp_path, "no.toml")
    with pytest.raises(Unreadable, match=r"^latin\.toml: can't be read"):
        toml_document(tmp_path, "latin.toml")


def test_rows_leaves_out_what_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("a: [{b: 1}, text, {b: 2}]\nc: text\n")
    document = yaml_document(tmp_path, "a.yml")

    assert document.rows("a") == [(0, {"b": 1}), (2, {"b": 2})]
    assert document.rows("c") == []
