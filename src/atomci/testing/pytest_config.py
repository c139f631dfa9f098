"""pytest's own settings: which file it reads for a folder of tests, and what that file asks for."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from itertools import zip_longest
from pathlib import Path, PurePosixPath
from typing import Any

__all__ = ["FILES", "TEST_FILES", "PytestConfig", "TestFiles", "is_test_file", "read_pytest_config"]

FILES = (
    "pytest.toml",
    ".pytest.toml",
    "pytest.ini",
    ".pytest.ini",
    "pyproject.toml",
    "tox.ini",
    "setup.cfg",
)
"""In the order in which pytest looks at them, in each folder from that of the tests upwards."""
_OWN = FILES[:4]
"""Those that are settings also when they hold none."""
TEST_FILES = ("test_*.py", "*_test.py")
"""pytest's own `python_files`."""
_PASSED_OVER = ("*.egg", ".*", "_darcs", "build", "CVS", "dist", "node_modules", "venv", "{arch}")
"""pytest's own `norecursedirs`."""
_TAKES_NONE = re.compile(
    r"-[vqxsl]+|-r[A-Za-z]+|--(strict(-markers|-config)?|verbose|quiet|exitfirst|doctest-modules|no-cov)"
)
"""Options after which a word is a place."""


@dataclass(frozen=True)
class TestFiles:
    """In which files pytest looks for tests: those that its patterns take, in these places. `named` are files
    that it looks into whatever they are called, `passed_over` patterns of folders that it doesn't go into,
    `ignored` paths that it is told to ignore.
    """

    __test__ = False  # pytest would take it for a test

    patterns: Sequence[str] = TEST_FILES
    places: Sequence[str] = ("",)
    named: Sequence[str] = ()
    passed_over: Sequence[str] = ()
    ignored: Sequence[str] = ()

    def holds(self, path: str) -> bool:
        """Whether a file, by its path from the project's root, is one of them."""
        if any(path == one or path.startswith(f"{one}/") for one in self.ignored):
            return False
        if path in self.named:
            return True
        return is_test_file(path, self.patterns) and any(self._goes_to(path, place) for place in self.places)

    def _goes_to(self, path: str, place: str) -> bool:
        if place and not path.startswith(f"{place}/"):
            return False
        folder = place
        for name in path.removeprefix(f"{place}/" if place else "").split("/")[:-1]:
            folder = f"{folder}/{name}" if folder else name
            if any(_matches(folder, one) for one in self.passed_over):
                return False
        return True


@dataclass(frozen=True)
class PytestConfig:
    """What one file says. `path` counts from the project's root, empty where pytest finds no settings.

    `words` are the options that are in force before those of the command line: of addopts, then of the
    variable PYTEST_ADDOPTS.
    """

    path: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    words: tuple[str, ...] = ()

    @property
    def _pairs(self) -> Iterator[tuple[str, str]]:
        """Each word with the one behind it."""
        return zip_longest(self.words, self.words[1:], fillvalue="")

    def listed(self, name: str) -> tuple[str, ...]:
        """A setting of several words."""
        value = self.options.get(name, ())
        return tuple(value.split()) if isinstance(value, str) else tuple(map(str, value))

    def _values(self, flag: str) -> Iterator[str]:
        """All that an option is given."""
        for word, following in self._pairs:
            if word == flag or word.startswith(f"{flag}="):
                yield os.path.normpath(following if word == flag else word.partition("=")[2])

    def value(self, flag: str) -> str | None:
        """What an option is given, the last time; None where it isn't."""
        found = None
        for word, following in self._pairs:
            if word == flag:
                found = following
            elif word.startswith(f"{flag}="):
                found = word.partition("=")[2]
            elif not flag.startswith("--") and word.startswith(flag):
                found = word.removeprefix(flag)
        return found

    def has(self, *flags: str) -> bool:
        """Whether one of the options is there, with a value or without."""
        return any(word == flag or word.startswith(f"{flag}=") for word in self.words for flag in flags)

    def without(self, plugin: str) -> str:
        """How a plugin is turned off, as someone typed it; empty where it isn't."""
        for word, following in self._pairs:
            name = following if word == "-p" else word.removeprefix("-p") if word.startswith("-p") else ""
            if name in (f"no:{plugin}", f"no:pytest_{plugin}"):
                return f"-p {name}"
        return ""

    @property
    def overrides(self) -> Mapping[str, str]:
        """Settings that `-o NAME=VALUE` puts in the place of a file's."""
        flags = ("-o", "--override-ini")
        given = [after for word, after in self._pairs if word in flags]
        given += [
            word.removeprefix("--override-ini=") for word in self.words if word.startswith("--override-ini=")
        ]
        given += [word[2:] for word in self.words if word.startswith("-o") and word not in flags]
        return dict(setting.split("=", 1) for setting in given if "=" in setting)

    @property
    def test_files(self) -> tuple[str, ...]:
        """Patterns of the files that hold tests."""
        return self.listed("python_files") or TEST_FILES

    def files(self, root: Path, *folders: str) -> TestFiles:
        """Those of a run in the project's root that is given some folders, or none."""
        places = [place for place in folders if place] or self._asked_for(root)
        named = [place for place in places if (root / place).is_file()]
        passed_over = self.listed("norecursedirs") or _PASSED_OVER
        folders_ = sorted({*places} - {*named}) or [""] * (not named)
        return TestFiles(self.test_files, folders_, named, passed_over, list(self._values("--ignore")))

    def _asked_for(self, root: Path) -> list[str]:
        """Where pytest looks that is given no place on the command line; none where it looks everywhere."""
        by_settings = "" if "/" in self.path else self.listed("testpaths")
        found = [word for word in self._alone if (root / word).exists()] or [
            str(place.relative_to(root))
            for path in by_settings
            for place in root.glob(os.path.normpath(path))
        ]
        places = (os.path.normpath(place).replace(os.sep, "/") for place in found)
        return sorted({"" if place == "." else place for place in places})

    @property
    def _alone(self) -> Iterator[str]:
        """Words that no option takes, as far as their looks tell."""
        for before, word in zip(("", *self.words), self.words, strict=False):
            if not word.startswith("-") and (
                before[:1] != "-" or "=" in before or _TAKES_NONE.fullmatch(before)
            ):
                yield word

    @property
    def searched(self) -> tuple[str, ...]:
        """Folders of `pythonpath`, from the project's root; those outside of it are left out."""
        base = PurePosixPath(self.path).parent
        found = (os.path.normpath(base / folder).replace(os.sep, "/") for folder in self.listed("pythonpath"))
        return tuple("" if folder == "." else folder for folder in found if not folder.startswith(".."))

    @property
    def plugins(self) -> tuple[str, ...]:
        """Modules that `-p` loads."""
        named = (after if word == "-p" else word[2:] for word, after in self._pairs if word.startswith("-p"))
        return tuple(name for name in named if name and not name.startswith("no:"))

    @property
    def where(self) -> str:
        """What to name as the place of an option."""
        return f"addopts in {self.path}" if self.path and self.options.get("addopts") else "PYTEST_ADDOPTS"


