"""What a program can do that means harm: stopped, seen afterwards, or allowed, as docs/guard.md says."""

import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hostile_world import ATTACKS, CAPS, NOBODY, PROGRAM, World, python_for, run_in, world

from atomci.guard.confinement import bubblewrap, choice, landlock, launcher, rules
from atomci.guard.confinement.bounds import Backend, Bounds, Caps
from atomci.guard.policy.bounds import bounds_for
from atomci.guard.policy.settings import GuardSettings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the back-ends are those of Linux")

DOCS = Path(__file__).parents[2] / "docs" / "guard.md"
COLUMNS = ("bubblewrap", "landlock", "none")
USERS = (
    (0, NOBODY) if os.name == "posix" and os.getuid() == 0 else (os.getuid() if os.name == "posix" else 0,)
)
ALLOWED = {"bubblewrap": set[str](), "landlock": {"mode"}}
"""What of home, checkout and the files outside is different afterwards."""
SEEN_BY = {
    "git_commands": "checkout/.git/",
    "rewrite_git": "checkout/.git/hooks/pre-commit",
    "ignore_rules": "checkout/.gitignore",
    "plant_programs": "home/.local/bin/git",
    "delete_everything": "home/.profile",
}
"""By which path harm is seen afterwards."""


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Not below /tmp, which a program may have for itself."""
    made = Path(tempfile.mkdtemp(dir="/var/tmp", prefix="atomci-world-")).resolve()
    made.chmod(0o755)
    monkeypatch.setenv("HOME", str(made / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(made / "state"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    yield made
    shutil.rmtree(made)


def _words(backend: Backend | None, bounds: Bounds, argv: tuple[str, ...], cwd: Path) -> tuple[str, ...]:
    if backend is None:
        return choice.confined(bounds, argv, cwd, degraded=True, backends=[]).argv
    return backend.confined(bounds, argv, cwd)


def _attacked(made: World, backend: Backend | None, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Each attack with what became of it."""
    python = python_for(made.user)
    monkeypatch.setattr(sys, "executable", python)
    for module in (rules, bubblewrap):
        monkeypatch.setattr(module, "is_root", lambda: made.user == 0)
    around = {"PATH": os.environ["PATH"], "HOME": str(made.at("home"))}
    bounds = replace(bounds_for(GuardSettings(), made.place, around), network="off", caps=Caps(**CAPS))
    found = {}
    for phase in ("all", "delete"):
        argv = (python, "-IS", str(PROGRAM), str(made.at("world.json")), phase)
        printed = run_in(made, _words(backend, bounds, argv, made.place.tree), bounds.environment)
        made.told |= json.loads(printed)
        names = [name for name in ATTACKS if (name == "delete_everything") == (phase == "delete")]
        seen = made.seen()
        for name in names:
            is_seen = name in SEEN_BY and any(path.startswith(SEEN_BY[name]) for path in seen)
            found[name] = "stopped" if not made.did_harm(name) else "seen" if is_seen else "allowed"
        if phase == "all" and backend is not None:
            assert (made.place.tree / "made").read_text() == "made\n"
            assert (made.place.tree / "kept").read_text() == "changed\n"
            assert " M kept" in str(made.told["works"])
    return found


def _changes(before: dict[str, tuple[int, bytes]], after: dict[str, tuple[int, bytes]]) -> set[str]:
    paths = before.keys() | after.keys()
    return {Path(path).name for path in paths if before.get(path) != after.get(path)}


def _failed(backend: Backend, folder: Path) -> str:
    """Why this machine can't have it; empty where it can."""
    (folder / "scratch").mkdir()
    return choice.tried(backend, Bounds(writable=(), scratch=folder / "scratch"), folder).failed


def _table() -> dict[str, dict[str, str]]:
    """The table of the docs: what becomes of each attack, by column."""
    rows = re.findall(
        r"^\| `(\w+)` [^|]*\| ([^|]*)\| ([^|]*)\| ([^|]*)\|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE
    )
    return {name: dict(zip(COLUMNS, map(str.strip, cells), strict=True)) for name, *cells in rows}


def _for(cell: str, user: int) -> str:
    """A cell for one user: `stopped, as root allowed` says two things."""
    plain, _, root = cell.partition(", as root ")
    return root if root and user == 0 else plain


def _expected(column: str, user: int) -> dict[str, str]:
    """What the table says for this machine: an older Linux stops less, and a container's root may do less."""
    expected = {name: _for(cells[column], user) for name, cells in _table().items()}
    if column == "landlock" and launcher.abi() < 6:
        expected["signals"] = "allowed"
    if column == "none" and not os.access("/proc/sys/kernel/core_pattern", os.W_OK):
        expected |= dict.fromkeys(("settings_of_the_kernel", "device"), "stopped")
    return expected


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("column", COLUMNS)
def test_a_program_that_means_harm_gets_as_far_as_the_docs_say(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: str, user: int
) -> None:
    backend = {backend.NAME: backend for backend in choice.BACKENDS}.get(column)
    if backend is not None and (failed := _failed(backend, tmp_path)):
        pytest.skip(f"{column}: {failed}")
    with world(base, user) as made:
        before = made.contents()
        found = _attacked(made, backend, monkeypatch)
        assert backend is None or _changes(before, made.contents()) <= ALLOWED[column]
        sys.stdout.writelines(f"{column}\t{user}\t{name}\t{what}\n" for name, what in found.items())
        assert found == _expected(column, user)


def test_the_docs_speak_of_every_attack() -> None:
    assert tuple(_table()) == ATTACKS
    assert landlock.LEVEL == "os-fs"
