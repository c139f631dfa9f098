"""Free TCP ports of this machine."""

from __future__ import annotations

import hashlib
import socket

__all__ = ["free_ports"]

_FIRST, _COUNT = 21000, 9000  # below the range from which systems hand out ports of their own accord


def free_ports(seed: str, count: int) -> tuple[int, ...]:
    """Ports that nobody listens on at 127.0.0.1; the same ones for a seed while they are free."""
    start = int.from_bytes(hashlib.blake2b(seed.encode(), digest_size=4).digest()) % _COUNT
    found: list[int] = []
    for offset in range(_COUNT):
        port = _FIRST + (start + offset) % _COUNT
        if _is_free(port):
            found.append(port)
        if len(found) == count:
            break
    return tuple(found)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
