"""Our own template, updated by our own updater: from a release to the next, for sets of answers that take every choice."""

import json
import shutil
import subprocess
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import pytest
from answer_sets import RENDERED_SETS, named
from nightly import NIGHTLY
from own_template import CURRENT, NEXT, with_next_release

from atomci.cli.main import main

NAMED = ("defaults", "strict", "pip-tools", "long", "short")
"""Sets of answers that take every choice of every question."""
Git = Callable[..., str]
Render = Callable[..., Path]
Tool = Callable[..., subprocess.CompletedProcess[str]]


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mode & 0o111)
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts[:1]
    }


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as it is now, and a next release with changes of each tier."""
    return with_next_release(tmp_path_factory.mktemp("source") / "atomci").root


def committed(root: Path, git: Git) -> Path:
    """The folder as a repository."""
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=first")
    return root


@pytest.mark.parametrize("answers_name", NAMED)
def test_an_unmodified_project_becomes_a_fresh_render_but_for_its_seeds(
    answers_name: str,
    answer_sets: dict[str, dict[str, object]],
    releases: Path,
    render: Render,
    git: Git,
    tmp_path: Path,
) -> None:
    answers = answer_sets[answers_name]
    started = committed(render(tmp_path / "my-project", answers, source=releases, ref=CURRENT), git)
    seeds = {path: found for path, found in contents(started).items() if path.endswith("/slug.py")}
    assert main(["update", "--commit", "--project", str(started)]) == 0

    fresh = contents(render(tmp_path / "fresh" / "my-project", answers, source=releases))
    updated = contents(started)
    del updated[".atomci/lock.json"]
    assert updated == fresh | seeds
    assert main(["status", "--offline", "--project", str(started)]) == 0
    assert main(["update", "--project", str(started)]) == 0


@pytest.mark.parametrize("answers_name", [named(chosen) for chosen in RENDERED_SETS])
def test_every_render_that_an_update_starts_from_is_copiers(
    answers_name: str, rendered: Callable[[str], Path], git: Git, tmp_path: Path
) -> None:
    """For the other sets of answers: status renders it again, and finds no other byte and no file more."""
    root = committed(shutil.copytree(rendered(answers_name), tmp_path / "my-project", symlinks=True), git)

    assert main(["status", "--project", str(root)]) == 0
    lock = json.loads((root / ".atomci/lock.json").read_text(encoding="utf-8"))
    rendered = set(git(root, "ls-files").splitlines()) - {".copier-answers.yml"}
    assert lock["files"].keys() == rendered


OTHER_ANSWERS = [
    ("sample", True, False),
    *(("profile", *pair) for pair in permutations(("everything", "minimal", "standard"), 2)),
]


@pytest.mark.parametrize(("answer", "before", "after"), OTHER_ANSWERS if NIGHTLY else OTHER_ANSWERS[:2])
def test_another_answer_makes_a_fresh_render_of_it_with_what_is_yours(
    answer: str, before: object, after: object, releases: Path, render: Render, git: Git, tmp_path: Path
) -> None:
    kind = {"kind": "cli", "dependency_manager": "pip-tools"}
    started = render(tmp_path / "my-project", {answer: before, **kind}, source=releases, ref=CURRENT)
    mine = {
        "src/my_project/more.py": "X = 1\n",
        "tests/integration/test_mine.py": "def test_x() -> None: ...\n",
    }
    for path, text in mine.items():
        (started / path).parent.mkdir(exist_ok=True)
        (started / path).write_text(text, encoding="utf-8")
    committed(started, git)

    assert main(["update", "-d", f"{answer}={after}", "--commit", "--project", str(started)]) == 0

    answers = {answer: after, **kind}
    fresh = contents(render(tmp_path / "fresh/my-project", answers, source=releases, ref=CURRENT))
    updated = contents(started)
    del updated[".atomci/lock.json"]
    assert updated == fresh | {path: (text.encode(), 0) for path, text in mine.items()}
    assert main(["status", "--offline", "--project", str(started)]) == 0


RENOVATE = ("update", "--skip-answered", "--defaults", "--answers-file", ".copier-answers.yml", "--vcs-ref")
"""What Renovate's copier manager types, but for the version."""


def test_renovate_updates_it_with_plain_copier_and_status_says_what_is_left(
    releases: Path, render: Render, git: Git, tool: Tool, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    root = committed(render(tmp_path / "my-project", source=releases, ref=CURRENT), git)
    status = ("status", "--json", "--project", str(root))
    assert main([*status]) == 1
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=lock")
    capfd.readouterr()

    done = tool(root, "copier", *RENOVATE, NEXT)

    assert done.returncode == 0, done.stderr
    assert f'tag = "{NEXT}"' in (root / "pyproject.toml").read_text()
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=renovate")
    # The check of its pull request: copier doesn't write the lock, so drift is unknown, which is said.
    assert main([*status, "--offline"]) == 0
    offline = json.loads(capfd.readouterr().out)
    assert (offline["version"], offline["lock"], offline["verdict"]) == (NEXT, "stale", "unknown")
    assert main([*status]) == 0
    online = json.loads(capfd.readouterr().out)
    assert (online["behind"], online["lock"], online["verdict"]) == (False, "written", "clean")
    assert main([*status, "--offline"]) == 0
    assert json.loads(capfd.readouterr().out)["verdict"] == "clean"
    git(root, "commit", "--quiet", "--all", "--message=lock")
    assert main(["update", "--project", str(root)]) == 0
    assert git(root, "status", "--porcelain").strip() == ""
