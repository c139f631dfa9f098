"""atom_013: pyproject.toml is valid and builds a wheel and an sdist."""

from __future__ import annotations

import os
import re
import shutil
import tarfile
import zipfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from atomci.configuration.documents import Document, Key
from atomci.configuration.facts import Fact, expect, problem, seen
from atomci.errors import InfrastructureError
from atomci.tools.process import Command, Completed

__all__ = ["build_command", "built", "copy_inputs", "valid"]

_NO_NETWORK = re.compile(
    r"network was disabled|Failed to fetch|client error \(Connect\)|dns error|Connection refused"
    r"|Failed to establish a new connection|Temporary failure in name resolution"
)


def valid(document: Document) -> Iterator[Fact]:
    """Whether the file follows the specifications, and says what a build needs."""
    yield from _sections(document)
    from validate_pyproject import errors
    from validate_pyproject.api import Validator

    # Classifiers would be compared with a list from the network; the build back end knows its own.
    os.environ.setdefault("VALIDATE_PYPROJECT_NO_NETWORK", "1")
    try:
        Validator()(document.data)
    except errors.ValidationError as error:
        yield problem(document.at(*_keys(error.name or "")), error.summary.replace("`", ""))
    else:
        yield seen(document.at("project"), "valid by the packaging specifications")


def _sections(document: Document) -> Iterator[Fact]:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    backend = document.get("build-system", "build-backend")
    place = document.at("build-system", "build-backend")
    yield expect(bool(backend), place, f"built by {backend}", "[build-system] names no build-backend")
    if "project" not in document.data:
        yield problem(document.path, "there is no [project]")
        return
    versions = document.get("project", "requires-python")
    place = document.at("project", "requires-python")
    if versions is None:
        yield problem(place, "[project] has no requires-python")
        return
    # The validator takes `3.x` for a version specifier.
    try:
        SpecifierSet(versions)
    except (InvalidSpecifier, TypeError):
        yield problem(place, f"requires-python = {versions!r} isn't a version specifier such as '>=3.11'")


def _keys(name: str) -> tuple[Key, ...]:
    words = re.findall(r"\[(\d+)\]|([\w-]+)", name)
    return tuple(int(index) if index else word for index, word in words)


def copy_inputs(root: Path, files: Iterable[str], target: Path) -> Path:
    """Copy project files to a folder, which is returned: a build leaves files beside its input."""
    for path in files:
        copied = target / path
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, copied)
    return target


def build_command(source: Path, out: Path, python: str, uv: str | None) -> Command:
    """Build an sdist, and a wheel from it, in isolation; by `build` where there is no uv."""
    # There is no git in the copy, so a version that is read off it gets a stand-in.
    env = {"SETUPTOOLS_SCM_PRETEND_VERSION": "0.0.0"}
    if uv is not None:
        words = (
            uv,
            "build",
            "--no-progress",
            "--python",
            python,
            "--out-dir",
            str(out),
            str(source),
        )
        return Command(words, env)
    return Command((python, "-m", "build", "--outdir", str(out), str(source)), env)


def built(document: Document, done: Completed, out: Path, packages: Collection[str]) -> Iterator[Fact]:
    """Whether both distributions are there, with code in the wheel. Raises InfrastructureError."""
    if done.code != 0:
        if "No module named build" in done.stderr:
            raise InfrastructureError(
                "neither uv nor build is installed, so nothing can be built", "pip install uv"
            )
        if _NO_NETWORK.search(done.stderr + done.stdout):
            words = "what the build requires can't be fetched, so the build wasn't tried"
            raise InfrastructureError(words, "try again with a network; the log has the details")
        yield problem(document.at("build-system"), f"it doesn't build: {_reason(done)}")
        return
    wheels, sdists = sorted(out.glob("*.whl")), sorted(out.glob("*.tar.gz"))
    place = document.at("project", "name")
    for kind, found in (("wheel", wheels), ("sdist", sdists)):
        names = ", ".join(path.name for path in found)
        yield expect(bool(found), place, f"builds the {kind} {names}", f"the build left no {kind}")
    if wheels and packages:
        shipped = _in_wheel(wheels[0]) & set(packages)
        names = ", ".join(sorted(shipped or packages))
        place = document.at("tool", "hatch", "build", "targets", "wheel")
        yield expect(
            bool(shipped),
            place,
            f"the wheel has {names}",
            f"the wheel lacks {names} of src/",
        )
    if sdists:
        unnamed = not _has_pyproject(sdists[0])
        if unnamed:
            yield problem(place, "the sdist lacks pyproject.toml, so nobody can build from it")


def _reason(done: Completed) -> str:
    """The line that says why: the last error of a traceback, else of the tool."""
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines()]
    errors = [line for line in lines if re.match(r"(\w+\.)*\w*(Error|Exception)\b.*:|cause: ", line)]
    telling = [line for line in errors if not re.match(r"cause: (The build backend|Call to)", line)]
    found = (telling or errors or lines or [f"exit {done.code}"])[-1]
    return found.removeprefix("cause: ")[:300]


def _in_wheel(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name.split("/")[0].removesuffix(".py") for name in archive.namelist()}


def _has_pyproject(sdist: Path) -> bool:
    with tarfile.open(sdist) as archive:
        return any(name.count("/") == 1 and name.endswith("/pyproject.toml") for name in archive.getnames())
