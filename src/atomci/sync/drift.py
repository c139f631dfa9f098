"""How a project differs from its render: by the committed lock, or by rendering again."""

from __future__ import annotations

import hashlib

__all__ = ["same_content"]


def same_content(content: bytes, blob: str) -> bool:
    """Whether a file in the working tree is the blob that git stores, also where it was checked out as CRLF."""
    return _id(content, blob) == blob or (
        b"\r\n" in content and _id(content.replace(b"\r\n", b"\n"), blob) == blob
    )


def _id(content: bytes, like: str) -> str:
    algorithm = "sha256" if len(like) == 64 else "sha1"
    framed = b"blob %d\0" % len(content) + content
    return hashlib.new(algorithm, framed, usedforsecurity=False).hexdigest()
