"""The environment of a copy: made in it by the package manager, else the project's own."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

from atomci.bootstrap.managers.choice import choice
from atomci.bootstrap.managers.protocol import Manager
from atomci.bootstrap.managers.table import MANAGERS
from atomci.errors import InfrastructureError
from atomci.project import Project
from atomci.tools.process import Command, Completed
from atomci.tools.surroundings import environment_in
from atomci.tools.uv import error_line

__all__ = ["CopyEnvironment", "RunIn", "environment_for_copy"]

RunIn = Callable[[Command, Path], Completed]
"""Runs a command in a folder."""

_OFFLINE = {"UV_OFFLINE": "1", "PIP_NO_INDEX": "1"}
_NOT_OURS = ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "ATOMCI_SHARD", "PYTHONPATH")
_PASSED = ("UV_PROJECT_ENVIRONMENT",)
_WITHIN = 900.0
_SITE = "Lib/site-packages" if os.name == "nt" else "lib/python*/site-packages"


@dataclass(frozen=True)
class CopyEnvironment:
    """The variables of programs that work in a copy, where its tools are, what they may not change there, and
    what is to be told of it.
    """

    variables: Mapping[str, str]
    scripts: Path
    protected: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()


def environment_for_copy(project: Project, copy: Path, run: RunIn) -> CopyEnvironment:
    """Make a copy of the project ready for its tools. Raises InfrastructureError."""
    around = {name: value for name, value in environment_in(copy).items() if name not in _NOT_OURS}
    own, manager = project.own_environment, _manager(project)
    elsewhere = Path(os.environ.get("UV_PROJECT_ENVIRONMENT", "")).is_absolute()
    if own is not None and manager is not None and own.is_relative_to(project.root) and not elsewhere:
        return _made(project, manager, own, copy, around, run)
    lent = {} if own is None else {"UV_PROJECT_ENVIRONMENT": str(own)}
    if paths := _imported_from(project, copy):
        lent["PYTHONPATH"] = os.pathsep.join((*paths, *filter(None, [os.environ.get("PYTHONPATH")])))
    elif "PYTHONPATH" in os.environ:
        lent["PYTHONPATH"] = os.environ["PYTHONPATH"]
    return CopyEnvironment({**around, **lent}, project.scripts)


def _manager(project: Project) -> Manager | None:
    """Whose lock says what is installed; None where there is no lock."""
    locks = [manager.LOCK for manager in MANAGERS.values() if (project.root / manager.LOCK).is_file()]
    if not locks:
        return None
    manager = MANAGERS[choice(project.answers, locks, project.table("tool")).manager]
    return manager if manager.LOCK in locks else None


def _made(
    project: Project, manager: Manager, own: Path, copy: Path, around: Mapping[str, str], run: RunIn
) -> CopyEnvironment:
    """With an environment in the copy, of the same Python."""
    name = own.relative_to(project.root)
    environment, scripts = copy / name, copy / project.scripts.relative_to(project.root)
    variables = {**around, **({} if name == Path(".venv") else {"UV_PROJECT_ENVIRONMENT": str(name)})}
    made = Project(copy)
    python = os.path.realpath(project.python)
    _run_all([Command(manager.make_environment(python, environment), without=_NOT_OURS)], copy, run)
    if not (environment / ".gitignore").exists():
        (environment / ".gitignore").write_text("*\n", encoding="utf-8")
    own_words = [command.argv for command in manager.commands(made, in_ci=True)]
    notes = _installed(own_words, variables, copy, run)
    lacking = sorted(project.versions.keys() - made.versions.keys())
    if lacking and manager.NAME == "uv":
        more = [(*words, "--all-groups", "--all-extras") for words in own_words]
        notes = (*notes, *_installed(more, variables, copy, run))
        lacking = sorted(project.versions.keys() - made.versions.keys())
    if lacking:
        notes = (*notes, f"the copy lacks {', '.join(lacking)}, which your environment has")
    return CopyEnvironment(variables, scripts, (environment,), tuple(dict.fromkeys(notes)))


def _run_all(commands: Iterable[Command], copy: Path, run: RunIn) -> None:
    for command in commands:
        done = run(replace(command, timeout=_WITHIN), copy)
        if done.code != 0:
            said = error_line(done.stderr or done.stdout)
            raise InfrastructureError(f"the copy can't have its environment: {said}", str(command))


def _installed(
    argvs: Sequence[tuple[str, ...]], variables: Mapping[str, str], copy: Path, run: RunIn
) -> tuple[str, ...]:
    """Install from what this machine has; where that isn't enough, from the network, which is told."""

    def words(more: Mapping[str, str]) -> list[Command]:
        own = {name: value for name, value in variables.items() if name in _PASSED}
        return [Command(argv, env={**own, **more}, without=_NOT_OURS) for argv in argvs]

    try:
        _run_all(words(_OFFLINE), copy, run)
    except InfrastructureError:
        _run_all(words({}), copy, run)
        return ("the copy's environment took the network",)
    return ()


def _imported_from(project: Project, copy: Path) -> tuple[str, ...]:
    """Where the copy has what the environment imports from the project's own folders."""
    root, found = project.root.resolve(), []
    for folder in _linked(project):
        place = folder.resolve()
        if place.is_relative_to(root) and (copy / place.relative_to(root)).is_dir():
            found.append(str(copy / place.relative_to(root)))
    return tuple(dict.fromkeys(found))


def _linked(project: Project) -> Iterator[Path]:
    """Folders that the environment's packages name, by a line of a .pth file or as installed editable."""
    for site in project.environment.glob(_SITE):
        for file in sorted(site.glob("*.pth")):
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
            yield from (Path(line.strip()) for line in lines if Path(line.strip()).is_absolute())
        for file in sorted(site.glob("*.dist-info/direct_url.json")):
            said = re.search(r'"url":\s*"file://([^"]+)"', file.read_text(encoding="utf-8", errors="replace"))
            if said and '"editable": true' in file.read_text(encoding="utf-8", errors="replace"):
                yield from (Path(unquote(said[1])) / "src", Path(unquote(said[1])))
