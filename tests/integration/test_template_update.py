"""Our own template, updated by our own updater: from a release to the next, for every set of answers."""

from collections.abc import Callable
from pathlib import Path

import pytest

from atomci.cli.main import main

Git = Callable[..., str]
Render = Callable[..., Path]


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mode & 0o111)
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts[:1]
    }


@pytest.fixture(scope="module")
def releases(snapshot: Callable[[Path], Path], git: Git, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """v1.2.0 as the template is now, and v1.3.0 with changes of each tier."""
    source = snapshot(tmp_path_factory.mktemp("source") / "atomci")
    template = source / "template"
    for name, old, new in (
        ("README.md.jinja", "# {{ project_name }}", "# The {{ project_name }}"),
        ("scripts/local_ci.sh.jinja", "exec ", "# next\nexec "),
    ):
        text = (template / name).read_text()
        assert old in text
        (template / name).write_text(text.replace(old, new))
    (template / "src/{{ package_name }}/slug.py").write_text("corrected = True\n")
    (template / "docs/NEW.md").write_text("# New\n")
    git(source, "add", "--all")
    git(source, "commit", "--quiet", "--message=next")
    git(source, "tag", "v1.3.0")
    return source


@pytest.fixture
def started(
    answers_name: str,
    answer_sets: dict[str, dict[str, object]],
    releases: Path,
    render: Render,
    git: Git,
    tmp_path: Path,
) -> Path:
    """A project of v1.2.0 in git."""
    root = render(tmp_path / "my-project", answer_sets[answers_name], source=releases, ref="v1.2.0")
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=first")
    return root


def test_an_unmodified_project_becomes_a_fresh_render_but_for_its_seeds(
    started: Path,
    answers_name: str,
    answer_sets: dict[str, dict[str, object]],
    releases: Path,
    render: Render,
    tmp_path: Path,
) -> None:
    seeds = {path: found for path, found in contents(started).items() if path.endswith("/slug.py")}
    assert main(["update", "--commit", "--project", str(started)]) == 0

    fresh = contents(render(tmp_path / "fresh" / "my-project", answer_sets[answers_name], source=releases))
    updated = contents(started)
    del updated[".atomci/lock.json"]
    assert updated == fresh | seeds
    assert main(["status", "--offline", "--project", str(started)]) == 0
    assert main(["update", "--project", str(started)]) == 0


def test_edits_stay_seeds_stay_and_managed_files_are_the_templates(
    releases: Path, render: Render, git: Git, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    root = render(tmp_path / "my-project", source=releases, ref="v1.2.0")
    readme, script = root / "README.md", root / "scripts/local_ci.sh"
    readme.write_text(readme.read_text() + "\nMine.\n")
    script.write_text(script.read_text() + "# mine\n")
    (root / "src/my_project/slug.py").write_text("mine = 1\n")
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=mine")
    capfd.readouterr()

    assert main(["update", "--commit", "--project", str(root)]) == 0

    said = capfd.readouterr().out
    for row in ("merged              README.md", "replaced            scripts/local_ci.sh", "added               docs/NEW.md",
                "corrected-upstream  src/my_project/slug.py", "updated             pyproject.toml"):  # fmt: skip
        assert row in said
    assert readme.read_text().startswith("# The my-project")
    assert readme.read_text().endswith("\nMine.\n")
    assert "# mine" not in script.read_text()
    assert (root / "src/my_project/slug.py").read_text() == "mine = 1\n"
    assert 'tag = "v1.3.0"' in (root / "pyproject.toml").read_text()
