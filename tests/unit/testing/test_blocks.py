"""Blocks of a Python file: their hashes go by what code says, not by where or how it stands."""

import pytest

from atomci.testing.selection.blocks import MODULE, Blocks, read_blocks

SOURCE = '''\
"""Words."""
import re

LIMIT = 3


class Shop:
    name = "x"

    def price(self, n=1):
        def inner():
            return n
        return inner()

    @property
    def size(self):
        return 2


def plain(a):
    return a + LIMIT


if LIMIT:
    def sometimes():
        return 1
'''


def _blocks(source: str) -> Blocks:
    found = read_blocks(source.encode())
    assert found is not None
    return found


def _differing(before: str, after: str) -> set[str]:
    one, two = _blocks(before).hashes, _blocks(after).hashes
    return {name for name in {*one, *two} if one.get(name) != two.get(name)}


def test_a_file_has_a_block_for_each_outermost_function_and_one_for_its_import() -> None:
    assert set(_blocks(SOURCE).hashes) == {MODULE, "Shop.price", "Shop.size", "plain", "sometimes"}


@pytest.mark.parametrize(
    ("old", "new", "blocks"),
    [
        ("return a + LIMIT", "return (a + LIMIT)  # the same", set()),
        ("import re\n", "import re\n\n\n# moved\n", set()),
        ("return a + LIMIT", "return a - LIMIT", {"plain"}),
        ("return n", "return -n", {"Shop.price"}),
        ("return 1", "return 0", {"sometimes"}),
        ("LIMIT = 3", "LIMIT = 4", {MODULE}),
        ('name = "x"', 'name = "y"', {MODULE}),
        ("n=1", "n=2", {MODULE, "Shop.price"}),
        ("if LIMIT:", "if not LIMIT:", {MODULE}),
        ("def plain", "def planer", {MODULE, "plain", "planer"}),
        ("@property", "@staticmethod", {MODULE, "Shop.size"}),
        ("class Shop:", "class Shop(list):", {MODULE}),
        ('"""Words."""', '"""Other words."""', {MODULE}),
    ],
)
def test_an_edit_changes_the_blocks_that_it_is_in(old: str, new: str, blocks: set[str]) -> None:
    assert SOURCE.count(old) == 1
    assert _differing(SOURCE, SOURCE.replace(old, new)) == blocks


def test_two_functions_of_one_name_are_one_block() -> None:
    twice = "def f():\n    return 1\n\n\ndef f():\n    return 2\n"
    assert _differing(twice, twice.replace("return 1", "return 3")) == {"f"}


def test_what_a_statement_binds_is_known_only_where_it_does_nothing_else() -> None:
    def bound(statement: str) -> set[str]:
        return {name for names in _blocks(statement).statements.values() for name in names.binds}

    assert bound("A = 3") == {"A"}
    assert bound("A: int = 3") == {"A"}
    assert bound("A = frozenset('ab')") == {"A"}
    assert bound("def f(a=1): ...") == {"f", "f()"}
    for other in (
        "A = register(3)",
        "A.b = 3",
        "A, B = 1, 2",
        "import a",
        "f()",
        "@f\ndef g(): ...",
        "__a__ = 1",
        "class A(list):\n    b = 3",
        "@f\nclass A:\n    b = 3",
        "class A:\n    def __set_name__(self, a, b): ...\n    b = 3",
    ):
        assert bound(other) == set(), other
    assert bound("class A:\n    b = 3") == {".b"}
    assert bound("class A:\n    pass\nclass B(A):\n    b = 3") == {".b"}
    assert bound("@f\ndef g(a=1): ...") == {"g()", "@f"}
    assert bound("A = sorted(B)") == {"A"}
    assert bound("def sorted(): ...\nA = sorted(B)") == {"sorted"}


def test_functions_that_keep_what_they_once_gave_are_told() -> None:
    source = "@functools.cache\ndef a(): ...\n\n@lru_cache(maxsize=1)\ndef b(): ...\n\ndef c(): ...\n"
    assert _blocks(source).keeping == {"a", "b"}


@pytest.mark.parametrize("source", ["def f(:\n", "\0", "(" * 5000])
def test_what_cant_be_parsed_has_no_blocks(source: str) -> None:
    assert read_blocks(source.encode()) is None


def test_who_gives_a_docstring_reads_none() -> None:
    source = (
        b"def gives(self, doc):\n    self.__doc__ = doc\n\n\ndef reads(other):\n    return other.__doc__\n"
    )

    blocks = read_blocks(source)

    assert blocks is not None
    assert {name for name, used in blocks.uses.items() if "__doc__" in used} == {"reads"}
