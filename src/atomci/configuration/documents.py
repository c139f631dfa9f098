"""Configuration files, parsed, each knowing the line of every key."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atomci.configuration.facts import Place, problem
from atomci.toml_lines import Key, closest_line, lines_of

if TYPE_CHECKING:
    import yaml

__all__ = [
    "Document",
    "Key",
    "Unreadable",
    "json_document",
    "read_text",
    "toml_document",
    "yaml_document",
]


class Unreadable(Exception):
    """The file is missing or can't be parsed; the text is `PATH:LINE: why`, or `PATH: why`."""

    def __init__(self, place: Place | str, why: str) -> None:
        super().__init__(f"{place}: {why}")
        self.fact = problem(place, why)


@dataclass(frozen=True)
class Document:
    """A parsed file. `path` is POSIX, relative to the root; `lines` maps keys to 1-based lines."""

    path: str
    text: str
    data: Any
    lines: Mapping[tuple[Key, ...], int] = field(repr=False)

    def get(self, *keys: Key) -> Any:
        """The value at the keys, None where there is none."""
        found = self.data
        for key in keys:
            if isinstance(found, Mapping):
                found = found.get(key)
            elif isinstance(found, list) and isinstance(key, int) and key < len(found):
                found = found[key]
            else:
                return None
        return found

    def table(self, *keys: Key) -> Mapping[str, Any]:
        """The table at the keys, empty where there is none."""
        found = self.get(*keys)
        return found if isinstance(found, Mapping) else {}

    def rows(self, *keys: Key) -> list[tuple[int, Mapping[str, Any]]]:
        """The tables in the list at the keys, with their indexes; other items are left out."""
        found = self.get(*keys)
        items = found if isinstance(found, list) else ()
        return [(index, item) for index, item in enumerate(items) if isinstance(item, Mapping)]

    def line(self, *keys: Key) -> int:
        """The line of a key, or of the closest one above it that is written down."""
        return closest_line(self.lines, keys)

    def at(self, *keys: Key) -> Place:
        """The place of a key, or of the closest one above it."""
        return Place(self.path, self.line(*keys))


def read_text(root: Path, path: str) -> str:
    """The file's text. Raises Unreadable."""
    try:
        return (root / path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Unreadable(path, "missing") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(path, f"can't be read: {error}") from None


def toml_document(root: Path, path: str) -> Document:
    """Parse TOML. Raises Unreadable."""
    text = read_text(root, path)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # tomllib names the line in its message only.
        line = re.search(r"at line (\d+)", str(error))
        raise Unreadable(Place(path, int(line[1]) if line else 1), f"not TOML: {error}") from None
    return Document(path, text, data, lines_of(text))


def json_document(root: Path, path: str) -> Document:
    """Parse strict JSON, without comments. Raises Unreadable."""
    import yaml

    text = read_text(root, path)
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise Unreadable(Place(path, error.lineno), f"not JSON: {error.msg}") from None
    try:
        # JSON is YAML as well, and YAML's parser tells lines; but for tabs, which it refuses.
        node = yaml.compose(text.expandtabs(), Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        node = None
    return Document(path, text, data, dict(_node_lines(node)) if node else {})


def yaml_document(root: Path, path: str) -> Document:
    """Parse YAML; a key that is given twice is an error. Raises Unreadable."""
    import yaml

    text = read_text(root, path)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise Unreadable(Place(path, line), f"not YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise Unreadable(path, f"not YAML: {error}") from None
    lines: dict[tuple[Key, ...], int] = {}
    for keys, line in _node_lines(node) if node else ():
        if keys in lines:
            name = ".".join(map(str, keys))
            raise Unreadable(Place(path, line), f"{name} is given twice, first in line {lines[keys]}")
        lines[keys] = line
    return Document(path, text, data, lines)


def _node_lines(node: yaml.Node, above: tuple[Key, ...] = ()) -> Iterator[tuple[tuple[Key, ...], int]]:
    import yaml

    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            yield (*above, key.value), key.start_mark.line + 1
            yield from _node_lines(value, (*above, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield (*above, index), item.start_mark.line + 1
            yield from _node_lines(item, (*above, index))
