"""What is typed on the branch of an adoption until the gate runs there."""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from atomci.adopt.existing import Existing, strings, value_at
from atomci.project import oldest_python, requirement_in

__all__ = ["STUB", "next_steps"]

STUB = "# What the project is developed with. {setup} describes the package.\n[tool.atomci]\n"
"""The pyproject.toml of a repository whose package is described elsewhere: it changes nothing of that."""

_UV = "pyproject.toml"
_PIP_TOOLS = "requirements/dev.in"
_OLDEST = (3, 11)
"""The first Python that the tools run on."""


def next_steps(rendered: Mapping[str, str], added: Mapping[str, str], existing: Existing) -> Iterator[str]:
    """The commands, in their order; none for a template that doesn't bring atomci.

    `rendered` are the texts of the template, `added` those that are new on the branch.
    """
    if _PIP_TOOLS in rendered:
        yield from _with_pip_tools(rendered[_PIP_TOOLS], existing)
        yield "sh scripts/in_venv.sh atomci run local_ci -k"
    elif "atomci" in _named(wanted := _dev_group(rendered.get(_UV, ""))):
        if _UV not in added or existing.setup_file:
            source = value_at(tomllib.loads(rendered[_UV]), "tool.uv.sources.atomci")
            yield from _with_uv(wanted, source, existing)
        yield "uv run atomci run local_ci -k"


def _with_uv(wanted: Sequence[str], source: Any, existing: Existing) -> Iterator[str]:
    have = _named(_dev_group_of(existing.pyproject))
    lacking = [text for text in wanted if not _named([text]) & have]
    lacking = [_pinned(source) if _named([text]) == {"atomci"} and source else text for text in lacking]
    editable = [word for text in lacking if text.startswith("--editable ") for word in text.split(" ", 1)]
    words = [text for text in lacking if not text.startswith("--editable ")]
    older = _older_than_the_tools(existing)
    marker = ["--marker", f"python_version >= '{_OLDEST[0]}.{_OLDEST[1]}'"] if older else []
    # A folder is installed editable, which isn't said of the others.
    for group in filter(None, (editable, words)):
        yield " ".join(map(_quoted, ["uv", "add", "--group", "dev", *marker, *group]))
    if "project" not in existing.pyproject:
        yield "uv pip install --editable ."


def _quoted(word: str) -> str:
    """As every shell takes it, that of Windows too."""
    return f'"{word}"' if shlex.quote(word) != word else word


def _pinned(source: Mapping[str, Any]) -> str:
    if "path" in source:
        return f"--editable {source['path']}"
    return f"atomci @ git+{source['git']}@{source.get('tag') or source['rev']}"


def _with_pip_tools(dev_in: str, existing: Existing) -> Iterator[str]:
    """What builds the package has to be locked too: it is installed without isolation."""
    builds = strings(value_at(existing.pyproject, "build-system.requires")) or ["setuptools"]
    have = _named(dev_in.splitlines())
    lacking = [text for text in builds if not _named([text]) & have]
    if lacking and (existing.pyproject or existing.setup_file):
        yield f"printf '%s\\n' {' '.join(map(_quoted, lacking))} >> {_PIP_TOOLS}"


def _older_than_the_tools(existing: Existing) -> bool:
    requires = value_at(existing.pyproject, "project.requires-python")
    oldest = oldest_python(requires) if isinstance(requires, str) else None
    if requires is None:
        return False
    return oldest is None or tuple(map(int, oldest.split("."))) < _OLDEST


def _dev_group(text: str) -> list[str]:
    try:
        return _dev_group_of(tomllib.loads(text))
    except tomllib.TOMLDecodeError:
        return []


def _dev_group_of(table: Mapping[str, Any]) -> list[str]:
    return strings(value_at(table, "dependency-groups.dev"))


def _named(requirements: Sequence[str]) -> frozenset[str]:
    return frozenset(required.name for text in requirements if (required := requirement_in(text)))
