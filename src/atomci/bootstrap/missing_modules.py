"""What to type where a module can't be imported, since no distribution that has it is installed.

Of most modules nobody knows for sure which distribution has them: any name may be taken by anybody.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from atomci.artifacts.handed.schemas import Finding
from atomci.bootstrap.managers.locked import locked_versions
from atomci.bootstrap.managers.protocol import Manager
from atomci.bootstrap.managers.table import MANAGERS
from atomci.errors import AtomciError
from atomci.project import Project

__all__ = ["DISTRIBUTIONS", "how_to_add"]

_OTHER_NAMES = {
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "fitz": "pymupdf",
    "git": "gitpython",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "multipart": "python-multipart",
    "pptx": "python-pptx",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
_SAME_NAMES = (
    "aiohttp alembic anyio attrs boto3 botocore cachetools celery click cryptography django fastapi flask "
    "freezegun fsspec h5py httpx hypothesis jinja2 joblib jsonschema lxml markdown matplotlib msgspec "
    "networkx numpy openpyxl orjson packaging pandas paramiko platformdirs polars psutil psycopg pyarrow "
    "pydantic pygments pymongo pytest redis requests responses respx rich scipy seaborn sqlalchemy "
    "starlette structlog tabulate tenacity toml tomlkit torch tornado tqdm typer ujson urllib3 uvicorn "
    "uvloop watchfiles websockets xarray"
)
DISTRIBUTIONS: Mapping[str, str] = {name: name for name in _SAME_NAMES.split()} | _OTHER_NAMES
"""Modules whose distribution is known for sure."""

_MISSING = re.compile(
    r"ModuleNotFoundError: No module named '(?P<run>[\w.]+)'"
    r"|Cannot find implementation or library stub for module named \"(?P<typed>[\w.]+)\""
)
_STUBS = re.compile(r"Library stubs not installed for .*\bpip install (?P<stubs>types-[\w.-]+)")
_NOT_SHIPPED = ("tests/", "docs/", "scripts/")


def how_to_add(project: Project, findings: Iterable[Finding]) -> list[str]:
    """A line for each module that the findings miss, in their order. Modules of the project aren't missed."""
    manager = next((row for row in MANAGERS.values() if (project.root / row.LOCK).is_file()), None)
    if manager is None:
        return []
    found: dict[str, str] = {}
    for finding in findings:
        is_for_tests = finding.path.startswith(_NOT_SHIPPED)
        if stubs := _STUBS.match(finding.message):
            said = f"{stubs['stubs']} has types: {manager.to_add(project.root, stubs['stubs'], dev=True)}"
            found.setdefault(stubs["stubs"], said)
        elif missing := _MISSING.match(finding.message):
            module = (missing["run"] or missing["typed"]).partition(".")[0]
            for said in _lines(project, manager, module, is_for_tests):
                found.setdefault(module, said)
    return list(found.values())


def _lines(project: Project, manager: Manager, module: str, dev: bool) -> Iterator[str]:
    if module in sys.stdlib_module_names or _is_own(project.root, module):
        return
    name = DISTRIBUTIONS.get(module)
    if name is None:
        how = manager.to_add(project.root, "NAME", dev=dev)
        yield f"module {module}: which distribution has it isn't known for sure; look it up, then {how}"
    elif project.version_of(name) is None:
        is_locked = name in _locked(project, manager)
        sync = "it is in the lock, and not installed: atomci run compile_lockfile_and_sync"
        yield f"module {module}: {sync if is_locked else manager.to_add(project.root, name, dev=dev)}"


def _locked(project: Project, manager: Manager) -> Mapping[str, tuple[str, ...]]:
    try:
        return locked_versions(project.root, manager) or {}
    except AtomciError:
        return {}


def _is_own(root: Path, module: str) -> bool:
    places = [folder / module for folder in (root, root / "src", root / "tests", root / "tests/unit")]
    return any(place.is_dir() or place.with_suffix(".py").is_file() for place in places)
