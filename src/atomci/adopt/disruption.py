"""What a rendered file would change in a repository that tests, releases and documents itself already."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from atomci.adopt.existing import Existing, value_at

__all__ = ["disruption"]

_LOADED = re.compile(r"(.+/)?(conftest\.py|test_[^/]+\.py|[^/]+_test\.py)|(tests?|testing)/.+\.py")
_PUBLISHES = re.compile(
    r"gh-action-pypi-publish|gh release create|action-gh-release|semantic-release|goreleaser|"
    r"\b(twine upload|(uv|poetry|hatch|flit|pdm|maturin|rye) publish|setup\.py .*upload)\b"
)
_READS_VERSION = re.compile(r"uv version\b|\[.project.\]\[.version.\]")
_RUNNERS = re.compile(
    r"\.github/workflows/.+\.ya?ml|\.gitlab-ci\.yml|\.circleci/config\.yml|azure-pipelines\.yml|\.travis\.yml|"
    r"\.woodpecker(/.+|\.ya?ml)|\.forgejo/workflows/.+|\.gitea/workflows/.+|Jenkinsfile|\.cirrus\.yml|"
    r"(GNU)?[Mm]akefile|\.?[Jj]ustfile|noxfile\.py|tasks\.py|tox\.ini|Taskfile\.ya?ml|"
    r"(scripts|tools|ci|bin)/[^/]+"
)
_SITES = re.compile(
    r"mkdocs\.ya?ml|(docs|docs/source|doc)/conf\.py|docs/(_config\.yml|index\.(md|rst|html)|book\.toml)|zensical\.toml"
)
# The places of each tool's settings: a file of its own, or a table in one that several share.
_SETTINGS = {
    "pytest": (
        ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini"),
        {"pyproject.toml": "[tool.pytest", "tox.ini": "[pytest]", "setup.cfg": "[tool:pytest]"},
    ),
    "ruff": (("ruff.toml", ".ruff.toml"), {"pyproject.toml": "[tool.ruff"}),
    "mypy": (("mypy.ini", ".mypy.ini"), {"pyproject.toml": "[tool.mypy", "setup.cfg": "[mypy"}),
    "coverage": (
        (".coveragerc", ".coveragerc.toml"),
        {"pyproject.toml": "[tool.coverage", "setup.cfg": "[coverage:", "tox.ini": "[coverage:"},
    ),
    "flake8": ((".flake8",), {"setup.cfg": "[flake8", "tox.ini": "[flake8"}),
    "isort": ((".isort.cfg",), {"pyproject.toml": "[tool.isort", "setup.cfg": "[isort", "tox.ini": "[isort"}),
    "tox": (("tox.ini", "tox.toml"), {"pyproject.toml": "[tool.tox", "setup.cfg": "[tox"}),
}
_LINE_LENGTH = re.compile(r"(?m)^\s*(?:max[-_])?line[-_]length\s*[=:]\s*(\d+)")
_WITH_LINE_LENGTH = (
    "pyproject.toml",
    "ruff.toml",
    ".ruff.toml",
    "setup.cfg",
    "tox.ini",
    ".flake8",
    ".pylintrc",
)


def disruption(path: str, text: str, existing: Existing) -> str | None:
    """Why a file that isn't there is better left out; None where it changes nothing of the repository."""
    if not existing.has_code:
        return None
    return next(filter(None, _reasons(path, text, existing)), None)


def _reasons(path: str, text: str, existing: Existing) -> Iterator[str | None]:
    yield "pytest would load it with your tests" if _LOADED.fullmatch(path) else None
    yield _second_publisher(path, text, existing)
    yield _version_that_is_not_there(path, text, existing)
    yield _page_of_a_site(path, existing)
    yield _overruling(path, existing)
    yield _other_line_length(path, text, existing)


def _second_publisher(path: str, text: str, existing: Existing) -> str | None:
    if not (_RUNNERS.fullmatch(path) and _PUBLISHES.search(text)):
        return None
    for name in sorted(filter(_RUNNERS.fullmatch, existing.paths)):
        if _PUBLISHES.search(existing.read(name)):
            return f"{name} publishes already, and a release would go out twice"
    return None


def _version_that_is_not_there(path: str, text: str, existing: Existing) -> str | None:
    """A workflow that holds a tag against a version in pyproject.toml can't where that is computed."""
    asks = path.startswith(".github/workflows/") and _READS_VERSION.search(text)
    if not asks or value_at(existing.pyproject, "project.version") is not None:
        return None
    return "it reads the version from pyproject.toml, and yours isn't there"


def _page_of_a_site(path: str, existing: Existing) -> str | None:
    pure = PurePosixPath(path)
    if pure.parts[0] not in ("docs", "doc") or pure.suffix not in (".md", ".rst", ".html"):
        return None
    site = next((name for name in sorted(existing.paths) if _SITES.fullmatch(name)), None)
    return f"{site} makes a site of that folder, and it would be a page there" if site else None


def _overruling(path: str, existing: Existing) -> str | None:
    for tool, (files, tables) in _SETTINGS.items():
        if path not in files:
            continue
        for name in sorted(existing.paths & {*files, *tables}):
            if name in files or tables[name] in existing.read(name):
                return f"{tool} would no longer read its settings in {name}"
    return None


def _other_line_length(path: str, text: str, existing: Existing) -> str | None:
    if path != ".editorconfig" or not (asked := _LINE_LENGTH.search(text)):
        return None
    for name in _WITH_LINE_LENGTH:
        found = _LINE_LENGTH.search(existing.read(name)) if name in existing.paths else None
        if found and found[1] != asked[1]:
            return f"it sets a line length of {asked[1]}, and {name} one of {found[1]}"
    return None
