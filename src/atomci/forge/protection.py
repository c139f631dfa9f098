"""The rulesets of a repository on GitHub: read, set beside the files, changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from atomci.errors import InfrastructureError
from atomci.forge.api import Api, ApiError
from atomci.forge.rulesets import Difference, Ruleset, compare, declared, merged

__all__ = ["LIST", "Compared", "Done", "applied", "read"]

_PATH = "rulesets"
LIST = f"{_PATH}?includes_parents=true"
"""The path below a repository that lists its rulesets, those of its organisation too."""
_OWN = "Repository"

Done = Literal["created", "updated", "deleted"]
Status = Literal["equal", "missing", "differs", "extra", "inherited"]


@dataclass(frozen=True)
class Compared:
    """A ruleset of a file, of GitHub or of both; `path` is the file's, `live` what GitHub has of it.

    Of those that are inherited, `live` is a summary. `done` is what was changed, and `found` how GitHub
    had it before.
    """

    path: str | None
    file: Ruleset | None
    live: Ruleset | None
    found: Ruleset | None
    done: Done | None = None

    @property
    def name(self) -> str:
        """What it is called in the file and on GitHub."""
        return str((self.file or self.found or {}).get("name"))

    @property
    def source(self) -> str:
        """Where GitHub has it from: Repository, Organization or Enterprise."""
        return str((self.found or {}).get("source_type", _OWN))

    @property
    def differences(self) -> list[Difference]:
        """What is left of them; none where there is one side only."""
        if self.file is None or self.live is None:
            return []
        return compare(self.file, self.live)

    @property
    def status(self) -> Status:
        """How the sides stand to each other; what only GitHub's lists have leaves them equal."""
        if self.file is None:
            return "extra" if self.source == _OWN else "inherited"
        if self.live is None:
            return "missing"
        return "differs" if any(d.kind != "extra" for d in self.differences) else "equal"

    def counting(self, *, prune: bool) -> list[Difference]:
        """The differences that aren't to stay: what only GitHub has may, where it protects the more."""
        return [d for d in self.differences if d.kind != "extra" or prune or d.loosens]

    def step(self, *, prune: bool) -> Literal["create", "update", "delete"] | None:
        """What makes GitHub have it as the file does."""
        if self.status == "missing":
            return "create"
        if self.status == "extra":
            return "delete" if prune else None
        kinds = {d.kind for d in self.differences}
        return "update" if kinds & {"missing", "differs"} or (prune and "extra" in kinds) else None


def read(api: Api, files: Sequence[tuple[str, Ruleset]]) -> list[Compared]:
    """The files, each with its path, beside GitHub's of the same name; then those only GitHub has."""
    summaries = api.read_all(LIST)
    own = [_detail(api, row) for row in summaries if row.get("source_type", _OWN) == _OWN]
    compared = []
    for path, file in files:
        live = next((row for row in own if row["name"] == file["name"]), None)
        own = [row for row in own if row is not live]
        compared.append(Compared(path, file, live, live))
    inherited = [row for row in summaries if row.get("source_type", _OWN) != _OWN]
    return compared + [Compared(None, None, row, row) for row in (*own, *inherited)]


def applied(api: Api, compared: Compared, *, prune: bool) -> Compared:
    """Make GitHub have it as the file does, and look at what GitHub then has.

    It is read again just before it is written, since GitHub takes no condition along with a write.
    Raises ApiError, and InfrastructureError where it was changed since it was read.
    """
    step = compared.step(prune=prune)
    if step is None:
        return compared
    if step == "create":
        assert compared.file is not None
        live = api.write("POST", _PATH, declared(compared.file))
        return replace(compared, live=live, done="created")
    assert compared.live is not None
    if _now(api, compared.live) != compared.live:
        raise InfrastructureError(
            f"{compared.name} was changed on GitHub while this ran, so it was left as it is now",
            "run it without --apply to see how",
        )
    path = f"{_PATH}/{compared.live['id']}"
    if step == "delete":
        api.write("DELETE", path)
        return replace(compared, live=None, done="deleted")
    assert compared.file is not None
    live = api.write("PUT", path, merged(compared.file, compared.live, prune=prune))
    return replace(compared, live=live, done="updated")


def _detail(api: Api, summary: Ruleset) -> Ruleset:
    detail: Ruleset = api.read(f"{_PATH}/{summary['id']}")
    return detail


def _now(api: Api, live: Ruleset) -> Ruleset | None:
    """How GitHub has it at this moment, None where it is gone."""
    try:
        return _detail(api, live)
    except ApiError as error:
        if error.status == 404:
            return None
        raise
