"""The bounds of a session: a project's settings, for the place that it works in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from atomci.guard.confinement.bounds import Bounds
from atomci.guard.policy.defaults import HIDDEN
from atomci.guard.policy.environment import environment_for
from atomci.guard.policy.refusal import refuse
from atomci.guard.policy.settings import GuardSettings, caps_of, hosts_of, place_of
from atomci.guard.workplace.place import Workplace

__all__ = ["bounds_for"]

_RECORDS = "artifacts"


def bounds_for(
    settings: GuardSettings, place: Workplace, around: Mapping[str, str], *, terminal: bool = False
) -> Bounds:
    """What a session may touch: its tree and scratch folder, and what the settings add.

    `around`: the variables of whoever starts it. `terminal`: a person types to it. Programs that refuse are
    made in the scratch folder. Raises OSError.
    """
    home = Path.home()
    hidden = [home / name for name in HIDDEN] + _places(settings.hidden, place)
    environment = environment_for(place, around, settings.environment)
    if settings.refused:
        environment["PATH"] = refuse(settings.refused, place.scratch, environment.get("PATH", ""))
    protected = [place.tree / ".git", *(place_of(path, place.tree) for path in settings.protected)]
    if place.in_place:
        protected += [*place.git, *place.nested, place.root / _RECORDS]
    return Bounds(
        writable=(place.tree, *_places(settings.writable, place)),
        scratch=place.scratch,
        protected=tuple(protected),
        hidden=tuple(hidden),
        readable=(place.root, *place.git, place.tree, *_places(settings.readable, place)),
        network=settings.network,
        hosts=hosts_of(settings),
        sockets=settings.sockets,
        terminal=terminal,
        caps=caps_of(settings),
        environment=environment,
    )


def _places(paths: Sequence[str], place: Workplace) -> list[Path]:
    return [place_of(path, place.root) for path in paths]
