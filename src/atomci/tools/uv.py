"""uv: where it is, how it is called, what it says when it fails."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from functools import cache
from pathlib import Path

from atomci.errors import InfrastructureError
from atomci.tools.process import Children, Command, ToolMissing

__all__ = ["error_line", "find", "off_path", "program", "python_folder"]


def find() -> str | None:
    """uv's path: the one that runs us, on PATH, beside this interpreter or the one behind it."""
    name = "uv.exe" if os.name == "nt" else "uv"
    running = os.environ.get("UV")
    if running and Path(running).is_file():
        return running
    if (on_path := shutil.which("uv")) and _starts(on_path):
        return on_path
    base = getattr(sys, "_base_executable", None) or sys.executable
    for folder in (Path(sys.executable).parent, Path(base).parent, Path.home() / ".local" / "bin"):
        if (folder / name).is_file():
            return str(folder / name)
    return _of_package()


@cache
def _starts(path: str) -> bool:
    """A shim of pyenv is on PATH also where the Python that has uv isn't the chosen one."""
    try:
        return Children().run(Command((path, "--version"), timeout=30), Path.cwd()).code == 0
    except InfrastructureError:
        return False


def _of_package() -> str | None:
    """Where `python -m uv` would find it: installed for this interpreter, but into another scripts folder."""
    try:
        return str(importlib.import_module("uv").find_uv_bin())
    except (ImportError, AttributeError, FileNotFoundError):
        return None


def program() -> str:
    """uv's path. Raises ToolMissing with the command that installs it."""
    path = find()
    if path is None:
        raise ToolMissing("uv isn't installed", "python3 -m pip install uv, or see https://docs.astral.sh/uv")
    return path


def off_path() -> Path | None:
    """The folder of uv where no uv is on the PATH of whoever called; None where one is, or there is none."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    if os.environ.get("UV"):
        # `uv run` puts the environment's scripts there for us alone, and these may hold a uv.
        ours = Path(sys.executable).parent
        folders = [folder for folder in folders if Path(folder) != ours]
    on_path = shutil.which("uv", path=os.pathsep.join(folders))
    path = find()
    return None if path is None or (on_path and _starts(on_path)) else Path(path).absolute().parent


def python_folder(root: Path) -> Path | None:
    """Where uv keeps the interpreters it installed; None without uv."""
    path = find()
    if path is None:
        return None
    done = Children().run(Command((path, "python", "dir"), timeout=30), root)
    return Path(done.stdout.strip()) if done.code == 0 and done.stdout.strip() else None


def error_line(stderr: str) -> str:
    """What uv says went wrong, in one line."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [
        line for line in lines if line.startswith(("error:", "×", "╰─▶", "Caused by:", "cause:", "hint:"))
    ]
    return "; ".join(line.lstrip("×╰─▶ ") for line in errors[:4]) or (lines[-1] if lines else "no message")
