"""Which atoms a schedule lets start, asked at any moment."""

from made_up import MadeUp

from atomci.catalog import Atom
from atomci.engine.config import Config
from atomci.engine.context import Options, Outcome, Workspace
from atomci.engine.plan import Catalog, closure
from atomci.engine.schedule import Schedule
from atomci.project import Project

PASS = Outcome("pass")
TREE = Atom(1, "tidy", 4, "", effect="tree")
LINT, TYPES, TEST = Atom(2, "lint", 4, ""), Atom(3, "types", 4, ""), Atom(4, "test", 5, "", needs=("lint",))


def schedule(project: MadeUp, *atoms: Atom, jobs: int) -> Schedule:
    names = [atom.name for atom in atoms]
    catalog = Catalog({atom.name: atom for atom in atoms}, {}, frozenset(names))
    options = Options(event="local", in_ci=False, jobs=jobs)
    return Schedule(Workspace(Project(project.root), catalog, Config(), options, ()), closure(names, catalog))


def started(one: Schedule) -> list[str]:
    return [atom.name for atom, _ in one.start()]


def test_nothing_starts_beside_an_atom_that_writes_the_tree(project: MadeUp) -> None:
    one = schedule(project, TREE, LINT, TYPES, jobs=3)

    assert started(one) == ["tidy"]
    assert started(one) == []
    one.end("tidy", PASS)
    assert started(one) == ["lint", "types"]


def test_an_atom_that_writes_the_tree_waits_for_what_runs(project: MadeUp) -> None:
    one = schedule(project, LINT, TYPES, TREE._replace(after=("lint",)), jobs=3)

    assert started(one) == ["lint", "types"]
    one.end("lint", PASS)
    assert started(one) == []
    one.end("types", PASS)
    assert started(one) == ["tidy"]


def test_a_schedule_is_over_when_all_has_ended(project: MadeUp) -> None:
    one = schedule(project, LINT, TYPES, TEST, jobs=1)

    assert started(one) == ["lint"]
    assert (started(one), one.over) == ([], False)
    one.end("lint", PASS)
    assert started(one) == ["types"]
    assert [atom.name for atom in one.left] == ["types", "test"]
    one.end("types", PASS)
    assert (started(one), one.over) == (["test"], False)
    one.end("test", PASS)
    assert (one.over, one.left, list(one.outcomes)) == (True, [], ["lint", "types", "test"])
