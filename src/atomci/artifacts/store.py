"""Reading and writing artifacts. A file is replaced as a whole or not at all."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from atomci.artifacts.handed.runs import OutputFile
from atomci.artifacts.json_text import json_of
from atomci.decoding import decoded
from atomci.errors import InfrastructureError
from atomci.tools.atomic import replace_file

__all__ = ["ArtifactError", "outputs_of", "read", "read_if_there", "sha256", "write"]

T = TypeVar("T")

_SETTLED = 3_000_000_000
_DIGESTS: dict[Path, tuple[tuple[int, ...], str]] = {}


class ArtifactError(InfrastructureError):
    """An artifact is missing or isn't what its schema says."""


def read(path: Path, kind: type[T]) -> T:
    """The artifact as its struct. Raises ArtifactError."""
    try:
        return decoded(path.read_bytes(), kind)
    except FileNotFoundError:
        raise ArtifactError(
            f"{path} is missing", "run the atom that writes it: atomci explain TARGET names it"
        ) from None
    except msgspec.DecodeError as error:
        raise ArtifactError(f"{path}: {error}", "delete it and run the atom that writes it again") from None


def read_if_there(path: Path, kind: type[T]) -> T | None:
    """The artifact, or None when there is no such file. Raises ArtifactError on a broken one."""
    return read(path, kind) if path.is_file() else None


def write(path: Path, value: object, clean: Callable[[str], str] = str) -> None:
    """Write a struct as indented JSON; `clean` takes the secrets out of it."""
    text = msgspec.json.format(json_of(value), indent=1).decode()
    replace_file(path, clean(text).encode() + b"\n")


def sha256(path: Path) -> str:
    """Hex digest of a file, which is read again when it isn't surely as it was."""
    found = path.stat()
    state = found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
    known, digest = _DIGESTS.get(path, ((), ""))
    if known == state:
        return digest
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    # Of a file that was just written, a second write may leave the same times.
    if time.time_ns() - max(state[:2]) > _SETTLED:
        _DIGESTS[path] = state, digest
    return digest


def outputs_of(root: Path, paths: Iterable[str]) -> tuple[OutputFile, ...]:
    """Size and digest of each file; a path that ends in / stands for every file below it."""
    files: list[Path] = []
    for path in paths:
        target = root / path
        files.extend(sorted(p for p in target.rglob("*") if p.is_file()) if path.endswith("/") else [target])
    return tuple(
        OutputFile(path=file.relative_to(root).as_posix(), size=file.stat().st_size, sha256=sha256(file))
        for file in files
        if file.is_file()
    )
