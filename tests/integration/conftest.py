"""The template as a git repository of its own, and renders of it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from answer_sets import HAND_MADE, RENDERED_SETS, answers_of, named
from once import Once
from powershell import PowerShell, find_powershell

ROOT = Path(__file__).parents[2]
# All that a render, and the build of the runtime, needs.
SHIPPED = (
    "copier.yml",
    "ownership.toml",
    "hooks",
    "includes",
    "template",
    "src",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
)

Git = Callable[..., str]
Render = Callable[..., Path]
Tool = Callable[..., subprocess.CompletedProcess[str]]

EVERY = HAND_MADE | {named(chosen): answers_of(chosen) for chosen in RENDERED_SETS}


def pass_environment_to_copier() -> None:
    """copier runs git by plumbum, which keeps the environment of the moment it was imported."""
    import plumbum

    plumbum.local.env.clear()
    plumbum.local.env.update(os.environ)


@pytest.fixture(scope="session", autouse=True)
def _own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No git settings of the user, no environment that an outer uv or git hook left."""
    home = tmp_path_factory.mktemp("settings")
    (home / "gitconfig").write_text("[user]\nname = Test\nemail = test@example.com\n")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("GIT_") or name in {"VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"}:
                patch.delenv(name)
        patch.setenv("GIT_CONFIG_GLOBAL", str(home / "gitconfig"))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        patch.setenv("COPIER_CACHE_DIR", str(home / "copier"))
        pass_environment_to_copier()
        yield


@pytest.fixture(scope="session")
def git() -> Git:
    """Runs git in a folder: `git(folder, "log")`."""

    def run(folder: Path, *arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
        ).stdout.strip()

    return run


@pytest.fixture(scope="session")
def snapshot(git: Git) -> Callable[[Path], Path]:
    """Puts the shipped files, as they are in the working tree, into a new repository tagged v1.2.0."""

    def make(folder: Path) -> Path:
        folder.mkdir(parents=True)
        for name in SHIPPED:
            source = ROOT / name
            if source.is_dir():
                ignore = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, folder / name, ignore=ignore)
            else:
                shutil.copy2(source, folder / name)
        git(folder, "init", "--quiet", "--initial-branch=main")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message=release")
        git(folder, "tag", "v1.2.0")
        return folder

    return make


@pytest.fixture(scope="session")
def template_repo(snapshot: Callable[[Path], Path], once: Once) -> Path:
    """One snapshot for all tests that only read it."""
    return once("template", lambda folder: snapshot(folder / "atomci")) / "atomci"


@pytest.fixture(scope="session")
def render(template_repo: Path) -> Render:
    """Renders by copier's own API: `render(dest, {answers}, source=..., ref=...)`."""
    import copier

    def run(
        dest: Path,
        answers: dict[str, Any] | None = None,
        source: str | Path = template_repo,
        ref: str | None = None,
    ) -> Path:
        copier.run_copy(str(source), dest, data=answers or {}, defaults=True, quiet=True, vcs_ref=ref)
        return dest

    return run


@pytest.fixture(scope="session")
def rendered(render: Render, once: Once) -> Callable[[str], Path]:
    """The project of one set of answers, rendered once; don't write into it."""
    numbers = {name: number for number, name in enumerate(EVERY)}

    def get(name: str) -> Path:
        made = once(f"rendered-{numbers[name]}", lambda folder: render(folder / "my-project", EVERY[name]))
        return made / "my-project"

    return get


@pytest.fixture
def copier_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Changes the environment for copier too: `copier_environment(HOME="...")`."""

    def change(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        pass_environment_to_copier()

    yield change
    monkeypatch.undo()
    pass_environment_to_copier()


@pytest.fixture(scope="session")
def answer_sets() -> dict[str, dict[str, Any]]:
    """The sets of answers by name."""
    return EVERY


@pytest.fixture(params=list(EVERY))
def answers_name(request: pytest.FixtureRequest) -> str:
    """The name of each set of answers in turn."""
    return str(request.param)


@pytest.fixture
def project(answers_name: str, rendered: Callable[[str], Path]) -> Path:
    """Each rendered project in turn; don't write into it."""
    return rendered(answers_name)


@pytest.fixture(scope="session")
def every_project(rendered: Callable[[str], Path]) -> list[Path]:
    """All of them, for tools that take many in one call."""
    return [rendered(name) for name in EVERY]


@pytest.fixture(scope="session")
def tool() -> Tool:
    """Runs a program that is installed beside this Python: `tool(folder, "ruff", "check")`."""
    programs = Path(sys.executable).parent

    def run(folder: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        program = shutil.which(name, path=programs)
        assert program, f"{name} is not installed in {programs}"
        return subprocess.run(
            [program, *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def powershell(once: Once) -> PowerShell:
    """A real one; without it the test is skipped."""
    return find_powershell(once)
