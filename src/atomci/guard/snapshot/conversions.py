"""Tracked files that aren't on the disk as git holds them: line endings, encodings, keywords, filters.

git calls such a file unchanged, so its bytes have to be looked at on their own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path

from atomci.tools.git.client import nul_ended
from atomci.tools.git.repository import Repository

__all__ = ["Conversions"]

_ANY = re.compile(rb"\b(text|eol|crlf|ident|filter|working-tree-encoding)\b")
_SAME_SIZE = re.compile(rb"\b(ident|filter|working-tree-encoding)\b")
_ASKED = ("filter", "ident", "working-tree-encoding")


class Conversions:
    """What a repository's settings and attributes make git change on the way to the disk and back."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    @cached_property
    def _settings(self) -> dict[str, str]:
        rows = self._repository.git("config", "--list", "-z").split(b"\0")
        pairs = (os.fsdecode(row).partition("\n") for row in rows if row)
        return {name: value for name, _, value in pairs}

    @property
    def switched_off(self) -> tuple[str, ...]:
        """Words for git by which it starts no filter."""
        filters = {name.rpartition(".")[0] for name in self._settings if name.startswith("filter.")}
        settings = (
            f"{name}.{key}"
            for name in sorted(filters)
            if "=" not in name
            for key in ("clean=", "process=", "required=false")
        )
        return tuple(word for setting in settings for word in ("-c", setting))

    def paths(self, attribute_files: Iterable[str], blobs: Callable[[], dict[str, str]]) -> set[str]:
        """Tracked files whose bytes may differ from those of their blob, by id, though git sees no change."""
        texts = [_text(place) for place in self._places(attribute_files)]
        if self._settings.get("core.autocrlf", "false").lower() in ("false", "no", "off", "0") and not any(
            map(_ANY.search, texts)
        ):
            return set()
        held = blobs()
        differing = self._of_other_size(held)
        return differing | (self._of_any_size(held) if any(map(_SAME_SIZE.search, texts)) else set())

    def _places(self, attribute_files: Iterable[str]) -> list[Path]:
        top = self._repository.top
        own = self._settings.get("core.attributesfile")
        home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        users = Path(own).expanduser() if own else home / "git/attributes"
        system = Path("/etc/gitattributes")
        info = self._repository.objects.parent / "info/attributes"
        return [*(top / path for path in attribute_files), top / users, info, system]

    def _of_other_size(self, blobs: dict[str, str]) -> set[str]:
        """Line endings are never changed without another size."""
        asked = "".join(f"{oid}\n" for oid in blobs.values()).encode()
        sizes = self._repository.git("cat-file", "--batch-check=%(objectsize)", stdin=asked).split()
        pairs = zip(blobs, sizes, strict=True)
        return {
            path for path, size in pairs if size.isdigit() and _size(self._repository.top / path) != int(size)
        }

    def _of_any_size(self, blobs: dict[str, str]) -> set[str]:
        out = self._repository.git("check-attr", "-z", "--stdin", *_ASKED, stdin=nul_ended(blobs))
        fields = out.split(b"\0")
        rows = zip(fields[::3], fields[2::3], strict=False)
        return {os.fsdecode(path) for path, value in rows if value not in (b"unspecified", b"unset")}


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return -1  # git calls it changed


def _text(place: Path) -> bytes:
    try:
        return place.read_bytes()
    except OSError:
        return b""
