"""Templates with a history and projects rendered from them, all made here, and `atomci` run in this process."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sync_world import FIRST, Folder, Outcome, Run, new_repository

from atomci.cli.main import main


@pytest.fixture
def template(tmp_path: Path) -> Folder:
    """A template with the release v1.0.0."""
    folder = new_repository(tmp_path / "template")
    folder.commit(FIRST, "v1.0.0")
    return folder


@pytest.fixture
def rendered(tmp_path: Path) -> Callable[..., Folder]:
    """Renders with plain copier: `rendered(template, "name", ref="v1.0.0", licence="MIT")`."""
    import copier

    def make(template: Folder, name: str = "project", ref: str | None = None, **answers: Any) -> Folder:
        root = tmp_path / name / "demo"
        copier.run_copy(str(template.root), root, data=answers, defaults=True, quiet=True, vcs_ref=ref)
        return Folder(root)

    return make


@pytest.fixture
def project(template: Folder, rendered: Callable[..., Folder]) -> Folder:
    """What v1.0.0 renders, committed."""
    folder = rendered(template, ref="v1.0.0")
    folder.git("init", "--quiet", "--initial-branch=main")
    folder.commit()
    return folder


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
