"""Type findings by symbol, with the signatures that they name."""

from atomci.artifacts.handed.fixing import SymbolWork
from atomci.artifacts.handed.schemas import Finding
from atomci.fix.lanes.types import type_work

SOURCES = {
    "src/demo/prices.py": b"""\
import os

class Money:
    @property
    def cents(
        self,
    ) -> int:  # of one
        \"\"\"In cents.\"\"\"
        return "1"

    def add(self, other: "Money", *, twice: bool = False) -> "Money":
        return total([self, other])

def total(prices: list[int], off: int = 0) -> int:
    return off

X: int = ""
""",
    "src/demo/broken.py": b"def f(:\n",
    "src/demo/latin.py": b"# -*- coding: latin-1 -*-\ndef caf\xe9() -> int: ...\n",
    "src/demo/one.py": b"def twice() -> int: ...\n",
    "src/demo/two.py": b"def twice() -> str: ...\n",
}


def finding(path: str, line: int, message: str = "bad") -> Finding:
    return Finding(path=path, line=line, tool="mypy", rule="r", message=message, lane="type")


def work(*findings: Finding) -> tuple[SymbolWork, ...]:
    return type_work(findings, sorted(SOURCES), SOURCES.__getitem__).symbols


def test_findings_stand_with_the_innermost_symbol_most_first() -> None:
    path = "src/demo/prices.py"
    found = work(finding(path, 17), finding(path, 9), finding(path, 12), finding(path, 11), finding(path, 3))

    assert [(each.symbol, [f.line for f in each.findings]) for each in found] == [
        ("Money.add", [11, 12]),
        ("", [17]),
        ("Money", [3]),
        ("Money.cents", [9]),
    ]


def test_a_signature_is_one_line_without_decorators_and_comments() -> None:
    (own,) = work(finding("src/demo/prices.py", 9))

    assert own.signature is not None
    assert (own.signature.text, own.signature.line) == ("def cents(self) -> int", 4)


def test_what_a_message_names_comes_with_its_signature_where_only_one_is_meant() -> None:
    message = 'Argument 1 to "total" has incompatible type "list[Money]"; see "twice" and "os.path"'

    (own,) = work(finding("src/demo/prices.py", 12, message))

    assert [each.text for each in own.involved] == ["def total(prices: list[int], off: int=0) -> int"]


def test_a_file_that_cannot_be_parsed_has_its_findings_at_the_top() -> None:
    (own,) = work(finding("src/demo/broken.py", 1))
    assert (own.symbol, own.signature) == ("", None)


def test_a_file_is_read_in_its_own_encoding() -> None:
    (own,) = work(finding("src/demo/latin.py", 2))
    assert own.symbol == "caf\u00e9"
