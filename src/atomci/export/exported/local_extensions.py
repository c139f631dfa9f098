"""Lets cookiecutter render the files of a copier template as they are.

A template's names (`project_name`, `_copier_answers`, ...) are found behind `cookiecutter.*`: answers get
their types, computed ones are computed, as copier.json beside this file says. Written by `atomci export`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import posixpath
import re
import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, Undefined
from jinja2.ext import Extension
from jinja2.runtime import Context
from jinja2.utils import missing

_HERE = Path(__file__).resolve().parent
_TRUE = {"y", "yes", "t", "true", "on"}
_FALSE = {"", "n", "no", "f", "false", "off", "~", "null", "none"}


def _template() -> Any:
    return json.loads((_HERE / "copier.json").read_text(encoding="utf-8"))


class Answers:
    """The typed values behind the texts that cookiecutter holds."""

    def __init__(self, environment: Environment, raw: Mapping[str, Any]) -> None:
        self._environment = environment
        self._raw = raw
        self._template = environment._copier  # type: ignore[attr-defined]
        self._known: dict[str, Any] = {}
        self._special: dict[str, Callable[[], Any]] = {
            "_copier_answers": self._recorded,
            "_copier_conf": lambda: self._template["conf"],
            "_folder_name": lambda: self._raw[self._template["folder"]],
            "_message_after_copy": lambda: self._render(self._template["message"]),
            "_problems": lambda: list(self._problems()),
        }

    def get(self, name: str) -> Any:
        """A value by the name that the template uses; `missing` where it has none."""
        if name not in self._known:
            if name in self._special:
                return self._special[name]()
            if name not in self._template["questions"]:
                return missing
            self._known[name] = missing  # to a default that asks for itself
            self._known[name] = self._value(name)
        return self._known[name]

    def _value(self, name: str) -> Any:
        question = self._template["questions"][name]
        if name in self._raw:
            return self._typed(question, self._raw[name])
        if "default" not in question:
            return missing
        return self._typed(question, self._render(question["default"]))

    def _asked(self, name: str) -> bool:
        return _boolean(self._render(self._template["questions"][name]["when"]))

    def _recorded(self) -> dict[str, Any]:
        answers = dict(self._template["recorded"])
        for name, question in self._template["questions"].items():
            if not question["secret"] and self._asked(name):
                answers[name] = self.get(name)
        return answers

    def _problems(self) -> Any:
        folder = self._raw[self._template["folder"]]
        if folder != posixpath.basename(folder.replace("\\", "/")) or folder in ("", ".", ".."):
            yield f"{self._template['folder']}: {folder!r} isn't the name of a folder"
        for name, question in self._template["questions"].items():
            if not self._asked(name):
                continue
            try:
                value, choices = self.get(name), question["choices"]
                wrong = [item for item in _listed(question, self._raw.get(name)) if item not in choices]
                if choices and wrong:
                    yield f"{name}: {wrong[0]!r} isn't one of {', '.join(map(str, choices))}"
                elif said := self._render(question["validator"], {name: value}).strip():
                    yield f"{name}: {said}"
            except (TypeError, ValueError) as error:
                yield f"{name}: {error}"

    def _typed(self, question: Mapping[str, Any], value: Any) -> Any:
        if question["multiselect"]:
            chosen = _listed(question, value)
            return [item for item in question["choices"] if item in chosen]
        return _cast(question["type"], value)

    def _render(self, text: Any, more: Mapping[str, Any] | None = None) -> Any:
        if isinstance(text, list):
            return [self._render(item) for item in text]
        if not isinstance(text, str):
            return text
        return self._environment.from_string(text).render({"cookiecutter": self._raw, **(more or {})})


class AnswersContext(Context):
    """Where Jinja knows no such name, the answers may."""

    def resolve_or_missing(self, key: str) -> Any:
        """The value of a name."""
        found = super().resolve_or_missing(key)
        if found is missing and "cookiecutter" in self.parent:
            return _answers(self.environment, self.parent["cookiecutter"]).get(key)
        return found


class CopierNames(Extension):
    """Sets up cookiecutter's environment as copier's would be."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        template = _template()
        environment.extend(_copier=template, _answered=[])
        environment.context_class = AnswersContext
        environment.filters.update(FILTERS)
        environment.keep_trailing_newline = template["keep_trailing_newline"]
        if not template["strict"]:
            environment.undefined = Undefined
        if environment.loader is None:
            environment.loader = FileSystemLoader(_HERE / "templates")


