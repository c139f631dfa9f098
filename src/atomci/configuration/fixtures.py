"""atom_018: the shared fixtures are in tests/conftest.py, and each is used by a test."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from atomci.configuration.facts import Fact, Place, expect, problem
from atomci.configuration.suite import Fixture, SuiteFile

__all__ = ["CONFTEST", "SHARED", "facts", "wanted"]

CONFTEST = "tests/conftest.py"
SHARED = {
    "temp_project": "a temporary project",
    "git_repo": "a git repository to play with",
    "isolated_env": "an environment apart from the user's",
}
_OF_SERVICES = {"client": "an httpx client of the service"}


def wanted(dependencies: Collection[str]) -> Mapping[str, str]:
    """Names and purposes of the fixtures that a project with these dependencies shares."""
    return SHARED | (_OF_SERVICES if "fastapi" in dependencies else {})


def facts(sources: Sequence[SuiteFile], names: Mapping[str, str]) -> Iterator[Fact]:
    """`sources` are the Python files below tests/."""
    conftest = next((source for source in sources if source.path == CONFTEST), None)
    if conftest is None:
        yield problem(CONFTEST, "missing")
        return
    shared = {fixture.name: fixture for fixture in conftest.fixtures}
    users = dict(_users(sources, shared))
    for name, purpose in names.items():
        fixture = shared.get(name)
        if fixture is None:
            yield problem(Place(CONFTEST, 1), f"no fixture {name} ({purpose})")
            continue
        yield expect(
            name in users,
            Place(CONFTEST, fixture.line),
            f"{name}, used by {users.get(name)}",
            f"no test uses {name} ({purpose})",
        )


def _users(sources: Sequence[SuiteFile], shared: Mapping[str, Fixture]) -> Iterator[tuple[str, Place]]:
    """Shared fixtures with a test that uses them, by itself or through other fixtures."""
    always = [fixture.name for fixture in shared.values() if fixture.autouse]
    for source in sources:
        # What a file sees before the shared ones, the nearest last.
        above = [other for other in sources if other.path not in (CONFTEST, source.path)]
        nearer = [*(other for other in above if other.serves(source.path)), source]
        local = {fixture.name: fixture for file in nearer for fixture in file.fixtures}
        for test in source.tests:
            if not test.skipped:
                place = Place(source.path, test.line)
                yield from ((name, place) for name in _reached((*test.uses, *always), local, shared))


def _reached(
    asked_for: Iterable[str], local: Mapping[str, Fixture], shared: Mapping[str, Fixture]
) -> set[str]:
    found: set[str] = set()
    queue = [(name, "") for name in asked_for]
    visited: set[tuple[str, str]] = set()
    while queue:
        name, asked_by = place = queue.pop()
        # A fixture that asks for its own name gets the one it overrides.
        nearest = local.get(name) if name != asked_by else None
        if nearest is None and name in shared:
            found.add(name)
            nearest = shared[name]
        if nearest is not None and place not in visited:
            visited.add(place)
            queue += [(use, name) for use in nearest.uses]
    return found