def _matches(folder: str, pattern: str) -> bool:
    """As pytest compares them: a pattern without a slash by the folder's name."""
    if "/" in pattern:
        return fnmatch(f"/{folder}", f"*/{pattern}")
    return fnmatch(folder.rpartition("/")[2], pattern)


def is_test_file(path: str, patterns: Sequence[str]) -> bool:
    """Whether pytest looks for tests in a file, by patterns of `python_files`."""
    name = PurePosixPath(path).name
    return path.endswith(".py") and any(
        fnmatch(f"/{path}", f"*/{pattern}") if "/" in pattern else fnmatch(name, pattern)
        for pattern in patterns
    )


def read_pytest_config(root: Path, folder: str) -> PytestConfig:
    """The settings that `pytest FOLDER` reads in the project's root; the first file that has some wins.

    PYTEST_ADDOPTS may name another file (`-c`), and overrides what a file says (`-o`).
    """
    asked = PytestConfig(words=tuple(shlex.split(os.environ.get("PYTEST_ADDOPTS", ""))))
    path, found = _file(root, folder, asked.value("-c") or asked.value("--config-file") or "")
    options = {**found, **asked.overrides}
    own = options.get("addopts", ())
    words = shlex.split(own) if isinstance(own, str) else map(str, own)
    return PytestConfig(path, options, (*words, *asked.words))


def _file(root: Path, folder: str, named: str) -> tuple[str, Mapping[str, Any]]:
    """The file that is read, from the root, and its settings."""
    start = root / folder
    places = (base / name for base in (start, *start.parents) for name in FILES)
    for path in (root / named,) if named else places:
        if (options := _options(path)) is not None:
            return os.path.relpath(path, root).replace(os.sep, "/"), options
    return "", {}


def _options(path: Path) -> Mapping[str, Any] | None:
    """A file's settings; None where it has none, or can't be read, which pytest says itself."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    found = next(_tables(path, text), None)
    return {} if found is None and path.name in _OWN else found


def _tables(path: Path, text: str) -> Iterator[Mapping[str, Any]]:
    try:
        if path.suffix == ".toml":
            tables = tomllib.loads(text)
            tool = tables if path.name in _OWN else tables.get("tool", {})
            own = tool.get("pytest", {})
            yield from [own["ini_options"]] if "ini_options" in own else [own] if own else []
            return
        parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
        parser.read_string(text)
        section = "tool:pytest" if path.name == "setup.cfg" else "pytest"
        if parser.has_section(section):
            yield {name: value or "" for name, value in parser.items(section)}
    except (tomllib.TOMLDecodeError, configparser.Error, AttributeError):
        return
