"""Projects that nobody here wrote join the template: their own tests say what they said before, and with a
baseline their static tools are green.

docs/adopting.md has them in a table, with what the gate calls red; the tests read it there. Their sources come from the
package index; without it the tests are skipped. One of them by day, all at night.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nightly import NIGHTLY
from test_real_projects import unpacked

PAGE = Path(__file__).parents[2] / "docs/adopting.md"
_ROW = re.compile(
    r"^\| `(?P<project>[\w-]+==[\d.]+)` \|[^|]*\| (?P<tests>[^|]+) \| (?P<red>[^|]+) \|$", re.MULTILINE
)
TABLE = {row["project"]: row for row in _ROW.finditer(PAGE.read_text(encoding="utf-8"))}
CHOSEN = [*TABLE] if NIGHTLY else [*TABLE][:1]


def own_tests(project: Any, python: Path) -> str:
    """What pytest counts, without the seconds."""
    words = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        words, cwd=project.root, env=project.env, capture_output=True, text=True, check=False
    )
    said = done.stdout.splitlines()[-1]
    return ", ".join(re.findall(r"\d+ (?:passed|failed|errors?|skipped|xfailed|xpassed)", said))


def test_the_page_shows_six_of_them() -> None:
    assert len(TABLE) >= 6


@pytest.mark.parametrize("requirement", CHOSEN)
def test_a_project_that_joins_tests_as_before_and_its_gate_runs(
    requirement: str,
    real_sample: Any,
    clone_environment: Callable[..., Path],
    template_repo: Path,
    tmp_path: Path,
) -> None:
    (tmp_path / "sdist").mkdir()
    source = unpacked(requirement, tmp_path / "sdist")
    (source / "PKG-INFO").unlink()
    for folder in source.glob("*.egg-info"):
        shutil.rmtree(folder)
    home = clone_environment("theirs", lacking=(requirement.partition("==")[0],))
    project = type(real_sample)(source, dict(real_sample.env))
    path = os.pathsep.join(str(folder) for folder in (source / "src", source) if folder.is_dir())
    project.env.update(UV_PROJECT_ENVIRONMENT=str(home), PYTHONPATH=path)
    project.git("init", "--quiet", "--template=", "--initial-branch=main")
    project.commit("theirs")
    before = own_tests(project, home / "bin/python")

    joined = project.atomci(
        "adopt", "--defaults", "--json", "--template", str(template_repo), "--project", str(source)
    )

    assert joined.code == 0, joined.err
    project.git("switch", "--quiet", "atomci/adopt")
    assert project.git("diff", "--diff-filter=a", "--name-only", "HEAD^", "HEAD") == ""
    assert own_tests(project, home / "bin/python") == before == TABLE[requirement]["tests"]
    done = project.atomci("run", "local_ci", "-k", "--no-cache", "--json")
    red = sorted(name for name, status in done.statuses.items() if status not in ("pass", "skipped"))
    stages = re.compile(r"stage\d_|compute_local_ci_exit_code")
    assert ", ".join(f"`{name}`" for name in red if not stages.match(name)) == TABLE[requirement]["red"]
    assert project.git("status", "--porcelain") == ""
    assert project.atomci("baseline").code == 0
    held = project.atomci("run", "lint_types", "--json")
    assert held.code == 0, held.out
    assert project.atomci("baseline", "--json").code == 0
    assert project.git("status", "--porcelain") == "?? .atomci/baseline.jsonl"
