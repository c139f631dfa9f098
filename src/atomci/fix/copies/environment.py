"""The environment of a copy: made in it by the package manager, else the project's own."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

from atomci.bootstrap.environment import interpreter
from atomci.bootstrap.managers.choice import choice
from atomci.bootstrap.managers.protocol import Manager
from atomci.bootstrap.managers.table import MANAGERS
from atomci.errors import InfrastructureError
from atomci.project import Project, normalized
from atomci.tools.process import Command, Completed
from atomci.tools.surroundings import environment_in
from atomci.tools.uv import error_line

__all__ = ["CopyEnvironment", "RunIn", "environment_for_copy"]

RunIn = Callable[[Command, Path], Completed]
"""Runs a command in a folder."""

_OFFLINE = {"UV_OFFLINE": "1", "PIP_NO_INDEX": "1"}
_NAMES_IT = "UV_PROJECT_ENVIRONMENT"
_NOT_PASSED = ("VIRTUAL_ENV", "PYTHONPATH")
_NOT_OURS = (*_NOT_PASSED, _NAMES_IT, "ATOMCI_SHARD")
_WITHIN = 900.0
_SITE = "Lib/site-packages" if os.name == "nt" else "lib/python*/site-packages"


@dataclass(frozen=True)
class CopyEnvironment:
    """The variables of programs that work in a copy, where its tools are, and what is to be told of it."""

    variables: Mapping[str, str]
    scripts: Path
    notes: tuple[str, ...] = ()


def environment_for_copy(project: Project, copy: Path, folder: Path, run: RunIn) -> CopyEnvironment:
    """Make a copy of the project ready for its tools. An environment that is made is `folder`, which isn't
    there yet and lies where no session can write. Raises InfrastructureError.
    """
    around = {name: value for name, value in environment_in(copy).items() if name not in _NOT_OURS}
    own, manager = project.own_environment, _manager(project)
    if own is not None and manager is not None and own.is_relative_to(project.root):
        with _named(folder):
            return _made(own, manager, copy, folder, around, run)
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


@contextlib.contextmanager
def _named(folder: Path) -> Iterator[None]:
    """Managers, and whoever asks for the project's environment, go by this variable."""
    before = os.environ.get(_NAMES_IT)
    os.environ[_NAMES_IT] = str(folder)
    try:
        yield
    finally:
        del os.environ[_NAMES_IT]
        if before is not None:
            os.environ[_NAMES_IT] = before


def _made(
    own: Path, manager: Manager, copy: Path, folder: Path, around: Mapping[str, str], run: RunIn
) -> CopyEnvironment:
    """With an environment of its own, of the same Python and with the same packages."""
    python = os.path.realpath(interpreter(own))
    _run_all([Command(manager.make_environment(python, folder))], copy, run)
    argvs = [command.argv for command in manager.commands(Project(copy), in_ci=True)]
    notes, wanted = _installed(argvs, copy, run), _packages_in(own)
    lacking = sorted(wanted - _packages_in(folder))
    if lacking and manager.NAME == "uv":
        more = [(*words, "--all-groups", "--all-extras") for words in argvs]
        notes = (*notes, *_installed(more, copy, run))
        lacking = sorted(wanted - _packages_in(folder))
    if lacking:
        notes = (*notes, f"the copy lacks {', '.join(lacking)}, which your environment has")
    variables = {**around, _NAMES_IT: str(folder)}
    return CopyEnvironment(variables, interpreter(folder).parent, tuple(dict.fromkeys(notes)))


def _run_all(commands: Iterable[Command], copy: Path, run: RunIn) -> None:
    for command in commands:
        done = run(replace(command, timeout=_WITHIN), copy)
        if done.code != 0:
            said = error_line(done.stderr or done.stdout)
            raise InfrastructureError(f"the copy can't have its environment: {said}", str(command))


def _installed(argvs: Sequence[tuple[str, ...]], copy: Path, run: RunIn) -> tuple[str, ...]:
    """Install from what this machine has; where that isn't enough, from the network, which is told."""
    try:
        _run_all([Command(argv, env=_OFFLINE, without=_NOT_PASSED) for argv in argvs], copy, run)
    except InfrastructureError:
        _run_all([Command(argv, without=_NOT_PASSED) for argv in argvs], copy, run)
        return ("the copy's environment took the network",)
    return ()


def _packages_in(environment: Path) -> set[str]:
    """The names of what is installed."""
    found = (entry.name for site in environment.glob(_SITE) for entry in site.glob("*.dist-info"))
    return {normalized(name.removesuffix(".dist-info").rpartition("-")[0]) for name in found}


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
