"""GitHub's `if:` expressions, worked out for a given event; what isn't known stays unknown.

https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

__all__ = ["EVENTS", "Status", "holds", "moment", "tolerates_failure"]

Status = Literal["success", "failure", "cancelled"]

EVENTS = ("pull_request", "merge_group", "push", "schedule", "workflow_dispatch")

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<sign>&&|\|\||==|!=|<=|>=|[!()<>,])"
    r"|(?P<name>[A-Za-z_][\w-]*(?:\.(?:[\w-]+|\*)|\[[^\]]*\])*))"
)
_STATUS = re.compile(r"\b(?:success|failure|always|cancelled)\s*\(")
_CONSTANTS = {"true": True, "false": False, "null": None}


class _Unknown:
    """A value that depends on what isn't known here."""


_UNKNOWN = _Unknown()


def moment(event: str, branch: str) -> dict[str, str]:
    """What `github.*` holds when an event happens in a repository whose default branch is `branch`."""
    on_branch = {"ref": f"refs/heads/{branch}", "ref_name": branch, "base_ref": "", "head_ref": ""}
    refs = {
        "pull_request": {"ref": "refs/pull/1/merge", "ref_name": "1/merge", "base_ref": branch},
        "merge_group": {
            "ref": f"refs/heads/gh-readonly-queue/{branch}/pr-1-0",
            "ref_name": f"gh-readonly-queue/{branch}/pr-1-0",
        },
    }.get(event, {})
    found = {"event_name": event, "event.repository.default_branch": branch, **on_branch, **refs}
    return {f"github.{name}": value for name, value in found.items()}


def holds(condition: object, known: Mapping[str, str], status: Status = "success") -> bool | None:
    """Whether a job or step with this `if:` runs; None when that can't be worked out.

    `status` is how all that is before it ended. Without a status function, success() is demanded.
    """
    text = "" if condition is None else str(condition).strip()
    text = text.lower() if isinstance(condition, bool) else text
    if match := re.fullmatch(r"\$\{\{(.*)\}\}", text, re.DOTALL):
        text = match[1]
    if status != "success" and not _STATUS.search(text):
        return False
    if not text.strip():
        return True
    try:
        value = _Reader(text, known, status).whole()
    except (ValueError, IndexError):
        return None
    return None if value is _UNKNOWN else bool(value)


def tolerates_failure(condition: object) -> bool:
    """Whether it may run although something before it went red or was skipped."""
    return holds(condition, {}, "failure") is not False


class _Reader:
    """Reads an expression once, from left to right, and works it out on the way."""

    def __init__(self, text: str, known: Mapping[str, str], status: Status) -> None:
        self.tokens = list(_tokens(text))
        self.known = known
        self.status = status

    def whole(self) -> Any:
        value = self._either()
        if self.tokens:
            raise ValueError("something is left over")
        return value

    def _next_is(self, *signs: str) -> bool:
        return bool(self.tokens) and self.tokens[0] in [("sign", sign) for sign in signs]

    def _either(self) -> Any:
        value = self._both()
        while self._next_is("||"):
            self.tokens.pop(0)
            other = self._both()
            if value is _UNKNOWN:
                value = other if other is not _UNKNOWN and other else _UNKNOWN
            else:
                value = value or other
        return value

    def _both(self) -> Any:
        value = self._compared()
        while self._next_is("&&"):
            self.tokens.pop(0)
            other = self._compared()
            if value is _UNKNOWN:
                value = other if other is not _UNKNOWN and not other else _UNKNOWN
            else:
                value = value and other
        return value

    def _compared(self) -> Any:
        value = self._plain()
        while self._next_is("==", "!="):
            sign = self.tokens.pop(0)[1]
            other = self._plain()
            if _UNKNOWN in (value, other):
                value = _UNKNOWN
            else:
                value = (_folded(value) == _folded(other)) is (sign == "==")
        return value

    def _plain(self) -> Any:
        kind, text = self.tokens.pop(0)
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind == "number":
            return float(text)
        if (kind, text) == ("sign", "!"):
            value = self._plain()
            return value if value is _UNKNOWN else not value
        if (kind, text) == ("sign", "("):
            value = self._either()
            self._take(")")
            return value
        if kind == "name":
            return self._call(text) if self._next_is("(") else self._named(text)
        raise ValueError(text)

    def _take(self, sign: str) -> None:
        if self.tokens.pop(0) != ("sign", sign):
            raise ValueError(f"{sign} is missing")

    def _named(self, name: str) -> Any:
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        if name.startswith("needs.") and name.endswith(".result"):
            return [self.status] if name == "needs.*.result" else self.status
        return self.known.get(name, _UNKNOWN)

    def _call(self, name: str) -> Any:
        self._take("(")
        arguments = []
        while not self._next_is(")"):
            arguments.append(self._either())
            if self._next_is(","):
                self.tokens.pop(0)
        self._take(")")
        if name.lower() in ("always", "success", "failure", "cancelled"):
            return name.lower() in ("always", self.status)
        function = _FUNCTIONS.get(name.lower())
        if function is None or _UNKNOWN in arguments:
            return _UNKNOWN
        return function(*arguments)


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise ValueError(text[place:])
        found.append((match.lastgroup, match[match.lastgroup]))
        place = match.end()
    return found


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _contains(where: Any, what: Any) -> bool:
    if isinstance(where, list):
        return _folded(what) in [_folded(item) for item in where]
    return str(_folded(what)) in str(_folded(where))


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "contains": _contains,
    "startswith": lambda text, start: str(_folded(text)).startswith(str(_folded(start))),
    "endswith": lambda text, end: str(_folded(text)).endswith(str(_folded(end))),
    "fromjson": json.loads,
}
