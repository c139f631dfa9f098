"""pip-tools: the lock is requirements/dev.txt, compiled from pyproject.toml and requirements/dev.in."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from atomci.artifacts.handed.schemas import ManagerName, ToolFound
from atomci.bootstrap import environment
from atomci.bootstrap.managers.protocol import Run, Unmet, Way
from atomci.bootstrap.managers.refused import refused
from atomci.bootstrap.toolchain import manager_row
from atomci.errors import InfrastructureError
from atomci.project import Project, requirement_in
from atomci.tools.process import Command
from atomci.tools.uv import error_line

if TYPE_CHECKING:
    from atomci.bootstrap.programs import Ask

NAME: ManagerName = "pip-tools"
LOCK = "requirements/dev.txt"
LOCKS: tuple[str, ...] = ("requirements/*.txt",)
FILES: tuple[str, ...] = ("requirements/*",)
SOURCE = "requirements/dev.in"
RENEW = "atomci run compile_lockfile_and_sync"
BEGIN = "sh scripts/in_venv.sh --lock"
PREFIX = ""
SLOW = "pip-tools asks for one package after the other: the first lock may take minutes, later ones seconds"
SPEAKS = re.compile(
    r"\b(in_venv\.sh|pip-compile|pip-sync|piptools)\b|(?<!uv )\bpip3? install\b.*\s(-r|--requirement)\b"
)

_IN_VENV = "scripts/in_venv.sh"
"""What the template brings: makes the environment fit the lock, then runs a command in it."""
_STAMP = "dev.txt"
"""A copy of the lock inside the environment, by which that script tells which one it holds."""

make_environment = environment.make_words


def sign(files: Iterable[str]) -> str | None:
    requirements = re.compile(r"requirements([/_-][^/]+)?\.(txt|in)")
    return next((path for path in sorted(files) if requirements.fullmatch(path)), None)


def way_in(words: Sequence[str]) -> Way | None:
    for end, word in enumerate(words[:2], 1):  # itself, or behind a shell's name
        if word.removeprefix("./") == _IN_VENV:
            return Way(end, locked=True)
    return None


def relock(root: Path) -> str:
    if (root / _IN_VENV).is_file():
        return f"sh {_IN_VENV} --lock"
    return f"pip-compile --output-file {LOCK} pyproject.toml requirements/dev.in"


def to_add(root: Path, name: str, *, dev: bool) -> str:
    where = "requirements/dev.in" if dev else "the dependencies in pyproject.toml"
    return f"add {name} to {where}, then type {relock(root)}"


def to_render(project: Project) -> str:
    return f"sh {_IN_VENV} " if (project.root / _IN_VENV).is_file() else PREFIX


def pins(lock: Path) -> Iterable[tuple[str, str]]:
    for line in lock.read_text(encoding="utf-8").splitlines():
        if pin := requirement_in(line):
            yield from ((pin.name, version.version) for version in pin.specifier if version.operator == "==")


def places(lock: Path) -> Iterable[tuple[str, str]]:
    for line in lock.read_text(encoding="utf-8").splitlines():
        if found := _PLACE.fullmatch(line):
            yield found["name"] or found["place"].rpartition("/")[2], found["place"]


_PLACE = re.compile(
    r"(?:(?P<name>[\w.-]+)(?:\[[^]]*\])? *@ *|-e +|--editable[ =]+|-f +|--find-links[ =]+)(?P<place>\S+).*"
)


def commands(project: Project, *, in_ci: bool) -> Sequence[Command]:
    steps = steps_of(
        _python(project),
        lock=not in_ci,
        has_pip=project.version_of("pip") is not None,
        has_pip_tools=project.version_of("pip-tools") is not None,
    )
    return tuple(Command(step) for step in steps)


def sync(project: Project, run: Run, *, in_ci: bool) -> str | None:
    for command in commands(project, in_ci=in_ci):
        done = run(command)
        if done.code != 0:
            said = error_line(done.stderr or done.stdout)
            raise refused(project, LOCK, said, command, "PIP_EXTRA_INDEX_URL")
    if in_ci and (problem := _stale(project, run)):
        return problem
    shutil.copyfile(project.root / LOCK, _environment(project) / _STAMP)
    return None


def unmet(project: Project, run: Run) -> Unmet | None:
    if problem := _stale(project, run):
        return Unmet(problem, relock(project.root))
    stamp = _environment(project) / _STAMP
    if stamp.is_file() and stamp.read_bytes() == (project.root / LOCK).read_bytes():
        return None
    return Unmet(f"the environment doesn't hold what {LOCK} says", "atomci run compile_lockfile_and_sync")


def own_row(project: Project, ask: Ask) -> ToolFound:
    return manager_row(NAME, "", project.version_of(NAME), str(project.environment))


def steps_of(python: str, *, lock: bool, has_pip: bool, has_pip_tools: bool) -> list[tuple[str, ...]]:
    """The commands, in order; `lock` compiles the lock before it is installed."""
    # As uv does it: what is imported is compiled then, and of most packages little ever is.
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile")
    steps: list[tuple[str, ...]] = []
    if not has_pip:  # uv makes environments without it
        steps.append((python, "-m", "ensurepip"))
    if not has_pip_tools:
        # The pip that comes with Python may be too old for a git+file:// pin.
        steps.append((*pip, "--upgrade", "pip", "pip-tools"))
    if lock:
        steps.append(_compile(python, LOCK))
    steps.append((python, "-m", "piptools", "sync", "--quiet", "--pip-args=--no-compile", LOCK))
    # From the lock's own build backend, so nothing unlocked is downloaded to build it.
    steps.append((*pip, "--no-deps", "--no-build-isolation", "--editable", "."))
    return steps


def _compile(python: str, output: str) -> tuple[str, ...]:
    """Compile the lock to a file; pins that stand there already are kept."""
    words = ("compile", "--quiet", "--output-file", output, "pyproject.toml", "requirements/dev.in")
    return (python, "-m", "piptools", *words)


def _stale(project: Project, run: Run) -> str | None:
    """Why the lock doesn't follow from pyproject.toml, None when it does.

    It is compiled into a scratch copy, which keeps the pins that still fit, and compared.
    """
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder) / "dev.txt"
        shutil.copyfile(project.root / LOCK, scratch)
        done = run(Command(_compile(_python(project), str(scratch))))
        if done.code != 0:
            raise InfrastructureError(f"{LOCK} can't be compared: {done.last_line}", str(done.command))
        same = _requirements(scratch) == _requirements(project.root / LOCK)
    return None if same else f"{LOCK} is stale: type {relock(project.root)}, and commit it"


def _requirements(lock: Path) -> list[str]:
    lines = lock.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


def _environment(project: Project) -> Path:
    return environment.folder(project.root, os.environ)


def _python(project: Project) -> str:
    """The interpreter of the project's own environment, there or not."""
    return str(environment.interpreter(_environment(project)))
