"""How cookiecutter asks a question of copier's, and what it makes of files and their names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from atomci.errors import RefusedError
from atomci.export.jinja_sources import is_jinja

__all__ = ["FOLDER", "converted", "literal", "looks_binary", "offered", "prompt", "refused"]

FOLDER = "folder_name"
"""The question that an exported template asks besides: the folder that it makes."""

# cookiecutter takes questions of these names for a choice between nested templates.
_TAKEN = {"cookiecutter", "template", "templates"}


def converted(name: str, details: Mapping[str, Any]) -> dict[str, Any]:
    """What the exported extension has to know of a question of copier.yml, as it stands in copier.json.

    Raises RefusedError for a name that is taken, and for choices that depend on answers.
    """
    if name in _TAKEN or name == FOLDER:
        raise refused(f"question {name}", "has a name that the exported template needs itself")
    found = {
        "type": _type(details),
        "when": details.get("when", True),
        "validator": details.get("validator", ""),
        "multiselect": bool(details.get("multiselect", False)),
        "secret": bool(details.get("secret", False)),
        "choices": list(_choices(name, details).values()),
    }
    return found | ({"default": details["default"]} if "default" in details else {})


def _type(details: Mapping[str, Any]) -> str:
    """The one that is named, or else that of the default."""
    named = type(details.get("default")).__name__
    return str(details.get("type") or (named if named in ("bool", "float", "int", "str") else "yaml"))


def _choices(name: str, details: Mapping[str, Any]) -> dict[str, Any]:
    """The choices by their labels. Raises RefusedError for those that depend on answers."""
    choices = details.get("choices", [])
    if isinstance(choices, str):
        raise refused(f"question {name}", "has choices that depend on answers")
    pairs = choices.items() if isinstance(choices, Mapping) else (_pair(choice) for choice in choices)
    found = {str(label): value for label, value in pairs}
    if any(isinstance(value, dict) for value in found.values()):
        raise refused(f"question {name}", "has choices that depend on answers")
    return found


def _pair(choice: Any) -> tuple[Any, Any]:
    return (choice[0], choice[1]) if isinstance(choice, list) else (choice, choice)


def offered(question: Mapping[str, Any]) -> Any:
    """A converted question as cookiecutter.json has it: a list of choices, the default first; bool; text."""
    default = question.get("default", "")
    choices = question["choices"]
    if question["multiselect"]:
        return ",".join(map(str, default)) if isinstance(default, list) else str(default)
    if choices and default in choices:
        return [str(choice) for choice in sorted(choices, key=lambda choice: choice != default)]
    if isinstance(default, bool | str):
        return default
    return json.dumps(default) if default is not None else ""


def prompt(details: Mapping[str, Any], envops: Mapping[str, Any]) -> Any:
    """How cookiecutter asks a question of copier.yml: a text, with labels a mapping of values to them.

    Help that depends on answers is left out. Raises RefusedError as `converted` does.
    """
    text = " ".join(str(details.get("help", "")).split())
    if is_jinja(text, envops):
        text = ""
    labels = _choices("", details)
    if details.get("multiselect"):
        values = ", ".join(map(str, labels.values()))
        return f"{text} (Of {values}; commas between them)".strip()
    return {"__prompt__": text, **{str(value): label for label, value in labels.items()}} if labels else text


def looks_binary(content: bytes) -> bool:
    """Whether cookiecutter could take a text for a binary file, which it copies: Chinese, for one."""
    start = content[:1024]
    strange = sum(byte > 126 or (byte < 32 and byte not in b"\t\n\f\r") for byte in start)
    return b"\0" in start or strange > len(start) / 5


def literal(path: str) -> str:
    """A pattern of fnmatch that matches this path only."""
    return "".join(f"[{sign}]" if sign in "[*?" else sign for sign in path)


def refused(what: str, why: str) -> RefusedError:
    """The error for what a template has and cookiecutter can't do."""
    return RefusedError(f"{what} {why}: cookiecutter can't do that", "copier copy renders the template")
