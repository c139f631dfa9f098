"""Where interpreters are, and which of them satisfies what the project asks for.

A name on PATH proves nothing: pyenv puts shims there that fail. Each candidate is started and asked.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from atomci.artifacts.handed.schemas import ToolFound, ToolReport
from atomci.errors import UsageError

__all__ = [
    "QUESTION",
    "Found",
    "Wanted",
    "candidates",
    "choose",
    "install_line",
    "installable",
    "report",
    "wanted",
]

QUESTION = "import sys; print(sys.version.split()[0].rstrip('+'))"
"""What a candidate is asked with `-c`; the answer is its version alone, such as 3.13.1 or 3.14.0rc1."""

_KNOWN_MINORS = ("3.15", "3.14", "3.13", "3.12", "3.11")


@dataclass(frozen=True)
class Wanted:
    """Versions that will do, and where that was said."""

    versions: SpecifierSet
    said: str

    def __str__(self) -> str:
        return self.said

    def __contains__(self, version: str) -> bool:
        """As uv and pip see it: a prerelease counts as its release. What is no version isn't in it."""
        try:
            return self.versions.contains(Version(version).base_version, prereleases=True)
        except InvalidVersion:
            return False


@dataclass(frozen=True)
class Found:
    """The interpreter to use, if any, and the candidates that were passed over with the reason."""

    path: str | None
    version: str | None
    passed_over: tuple[str, ...]


def wanted(project: Mapping[str, object], root: Path, environ: Mapping[str, str]) -> Wanted:
    """`[project] requires-python` (`>=3.11` without), narrowed by UV_PYTHON, else by .python-version.

    uv obeys those two on every sync, so an environment of another version wouldn't last. Raises UsageError.
    """
    text = str(project.get("requires-python") or ">=3.11")
    try:
        versions = SpecifierSet(text)
    except InvalidSpecifier:
        raise UsageError(
            f"pyproject.toml: requires-python {text!r} isn't a version range", 'requires-python = ">=3.11"'
        ) from None
    for source, asked in (("UV_PYTHON", environ.get("UV_PYTHON")), (".python-version", _pinned(root))):
        if asked and (narrower := _request(asked)) is not None:
            return Wanted(versions & narrower, f"{text}, by {source} {narrower}")
    return Wanted(versions, text)


def _pinned(root: Path) -> str | None:
    """The first line of .python-version that isn't a comment."""
    file = root / ".python-version"
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    lines = (line.strip() for line in text.splitlines())
    return next((line for line in lines if line and not line.startswith("#")), None)


def _request(text: str) -> SpecifierSet | None:
    """The versions that `3.12`, `cpython-3.12.1` or `>=3.12` asks for; None for a path or another name."""
    match = re.fullmatch(r"(?:c?python[-@]?)?(\d+(?:\.\d+){0,2})(?:-.*)?", text)
    if match:
        exact = match[1].count(".") == 2
        return SpecifierSet(f"=={match[1]}" if exact else f"=={match[1]}.*")
    try:
        return SpecifierSet(text) if text[:1] in "<>=!~" else None
    except InvalidSpecifier:
        return None


def candidates(environment: Path, environ: Mapping[str, str], uv_folder: Path | None) -> Iterator[str]:
    """Interpreters to ask, in the order of preference: the project's own, since it is in use; a path in
    UV_PYTHON; the one behind atomci, known to work; then PATH, pyenv's and uv's, each newest first.

    Nothing is started here.
    """
    yield from _existing(_in_environment(environment))
    asked = environ.get("UV_PYTHON", "")
    if os.sep in asked or "/" in asked:
        yield asked
    yield from _existing([_running()])
    for name in (*(f"python{minor}" for minor in _KNOWN_MINORS), "python3", "python"):
        for folder in environ.get("PATH", "").split(os.pathsep):
            if folder and (program := shutil.which(name, path=folder)):
                yield program
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or "~").expanduser()
    pyenv = Path(environ.get("PYENV_ROOT") or home / ".pyenv")
    yield from _installed(pyenv / "versions")
    yield from _installed(pyenv / "pyenv-win" / "versions")
    if uv_folder is not None:
        yield from _installed(uv_folder)


def choose(found: Iterable[str], wanted: Wanted, ask: Callable[[str], str | None]) -> Found:
    """The first candidate that satisfies, a prerelease only where no release does.

    `ask` gives a version, None when it can't be started.
    """
    passed_over: list[str] = []
    prereleases: list[tuple[str, str]] = []
    for path in dict.fromkeys(found):
        version = ask(path)
        if version is None:
            passed_over.append(f"{path} can't be started")
        elif version not in wanted:
            passed_over.append(f"{path} is {version}")
        elif Version(version).is_prerelease:
            prereleases.append((path, version))
        else:
            passed_over += [f"{other} is {early}" for other, early in prereleases]
            return Found(path, version, tuple(passed_over))
    if prereleases:
        return Found(*prereleases[0], tuple(passed_over))
    return Found(None, None, tuple(passed_over))


def installable(wanted: Wanted) -> str:
    """The version to ask uv for: the newest known minor but the very latest, if that will do.

    Raises UsageError when none will.
    """
    fitting = [minor for minor in _KNOWN_MINORS if any(f"{minor}.{n}" in wanted for n in range(99))]
    if not fitting:
        raise UsageError(
            f"no Python from {_KNOWN_MINORS[-1]} to {_KNOWN_MINORS[0]} satisfies {wanted}",
            "correct requires-python, .python-version or UV_PYTHON",
        )
    exact = [spec.version for spec in wanted.versions if spec.operator == "==" and "*" not in spec.version]
    return exact[0] if exact else fitting[1] if len(fitting) > 1 else fitting[0]


def install_line(wanted: Wanted) -> str:
    """What someone types to get one. Raises UsageError as `installable` does."""
    return f"uv python install {installable(wanted)}"


def report(wanted: Wanted, found: Found) -> ToolReport:
    """What was wanted and what was found, with the reasons against the others."""
    row = ToolFound(
        tool="python",
        wanted=str(wanted),
        found=found.version,
        path=found.path,
        usable=found.path is not None,
        note="; ".join(found.passed_over),
    )
    return ToolReport(tools=(row,))


def _in_environment(folder: Path) -> list[Path]:
    return [folder / "bin" / "python", folder / "Scripts" / "python.exe"]


def _existing(paths: Iterable[Path]) -> Iterator[str]:
    return (str(path) for path in paths if path.is_file())


def _running() -> Path:
    """The interpreter behind atomci's own environment, which outlives that environment."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    return Path(base)


def _installed(folder: Path) -> Iterator[str]:
    """Interpreters in a folder with one folder per version, newest first."""
    if not folder.is_dir():
        return
    versions = [entry for entry in folder.iterdir() if entry.is_dir()]
    for entry in sorted(versions, key=_version_of, reverse=True):
        yield from _existing([*_in_environment(entry), entry / "python.exe", entry / "bin" / "python3"])


def _version_of(entry: Path) -> Version:
    digits = [part for part in entry.name.replace("-", ".").split(".") if part.isdigit()]
    return Version(".".join(digits) or "0")
