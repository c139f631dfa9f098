"""coverage's own command line, spared to read sources that it read before: `python -m` and coverage's words.

What coverage finds in a source (its statements, branches, tokens, functions) doesn't depend on what the tests
ran, and takes most of a report's time. So it is read beside the tests (`read src`), and kept in the folder
that ATOMCI_SOURCES names, a file for each source. An entry holds for one text, one coverage, one Python and
one list of what is excluded; where none does, or it is damaged, coverage reads the source itself.

It runs in the project's environment; it needs the standard library and coverage, nothing else.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import io
import os
import pickle
import re
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import coverage
from coverage import cmdline, control
from coverage.parser import PythonParser
from coverage.python import PythonFileReporter

if TYPE_CHECKING:  # old ones don't have them
    from coverage.plugin import CodeRegion
    from coverage.types import TMorf, TSourceTokenLines

__all__ = ["FOLDER_VARIABLE", "KnownSource", "main", "take_up"]

FOLDER_VARIABLE = "ATOMCI_SOURCES"
_READERS = "PythonFileReporter"
_KINDS = (
    ("coverage.parser", "PythonParser"),
    ("coverage.plugin", "CodeRegion"),
    ("collections", "defaultdict"),
    ("builtins", "list"),
)
_SEAL = 32
_OWN = re.compile(r"[0-9a-f]{32}(?:\.new)?")
_LEAST_URGENT = 19
_OF_THE_SESSION = Path("/proc/self/autogroup")


class KnownSource(PythonFileReporter):
    """A source as coverage reads it, or as it was read before."""

    def __init__(self, morf: TMorf, coverage: coverage.Coverage | None = None) -> None:
        super().__init__(morf, coverage)
        self._kept: list[bytes] | None = None
        self._known_parser: PythonParser | None = None

    @property
    def parser(self) -> PythonParser:
        """Its statements, what is excluded, and its branches."""
        if self._known_parser is None:
            known = self._part(0)
            self._known_parser = known if isinstance(known, PythonParser) else super().parser
        return self._known_parser

    def code_regions(self) -> Iterable[CodeRegion]:
        """Its functions and classes."""
        known = self._part(1)
        return super().code_regions() if known is None else known

    def source_token_lines(self) -> TSourceTokenLines:
        """Its text, for a page."""
        known = self._part(2)
        return super().source_token_lines() if known is None else known

    @property
    def is_kept(self) -> bool:
        """Whether nothing of it has to be read."""
        return bool(self._entry())

    def keep(self) -> None:
        """Read all that there is, for a later report. Raises what coverage raises where it can't."""
        self.parser.arcs()
        _fell_tree(self.parser)
        parts = (self.parser, list(self.code_regions()), [list(line) for line in self.source_token_lines()])
        if self.parser.text != self.source():  # someone saves it just now
            return
        entry = pickle.dumps([pickle.dumps(part) for part in parts])
        place = self.place
        unfinished = place.with_suffix(".new")
        unfinished.write_bytes(self._seal(entry) + entry)
        unfinished.replace(place)

    def _part(self, number: int) -> Any:
        with contextlib.suppress(Exception):  # pickle raises whatever somebody's text makes of it
            entry = self._entry()
            return _Parts(io.BytesIO(entry[number])).load() if entry else None
        return None

    def _entry(self) -> list[bytes]:
        """The parts as they were kept; none where what was kept is damaged, or of another text, coverage or
        Python.
        """
        if self._kept is None:
            self._kept = []
            with contextlib.suppress(Exception):  # also of coverage: its report says that again
                kept = self.place.read_bytes()
                seal, entry = kept[:_SEAL], kept[_SEAL:]
                if seal == self._seal(entry):
                    self._kept = _Parts(io.BytesIO(entry)).load()
        return self._kept

    @property
    def place(self) -> Path:
        """The file that is its own."""
        name = hashlib.sha256(os.fsencode(self.filename)).hexdigest()
        return Path(os.environ[FOLDER_VARIABLE], name[:32])

    def _seal(self, entry: bytes) -> bytes:
        """A digest of an entry, with all that it holds for."""
        assert self.coverage is not None, "it is made by one"
        excluded = self.coverage.get_exclude_list()
        rules = (_coverage(), sys.version, sys.flags.optimize, excluded, self.filename, self.source())
        return hashlib.sha256(repr(rules).encode() + entry).digest()


def _fell_tree(parser: PythonParser) -> None:
    """The syntax tree has no use after its branches are known; newer ones let go of it themselves."""
    trees = [name for name, value in vars(parser).items() if isinstance(value, ast.AST)]
    vars(parser).update(dict.fromkeys(trees))


class _Parts(pickle.Unpickler):
    """Reads what `keep` writes, and calls nothing else, whoever wrote it."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KINDS:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of a source")
        return super().find_class(module, name)


@cache
def _coverage() -> str:
    """A digest of coverage's own code, and of this: one that is installed from a branch keeps its version."""
    files = (*sorted(Path(coverage.__file__).parent.glob("*.py")), Path(__file__))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def take_up() -> None:
    """Let coverage's reports take what was read before."""
    if os.environ.get(FOLDER_VARIABLE) and hasattr(control, _READERS):
        setattr(control, _READERS, KnownSource)


def main(words: list[str]) -> int | None:
    """A report as coverage makes it, or `read [--rcfile=FILE] FOLDER...`: keep what coverage finds there."""
    if words[:1] == ["read"]:
        return _read(words[1:])
    take_up()
    return cmdline.main(words)


def _read(words: list[str]) -> int:
    rcfile = "".join(word.removeprefix("--rcfile=") for word in words if word.startswith("--rcfile="))
    _let_others_go_first()
    measured = coverage.Coverage(data_file=None, config_file=rcfile or True)
    folders = (Path(word) for word in words if not word.startswith("--"))
    paths = [str(path) for folder in folders for path in sorted(folder.rglob("*.py"))]
    kept = Path(os.environ[FOLDER_VARIABLE])
    kept.mkdir(parents=True, exist_ok=True)
    for other in {*kept.iterdir()} - {KnownSource(path, measured).place for path in paths}:
        if _OWN.fullmatch(other.name):
            other.unlink()
    for path in paths:
        source = KnownSource(path, measured)
        if not source.is_kept:
            with contextlib.suppress(Exception):  # the report says what is wrong with it
                source.keep()
    return 0


def _let_others_go_first() -> None:
    """The tests and the other atoms."""
    if sys.platform == "win32":
        return
    os.nice(_LEAST_URGENT)
    if os.getsid(0) == os.getpid():  # Linux shares out among sessions first, and heeds `nice` within one only
        with contextlib.suppress(OSError):
            _OF_THE_SESSION.write_text(str(_LEAST_URGENT), encoding="ascii")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
