"""atom_017: the layers of the test pyramid, each with a test that runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from types import MappingProxyType

from atomci.configuration.facts import Fact, Place, problem, seen
from atomci.configuration.suite import SuiteFile

__all__ = ["FOLDERS", "LATER", "LAYERS", "facts"]

LAYERS = ("unit", "integration", "e2e", "contracts")
"""Folders of tests/ that hold tests."""
LATER = ("integration", "e2e", "contracts")
"""Those that a project may do without until their first test."""
FOLDERS = (*LAYERS, "auger", "fixtures")
"""All folders of tests/. auger may be without tests: a tool records them."""


def facts(
    folders: Mapping[str, str],
    files: Sequence[str],
    sources: Sequence[SuiteFile],
    wanted: Collection[str] = FOLDERS,
    removed: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Fact]:
    """`folders` are those of FOLDERS that exist, those of LATER with a path of which pytest may make a test;
    `files` are all files below tests/, `wanted` the folders to have; `removed` has the commits that took some
    away.
    """
    for name in FOLDERS:
        place = f"tests/{name}/"
        if name not in folders and name in removed:
            yield seen(place, f"not there, since {removed[name]} took it away")
        elif name not in folders:
            left_out = seen(place, "not there, as the answers have it")
            yield problem(place, "missing") if name in wanted else left_out
        elif name in LATER and not folders[name]:
            yield seen(place, "no test, so the layer is left out")
        elif name in LATER and not folders[name].endswith(".py"):
            yield seen(folders[name], "for pytest to make tests of")
        elif name in LAYERS:
            yield _layer(place, [source for source in sources if source.path.startswith(place)])
        elif name == "auger":
            yield seen(place, "for recorded tests")
        else:
            yield _fixtures(place, files, sources)


def _layer(place: str, sources: Sequence[SuiteFile]) -> Fact:
    tests = [(source, test) for source in sources for test in source.tests]
    run = [(source, test) for source, test in tests if not test.skipped]
    if run:
        source, test = run[0]
        return seen(Place(source.path, test.line), f"{test.name}, one of {len(run)} tests that run")
    if tests:
        source, test = tests[0]
        return problem(
            Place(source.path, test.line),
            f"no test of this layer runs: {test.name} is always skipped",
        )
    return problem(place, "no test: a layer needs one that runs")


def _fixtures(place: str, files: Sequence[str], sources: Sequence[SuiteFile]) -> Fact:
    inputs = [path for path in files if path.startswith(place) and PurePosixPath(path).name not in _NO_INPUT]
    users = [source for source in sources if not source.path.startswith(place)]
    for path in inputs:
        for user in users:
            if any(_is_named(path, name) for name in user.names):
                return seen(path, f"named in {user.path}")
    if not inputs:
        return seen(place, "no input for tests in it yet")
    return problem(place, f"no test names {', '.join(inputs[:3])}")


_NO_INPUT = ("__init__.py", ".gitkeep")


def _is_named(path: str, name: str) -> bool:
    """By its file name in a string, or by its module in an import."""
    if PurePosixPath(name).name == PurePosixPath(path).name:
        return True
    module = path.removesuffix(".py").replace("/", ".")
    return path.endswith(".py") and (name == module or name.startswith(f"{module}."))
