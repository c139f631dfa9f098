"""Renders the committed trees anew: `uv run tests/integration/golden_trees.py`.

They show in review what a change of the template does to the repositories that follow it.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import copier

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
# The runtime comes from the index, so that no tree holds a path.
INDEX = {"runtime_source": "index"}
ANSWERS: dict[str, dict[str, Any]] = {
    "library": {"project_name": "my-library", **INDEX},
    "library-pip-tools": {
        "project_name": "my-library",
        "dependency_manager": "pip-tools",
        "integrations": [],
        **INDEX,
    },
    "library-minimal": {"project_name": "my-library", "profile": "minimal", **INDEX},
    "cli": {
        "project_name": "my-command",
        "kind": "cli",
        "strict_hooks": True,
        "integrations": ["vscode", "powershell"],
        **INDEX,
    },
    "cli-empty": {
        "project_name": "my-command",
        "kind": "cli",
        "sample": False,
        "integrations": [],
        "checks": [],
        **INDEX,
    },
    "service": {"project_name": "my-service", "kind": "service", **INDEX},
    "service-full": {
        "project_name": "my-service",
        "package_name": "my_service",
        "kind": "service",
        "profile": "everything",
        "author_name": "Acme Ltd",
        "author_email": "dev@example.com",
        "licence": "Apache-2.0",
        "python_min": "3.12",
        "repository_owner": "acme",
        "reviewers": "@acme/core",
        "default_branch": "trunk",
        **INDEX,
    },
}
# What a render needs of this repository.
RENDERED_FROM = ("copier.yml", "includes", "template")
SOURCE = "TEMPLATE"


def render(name: str, dest: Path) -> None:
    """One tree into a folder that isn't there yet, with the template's place left out."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "atomci"
        source.mkdir()
        for part in RENDERED_FROM:
            path = ROOT / part
            copy = shutil.copytree if path.is_dir() else shutil.copy2
            copy(path, source / part)
        _commit(source)
        copier.run_copy(str(source), dest, data=ANSWERS[name], defaults=True, quiet=True)
        answers = dest / ".copier-answers.yml"
        text = answers.read_text(encoding="utf-8").replace(str(source), SOURCE)
        answers.write_text(text, encoding="utf-8", newline="\n")


def _commit(folder: Path) -> None:
    git = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.com"]
    for words in (
        ["init", "--quiet"],
        ["add", "--all"],
        ["commit", "--quiet", "-m", "golden"],
        ["tag", "v1.0.0"],
    ):
        subprocess.run([*git, *words], cwd=folder, check=True, capture_output=True)


def main() -> None:
    """Replace every tree."""
    for name in ANSWERS:
        shutil.rmtree(GOLDEN / name, ignore_errors=True)
        render(name, GOLDEN / name)


if __name__ == "__main__":
    main()
