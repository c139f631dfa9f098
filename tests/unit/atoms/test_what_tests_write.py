"""A test that writes a file that git tracks is red, by its name; what somebody else saves meanwhile is not."""

import json
from pathlib import Path

import pytest

from atomci.atoms.loading.builtin import catalog_of
from atomci.atoms.parts.layers.layer_writes import changed_by_tests, hashes_before
from atomci.engine.cache import notes_in
from atomci.engine.config import Config
from atomci.engine.context import Context, Workspace
from atomci.project import Project
from atomci.tools.git.client import Git

TEST = "tests/unit/test_a.py::test_writes"


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    for name in ("tracked.txt", "more.txt", "new.txt"):
        (tmp_path / name).write_text("one")
    git = Git(tmp_path)
    git("init", "-q")
    git("add", "tracked.txt", "more.txt")
    catalog = catalog_of({})
    atom = catalog.atoms["run_pytest_unit_with_coverage"]
    return Context(Workspace(Project(tmp_path), catalog, Config()), atom)


def said(ctx: Context, wrote: tuple[str, ...], changed: dict[str, str]) -> str:
    """What is said when tests opened files for writing, and others are changed in the end."""
    before = hashes_before(ctx)
    folder = notes_in(ctx.root, ctx.atom)
    folder.mkdir(parents=True)
    raw = {"started_at": 0, "temporary": "/nowhere", "read": [], "listed": []}
    raw["wrote"] = {str(ctx.root / path): TEST for path in wrote}
    (folder / "1.json").write_text(json.dumps(raw))
    for path, text in changed.items():
        (ctx.root / path).write_text(text)
    return changed_by_tests(ctx, before)


def test_the_test_and_the_file_are_named(ctx: Context) -> None:
    told = "let tests write below tmp_path only"
    assert said(ctx, ("tracked.txt",), {"tracked.txt": "two"}) == f"{TEST} changed tracked.txt: {told}"


def test_more_files_are_counted(ctx: Context) -> None:
    changed = dict.fromkeys(("tracked.txt", "more.txt", "new.txt"), "two")
    assert f"{TEST} changed more.txt, and 1 more files: " in said(ctx, tuple(changed), changed)


@pytest.mark.parametrize(
    ("wrote", "changed"),
    [
        ((), {"tracked.txt": "saved by somebody"}),
        (("tracked.txt",), {}),
        (("tracked.txt",), {"tracked.txt": "one"}),
        (("new.txt",), {"new.txt": "two"}),
        (("made.txt",), {"made.txt": "two"}),
        (("tracked.txt",), {"more.txt": "saved by somebody"}),
    ],
)
def test_nobody_is_accused_of_what_is_as_it_was_new_or_anothers(
    ctx: Context, wrote: tuple[str, ...], changed: dict[str, str]
) -> None:
    assert said(ctx, wrote, changed) == ""
