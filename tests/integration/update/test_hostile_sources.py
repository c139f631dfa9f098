"""Templates and repositories that mean harm run nothing, and each ends as the table says."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import call
from hostile_cases import CASES, PAGE, Case, World, page
from sync_world import Folder, Pristine, Run, Script, new_repository


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
    home = sorted(world.home.rglob("*"))
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
    assert sorted(world.home.rglob("*")) == home, said
    assert (done.code, case.says in said) == (case.code, True), said
    assert "Traceback" not in said
    assert "TOP-SECRET" not in said
    if case.code:
        assert not (tmp_path / "new").exists()
        assert world.project.contents == before


def test_the_page_shows_these_cases() -> None:
    again = "uv run tests/integration/update/hostile_cases.py"
    assert PAGE.read_text(encoding="utf-8") == page(), again


def test_json_is_exact(world: World, atomci: Run) -> None:
    world.v2({"template/evil\nstaged": "x\n"}, 'y:\n  default: "\\e[2J"\n')

    done = atomci("update", "--plan")

    assert done.files["evil\nstaged"] == "added"
    assert {row["after"] for row in done.json["answers"]} == {"\x1b[2J"}


def test_another_way_to_reach_a_template_is_the_users_to_allow(
    world: World, atomci: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.recorded_at(f"git+ext::{world.program('exit 1')}")
    assert atomci("status").code == 3
    assert not world.ran.exists()

    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "ext")
    assert atomci("status").code == 3
    assert world.ran.exists()


def test_hooks_of_ones_own_run_for_a_commit_alone(world: World, atomci: Run) -> None:
    for name in ("pre-commit", "post-commit", "post-checkout", "post-merge", "prepare-commit-msg"):
        world.project.write({f".git/hooks/{name}": Script(f"#!/bin/sh\n{world.code}\n")})
    world.v2({"template/guide.txt": "new\n"})

    assert atomci("update", "--plan").code == 0
    assert atomci("update").json["state"] == "staged"
    assert atomci("update", "--abort").code == 0
    assert not world.ran.exists()

    assert atomci("update", "--commit").json["state"] == "committed"
    assert world.ran.exists()


def test_a_template_that_is_trusted_is_installed(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from atomci.atoms.asked import first_run

    installed: list[object] = []
    monkeypatch.setattr(first_run, "bootstrap", lambda project, _: installed.append(project))
    monkeypatch.setattr(first_run, "own_gate", lambda _: 0)
    env = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "config"), "APPDATA": str(tmp_path / "config")}
    words = ("--template", str(world.template.root), "--defaults")

    assert call(("new", "a", *words), tmp_path, env).code == 0
    assert installed == []
    assert call(("new", "b", *words, "--trust"), tmp_path, env).code == 0
    assert call(("new", "c", *words), tmp_path, env).code == 0
    assert len(installed) == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="it has no pipes with a name")
def test_nothing_is_read_from_a_pipe_in_a_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template, read = tmp_path / "template", Path.read_bytes
    template.mkdir()
    (template / "copier.yml").write_text("x: 1\n", encoding="utf-8")
    os.mkfifo(template / "pipe")

    def no_pipe(path: Path) -> bytes:
        assert path.is_file()
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", no_pipe)
    done = call(("new", "p", "--template", str(template), "--defaults"), tmp_path, dict(os.environ))

    assert done.code == 4
    assert "holds pipe, a pipe or a device" in done.err
    assert not (tmp_path / "p").exists()
