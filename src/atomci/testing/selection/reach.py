"""Which tests a change reaches, by the record of what each of them ran, read and started.

Whatever the record can't tell of widens to all tests.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path, PurePosixPath

from atomci.artifacts.handed.impact import FileRecord, ImpactRecord, PlaceRecord, TestRecord, numbers
from atomci.artifacts.handed.testing import SelectedTest, Selection
from atomci.testing.selection.blocks import MODULE, Blocks, read_blocks
from atomci.testing.selection.impact import CONFIGURATION, Collecting, is_prose
from atomci.testing.selection.imports import ImportGraph, read_graph
from atomci.testing.selection.keeping import Keepers
from atomci.testing.selection.naming import ImportChange, Readers, readers_of
from atomci.testing.selection.record import file_record
from atomci.testing.selection.uses import uses_of

__all__ = ["Everything", "Reach", "Tree", "by_tests", "has_failed", "reached", "runs_program"]

_COMPILED = re.compile(r".*\.(so|pyd|dll|dylib|pyx|pxd|c|cc|cpp|h|hpp|rs|f|f90|go)")
# Programs that run no code of the project; which of its files they are given is seen.
_HARMLESS = frozenset(
    [
        "git",
        "uname",
        "ldconfig",
        "lsb_release",
        "which",
        "id",
        "hostname",
        "cat",
        "echo",
        "true",
        "false",
    ]
)
_BAD = ("failed", "error", "quarantined")


class Everything(Exception):
    """All tests have to run; its text says why."""


@dataclass(frozen=True)
class Tree:
    """The project as it is now. `before` gives a file's text at the point from which changes count."""

    root: Path
    hashes: Mapping[str, str]
    changed: Sequence[str]
    how: Collecting
    before: Callable[[str], bytes | None] = lambda path: None
    edges: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Globs of files, each with those of test files that somebody says a change of them reaches."""
    standing: Collection[str] = ()
    """Files of tests that the record doesn't know, and whose last result stands all the same."""
    blocks: Callable[[bytes], Blocks | None] = read_blocks
    """Gives those of a file with these bytes."""


@dataclass
class Reach:
    """Node ids with the reasons for each, and files to run as a whole; the others are known by the record."""

    tests: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, list[str]] = field(default_factory=dict)
    changed: tuple[str, ...] = ()


def reached(record: ImpactRecord, tree: Tree) -> Reach:
    """The tests that have to run. Raises Everything."""
    try:
        return _Suite(record, tree).reach()
    except (ValueError, IndexError) as error:
        raise Everything(f"the record of earlier runs isn't sound: {error}") from None


def has_failed(test: TestRecord) -> bool:
    """Whether its last result wasn't good, be it in quarantine."""
    return test.outcome in _BAD


def runs_program(test: TestRecord) -> str:
    """A program that the test starts and that may run the project's code; empty where there is none."""
    return next((program for program in test.started if program not in _HARMLESS), "")


def by_tests(record: ImpactRecord, found: Reach, files: Sequence[str]) -> Selection:
    """What runs and what doesn't. `files` are those of the layer's tests."""
    layer = set(files)
    known = [nodeid for nodeid in record.tests if nodeid.partition("::")[0] in layer]
    rows: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for nodeid in known:
        if reasons := found.tests.get(nodeid, found.files.get(nodeid.partition("::")[0])):
            rows[nodeid.partition("::")[0]][nodeid] = tuple(reasons)
    whole = {path: why for path, why in found.files.items() if path in layer}
    left_out = tuple(nodeid for nodeid in known if nodeid not in rows[nodeid.partition("::")[0]])
    names = sorted({path for path, ids in rows.items() if ids} | whole.keys())
    picked = len(known) - len(left_out)
    is_part = bool(left_out) or not layer <= set(names)
    tests = tuple(
        SelectedTest(path=path, reasons=tuple(whole.get(path) or _merged(rows[path])), ids=rows[path])
        for path in names
    )
    are = (
        f"{picked} of {len(known)} tests are"
        if picked > 1
        else f"{picked or 'none'} of {len(known)} tests is"
    )
    return Selection(
        mode="none" if not tests else "impacted" if is_part else "full",
        reason=(
            f"{are} affected by the change; the others passed, and nothing that they use changed"
            if is_part
            else "every test is affected by the change, or isn't known yet"
        ),
        changed=found.changed,
        tests=tests if is_part else (),
        total=len(files),
        by_record=True,
        known=len(known),
        picked=picked,
        left_out=left_out,
    )


