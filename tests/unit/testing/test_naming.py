"""Who sees a change of what a file says on import: by names, and by what other names were made of these."""

import pytest

from atomci.testing.selection.blocks import Blocks, read_blocks
from atomci.testing.selection.naming import ImportChange, Readers, readers_of
from atomci.testing.selection.record import file_record

SHOP = {
    "base.py": """\
import re

SIGNS = {"<": "lt"}
NAMES = sorted(SIGNS.values())
PATTERN = re.compile("|".join(NAMES))
LIMIT = 3
UNREAD = 4


class Shelf:
    size = 2
    colour = "red"

    def full(self, n=1):
        return n > self.size


def find(text, sign="<"):
    return PATTERN.match(text)


@kept
def tax(net, rate=5):
    "Help."
    return net // rate


def kept(function):
    return function


LIST = {"find": find}


def runs(code):
    exec(code, {"shelf": Shelf})


def runs_here(code):
    exec(code)
""",
    "other.py": """\
from base import LIMIT as MOST
from base import UNREAD

COUNT = compute(MOST)


def most(n=MOST):
    return n


def ask(shelf, name):
    return getattr(shelf, name)
""",
    "wide.py": """\
import base


def any_name():
    return vars(base)


class Own:
    def visit(self, name):
        return getattr(self, "visit_" + name)
""",
}


def _code(texts: dict[str, str]) -> dict[str, Blocks]:
    found = {path: read_blocks(text.encode()) for path, text in texts.items()}
    return {path: blocks for path, blocks in found.items() if blocks}


def _readers(path: str, old: str, new: str, texts: dict[str, str] = SHOP) -> Readers | None:
    assert texts[path].count(old) == 1
    after = _code(texts | {path: texts[path].replace(old, new)})
    change = ImportChange.of(file_record(_code(texts)[path]), after[path])
    return None if change is None else readers_of(change, after)


def _names(found: Readers | None) -> set[str]:
    assert found is not None
    return {f"{file}::{name}" for file, name, _ in found.functions} | {file for file, _ in found.modules}


# Those that make up names while the program runs read all of them.
ANY = {"wide.py::any_name", "other.py::ask"}
# And what is run here reads the names of its own file.
HERE = {"base.py::runs_here"}


@pytest.mark.parametrize(
    ("path", "old", "new", "seen"),
    [
        # through two other constants, of which the last is read by a function
        ("base.py", '"<": "lt"', '"<": "le"', {"base.py::find", *ANY, *HERE}),
        # under another name, where something is called with it on import, and as what a function takes
        ("base.py", "LIMIT = 3", "LIMIT = 5", {"other.py", "other.py::most", *ANY, *HERE}),
        # of a class, also by code that makes up names of its own object
        ("base.py", "size = 2", "size = 1", {"base.py::Shelf.full", "wide.py::Own.visit", *ANY}),
        # what a function takes by itself is seen by those that run it, which the record tells
        ("base.py", "n=1", "n=2", set()),
        ("base.py", 'sign="<"', 'sign=">"', set()),
        ("base.py", "rate=5", "rate=6", set()),
    ],
)
def test_a_change_is_seen_by_those_who_read_its_names(path: str, old: str, new: str, seen: set[str]) -> None:
    assert _names(_readers(path, old, new)) == seen


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        # that nobody here reads it says nothing of libraries
        ("base.py", 'colour = "red"', 'colour = "blue"'),
        ("base.py", "UNREAD = 4", "UNREAD = 5"),
        # an import of what is gone fails
        ("base.py", "UNREAD = 4\n", "\n"),
        ("base.py", "def find(text", "def found(text"),
        # more than names
        ("other.py", "compute(MOST)", "compute(3)"),
        ("base.py", "class Shelf:", "class Shelf(list):"),
        ("base.py", "@kept\n", "\n"),
        # a decorator may show what the function says of itself
        ("base.py", "Help.", "Better help."),
    ],
)
def test_what_names_dont_tell_is_seen_by_all_that_import_the_file(path: str, old: str, new: str) -> None:
    assert _readers(path, old, new) is None


@pytest.mark.parametrize(
    "text",
    ["import inspect\n\n\ndef told(f):\n    return inspect.signature(f)\n", "from typer import run\n"],
)
def test_what_a_function_takes_by_itself_may_be_asked_for(text: str) -> None:
    assert _readers("base.py", "n=1", "n=2", SHOP | {"asks.py": text}) is None


def test_a_decorator_that_isnt_known_may_ask_for_what_a_function_takes() -> None:
    texts = SHOP | {"base.py": SHOP["base.py"].replace("def kept(function)", "def keeps(function)")}
    assert _readers("base.py", "rate=5", "rate=6", texts) is None
