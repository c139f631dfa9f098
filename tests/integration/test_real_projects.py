"""Projects that nobody here wrote: the gate says of them what their tools say by hand.

Their sources come from the package index; without it the tests are skipped. One of them by day, all at night.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nightly import NIGHTLY

# Each with what mypy is asked for where the project's own settings don't say.
PROJECTS = {
    "iniconfig==2.3.1": "src",
    "cachetools==8.0.2": "src",
    "parse==1.22.4": "parse",
    "pluggy==1.7.0": "src",
    "toolz==1.2.0": "tlz toolz",
    "xmltodict==1.0.4": "xmltodict.py",
}
# Those whose own settings say what to measure.
NAME_A_SOURCE = ("pluggy==1.7.0",)
CHOSEN = list(PROJECTS) if NIGHTLY else list(PROJECTS)[:1]
OURS = ("atomci", "_atomci")
UNIT = "run_pytest_unit_with_coverage"
_COUNTED = re.compile(r"(\d+) (passed|failed|errors?|skipped|xfailed|xpassed)")


def unpacked(requirement: str, folder: Path) -> Path:
    """The source distribution's folder; the test is skipped where it can't be had."""
    words = [
        "uv",
        "tool",
        "run",
        "--quiet",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--no-binary",
        ":all:",
    ]
    words += ["--dest", ".", requirement]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    archives = list(folder.glob("*.tar.gz"))
    if done.returncode != 0 or not archives:
        pytest.skip(f"{requirement} can't be downloaded: {done.stderr.strip()[-200:]}")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())


@pytest.mark.parametrize("requirement", CHOSEN)
def test_the_gate_says_what_the_tools_say(
    requirement: str, real_sample: Any, clone_environment: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "sdist").mkdir()
    source = unpacked(requirement, tmp_path / "sdist")
    own = requirement.partition("==")[0]
    home = clone_environment("theirs", lacking=(*OURS, own))
    for entry in home.glob("lib/python*/site-packages/*.pth"):
        entry.unlink()
    project = type(real_sample)(source, dict(real_sample.env))
    path = os.pathsep.join(str(folder) for folder in (source / "src", source) if folder.is_dir())
    # With a budget, so that coverage is measured; by the project's own settings, but for what is measured.
    cover = "--cov" if requirement in NAME_A_SOURCE else "--cov=."
    budget = f"{project.env.get('PYTEST_ADDOPTS', '')} {cover} --cov-report= --cov-fail-under=1"
    project.env.update(UV_PROJECT_ENVIRONMENT=str(home), PYTHONPATH=path, PYTEST_ADDOPTS=budget.strip())
    project.git("init", "--quiet", "--template=", "--initial-branch=main")
    project.commit("theirs")

    done = project.atomci("run", "local_ci", "-k", "--no-cache", "--json")
    assert project.git("status", "--porcelain") == ""

    def by_hand(*words: str) -> subprocess.CompletedProcess[str]:
        program = str(home / "bin" / words[0])
        return subprocess.run(
            [program, *words[1:]], cwd=source, env=project.env, capture_output=True, text=True, check=False
        )

    def places(atom: str) -> Counter[tuple[str, int, str]]:
        return Counter((row["path"], row["line"], row["rule"]) for row in done.atoms[atom]["findings"])

    rows = json.loads(by_hand("ruff", "check", "--no-fix", "--output-format=json").stdout)
    expected = Counter(
        (
            Path(row["filename"]).relative_to(source).as_posix(),
            row["location"]["row"],
            row["code"] or "invalid-syntax",
        )
        for row in rows
    )
    assert places("run_ruff_lint") == expected

    said = by_hand("black", "--check", ".").stderr
    unformatted = {
        str(Path(name).relative_to(source))
        for name in re.findall(r"^would reformat (.+)$", said, re.MULTILINE)
    }
    assert {row["path"] for row in done.atoms["run_black_check"]["findings"]} == unformatted

    typed = by_hand("mypy", "--no-pretty")
    if "Missing target module" in typed.stderr:
        typed = by_hand("mypy", "--no-pretty", *PROJECTS[requirement].split())
    errors = re.findall(r"^(\S[^:\n]*):(\d+)(?::\d+)?: error: .*\[([\w-]+)\]$", typed.stdout, re.MULTILINE)
    assert places("run_mypy_typecheck") == Counter((path, int(line), rule) for path, line, rule in errors)
    assert (done.statuses["run_mypy_typecheck"] == "pass") is (typed.returncode == 0), typed

    tested = by_hand("python", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert tested.stdout, tested.stderr
    tests = tested.stdout.splitlines()[-1]
    counts = {
        what.removesuffix("s") if what == "errors" else what: int(n) for n, what in _COUNTED.findall(tests)
    }
    recorded = json.loads((source / "artifacts/tests/unit.json").read_text())["counts"]
    assert recorded == {what: number for what, number in counts.items() if number}
    total = by_hand("coverage", "report", "--format=total", "--precision=6").stdout.strip()
    measured = json.loads((source / "artifacts/tests/coverage.json").read_text())
    assert f"{measured['percent']:.6f}" == total
    assert (done.statuses[UNIT] == "pass") is not ({"failed", "error"} & counts.keys() != set())
