"""What a script installs or builds by, and whether it is by the lock or by hash."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["BUILDS", "unpinned"]

BUILDS = re.compile(
    r"\buv build\b|\bpython[\d.]* -m build\b|\bpyproject-build\b|\b(?:hatch|flit|poetry|pdm) build\b"
    r"|\bpip3? wheel\b|\bsetup\.py (?:sdist|bdist_wheel)\b"
)
_INSTALLS = re.compile(r"\bpip3? install\b|\bpipx (?:install|run)\b|\buvx\b|\buv tool (?:install|run)\b")
_BY_A_FILE = re.compile(r"\s(?:-[rc]|--requirements?|--constraints?|--require-hashes|--no-index)\b")
_OWN_TOOLS = re.compile(r"\s(?:--no-isolation|--no-build-isolation|-n)\b")
_PARTS = re.compile(r"\n|&&|\|\|?|;")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$", re.MULTILINE)


def unpinned(script: str) -> Iterator[str]:
    """Each command that takes the newest of what it finds, with what to write in its place."""
    for part in _PARTS.split(_COMMENT.sub("", script).replace("\\\n", " ")):
        said = " ".join(part.split())
        if _INSTALLS.search(said):
            if not _BY_A_FILE.search(said):
                yield f"`{said}` installs what isn't locked: --require-hashes -r FILE, or --constraint LOCK"
        elif re.search(r"\buv build\b", said):
            pinned = "--require-hashes" in said and re.search(r"\s(?:-b|--build-constraints?)\b", said)
            if not pinned and not _OWN_TOOLS.search(said):
                yield f"`{said}` builds with what isn't locked: --build-constraints FILE --require-hashes"
        elif re.search(r"-m build\b|\bpyproject-build\b", said) and not _OWN_TOOLS.search(said):
            yield f"`{said}` builds with what isn't locked: install those of the lock, and --no-isolation"
