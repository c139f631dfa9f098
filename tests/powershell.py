"""A real PowerShell with Pester and PSScriptAnalyzer: one that is named, that lies beside the checkout, or the machine's.

ATOMCI_POWERSHELL names an archive, or the folder that it unpacks to: `bin/pwsh`, and `modules/` with a folder for each
version of Pester (`pester-5.7.1`) and one for the analyzer.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

BESIDE = Path(__file__).parents[2] / "shared/tools/powershell.tar.xz"
ABSENT = "there is no PowerShell: ATOMCI_POWERSHELL names none, none lies beside the checkout, and pwsh isn't on PATH"


@dataclass(frozen=True)
class PowerShell:
    """A pwsh; `modules` is None where it is the machine's, which has the modules that it has."""

    program: Path
    modules: Path | None

    def environment(self, *modules: str) -> dict[str, str]:
        """Variables under which these folders of `modules` are there, and no others."""
        path = os.pathsep.join([str(self.program.parent), os.environ["PATH"]])
        if self.modules is None:
            return {**os.environ, "PATH": path}
        found = [self.modules / name for name in modules]
        assert all(folder.is_dir() for folder in found), found
        return {**os.environ, "PATH": path, "PSModulePath": os.pathsep.join(map(str, found))}

    def run(
        self, script: Path, *words: str, cwd: Path, env: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """`pwsh -File`, to its end."""
        line = [str(self.program), "-NoProfile", "-NonInteractive", "-File", str(script), *words]
        return subprocess.run(line, cwd=cwd, env=env, capture_output=True, encoding="utf-8", check=False)


def find_powershell(once: Callable[[str, Callable[[Path], object]], Path]) -> PowerShell:
    """The first of the three; skips the test where there is none."""
    named = os.environ.get("ATOMCI_POWERSHELL")
    place = Path(named) if named else BESIDE
    if place.is_file():
        place = once("powershell", lambda folder: _unpack(place, folder)) / "powershell"
    if (place / "bin/pwsh").is_file():
        return PowerShell(place / "bin/pwsh", place / "modules")
    assert not named, f"ATOMCI_POWERSHELL is neither an archive nor a folder with bin/pwsh: {named}"
    if found := shutil.which("pwsh"):
        return PowerShell(Path(found), None)
    pytest.skip(ABSENT)


def _unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as content:
        content.extractall(folder, filter="tar")
