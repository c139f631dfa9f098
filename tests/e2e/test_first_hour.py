"""The README's first command from a fresh home and empty caches, a push, and a clone elsewhere that is green.

The first folder is gone by then, and so is the clone of this repository that made it.
"""

import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from nightly import NIGHTLY
from terminal import ENTER, Terminal

from .act import REPOSITORY, act
from .conftest import ROOT, Shell, environment
from .pythons import baseline
from .test_act import STAND_INS, legs, offline, prepare
from .test_new import readme_command

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the README's line is for a POSIX shell")

ASKED = yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8"))
SECONDS = 1800


def choices(name: str) -> list[str]:
    found = ASKED[name]["choices"] if name in ASKED else {"": ""}
    return list(found.values() if isinstance(found, dict) else found)


def rows() -> list[tuple[dict[str, str], int]]:
    """Each kind with each profile; managers and widths take turns, so that each of those meets each of these."""
    pairs = itertools.product(choices("kind"), choices("profile"))
    managers, widths = choices("dependency_manager"), (60, 100)
    return [
        ({"kind": kind, "profile": profile, "dependency_manager": managers[at % 2]}, widths[at // 2 % 2])
        for at, (kind, profile) in enumerate(pairs)
    ]


def managed_elsewhere() -> str | None:
    """A Python into which pip installs nothing, as Debian's own, if this machine has one that makes environments."""
    ask = "import ensurepip, pathlib, sysconfig; "
    ask += "print((pathlib.Path(sysconfig.get_path('stdlib')) / 'EXTERNALLY-MANAGED').is_file())"
    own = "/usr/bin/python3"
    if not Path(own).exists():
        return None
    done = subprocess.run([own, "-c", ask], capture_output=True, text=True, check=False)
    return own if done.stdout.strip() == "True" else None


@pytest.fixture
def newcomer(checkout: Path, tmp_path: Path) -> Shell:
    """A home with nothing but a name, next to a clone of this repository."""
    home = tmp_path / "home"
    home.mkdir()
    clone = tmp_path / "atomci"
    env = environment(
        home,
        HOME=str(home),
        UV_CACHE_DIR=str(tmp_path / "uv-cache"),
        PIP_CACHE_DIR=str(tmp_path / "pip-cache"),
    )
    Shell(tmp_path, env).ok("git", "clone", "--quiet", str(checkout), str(clone))
    if managed := managed_elsewhere():
        (tmp_path / "machine/bin").mkdir(parents=True)
        (tmp_path / "machine/bin/python3").symlink_to(managed)
    else:
        subprocess.run([sys.executable, "-m", "venv", tmp_path / "machine"], check=True)
    path = os.pathsep.join([str(tmp_path / "machine" / "bin"), os.environ["PATH"]])
    return Shell(clone, {name: value for name, value in env.items() if "XDG" not in name} | {"PATH": path})


def colleague(newcomer: Shell, tmp_path: Path) -> Shell:
    """Push the project, lose it and the template's clone, clone it elsewhere and type what its README says."""
    made = Shell(tmp_path / "myproj", newcomer.env)
    made.ok("git", "init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    made.ok("git", "remote", "add", "origin", str(tmp_path / "remote.git"))
    assert "local_ci: green" in made.ok("git", "push", "--quiet", "origin", "main")
    shutil.rmtree(newcomer.folder)
    shutil.rmtree(made.folder)
    elsewhere = Shell(tmp_path / "elsewhere", newcomer.env)
    Shell(tmp_path, newcomer.env).ok(
        "git", "clone", "--quiet", "--branch=main", str(tmp_path / "remote.git"), str(elsewhere.folder)
    )
    readme = (elsewhere.folder / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```sh\n([^`]*atomci run bootstrap\n[^`]*)```$", readme, re.MULTILINE)
    said = elsewhere.ok("sh", "-e", "-c", block)
    assert re.findall(r"^(bootstrap|local_ci): (\w+)", said, re.MULTILINE) == [
        ("bootstrap", "green"),
        ("local_ci", "green"),
    ], said
    return elsewhere


def test_from_the_readmes_first_command_to_a_colleagues_push(newcomer: Shell, tmp_path: Path) -> None:
    said = newcomer.ok("sh", "-c", readme_command("atomci new"))
    assert "local_ci: green" in said
    assert "the clone's origin" in said  # is of this machine: no other may install it, and that is said
    made = Shell(tmp_path / "myproj", newcomer.env)
    assert made.ok("git", "status", "--porcelain") == ""
    assert made.ok("git", "ls-files", "uv.lock").strip() == "uv.lock"

    there = colleague(newcomer, tmp_path)

    assert there.ok("git", "status", "--porcelain") == ""
    for hook in ("pre-commit", "pre-push"):
        assert (there.folder / ".git/hooks" / hook).is_file()


@pytest.mark.timeout(2 * SECONDS)  # with empty caches all comes from the network, with pip-tools one by one
@pytest.mark.skipif(not NIGHTLY, reason="at night: minutes for each row")
@pytest.mark.parametrize(
    ("answers", "width"),
    rows(),
    ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else str(value),
)
def test_the_first_hour_of_each_kind_and_profile(
    answers: dict[str, str], width: int, newcomer: Shell, pythons: dict[str, Path], tmp_path: Path
) -> None:
    given = " ".join(f"-d {name}={value}" for name, value in answers.items() if value)
    words = ("sh", "-c", readme_command("atomci new").replace("--defaults", given))
    with Terminal(words, newcomer.folder, newcomer.env, width) as at:
        at.see("What is the project called?", SECONDS)
        while not at.asked[0].startswith(">"):
            at.next(ENTER)
        at.answer(ENTER)
        assert at.end(SECONDS) == 0, "\n".join(at.seen)
        assert [line for line in at.seen if line.startswith("local_ci: green")], "\n".join(at.seen)

    there = colleague(newcomer, tmp_path)

    layers = [name for name in ("integration", "e2e") if (there.folder / "tests" / name).is_dir()]
    said = there.ok(*run_of(there), *layers) if layers else ""
    assert re.findall(r": (green|red|broken) in", said) == ["green"] * bool(layers), said
    there.ok("git", "commit", "--quiet", "--allow-empty", "-m", "something to push")
    assert "local_ci: green" in there.ok("git", "push", "--quiet", "origin", "HEAD:refs/heads/topic")
    assert there.ok("git", "status", "--porcelain") == ""

    if sys.platform.startswith("linux"):
        python = str(pythons[baseline(pythons)])
        runner = Shell(there.folder, {**there.env, "PYTHON": python, "UV_PYTHON": python})
        if (there.folder / "requirements").is_dir():
            shutil.rmtree(there.folder / ".venv")  # what is downloaded is for the Python of the jobs
        prepare("library", runner, pythons)
        there.ok("git", "checkout", "--quiet", ".")
        there.ok("git", "remote", "set-url", "origin", f"https://github.com/{REPOSITORY}.git")
        folders = (STAND_INS, next(iter(pythons.values())).parent)
        ended = act(
            there, tmp_path / "act", "push", *legs([baseline(pythons)]), programs=folders, **offline(there)
        )
        assert ended.code == 0, ended.said
        assert ended.jobs("success") == {job.split()[0] for job in ended.results} >= {"required"}, ended.said


def run_of(project: Shell) -> tuple[str, ...]:
    """What runs atoms there."""
    way = ("sh", "scripts/in_venv.sh") if (project.folder / "requirements").is_dir() else ("uv", "run")
    return (*way, "atomci", "run")
