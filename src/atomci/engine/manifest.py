"""The manifest of a run: what its results depend on, written when it is over."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from pathlib import Path

from atomci.artifacts.handed.manifests import MANIFEST, Manifest, Ran
from atomci.artifacts.handed.runs import AtomFinished, Observed, Result
from atomci.artifacts.handles import result_of
from atomci.artifacts.store import ArtifactError, read_if_there, write
from atomci.engine.context import Workspace
from atomci.engine.events import EventLog, now
from atomci.engine.inputs.environment import python_version
from atomci.engine.plan import Plan
from atomci.errors import InfrastructureError
from atomci.tools.distributions import own_version

__all__ = ["write_manifest"]

_SETTINGS = (
    *("pyproject.toml", "uv.lock", "requirements/*", "requirements*.txt", "setup.cfg", "tox.ini"),
    *("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", ".coveragerc", "mypy.ini", ".mypy.ini"),
    *("ruff.toml", ".ruff.toml", ".python-version"),
)
_SHOWN = ("CI", "TZ", "LANG", "LC_ALL", "LC_CTYPE", "PYTEST_ADDOPTS", "COVERAGE_CORE", "SOURCE_DATE_EPOCH")
_SHOWN_PREFIX = "PYTHON"


def write_manifest(
    workspace: Workspace, plan: Plan, events: EventLog, finished: Sequence[AtomFinished]
) -> None:
    """Write what this run depended on beside its events. Raises OSError."""
    seen = list(_observed(workspace, plan, events.run))
    git = workspace.project.git
    try:
        commit, uncommitted = git.commit("HEAD"), workspace.inputs.changed(None)
    except InfrastructureError:
        commit, uncommitted = None, None
    found = Manifest(
        run=events.run,
        time=now(),
        atomci=own_version(),
        targets=plan.targets,
        event=workspace.options.event,
        since=workspace.options.since,
        commit=commit,
        uncommitted=None if uncommitted is None else tuple(uncommitted),
        python=python_version(workspace.project),
        system=f"{platform.system()} {platform.machine()}",
        packages=workspace.project.versions,
        inputs=_inputs(workspace, seen),
        variables=_variables(seen),
        atoms={row.atom: _ran(row, str(workspace.project.root)) for row in finished},
    )
    write(events.folder / MANIFEST, found, workspace.redactor.clean_json)


def _observed(workspace: Workspace, plan: Plan, run: str) -> Iterator[Observed]:
    for atom in plan.atoms:
        try:
            result = read_if_there(workspace.project.root / result_of(atom.name), Result)
        except ArtifactError:
            continue
        if result is not None and result.run == run and result.observed is not None:
            yield result.observed


def _inputs(workspace: Workspace, seen: Sequence[Observed]) -> dict[str, str]:
    """Artifacts are made by the run itself; what lies outside is another file on each machine."""
    found = {path: workspace.inputs.hash_of(path) for path in workspace.inputs.matching(_SETTINGS)}
    for observed in seen:
        found |= observed.files
    own = (
        path
        for path in found
        if not Path(path).is_absolute() and not path.startswith(("artifacts/", ".atomci", ".git/"))
    )
    return {path: found[path] for path in sorted(own)}


def _variables(seen: Sequence[Observed]) -> dict[str, str]:
    found = {name: value for observed in seen for name, value in observed.variables.items()}
    shown = {
        name: value for name, value in os.environ.items() if name in _SHOWN or name.startswith(_SHOWN_PREFIX)
    }
    return dict(sorted((found | shown).items()))


def _ran(row: AtomFinished, root: str) -> Ran:
    commands = tuple(command.replace(root, ".") for command in row.commands)
    return Ran(status=row.status, reason=row.reason, cached=row.cached, commands=commands)
