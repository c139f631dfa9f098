"""`[tool.atomci.services.NAME]`: what the e2e tests find running."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from atomci.project import Project
from atomci.tables import command_problem, own_tables

__all__ = ["ServiceSettings", "read_services"]

_READY = re.compile(r"http://[^/\s]+(/\S*)?|tcp:(\d+|\{port\})")


class ServiceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One service: either `run` or `image`. `{port}` in `run` and `ready` stands for a free port."""

    run: str | None = None
    """A command line, run in the project's root without a shell."""
    image: str | None = None
    """A container's image, started where Docker runs."""
    port: int | None = None
    """The port inside the container, published as `{port}`."""
    ready: str
    """Where it answers when it is up: `http://127.0.0.1:{port}/PATH` or `tcp:{port}`."""
    timeout: float = 30.0
    """Seconds that it may take to be up."""


def read_services(project: Project) -> dict[str, ServiceSettings]:
    """The declared services by name. Raises UsageError."""
    return own_tables(project, "services", ServiceSettings, _problems)


def _problems(name: str, service: ServiceSettings) -> Iterator[tuple[str, str, str]]:
    if not re.fullmatch(r"[A-Za-z]\w*", name):
        yield "", "name it by letters, digits and underscores", ""
    if (service.run is None) == (service.image is None):
        yield ("" if service.run is None else "image"), "give either run or image", ""
    if service.run is not None and (problem := command_problem(service.run)):
        yield "run", problem, ""
    if service.image is not None and service.port is None:
        yield "image", "give the port inside the container too: port = 5432", ""
    if service.run is not None and service.port is not None:
        yield "port", "is for an image; a command is told its port by {port}", ""
    if not _READY.fullmatch(service.ready):
        yield "ready", "give http://127.0.0.1:{port}/PATH or tcp:{port}", ""
    if service.timeout <= 0:
        yield "timeout", "give a number of seconds above 0", ""
