"""Which package manager a project chose, whether all files obey, and what people type to get its tools."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from atomci.artifacts.handed.schemas import ManagerChoice, ManagerName
from atomci.artifacts.handed.verdicts import Fact
from atomci.bootstrap.managers.protocol import Manager
from atomci.bootstrap.managers.table import MANAGERS
from atomci.errors import UsageError
from atomci.project import ANSWERS_FILE, Project

__all__ = ["SPEAKERS", "choice", "contradictions", "prefix", "typed"]

SPEAKERS = (
    "Taskfile.yml",
    "scripts/*",
    ".pre-commit-config.yaml",
    ".github/workflows/*.yml",
    ".github/workflows/*.yaml",
    *(manager.LOCK for manager in MANAGERS.values()),
)
"""Files whose commands name the manager, and the locks."""


def choice(answers: Mapping[str, object], files: Collection[str], tools: Collection[str]) -> ManagerChoice:
    """The recorded answer; without one, what the files or the `[tool]` tables tell; the first otherwise.

    Raises UsageError when the answer is no manager.
    """
    recorded = answers.get("dependency_manager")
    if recorded is not None:
        return ManagerChoice(manager=_known(recorded), recorded_in=ANSWERS_FILE)
    for name, manager in MANAGERS.items():
        if (sign := manager.sign(files)) is not None:
            return ManagerChoice(manager=name, recorded_in=sign)
    for name in MANAGERS:
        if name in tools:
            return ManagerChoice(manager=name, recorded_in=f"[tool.{name}] of pyproject.toml")
    return ManagerChoice(manager=next(iter(MANAGERS)), recorded_in="the default")


def _known(recorded: object) -> ManagerName:
    for name in MANAGERS:
        if recorded == name:
            return name
    raise UsageError(
        f"{ANSWERS_FILE}: dependency_manager is {recorded!r}, neither {' nor '.join(MANAGERS)}",
        f"copier update --data dependency_manager={next(iter(MANAGERS))}",
    )


def contradictions(root: Path, files: Iterable[str], chosen: ManagerName) -> list[Fact]:
    """Lines of scripts, tasks, hooks and workflows, and locks, that go with another manager."""
    locks = {manager.LOCK: name for name, manager in MANAGERS.items()}
    others = [manager for name, manager in MANAGERS.items() if name != chosen]
    found: list[Fact] = []
    for path in files:
        if path not in locks:
            found += (line for other in others for line in _lines_for(other, root, path))
        elif locks[path] != chosen:
            found.append(Fact(False, f"a lock of {locks[path]}", path, 1))
    return found


def _lines_for(manager: Manager, root: Path, path: str) -> Iterator[Fact]:
    text = (root / path).read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        if manager.SPEAKS.search(line) and not line.lstrip().startswith("#"):
            yield Fact(False, line.strip(), path, number)


def prefix(project: Project) -> str:
    """What people here type before a tool's name to get the locked one."""
    for manager in MANAGERS.values():
        if manager.PREFIX and (project.root / manager.LOCK).is_file():
            return manager.PREFIX
    inside = project.environment.is_relative_to(project.root)
    return f"{project.scripts.relative_to(project.root).as_posix()}/" if inside else ""


def typed(project: Project, advice: str) -> str:
    """An advice that names a command of atomci, as people here type it: with what leads to the locked one."""
    here = project.own_environment
    # Of a project that isn't set up for atomci it may be another's, which somebody activated.
    is_its_own = here is not None and (project.is_joined or here.is_relative_to(project.root))
    has_it = project.version_of("atomci") is not None if is_its_own else "atomci" in project.declared
    own = prefix(project) if has_it else ""
    locked = (manager for manager in MANAGERS.values() if (project.root / manager.LOCK).is_file())
    to_render = next((manager.to_render(project) for manager in locked), "") or own

    def words(found: re.Match[str]) -> str:
        before = to_render if found["verb"] in _RENDERING else own
        return f"{found['before']}{before if own else ''}atomci {found['verb']}"

    return _ADVICE.sub(words, advice)


_RENDERING = ("adopt", "diff", "export", "new", "restore", "status", "update")
_VERBS = (
    *_RENDERING,
    "audit",
    "baseline",
    "check",
    "completion",
    "doctor",
    "done",
    "explain",
    "fix",
    "graph",
    "guard",
    "list",
    "parity",
    "report",
    "run",
    "undo",
    "watch",
)
_ADVICE = re.compile(rf"(?P<before>^|[:;,] |\b(?:and|mean|or|then) )atomci (?P<verb>{'|'.join(_VERBS)})\b")
