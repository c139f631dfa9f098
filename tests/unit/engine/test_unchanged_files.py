"""What stands in for a pure atom may look at project files and may not change them."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from made_up import MadeUp

from atomci.atoms.parts.verdicts.unchanged import unchanging
from atomci.catalog import Atom
from atomci.engine.context import Context, Implementation, Outcome
from atomci.tools.atomic import replace_file

ROW = Atom(1001, "look", 4, "It looks", reads=("*.txt",), writes=("artifacts/look.json", "own.txt"))


@pytest.fixture
def tree(project: MadeUp) -> MadeUp:
    for name in ("other.txt", "own.txt"):
        project.write(name, "one")
    (project.root / "link.txt").symlink_to("data.txt")
    (project.root / "data.txt").chmod(0o644)
    return project


def run(project: MadeUp, work: Callable[[Path], object], row: Atom = ROW) -> Outcome:
    def look(ctx: Context) -> Outcome:
        work(ctx.root)
        (ctx.root / "artifacts/look.json").write_text("{}", encoding="utf-8")
        return Outcome("pass", "", 1)

    done = project.run((row, Outcome("pass")), load=lambda atom: Implementation(unchanging(look)))
    return done.outcomes[row.name]


def relink(root: Path) -> None:
    (root / "link.txt").unlink()
    (root / "link.txt").symlink_to("other.txt")


CHANGES: dict[str, tuple[str, Callable[[Path], object]]] = {
    "its content": ("data.txt", lambda root: (root / "data.txt").write_text("two", encoding="utf-8")),
    "its content, of equal length and time": ("data.txt", lambda root: retouched(root / "data.txt")),
    "a file that the atom doesn't read": ("pyproject.toml", lambda root: (root / "pyproject.toml").write_text("#")),
    "another file in its place": ("data.txt", lambda root: replace_file(root / "data.txt", b"two")),
    "it is gone": ("other.txt", lambda root: (root / "other.txt").unlink()),
    "its mode": ("data.txt", lambda root: (root / "data.txt").chmod(0o755)),
    "where it leads": ("link.txt", relink),
}  # fmt: skip


def retouched(path: Path) -> None:
    before = path.stat()
    path.write_text("two", encoding="utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_file_is_an_error_that_names_it(tree: MadeUp, change: str) -> None:
    name, work = CHANGES[change]
    outcome = run(tree, work)
    assert outcome.status == "error"
    assert f"{name} changed while it ran" in outcome.reason


HARMLESS: dict[str, Callable[[Path], object]] = {
    "nothing": lambda root: None,
    "a touch": lambda root: (root / "data.txt").touch(),
    "the same content again": lambda root: (root / "data.txt").write_text("one", encoding="utf-8"),
    "a new file": lambda root: (root / "cache.txt").write_text("new", encoding="utf-8"),
    "a file that is the atom's own": lambda root: (root / "own.txt").write_text("two", encoding="utf-8"),
}


@pytest.mark.parametrize("work", HARMLESS)
def test_what_leaves_the_files_as_they_were_passes(tree: MadeUp, work: str) -> None:
    assert run(tree, HARMLESS[work]).status == "pass"


def test_an_atom_that_may_write_to_the_tree_is_let_be(tree: MadeUp) -> None:
    _, work = CHANGES["its content"]
    assert run(tree, work, Atom(1001, "look", 4, "It writes", effect="tree")).status == "pass"


def test_many_changed_files_are_counted(tree: MadeUp) -> None:
    names = [f"f{number}.txt" for number in range(7)]
    for name in names:
        tree.write(name, "one")
    outcome = run(tree, lambda root: [(root / name).write_text("two", encoding="utf-8") for name in names])
    assert "f0.txt, f1.txt, f2.txt, f3.txt, f4.txt and 2 more changed" in outcome.reason
