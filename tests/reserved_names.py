"""What a rendered project locks and installs under a name that a new project could still take."""

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

from jinja2 import Environment

ROOT = Path(__file__).parents[1]
_MODULES = """\
import json
from importlib.metadata import packages_distributions
print(json.dumps(packages_distributions()))
"""


def names() -> Any:
    """The lists of includes/names.jinja."""
    return (
        Environment(autoescape=True)
        .from_string((ROOT / "includes/names.jinja").read_text(encoding="utf-8"))
        .module
    )


def free_projects(project: Path) -> set[str]:
    """Distributions in the lock that are neither the project itself nor reserved."""
    own = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]["name"]
    return _locked(project) - {own, *names().reserved_projects}


def free_packages(project: Path, python: Path) -> set[str]:
    """Modules in the environment that are neither the project's own nor reserved."""
    own = {path.name for path in (project / "src").iterdir()}
    done = subprocess.run([str(python), "-c", _MODULES], capture_output=True, check=True, text=True)
    found = {name for name in json.loads(done.stdout) if re.fullmatch("[a-z][a-z0-9_]*", name)}
    # mypyc names a module after the hash of what it holds: nobody takes such a name.
    return {name for name in found if not name.endswith("__mypyc")} - {*own, *names().reserved_packages}


def _locked(project: Path) -> set[str]:
    if (project / "uv.lock").is_file():
        lock = tomllib.loads((project / "uv.lock").read_text(encoding="utf-8"))
        return {package["name"] for package in lock["package"]}
    text = (project / "requirements/dev.txt").read_text(encoding="utf-8")
    found = re.findall(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?=[ =@])", text, re.MULTILINE)
    return {re.sub("[-_.]+", "-", name).lower() for name in found}
