"""A ruleset as a file declares it, against the one that GitHub has. Pure functions of both.

GitHub's hold more than it was told: ids, links, defaults. So only what the file declares is compared,
and a merge changes just what a comparison names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["DECLARED", "EXPORTED", "Difference", "Ruleset", "compare", "declared", "merged"]

Ruleset = Mapping[str, Any]
Keys = tuple[str | int, ...]

DECLARED = ("name", "target", "enforcement", "bypass_actors", "conditions", "rules")
"""The values that a ruleset's `enforcement` and `target` may have."""
EXPORTED = (
    "id",
    "node_id",
    "source",
    "source_type",
    "created_at",
    "updated_at",
    "current_user_can_bypass",
    "_links",
)
"""What GitHub adds, also to the file that its pages export."""

# What tells the items of a list apart; other items are told apart by all that they declare.
_IDENTITY = {
    "rules": ("type",),
    "bypass_actors": ("actor_type", "actor_id"),
    "required_status_checks": ("context",),
    "code_scanning_tools": ("tool",),
    "workflows": ("repository_id", "path"),
}
# Lists that are one value: what is allowed, chosen from a few.
_CHOICES = ("allowed_merge_methods",)
# Lists that protect less when they are longer.
_LOOSENING = ("bypass_actors", "exclude")


@dataclass(frozen=True)
class Difference:
    """`keys` lead to the place in the file; `loosens` marks what is only on GitHub and protects less."""

    keys: Keys
    label: str
    kind: Literal["missing", "differs", "extra", "unknown"]
    wanted: Any = None
    found: Any = None
    loosens: bool = False

    def __str__(self) -> str:
        if self.kind == "missing":
            return f"{self.label} is missing on GitHub"
        if self.kind == "differs":
            return f"{self.label} is {json.dumps(self.found)} on GitHub, {json.dumps(self.wanted)} here"
        if self.kind == "extra":
            return f"{self.label} is on GitHub only" + (" and lets more through" if self.loosens else "")
        return f"{self.label} isn't shown to this login"


def declared(file: Ruleset) -> dict[str, Any]:
    """A file without what GitHub's export adds."""
    return {key: file[key] for key in DECLARED if key in file}


def compare(file: Ruleset, live: Ruleset) -> list[Difference]:
    """What of a file isn't so on GitHub, and which items of its lists GitHub has beyond them."""
    found: list[Difference] = []
    for key, value in declared(file).items():
        if key == "bypass_actors" and key not in live:  # shown only to those who may write it
            found.append(Difference((key,), key, "unknown", value))
        else:
            found += _member((key,), key, value, live)
    return found


def merged(file: Ruleset, live: Ruleset, *, prune: bool) -> dict[str, Any]:
    """GitHub's with the file's put in; `prune` takes out what a comparison names as only on GitHub."""
    body: dict[str, Any] = _merge("", declared(file), declared(live), prune)
    return body


def _member(keys: Keys, label: str, value: Any, live: Mapping[str, Any]) -> Iterator[Difference]:
    key = keys[-1]
    if key in live:
        yield from _value(keys, label, value, live[str(key)])
    elif value:  # what isn't there is off, empty or nought
        yield Difference(keys, label, "missing", value)


def _value(keys: Keys, label: str, file: Any, live: Any) -> Iterator[Difference]:
    if isinstance(file, Mapping) and isinstance(live, Mapping):
        for key, value in file.items():
            # What a rule is about is told by its type and the parameter alone.
            inner = label if key == "parameters" else f"{label}.{key}"
            yield from _member((*keys, key), inner, value, live)
    elif isinstance(file, list) and isinstance(live, list) and keys[-1] not in _CHOICES:
        yield from _items(keys, label, file, live)
    elif _plain(keys[-1], file) != _plain(keys[-1], live):
        yield Difference(keys, label, "differs", file, live)


def _items(keys: Keys, label: str, file: list[Any], live: list[Any]) -> Iterator[Difference]:
    key = str(keys[-1])
    pairs, extra = _paired(key, file, live)
    for index, (item, other) in enumerate(pairs):
        name = _named(key, label, item)
        if other is None:
            yield Difference((*keys, index), name, "missing", item)
        else:
            yield from _value((*keys, index), name, item, other)
    for other in extra:
        yield Difference(keys, _named(key, label, other), "extra", None, other, key in _LOOSENING)


def _merge(key: str, file: Any, live: Any, prune: bool) -> Any:
    if isinstance(file, Mapping) and isinstance(live, Mapping):
        inner = {k: _merge(k, v, live[k], prune) if k in live else v for k, v in file.items()}
        return {**live, **inner}
    if isinstance(file, list) and isinstance(live, list) and key not in _CHOICES:
        pairs, extra = _paired(key, file, live)
        kept = [item if other is None else _merge("", item, other, prune) for item, other in pairs]
        return kept + ([] if prune else extra)
    return file


def _paired(key: str, file: list[Any], live: list[Any]) -> tuple[list[tuple[Any, Any]], list[Any]]:
    """Each item of the file with GitHub's, None where it has none; and those that only GitHub has."""
    rest = list(live)
    pairs: list[tuple[Any, Any]] = []
    for item in file:
        same = [other for other in rest if _same(key, item, other)]
        other = min(same, key=lambda other: len(list(_value((key, 0), "", item, other))), default=None)
        if other is not None:
            rest.remove(other)
        pairs.append((item, other))
    return pairs, rest


def _same(key: str, item: Any, other: Any) -> bool:
    """Whether two items of a list are about the same thing."""
    if isinstance(item, Mapping) and isinstance(other, Mapping):
        if names := [name for name in _IDENTITY.get(key, ()) if name in item]:
            return all(item[name] == other.get(name) for name in names)
        return not [d for d in _value((key, 0), "", item, other) if d.kind != "extra"]
    return bool(item == other)


def _named(key: str, label: str, item: Any) -> str:
    """What an item is called."""
    if not isinstance(item, Mapping):
        return f"{label}[{item}]"
    names: Sequence[str] = _IDENTITY.get(key, tuple(item))
    words = " ".join(str(item[name]) for name in names if item.get(name) is not None)
    return words if key == "rules" else f"{label}[{words}]"


def _plain(key: str | int, value: Any) -> Any:
    return sorted(value, key=str) if key in _CHOICES and isinstance(value, list) else value
