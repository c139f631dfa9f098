"""uv or pip-tools: which one a project chose, whether everything obeys, and the commands of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from atomci.artifacts.schemas import ManagerChoice
from atomci.errors import UsageError
from atomci.project import ANSWERS_FILE

__all__ = [
    "LOCKS",
    "SPEAKERS",
    "Contradiction",
    "Manager",
    "choice",
    "contradictions",
    "pip_tools_compile",
    "pip_tools_steps",
    "relock",
    "uv_sync",
]

Manager = Literal["uv", "pip-tools"]
_MANAGERS: tuple[Manager, ...] = ("uv", "pip-tools")

LOCKS: Mapping[Manager, str] = {"uv": "uv.lock", "pip-tools": "requirements/dev.txt"}
SPEAKERS = (
    "Taskfile.yml",
    "scripts/*",
    ".pre-commit-config.yaml",
    ".github/workflows/*.yml",
    ".github/workflows/*.yaml",
)
"""Files whose commands name the manager."""

_SPEAKS = {
    "uv": re.compile(r"\buv (run|sync|lock|pip|add|export|venv)\b|astral-sh/setup-uv"),
    "pip-tools": re.compile(
        r"\b(in_venv\.sh|pip-compile|pip-sync|piptools)\b|(?<!uv )\bpip3? install\b.*\s(-r|--requirement)\b"
    ),
}


@dataclass(frozen=True)
class Contradiction:
    """A line that speaks for the manager that wasn't chosen."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


def choice(answers: Mapping[str, object], files: Iterable[str], tools: Mapping[str, object]) -> ManagerChoice:
    """The recorded answer; without one, what the lock or the `[tool]` tables tell; uv where nothing does.

    Raises UsageError when the answer is neither of the two.
    """
    recorded = answers.get("dependency_manager")
    if recorded is not None:
        return ManagerChoice(manager=_known(recorded), recorded_in=ANSWERS_FILE)
    there = set(files)
    if LOCKS["uv"] in there:
        return ManagerChoice(manager="uv", recorded_in=LOCKS["uv"])
    pinned = sorted(path for path in there if re.fullmatch(r"requirements/[^/]+\.(in|txt)", path))
    if pinned:
        return ManagerChoice(manager="pip-tools", recorded_in=pinned[0])
    for manager in _MANAGERS:
        if manager in tools:
            return ManagerChoice(manager=manager, recorded_in=f"[tool.{manager}] of pyproject.toml")
    return ManagerChoice(manager="uv", recorded_in="the default")


def _known(recorded: object) -> Manager:
    for manager in _MANAGERS:
        if recorded == manager:
            return manager
    raise UsageError(
        f"{ANSWERS_FILE}: dependency_manager is {recorded!r}, neither uv nor pip-tools",
        "copier update --data dependency_manager=uv",
    )


def contradictions(root: Path, files: Iterable[str], manager: Manager) -> list[Contradiction]:
    """Lines of scripts, tasks, hooks and workflows, and locks, that go with the other manager."""
    other: Manager = "pip-tools" if manager == "uv" else "uv"
    found = []
    for path in files:
        if path == LOCKS[other]:
            found.append(Contradiction(path, 1, f"a lock of {other}"))
        elif path != LOCKS[manager]:
            found += _lines_for(other, root, path)
    return found


def _lines_for(manager: Manager, root: Path, path: str) -> Iterator[Contradiction]:
    text = (root / path).read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        if _SPEAKS[manager].search(line) and not line.lstrip().startswith("#"):
            yield Contradiction(path, number, line.strip())


def relock(root: Path, manager: Manager) -> str:
    """What someone types to bring the lock up to date."""
    if manager == "uv":
        return "uv lock"
    if (root / "scripts/in_venv.sh").is_file():
        return "sh scripts/in_venv.sh --lock"
    return f"pip-compile --output-file {LOCKS[manager]} pyproject.toml requirements/dev.in"


def uv_sync(*, in_ci: bool) -> tuple[str, ...]:
    """The words after `uv`: lock and install; in CI a stale lock is an error."""
    return ("sync", "--locked") if in_ci else ("sync",)


def pip_tools_steps(python: str, *, lock: bool, has_pip: bool, has_pip_tools: bool) -> list[tuple[str, ...]]:
    """The commands, in order; `lock` compiles the lock before it is installed."""
    compiled = LOCKS["pip-tools"]
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    steps: list[tuple[str, ...]] = []
    if not has_pip:  # uv makes environments without it
        steps.append((python, "-m", "ensurepip"))
    if not has_pip_tools:
        # The pip that comes with Python may be too old for a git+file:// pin.
        steps.append((*pip, "--upgrade", "pip", "pip-tools"))
    if lock:
        steps.append(pip_tools_compile(python, compiled))
    steps.append((python, "-m", "piptools", "sync", "--quiet", compiled))
    # From the lock's own build backend, so nothing unlocked is downloaded to build it.
    steps.append((*pip, "--no-deps", "--no-build-isolation", "--editable", "."))
    return steps


def pip_tools_compile(python: str, output: str) -> tuple[str, ...]:
    """Compile the lock to a file; pins that stand there already are kept."""
    return (
        python,
        "-m",
        "piptools",
        "compile",
        "--quiet",
        "--output-file",
        output,
        "pyproject.toml",
        "requirements/dev.in",
    )
