"""Which code sees a change of what a file says on import, by the names that it goes by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from atomci.artifacts.handed.impact import FileRecord
from atomci.testing.selection.blocks import Blocks
from atomci.testing.selection.statements import ANY_ATTRIBUTE, ANY_NAME, ANY_OF_FILE, Statement

__all__ = ["ImportChange", "Readers", "readers_of"]

_PYTESTS_OWN = frozenset(["pytestmark", "pytest_plugins", "collect_ignore", "collect_ignore_glob"])
# Who names one of these may ask a function for what it takes where it is given nothing.
_DEFAULTS = frozenset(["__defaults__", "__kwdefaults__", "getfullargspec", "getargspec"])
_SIGNATURES = frozenset(["signature", "Signature", "Parameter"])
_LIBRARIES = frozenset(
    f"import {name}" for name in ("typer", "fire", "fastapi", "cyclopts", "defopt", "plac")
)


@dataclass(frozen=True)
class ImportChange:
    """A change that is seen by names only: `values` may be read by anybody, `functions` are called by those
    that run them, and of those in `defaults` only the plain values changed that they take where they are
    given none; the project's functions in `decorators` were given these.
    """

    values: frozenset[str]
    functions: frozenset[str]
    defaults: frozenset[str]
    decorators: frozenset[str]

    @property
    def names(self) -> frozenset[str]:
        """As code says them."""
        return frozenset(word.lstrip(".") for word in self.values | self.functions)

    @classmethod
    def of_function(cls, name: str) -> ImportChange:
        """Of one that gives something else than before, whether it runs or has kept that."""
        return cls(frozenset([_as_bound(name)]), frozenset(), frozenset(), frozenset())

    @classmethod
    def of(cls, old: FileRecord, now: Blocks) -> ImportChange | None:
        """None where it may be seen otherwise."""
        new = {digest: " ".join(sorted(one.binds)) for digest, one in now.statements.items()}
        differing = {**old.statements, **new}.keys() - (old.statements.keys() & new.keys())
        bound = [{**new, **old.statements}[digest] for digest in differing]
        words = {word for one in bound for word in one.split()}
        if not (bound and all(bound)) or words & _PYTESTS_OWN:
            return None
        defaults = frozenset(word for word in words if word.endswith("()"))
        decorators = frozenset(word[1:] for word in words if word.startswith("@"))
        names = words - defaults - {f"@{name}" for name in decorators}
        heads = {_as_bound(name) for name in {*old.blocks, *now.hashes} if name}
        there = {word for one in new.values() for word in one.split()}
        if any(not word.startswith((".", "__")) and word not in there for word in names):
            return None  # who imports a name that is gone fails, whether it uses the name or not
        return cls(frozenset(names - heads), frozenset(names & heads), defaults, decorators)


def _as_bound(block: str) -> str:
    prefix, _, name = block.rpartition(".")
    return f".{name}" if prefix else name


@dataclass(frozen=True)
class Readers:
    """`functions` by file and name, `modules` by file: what of them runs on import may do anything with what
    it reads. Each with the name by which it reads.
    """

    functions: tuple[tuple[str, str, str], ...]
    modules: tuple[tuple[str, str], ...]


def readers_of(change: ImportChange, code: Mapping[str, Blocks]) -> Readers | None:
    """Who sees it, directly or by what other names were given; None where nobody can tell."""
    if change.defaults and not _are_only_called(change, code):
        return None
    found = _Search(code, set(change.values | change.functions))
    found.run()
    return found.readers(change.values)


def _are_only_called(change: ImportChange, code: Mapping[str, Blocks]) -> bool:
    """Whether nobody asks a function for what it takes by itself."""
    makers = [
        used
        for blocks in code.values()
        for name, used in blocks.uses.items()
        if name.rpartition(".")[2] in change.decorators
    ]
    if change.decorators and len(makers) != len(change.decorators):
        return False
    return not any(_inspects(blocks) for blocks in code.values())


def _inspects(blocks: Blocks) -> bool:
    used = frozenset[str]().union(*blocks.uses.values(), *(one.uses for one in blocks.statements.values()))
    return bool(used & (_DEFAULTS | _LIBRARIES) or ("import inspect" in used and used & _SIGNATURES))


class _Search:
    """Goes from names to the statements that use them, and on to the names that these bind."""

    def __init__(self, code: Mapping[str, Blocks], words: set[str]) -> None:
        self._code = code
        self._words = words
        stems = {_stem(file) for file in code}
        self._have_objects = any(stems & blocks.objects for blocks in code.values())
        """Whether somebody has a module of the project as an object."""
        self._named: set[str] = set()
        self._functions: dict[tuple[str, str], str] = {}
        self._modules: dict[str, str] = {}
        self._checks: dict[str, str] = {}

    def run(self) -> None:
        """Until no name is new."""
        asked: set[str] = set()
        while new := self._words - asked:
            asked |= new
            for file, blocks in self._code.items():
                for statement in blocks.statements.values():
                    self._ask(file, statement, new)
                for name, used in blocks.uses.items():
                    if word := self._read(used, new, blocks.names):
                        self._functions.setdefault((file, name), word)

    def _ask(self, file: str, statement: Statement, words: set[str]) -> None:
        if not (word := self._read(statement.uses, words, self._code[file].names)):
            return
        if statement.only_checks:
            self._checks.setdefault(file, word)
            return
        if not statement.gives or statement.gives & _PYTESTS_OWN:
            self._modules.setdefault(file, word)
            return
        self._words |= statement.gives
        if statement.head_of:
            self._functions.setdefault((file, statement.head_of), word)

    def _read(self, used: frozenset[str], words: set[str], of_file: frozenset[str]) -> str:
        """The first of the words that is used; empty where none is."""
        bare = {word.lstrip("."): word for word in words}
        if hit := sorted(bare.keys() & used):
            self._named.update(bare[name] for name in hit)
            return hit[0]
        attributes = {word.lstrip(".") for word in words if word.startswith(".")}
        may: set[str] = set()
        if ANY_NAME in used:
            may |= bare.keys() if self._have_objects else attributes
        if ANY_ATTRIBUTE in used:
            may |= attributes
        if ANY_OF_FILE in used:
            may |= bare.keys() & of_file
        return f"{min(may)}, or makes up names," if may else ""

    def readers(self, values: frozenset[str]) -> Readers | None:
        """Those found; None where a value is named by nobody here, so that a library may read it."""
        if {word for word in values if not word.endswith("__doc__")} - self._named:
            return None
        functions = tuple((file, name, word) for (file, name), word in self._functions.items())
        # Where a check fails, so does each test that imports the file: one of them is enough to see it.
        modules = self._modules if functions or self._modules else self._checks
        return Readers(functions, tuple(modules.items()))


def _stem(file: str) -> str:
    """What a module's object is called."""
    *folders, name = file.removesuffix(".py").split("/")
    return folders[-1] if name == "__init__" and folders else name
