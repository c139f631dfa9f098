"""Who owns a rendered path: the template's ownership.toml, or its `_skip_if_exists` where it has none."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from atomci.errors import UsageError
from atomci.template.limits import within_limits

__all__ = ["FILE", "Ownership", "Tier", "ownership"]

FILE = "ownership.toml"
Tier = Literal["managed", "merged", "seed", "generated"]
Matcher = Callable[[str], bool]


@dataclass(frozen=True)
class Ownership:
    """Rules in the order in which they are tried; a path that none matches is merged."""

    rules: tuple[tuple[Tier, Matcher], ...]
    reasons: tuple[tuple[str, Matcher], ...] = ()

    def tier(self, path: str) -> Tier:
        """The tier of a path relative to the project."""
        return next((tier for tier, matches in self.rules if matches(path)), "merged")

    def why(self, path: str) -> str:
        """What the template says a path is there for; empty where it doesn't."""
        return next((why for why, matches in self.reasons if matches(path)), "")


def ownership(
    text: bytes | None, skipped: Matcher, answers_file: str, lock: str, location: str = "the template"
) -> Ownership:
    """The tiers of a template's version.

    `skipped` tells what copier's `_skip_if_exists` matches, `location` whose limits count. Raises UsageError
    for a malformed file.
    """
    fixed: list[tuple[Tier, Matcher]] = [("managed", answers_file.__eq__), ("generated", lock.__eq__)]
    if text is None:
        return Ownership((*fixed, ("seed", skipped)))
    try:
        table = tomllib.loads(text.decode("utf-8"))
        if not table.keys() & {"version", "rule"}:  # a file of the template's own, of the same name
            return Ownership((*fixed, ("seed", skipped)))
        rules = table["rule"]
        matchers = [_matcher(rule["paths"], location) for rule in rules]
        declared = [(_tier(rule["tier"]), matches) for rule, matches in zip(rules, matchers, strict=True)]
        reasons = tuple(
            (str(rule.get("why", "")), matches) for rule, matches in zip(rules, matchers, strict=True)
        )
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"the template's {FILE} is malformed: {error}", "report it to the template"
        ) from None
    # What plain copier leaves alone is the user's, whatever the table says.
    return Ownership((*fixed, *declared, ("seed", skipped)), reasons)


def _tier(name: object) -> Tier:
    if name not in get_args(Tier):
        raise TypeError(f"there is no tier {name!r}")
    return name  # type: ignore[return-value]


def _matcher(patterns: Sequence[str], location: str) -> Matcher:
    from pathspec import GitIgnoreSpec

    return within_limits(location, patterns, GitIgnoreSpec.from_lines(patterns).match_file)
