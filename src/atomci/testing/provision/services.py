"""Services that e2e tests find running: started, waited for, and always stopped."""

from __future__ import annotations

import http.client
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from atomci.errors import InfrastructureError
from atomci.testing.provision.ports import free_ports
from atomci.tools.process import Children, Command

__all__ = ["Service", "ServiceFailed", "docker_problem", "running", "variable"]

_PAUSE = 0.05


class ServiceFailed(InfrastructureError):
    """It couldn't be started, ended early, or wasn't up in time."""


@dataclass(frozen=True)
class Service:
    """One declared service. `words` may hold `{port}`; `container` is its name when it is one."""

    name: str
    words: tuple[str, ...]
    ready: str
    timeout: float
    container: str = ""

    def port(self, root: Path) -> int:
        """The port that it gets, the same one while that is free."""
        return free_ports(f"{root}/{self.name}", 1)[0]

    def command(self, port: int, scripts: Path) -> Command:
        """What starts it. Programs of the project's environment come first on its PATH."""
        path = os.pathsep.join((str(scripts), os.environ.get("PATH", "")))
        words = tuple(word.replace("{port}", str(port)) for word in self.words)
        return Command(words, {"PATH": path})

    def address(self, port: int) -> tuple[str, int]:
        """Where it listens."""
        ready = self.ready.replace("{port}", str(port))
        if ready.startswith("tcp:"):
            return "127.0.0.1", int(ready.removeprefix("tcp:"))
        url = urlsplit(ready)
        return url.hostname or "127.0.0.1", url.port or 80


def variable(name: str) -> str:
    """The variable that tells tests its address, `host:port`; it isn't set while the service is absent."""
    return f"ATOMCI_SERVICE_{name.upper()}"


def docker_problem(children: Children, root: Path) -> str:
    """Why no container can be started, empty when one can."""
    try:
        done = children.run(Command(("docker", "info"), timeout=20), root)
    except InfrastructureError as error:
        return f"Docker doesn't run: {error.message}"
    return f"Docker doesn't run: {done.last_line}" if done.code else ""


@contextmanager
def running(
    service: Service, children: Children, root: Path, scripts: Path, log: Callable[[str], None]
) -> Iterator[Mapping[str, str]]:
    """A service that is up, with the variables that tell tests where. Raises ServiceFailed, Stopped."""
    port = service.port(root)
    address = service.address(port)
    if _listens(address):
        raise ServiceFailed(f"{service.name}: {address[0]}:{address[1]} is taken by another program")
    command = service.command(port, scripts)
    log(f"$ {command}\n")
    try:
        with children.beside(command, root, log) as code:
            _wait(service, address, port, code)
            yield {variable(service.name): f"{address[0]}:{address[1]}"}
    finally:
        if service.container:
            _remove(service.container, root, log)
        log(f"-> {service.name} stopped\n")


def _remove(container: str, root: Path, log: Callable[[str], None]) -> None:
    """Docker keeps a container whose client was killed. The atom's own children may be stopped by now."""
    try:
        Children().run(Command(("docker", "rm", "--force", container), timeout=30), root)
    except InfrastructureError as error:
        log(f"the container {container} may still run: {error.message}\n")


def _wait(service: Service, address: tuple[str, int], port: int, code: Callable[[], int | None]) -> None:
    deadline = time.monotonic() + service.timeout
    while time.monotonic() < deadline:
        if (ended := code()) is not None:
            raise ServiceFailed(f"{service.name} ended with exit code {ended} before it was up")
        if _is_up(service.ready.replace("{port}", str(port)), address):
            return
        time.sleep(_PAUSE)
    raise ServiceFailed(f"{service.name} wasn't up after {service.timeout:g} s: {service.ready}")


def _is_up(ready: str, address: tuple[str, int]) -> bool:
    if ready.startswith("tcp:"):
        return _listens(address)
    url = urlsplit(ready)
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    connection = http.client.HTTPConnection(*address, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _listens(address: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(address, timeout=1):
            return True
    except OSError:
        return False
