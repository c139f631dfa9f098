"""The templates that templates.py compares: what each needs to render, and the commands its pages name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

WHO = {
    "full_name": "Ada",
    "author_name": "Ada",
    "email": "ada@example.com",
    "author_email": "ada@example.com",
}


@dataclass(frozen=True)
class Peer:
    """A template: answers that it has no default for, and the commands that its pages name."""

    setup: tuple[str, ...]
    check: tuple[str, ...]
    change: tuple[str, str] | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    imported: bool = False
    remark: str = ""


def ours(profile: str) -> Peer:
    """This template, as copier renders it."""
    return Peer(
        setup=("uv sync", "uv run atomci run bootstrap"),
        check=("uv run atomci run local_ci",),
        change=("description", "Another one."),
        answers={"profile": profile},
    )


DESCRIBED = {"project_name": "demo-peer", "project_description": "A demo."}
PEERS = {
    "atomci-minimal": ours("minimal"),
    "atomci-standard": ours("standard"),
    "atomci-everything": ours("everything"),
    "copier-uv": Peer(
        setup=("python3 scripts/make setup",),
        check=("python3 scripts/make check", "python3 scripts/make test"),
        change=("project_description", "Another one."),
        answers=DESCRIBED,
        remark="set up for one Python (PYTHON_VERSIONS empty), not for six",
    ),
    "cookie": Peer(
        setup=(),
        check=("uvx nox -s lint", "uvx nox -s pylint tests"),
        change=("project_short_description", "Another one."),
        answers={
            **WHO,
            "project_name": "demo-peer",
            "org": "acme",
            "license": "BSD",
            "backend": "hatch",
            "docs": "sphinx",
            "vcs": "true",
        },
    ),
    "simple-modern-uv": Peer(
        setup=("make install",),
        check=("make lint-check", "make test"),
        change=("package_description", "Another one."),
        programs=("uv>=0.12,<0.13",),
        remark="its uv.toml refuses other versions of uv than 0.12",
    ),
    "cookiecutter-uv": Peer(setup=("make install",), check=("make check", "make test")),
    "substrate": Peer(
        setup=("uv sync --python 3.12 --all-extras", "uv run pre-commit install --install-hooks"),
        check=("uv run poe lint", "uv run poe test"),
        change=("project_description", "Another one."),
        answers={
            **WHO,
            **DESCRIBED,
            "project_name": "Demo Peer",  # from which it makes the package's name, by its spaces
            "project_url": "https://github.com/acme/demo-peer",
        },
    ),
    "ss-python": Peer(
        setup=("make prerequisites", "make dev"),
        check=("make lint", "make test"),
        change=("project_description", "Another one."),
        programs=("pipx",),
    ),
    "python-package-copier-template": Peer(
        setup=("make UV_MALWARE_CHECK=0 install",),
        check=("make UV_MALWARE_CHECK=0 qa", "make UV_MALWARE_CHECK=0 test"),
        change=("project_description", "Another one."),
        flags=("--skip-tasks",),
        programs=("prek",),
        imported=True,
        remark="without its tasks and without UV_MALWARE_CHECK, which asks a host for known malware",
    ),
    "python-copier-template": Peer(
        setup=("uv sync",),
        check=("uv run tox -e pre-commit", "uv run tox -e type-checking,tests"),
        change=("description", "Another one."),
        answers={
            **WHO,
            "package_name": "demo_peer",
            "description": "A demo.",
            "git_platform": "github.com",
            "component_owner": "group:default/acme",
            "docker": "false",
            "docs_type": "README",
            "type_checker": "pyright",
            "pypi": "true",
        },
    ),
}