def _merged(ids: Mapping[str, Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(why for reasons in ids.values() for why in reasons))[:3]


@dataclass(frozen=True)
class _Suite:
    record: ImpactRecord
    tree: Tree

    @property
    def runs(self) -> Mapping[str, frozenset[str]]:
        """The tests that ran each block."""
        return uses_of(self.record).runs

    @property
    def reads(self) -> Mapping[str, frozenset[str]]:
        """The tests that read each path."""
        return uses_of(self.record).reads

    @cached_property
    def graph(self) -> ImportGraph:
        python = [path for path in self.tree.hashes if path.endswith(".py")]
        return read_graph(self.tree.root, python, self.tree.how.searched)

    @cached_property
    def by_file(self) -> Mapping[str, Sequence[str]]:
        """Known tests by their file."""
        found: dict[str, list[str]] = defaultdict(list)
        for nodeid in self.record.tests:
            found[nodeid.partition("::")[0]].append(nodeid)
        return found

    def reach(self) -> Reach:
        if self.tree.how.unknown:
            raise Everything(self.tree.how.unknown)
        changed = sorted(self._changed())
        found = Reach(changed=tuple(changed))
        matters = False
        for path in changed:
            reaches = list(self._of(path))
            matters = matters or bool(reaches) or not is_prose(path)
            for nodeid, why in reaches:
                _note(found.tests, nodeid, why)
        for nodeid, why in self._always(matters):
            _note(found.tests, nodeid, why)
        self._add_files(found, set(changed))
        return found

    def _add_files(self, found: Reach, changed: Collection[str]) -> None:
        """Those that run as a whole, whatever is known of tests in them."""
        for path in self.tree.hashes:
            if path in self.by_file and path in changed:
                _note(found.files, path, "it changed")
            elif path in self.by_file or path in self.tree.standing:
                continue
            elif path in self.idle and path not in changed:
                if path in found.tests:
                    found.files[path] = found.tests.pop(path)
            elif self.tree.how.files.holds(path):
                _note(found.files, path, "is new, or had no test")

    @cached_property
    def idle(self) -> frozenset[str]:
        """Files in which pytest found no test when all were run, and that are as they were."""
        then, now = self.record.hashes, self.tree.hashes
        same = (path for path, digest in now.items() if then.get(path) == digest and path not in self.by_file)
        return frozenset(filter(self.tree.how.files.holds, same) if self.record.whole else ())

    def _changed(self) -> set[str]:
        """Since the record, and since where git counts from."""
        then, now = self.record.hashes, self.tree.hashes
        differing = {path for path in {*then, *now} if then.get(path) != now.get(path)}
        return differing.union(self.tree.changed)

    def _always(self, matters: bool) -> Iterator[tuple[str, str]]:
        """Tests whose last result doesn't stand by itself. `matters`: programs may see the change."""
        for nodeid, test in self.record.tests.items():
            if has_failed(test):
                yield nodeid, f"{test.outcome} the last time"
            if not test.followed:
                yield nodeid, "couldn't be followed the last time"
            if matters and (program := runs_program(test)):
                yield nodeid, f"starts {program}, which may run any code"

    def _of(self, path: str) -> Iterator[tuple[str, str]]:
        """Tests that the change of a path reaches, each with a reason."""
        if path in CONFIGURATION or path.startswith("requirements"):
            raise Everything(f"{path} configures every test")
        if _COMPILED.fullmatch(path):
            raise Everything(f"{path} is compiled, and nobody sees which test runs it")
        yield from self._declared(path)
        yield from self._readers(path)
        if path.endswith(".py"):
            yield from self._by_code(path)
        elif self.record.unseen and not is_prose(path):
            raise Everything(f"{path} may be read unseen, since {self.record.unseen}")

    def _declared(self, path: str) -> Iterator[tuple[str, str]]:
        for glob, tests in self.tree.edges.items():
            if fnmatchcase(path, glob):
                for file in self.by_file:
                    if any(fnmatchcase(file, test) for test in tests):
                        yield from self._tests_of(file, f"the settings say that {glob} reaches it")

    def _readers(self, path: str) -> Iterator[tuple[str, str]]:
        names = [path]
        if (path in self.record.hashes) != (path in self.tree.hashes):
            above = PurePosixPath(path).parents
            names += [f"{folder.as_posix()}/" for folder in above]
        for name in names:
            if name not in self._paths:
                continue
            does = "lists" if name.endswith("/") else "reads"
            for nodeid in self.reads.get(name, ()):
                yield nodeid, f"{does} {name}"
            if self._has(self.record.outside, "read", name):
                raise Everything(f"{name} is read before the tests, or between them")
            for module, place in self.record.modules.items():
                if self._has(place, "read", name):
                    yield from self._importing(module, f"{module}, which {does} {name} when it is imported")

    @cached_property
    def _paths(self) -> Mapping[str, int]:
        return {name: number for number, name in enumerate(self.record.paths)}

    @cached_property
    def _blocks(self) -> Mapping[str, int]:
        return {name: number for number, name in enumerate(self.record.blocks)}

    def _has(self, place: PlaceRecord, kind: str, name: str) -> bool:
        names = self._blocks if kind == "ran" else self._paths
        return name in names and names[name] in numbers(getattr(place, kind), len(names))

    def _by_code(self, path: str) -> Iterator[tuple[str, str]]:
        now = self._now(path)
        if path in self.tree.hashes and now is None:
            raise Everything(f"{path} can't be parsed")
        olds = [self.record.files.get(path)]
        if path in self.tree.changed and (text := self.tree.before(path)) is not None:
            if (blocks := self.tree.blocks(text)) is None:
                raise Everything(f"{path} couldn't be parsed before")
            olds.append(file_record(blocks))
        elif path in self.record.hashes and olds[0] is None:
            raise Everything(f"{path} couldn't be parsed before")
        for old in olds:
            if old is not None and now is not None:
                yield from self._differing(path, old, now)
            elif (old is None) != (now is None):
                yield from self._whole(path)

    def _now(self, path: str) -> Blocks | None:
        return self.tree.blocks((self.tree.root / path).read_bytes()) if path in self.tree.hashes else None

    def _whole(self, path: str) -> Iterator[tuple[str, str]]:
        """A file that is new, or gone."""
        does = "is new" if path in self.tree.hashes else "is gone"
        if path.endswith("conftest.py"):
            for nodeid in self.record.tests:
                if _is_above(path, nodeid):
                    yield nodeid, f"{path} {does}"
            return
        ran = [name for name in self.record.blocks if name.startswith(f"{path}::")]
        found = [(nodeid, f"runs {path}, which {does}") for name in ran for nodeid in self.runs.get(name, ())]
        found += self._importing(path, f"{path}, which {does}")
        if not found and not self.tree.how.files.holds(path):
            raise Everything(f"{path} {does}, and no test is known to depend on it")
        yield from found

    def _differing(self, path: str, old: FileRecord, now: Blocks) -> Iterator[tuple[str, str]]:
        names = {name for name in {*old.blocks, *now.hashes} if old.blocks.get(name) != now.hashes.get(name)}
        for name in sorted(names - {MODULE}):
            if name in old.blocks:
                yield from self._function(path, name, self._ran_what_differs(path, name, old, now))
        if MODULE in names:
            yield from self._on_import(path, old, now)

    def _ran_what_differs(self, path: str, name: str, old: FileRecord, now: Blocks) -> frozenset[str]:
        """Tests that ran a part of a function that changed, as far as its parts can be told."""
        block = f"{path}::{name}"
        before, after = old.suites.get(name, {}), now.suites.get(name, {})
        known = self.record.files.get(path)
        differing = {suite for suite in {*before, *after} if before.get(suite) != after.get(suite)}
        # What isn't in `before` is new, and so what is around it differs too.
        if known is None or known.suites.get(name, {}) != before or "" in differing or not before:
            return self.runs.get(block, frozenset())
        found = (self._ran_suite(block, suite) for suite in sorted(differing & before.keys()))
        return self.runs.get(f"{block}#", frozenset()).union(*found)

    def _ran_suite(self, block: str, suite: str) -> frozenset[str]:
        """Of one that no test ran, those that ran what is around it."""
        while suite:
            if tests := self.runs.get(f"{block}#{suite}"):
                return tests
            suite = suite.rpartition(".")[0]
        return self.runs.get(block, frozenset())

    def _function(self, path: str, name: str, tests: Collection[str]) -> Iterator[tuple[str, str]]:
        block = f"{path}::{name}"
        if self._has(self.record.outside, "ran", block):
            raise Everything(f"{name} in {path} runs before the tests, or between them")
        found = [(nodeid, f"runs {name} in {path}") for nodeid in tests]
        for module in self._modules_that_ran(block):
            found += self._importing(module, f"{module}, which runs {name} in {path} when it is imported")
        if not found:
            found += self._near(path, f"{path} has {name}, which no test was seen to run")
        yield from found
        if path in self.tree.hashes:
            yield from self._kept(path, name)

    def _kept(self, path: str, name: str) -> Iterator[tuple[str, str]]:
        """Tests that may have been given what it made in another test."""
        for file, keeper in self._keepers.behind(path, name):
            does = f"gives what {keeper} in {file} keeps"
            readers = readers_of(ImportChange.of_function(keeper), self._parsed)
            if readers is None:
                yield from self._near(file, f"{file} has {keeper}, which keeps what it once gave")
            else:
                yield from self._reading(readers, does)
        for nodeid, (file, maker) in self._keepers.users(path, name):
            yield nodeid, f"uses what {maker} in {file} made in another test"

    @cached_property
    def _keepers(self) -> Keepers:
        carried = {nodeid: test.carried for nodeid, test in self.record.tests.items()}
        return Keepers(self._parsed, self.runs, carried)

    def _near(self, path: str, why: str) -> Iterator[tuple[str, str]]:
        """Tests of files that import it directly, or are named after it, or that run anything in it."""
        for name in self.record.blocks:
            if name.startswith(f"{path}::"):
                yield from (
                    (nodeid, f"runs other code of that file: {why}") for nodeid in self.runs.get(name, ())
                )
        stem = PurePosixPath(path).stem.strip("_")
        for file, steps in self.graph.distances_to(path).items():
            if steps == 1:
                yield from self._tests_of(file, f"imports {path}: {why}")
        for file in self.by_file:
            if PurePosixPath(file).name in (f"test_{stem}.py", f"{stem}_test.py"):
                yield from self._tests_of(file, f"is named after it: {why}")

    def _on_import(self, path: str, old: FileRecord, now: Blocks) -> Iterator[tuple[str, str]]:
        """What runs when the file is imported changed."""
        change = ImportChange.of(old, now)
        # Who asks a module for any name may call what it gets. Where only defaults differ, that ran.
        if change is None or (change.names and self._is_named_whole(path)):
            yield from self._importing(path, path)
            return
        readers = readers_of(change, self._parsed)
        if readers is None:
            yield from self._importing(path, path)
            return
        yield from self._reading(readers, f"names {{}} of {path}")
        for file, word in self._texts_with(change.names):
            for nodeid, why in self._readers(file):
                yield nodeid, f"{why}, which names {word} of {path}"

    def _reading(self, readers: Readers, does: str) -> Iterator[tuple[str, str]]:
        """`does` says what these do with the word in its braces."""
        for file, name, word in readers.functions:
            yield from self._running(file, name, does.format(word))
        for file, word in readers.modules:
            yield from self._importing(file, f"{file}, which {does.format(word)}")

    def _running(self, file: str, name: str, does: str) -> Iterator[tuple[str, str]]:
        """Tests that ran a function, also while a module was imported."""
        block = f"{file}::{name}"
        for nodeid in self.runs.get(block, ()):
            yield nodeid, f"runs {name} in {file}, which {does}"
        for module in self._modules_that_ran(block):
            yield from self._importing(module, f"{module}, which runs {name} in {file}")
        if self._has(self.record.outside, "ran", block):
            raise Everything(f"{name} in {file}, which {does}, runs between the tests")

    def _modules_that_ran(self, block: str) -> Iterator[str]:
        for module, place in self.record.modules.items():
            if self._has(place, "ran", block):
                yield module

    def _is_named_whole(self, path: str) -> bool:
        """Whether somebody has the module's name as a text, and may ask the module for any name."""
        names = {name for name, files in self.graph.modules.items() if path in files and "." in name}
        if any(names & used for one in self._parsed.values() for used in one.uses.values()):
            return True
        if any(names & part.uses for one in self._parsed.values() for part in one.statements.values()):
            return True
        said = re.compile(
            "|".join(rf"(?<![\w.]){re.escape(name)}(?![\w.:])" for name in sorted(names)) or "$^"
        )
        settings = (self.tree.root / name for name in CONFIGURATION if name in self.tree.hashes)
        return any(said.search(file.read_text(encoding="utf-8", errors="replace")) for file in settings)

    def _texts_with(self, words: Collection[str]) -> Iterator[tuple[str, str]]:
        """Files other than Python's that tests read, and that name one of the words."""
        for path in self.record.paths:
            if path in self.tree.hashes and not path.endswith((".py", "/")) and words:
                text = (self.tree.root / path).read_bytes()[:_TEXT].decode("utf-8", "replace")
                found = set(re.findall(r"\w+", text)) & set(words)
                yield from ((path, word) for word in sorted(found)[:1])

    @cached_property
    def _parsed(self) -> Mapping[str, Blocks]:
        """Of all Python files that can be parsed."""
        python = [file for file in self.tree.hashes if file.endswith(".py")]
        read = {file: self.tree.blocks((self.tree.root / file).read_bytes()) for file in python}
        unread = [file for file, blocks in read.items() if blocks is None and file in self.record.files]
        if unread:
            raise Everything(f"{unread[0]} can't be parsed")
        return {file: blocks for file, blocks in read.items() if blocks is not None}

    def _importing(self, path: str, why: str) -> Iterator[tuple[str, str]]:
        """Tests of files that import a module, through others too, and tests that import it themselves."""
        for nodeid in self.runs.get(f"{path}::", ()):
            yield nodeid, f"imports {why}"
        for file in self._importers(path):
            if file.endswith("conftest.py"):
                for nodeid in self.record.tests:
                    if _is_above(file, nodeid):
                        yield nodeid, f"is given what {file} makes of {why}"
            yield from self._tests_of(file, f"imports {why}")
            if any(file in self.graph.modules.get(plugin, ()) for plugin in self.tree.how.plugins):
                raise Everything(f"{path} reaches {file}, which pytest loads as a plugin")

    def _importers(self, path: str) -> Iterable[str]:
        """The file, and all that import it by what they say or were seen to do."""
        above: dict[str, set[str]] = defaultdict(set)
        for file, imported in self.graph.imports.items():
            for other in imported:
                above[other].add(file)
        for file, importers in self.record.importers.items():
            above[file].update(importers)
        hidden = {file for file in self.graph.dynamic if file in self.by_file or file in self.idle}
        found = dict.fromkeys([path, *sorted(hidden - {path})])
        queue = [path]
        for file in queue:
            new = sorted(above.get(file, set()) - found.keys())
            found.update(dict.fromkeys(new))
            queue += new
        return found

    def _tests_of(self, file: str, why: str) -> Iterator[tuple[str, str]]:
        if file in self.idle:
            yield file, why
        yield from ((nodeid, why) for nodeid in self.by_file.get(file, ()))


_TEXT = 1 << 20
"""Bytes of a file in which names are looked for."""


def _note(found: dict[str, list[str]], name: str, why: str) -> None:
    reasons = found.setdefault(name, [])
    if why not in reasons and len(reasons) < 5:
        reasons.append(why)


def _is_above(file: str, nodeid: str) -> bool:
    folder = file.rpartition("/")[0]
    return not folder or nodeid.startswith(f"{folder}/")