def _answers(environment: Environment, raw: Mapping[str, Any]) -> Answers:
    """The answers to these texts; the last ones are kept, since cookiecutter fills them in one by one."""
    kept: list[tuple[dict[str, Any], Answers]] = environment._answered  # type: ignore[attr-defined]
    if not kept or kept[0][0] != raw:
        kept[:] = [(dict(raw), Answers(environment, dict(raw)))]
    return kept[0][1]


def _listed(question: Mapping[str, Any], value: Any) -> list[Any]:
    if not question["multiselect"]:
        return [_cast(question["type"], value)] if question["choices"] and value is not None else []
    items = value if isinstance(value, list) else str(value or "").strip("[] ").split(",")
    texts = [item.strip().strip("'\"") if isinstance(item, str) else item for item in items]
    return [_cast(question["type"], item) for item in texts if item != ""]


def _cast(kind: str, value: Any) -> Any:
    casts: dict[str, Callable[[Any], Any]] = {
        "bool": _boolean,
        "float": float,
        "int": int,
        "json": lambda text: json.loads(text) if isinstance(text, str) else text,
        "yaml": lambda text: yaml.safe_load(text) if isinstance(text, str) else text,
    }
    return casts.get(kind, str)(value)


def _boolean(value: Any) -> bool:
    with suppress(TypeError, ValueError):
        return bool(float(value))
    if isinstance(value, str) and value.strip().lower() in _TRUE | _FALSE:
        return value.strip().lower() in _TRUE
    return bool(value)


def _to_yaml(value: Any, default_flow_style: Any = None, **options: Any) -> str:
    return str(yaml.dump(value, allow_unicode=True, default_flow_style=default_flow_style, **options))


def _to_nice_yaml(value: Any, indent: int = 4, **options: Any) -> str:
    return _to_yaml(value, default_flow_style=False, indent=indent, **options)


def _to_nice_json(value: Any, indent: int = 4, sort_keys: bool = True, **options: Any) -> str:
    return json.dumps(value, indent=indent, sort_keys=sort_keys, separators=(",", ": "), **options)


def _regex_replace(
    value: Any = "", pattern: str = "", replacement: str = "", ignorecase: bool = False
) -> str:
    return re.sub(pattern, replacement, str(value), flags=re.IGNORECASE if ignorecase else 0)


def _regex_findall(value: str, regex: str, multiline: bool = False, ignorecase: bool = False) -> list[Any]:
    flags = (re.IGNORECASE if ignorecase else 0) | (re.MULTILINE if multiline else 0)
    return re.findall(regex, value, flags)


def _ternary(value: Any, true_val: Any, false_val: Any, none_val: Any = None) -> Any:
    if value is None and none_val is not None:
        return none_val
    return true_val if value else false_val


def _to_bool(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    return (value.lower() if isinstance(value, str) else value) in ("yes", "on", "1", "true", 1)


def _hash(value: Any, hashtype: str = "sha1") -> str:
    return hashlib.new(hashtype, str(value).encode()).hexdigest()


FILTERS: dict[str, Callable[..., Any]] = {
    "b64decode": lambda text: base64.b64decode(text).decode(),
    "b64encode": lambda text: base64.b64encode(text.encode()).decode(),
    "basename": posixpath.basename,
    "bool": _to_bool,
    "dirname": posixpath.dirname,
    "from_json": json.loads,
    "from_yaml": lambda text: yaml.safe_load(text) if isinstance(text, str) else text,
    "hash": _hash,
    "md5": lambda text: _hash(text, "md5"),
    "quote": lambda text: shlex.quote(str(text)),
    "regex_escape": re.escape,
    "regex_findall": _regex_findall,
    "regex_replace": _regex_replace,
    "sha1": _hash,
    "ternary": _ternary,
    "to_json": json.dumps,
    "to_nice_json": _to_nice_json,
    "to_nice_yaml": _to_nice_yaml,
    "to_yaml": _to_yaml,
}
