"""Templates with a history and projects rendered from them, all made here, and `atomci` run in this process."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sync_world import FIRST, Folder, Outcome, Pristine, Run, new_repository

from atomci.cli.main import main


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Pristine:
    """What this process has made so far."""
    return Pristine(tmp_path_factory.mktemp("place"), tmp_path_factory.mktemp("kept"))


@pytest.fixture
def pristine(kept: Pristine) -> Pristine:
    """With its place empty."""
    kept.clear()
    return kept


@pytest.fixture
def template(pristine: Pristine) -> Folder:
    """A template with the release v1.0.0."""
    root = pristine.place / "template"
    pristine.put("template", root, lambda: new_repository(root).commit(FIRST, "v1.0.0"))
    return Folder(root)


@pytest.fixture
def copied(tmp_path: Path) -> Callable[..., Folder]:
    """Renders with plain copier: `copied(template, "name", ref="v1.0.0", licence="MIT")`."""

    def make(template: Folder, name: str = "project", ref: str | None = None, **answers: Any) -> Folder:
        return render(template, tmp_path / name / "demo", ref, **answers)

    return make


def render(template: Folder, root: Path, ref: str | None = None, **answers: Any) -> Folder:
    """With plain copier."""
    import copier

    copier.run_copy(str(template.root), root, data=answers, defaults=True, quiet=True, vcs_ref=ref)
    return Folder(root)


@pytest.fixture
def project(template: Folder, pristine: Pristine) -> Folder:
    """What v1.0.0 renders, committed."""
    root = pristine.place / "project" / "demo"

    def make() -> None:
        folder = render(template, root, "v1.0.0")
        folder.git("init", "--quiet", "--initial-branch=main")
        folder.commit()

    pristine.put("project", root, make)
    return Folder(root)


@pytest.fixture
def atomci(project: Folder, capfd: pytest.CaptureFixture[str]) -> Run:
    """`atomci VERB --json ...` on the project, in this process."""

    def run(*words: str, root: Path | None = None, as_json: bool = True) -> Outcome:
        capfd.readouterr()
        json_flag = ["--json"] if as_json else []
        code = main([words[0], "--project", str(root or project.root), *json_flag, *words[1:]])
        caught = capfd.readouterr()
        return Outcome(code, caught.out, caught.err)

    return run
