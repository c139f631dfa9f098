"""What integration tests are lent: a folder, a git remote, ports. All of it is gone when they end."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from atomci.artifacts.handed.schemas import IntegrationEnv
from atomci.errors import InfrastructureError
from atomci.testing.provision.ports import free_ports
from atomci.tools.process import Command

__all__ = ["ENVIRONMENT", "lent", "remote_command", "removed", "variables"]

ENVIRONMENT = IntegrationEnv(
    folder="artifacts/integration/tmp",
    variables={
        "ATOMCI_TMP": "artifacts/integration/tmp/work",
        "ATOMCI_GIT_REMOTE": "artifacts/integration/tmp/remote.git",
    },
    ports=3,
)


def variables(root: Path, env: IntegrationEnv) -> dict[str, str]:
    """What to add to the tests' environment."""
    found = {name: str(root / path) for name, path in env.variables.items()}
    found["ATOMCI_PORTS"] = ",".join(map(str, free_ports(str(root), env.ports)))
    # The folder lies in the project's own repository, which git must not find from there.
    above = os.environ.get("GIT_CEILING_DIRECTORIES")
    ceilings = [str((root / env.folder).parent), *([above] if above else [])]
    return found | {"GIT_CEILING_DIRECTORIES": os.pathsep.join(ceilings)}


def remote_command(root: Path, env: IntegrationEnv) -> Command:
    """What makes the remote."""
    remote = str(root / env.variables["ATOMCI_GIT_REMOTE"])
    return Command(("git", "init", "--quiet", "--bare", "--initial-branch=main", remote))


@contextmanager
def lent(root: Path, env: IntegrationEnv, make_remote: Callable[[], object]) -> Iterator[Mapping[str, str]]:
    """The environment as long as the block lasts; what a killed run left is removed first."""
    removed(root / env.folder)
    try:
        (root / env.variables["ATOMCI_TMP"]).mkdir(parents=True)
        make_remote()
        yield variables(root, env)
    finally:
        removed(root / env.folder)


def removed(folder: Path) -> None:
    """Remove a folder, also what its files' modes protect. Raises InfrastructureError."""

    def writable_first(remove: Callable[[str], object], path: str, _: object) -> None:
        # git's objects are read-only, which stops Windows; a folder that is stops everyone.
        for place in (Path(path).parent, Path(path)):
            place.chmod(stat.S_IRWXU)
        remove(path)

    try:
        if folder.exists():
            shutil.rmtree(folder, onerror=writable_first)
    except OSError as error:
        raise InfrastructureError(f"{folder} can't be removed: {error}") from None
