"""The repository on a GitHub host that a git remote names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from atomci.errors import InfrastructureError
from atomci.tools.git.client import Git

__all__ = ["HostedRepository", "origin", "repository_of"]

_NAMES = r"/?(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:\.git)?/?"
_URL = re.compile(
    rf"(?P<scheme>https?|ssh|git|git\+ssh)://(?:[^@/]+@)?(?P<host>[\w.-]+)(?::(?P<port>\d+))?/{_NAMES}"
)
# A host of one letter is a drive of Windows.
_SCP = re.compile(rf"(?:[^@/:]+@)?(?P<host>[\w.-]{{2,}}):{_NAMES}")
# Other names under which github.com is reached.
_ALIASES = {"ssh.github.com": "github.com", "www.github.com": "github.com"}


@dataclass(frozen=True)
class HostedRepository:
    """A repository; `host` has a port where its web address has one."""

    host: str
    owner: str
    name: str

    def __str__(self) -> str:
        return f"{self.host}/{self.owner}/{self.name}"

    @property
    def path(self) -> str:
        """Where the REST API has it."""
        return f"repos/{self.owner}/{self.name}"


def repository_of(url: str) -> HostedRepository | None:
    """What an https, ssh, git or scp-like url names; None where it names none on a host."""
    match = _URL.fullmatch(url) or _SCP.fullmatch(url)
    if match is None:
        return None
    parts = match.groupdict()
    host = parts["host"].lower()
    # A port of ssh isn't that of the web.
    if parts.get("port") and parts["scheme"].startswith("http"):
        host = f"{host}:{parts['port']}"
    return HostedRepository(_ALIASES.get(host, host), parts["owner"], parts["name"])


def origin(root: Path) -> HostedRepository:
    """The repository of the remote `origin`. Raises InfrastructureError."""
    url = Git(root).ask("remote", "get-url", "origin")
    if not url:
        raise InfrastructureError(
            "git has no remote called origin here", "git remote add origin https://github.com/OWNER/NAME.git"
        )
    found = repository_of(url)
    if found is None:
        shown = re.sub(r"//[^@/]+@", "//", url)
        raise InfrastructureError(
            f"origin is {shown}, which names no repository on a GitHub host",
            "git remote set-url origin https://github.com/OWNER/NAME.git",
        )
    return found
