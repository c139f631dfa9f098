"""Every atom alone, in a folder that holds nothing but the inputs that its row declares."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from command_line import call
from fake_github import HOST, GitHub, Repo
from finished_commit import fill
from once import Once

from atomci.artifacts import handles
from atomci.atoms.loading.builtin import built_in
from atomci.catalog import ATOMS, Atom
from atomci.engine.inputs.files import Inputs

from .conftest import Shell, environment

ALONE = [row for row in ATOMS if row.name in built_in()]
# What a machine may lack without being broken, and what the chosen manager doesn't write.
MAY_BE_SKIPPED = {*(row.name for row in ALONE if row.optional), "watch_ci_duration_and_flakiness"}
"""What has no tool here, and what takes more runs for a verdict."""
OF_ANOTHER_MANAGER = {"requirements/*.txt"}
# Only where a later run may select tests by it.
FOR_SELECTING = {
    f"artifacts/tests/{layer}impact{kind}*.json"
    for layer in ("", "integration.", "e2e.")
    for kind in ("", "-line", "-escape")
}
# Only where something was red.
OF_A_FIX = {"artifacts/fix/*.patch", "artifacts/fix/work*.md"}
# Only where the budget of coverage counts over other layers than unit.
OVER_LAYERS = {handles.ALL_BUDGET.path, handles.E2E_DATA.path}
APPLIED = {"enforce_branch_protection_rules"}
JUDGES = {row.name for row in ALONE if row.phase == 20}
"""What asks whether a commit is done."""
BY_LAST_RESULTS = {row.name for row in ALONE if row.phase == 20 and row.after}
"""Those of them that answer yes only where the results that they go by were made."""
ON_GITHUB = {*APPLIED, "artifacts_uploaded_and_linked", "pr_checks_green_and_approved"}
PROGRAM = ".venv/Scripts/atomci" if os.name == "nt" else ".venv/bin/atomci"


@pytest.fixture(scope="session")
def done_project(made: Path, home: Path, github: GitHub, once: Once) -> Path:
    """A project in which every atom has run, so that all artifacts are there, and whose origin is protected."""

    def make(base: Path) -> None:
        folder = base / "my-project"
        shell = Shell(folder, environment(home, UV_PYTHON=sys.executable))
        Shell(made, shell.env).ok("git", "clone", "--quiet", str(made), str(folder))
        shell.ok("git", "remote", "remove", "origin")
        shell.ok("uv", "sync", "--quiet", "--locked")
        shell.ok(PROGRAM, "guard", "--allow-degraded", "--", "git", "config", "--file", "made", "a.b", "c")
        shell.ok(PROGRAM, "run", *(row.name for row in ALONE if row.name not in ON_GITHUB | JUDGES))
        shell.ok("git", "remote", "add", "origin", f"http://{HOST}/o/r.git")
        shell.ok(PROGRAM, "run", *APPLIED, "--apply", **github.env)

    return once("done", make) / "my-project"


def with_inputs_only(project: Path, row: Atom, folder: Path) -> Path:
    """The files of a project that the row's `reads` match, and what git keeps where it reads `.git/`."""
    folder.mkdir()
    for path in Inputs(project).matching(row.reads):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(project / path, folder / path)
    for name in (glob for glob in row.reads if glob.endswith("/")):
        shutil.copytree(project / name, folder / name)
    if (folder / "artifacts").is_dir():
        # As atomci leaves it where a folder isn't set up for it, so that it is known to be its own.
        (folder / "artifacts/.gitignore").write_text("*\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("row", ALONE, ids=lambda row: f"{row.id}_{row.name}")
def test_an_atom_needs_no_more_than_its_inputs(
    done_project: Path, row: Atom, home: Path, github: GitHub, tmp_path: Path
) -> None:
    folder = with_inputs_only(done_project, row, tmp_path / "alone")
    if row.name in ON_GITHUB - APPLIED:
        commit = Shell(done_project, environment(home)).ok("git", "rev-parse", "HEAD").strip()
        github.repos["o/r"] = Repo()
        fill(github, "o/r", commit)
    before = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    # Each worker has a GitHub of its own, which is protected here if it wasn't by the fixture.
    words = ("--only", "--json", "--no-cache", *(["--apply"] if row.name in APPLIED else []))
    env = environment(home, **(github.env if row.name in ON_GITHUB else {}))
    if row.phase > 0:  # those of phase 0 make an environment here
        env |= {"UV_PROJECT_ENVIRONMENT": str(done_project / ".venv"), "UV_NO_SYNC": "1"}
    done = call(("run", row.name, "--project", str(folder), *words), tmp_path, env)
    ended = done.atoms[row.name]
    allowed = {"pass"}
    if row.name in MAY_BE_SKIPPED:
        allowed |= {"skipped"}
    elif row.name in BY_LAST_RESULTS:
        allowed = {"fail"}
    assert ended["status"] in allowed, (ended, sorted(before))
    assert done.code == (ended["status"] == "fail")
    assert ended["examined"] > 0 or ended["status"] == "skipped"
    if ended["status"] != "skipped":
        for glob in set(map(str, row.writes)) - OF_ANOTHER_MANAGER - FOR_SELECTING - OVER_LAYERS - OF_A_FIX:
            assert list(folder.glob(glob.rstrip("/"))), f"{glob} wasn't written"
