"""Templates and repositories that mean harm run nothing, and each ends as the table says."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import call
from hostile_cases import CASES, PAGE, Case, World, page
from sync_world import Folder, Pristine, new_repository


@pytest.fixture
def world(template: Folder, project: Folder, tmp_path: Path) -> World:
    """A home that holds nothing yet."""
    (tmp_path / "home").mkdir()
    return World(template, project, tmp_path / "home")


@pytest.fixture
def other(pristine: Pristine) -> Folder:
    """A repository that joined no template."""
    root = pristine.place / "other"
    pristine.put("other", root, lambda: new_repository(root).commit({"README.md": "# other\n"}))
    return Folder(root)


@pytest.mark.parametrize("case", CASES, ids=[case.tries for case in CASES])
def test_it_runs_nothing_and_ends_as_the_table_says(
    case: Case, world: World, other: Folder, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    case.make(world)
    before = world.project.contents
    world.ran.unlink(missing_ok=True)
    words = case.words.format(t=world.template.root, p=world.project.root, d=tmp_path / "new", e=other.root)
    env = {
        **os.environ,
        "HOME": str(world.home),
        "XDG_CONFIG_HOME": str(world.home / ".config"),
        "SSH_ASKPASS": "",
        **dict(case.env),
    }

    done = call(tuple(words.split()), tmp_path, env)

    said = done.out + done.err
    first = (done.err or done.out).strip().partition("\n")[0]
    record_property("hostile", f"{case.tries:50} {words.split()[0]:7} {done.code}  {first}")
    assert not world.ran.exists(), said
    assert (done.code, case.says in said) == (case.code, True), said
    assert "Traceback" not in said
    assert "TOP-SECRET" not in said
    if case.code:
        assert not (tmp_path / "new").exists()
        assert world.project.contents == before


def test_the_page_shows_these_cases() -> None:
    again = "uv run tests/integration/update/hostile_cases.py"
    assert PAGE.read_text(encoding="utf-8") == page(), again
