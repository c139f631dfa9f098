"""Whether an image is made of what is pinned: its base by digest, what it installs by the lock."""

from __future__ import annotations

import re
from collections.abc import Iterator

from atomci.configuration.facts import Fact, Place, expect, problem
from atomci.configuration.installs import unpinned

__all__ = ["FILE", "facts"]

FILE = "Dockerfile"
_FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(?P<base>\S+)(?:\s+AS\s+(?P<stage>\S+))?", re.IGNORECASE)
# By a number it is a stage.
_COPY = re.compile(r"COPY\s+(?:--\S+\s+)*--from=(?P<image>[^\s\d]\S*)", re.IGNORECASE)
_DIGEST = re.compile(r".+@sha256:[0-9a-f]{64}")


def facts(text: str) -> Iterator[Fact]:
    """Rules for the text of a Dockerfile."""
    stages = {"scratch"}
    for number, line in _instructions(text):
        place = Place(FILE, number)
        if found := _FROM.match(line):
            base, stage = found["base"], found["stage"]
            if base.lower() not in stages:
                yield _pinned(place, base)
            stages.add((stage or "").lower())
        elif (found := _COPY.match(line)) and found["image"].lower() not in stages:
            yield _pinned(place, found["image"])
        elif line.upper().startswith("RUN "):
            for gap in unpinned(line[4:]):
                yield problem(place, gap)


def _pinned(place: Place, image: str) -> Fact:
    return expect(
        bool(_DIGEST.fullmatch(image)),
        place,
        f"{image.partition('@')[0]} is pinned",
        f"{image} isn't pinned by digest: docker buildx imagetools inspect {image} prints it",
    )


def _instructions(text: str) -> Iterator[tuple[int, str]]:
    """Each instruction in one line, with the number of its first."""
    began, parts = 0, list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") or not line.strip():
            continue
        began = began if parts else number
        parts.append(line.strip().removesuffix("\\"))
        if not line.rstrip().endswith("\\"):
            yield began, " ".join(parts)
            parts = []
    if parts:
        yield began, " ".join(parts)
