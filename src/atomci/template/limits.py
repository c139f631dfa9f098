"""How much a template may cost: processor time, memory, and the size of what it renders.

Linux gives all three. macOS has no limit of memory that counts: it is looked at while time passes. Windows
has neither a timer of processor time nor such a limit, so only the size holds there.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from atomci.errors import AtomciError, InfrastructureError, UsageError

__all__ = ["SMALLEST", "Ended", "bounded", "size_limit", "too_big", "too_much_memory", "within_limits"]

_SECONDS = "ATOMCI_RENDER_SECONDS"
_MEMORY = "ATOMCI_RENDER_MEMORY_MIB"
_SIZE = "ATOMCI_RENDER_SIZE_MIB"
_LIMITS = {_SECONDS: 60, _MEMORY: 2048, _SIZE: 1024}
_TICK = 0.1
_FEW_STARS = 2
_MIB = 1 << 20
SMALLEST = 4096
"""Bytes that the smallest file takes on most disks."""


class Ended(BaseException):
    """No error of a template's, so that nothing takes it for one of an expression, nor for a bad answer."""

    def __init__(self, error: AtomciError) -> None:
        self.error = error


@contextmanager
def bounded(location: str, spent: float = 0.0) -> Iterator[None]:
    """What a template does inside ends when it has cost too much, with seconds that it had before.

    Raises InfrastructureError then.
    """
    seconds, memory = _limit(_SECONDS) - spent, int(_limit(_MEMORY) * _MIB)
    try:
        with _address_space(memory), _ticking(location, seconds, memory):
            yield
    except MemoryError:
        raise too_much_memory(location) from None
    except Ended as ended:
        raise ended.error from None


def within_limits(
    location: str, patterns: Iterable[str], matches: Callable[[str], bool]
) -> Callable[[str], bool]:
    """The same answers about paths, all of them within the time of one render.

    Patterns of a few stars take no time, so that nobody looks at the clock for them.
    """
    if all(len(re.findall(r"\*+|\?|\{", pattern)) <= _FEW_STARS for pattern in patterns):
        return matches
    spent = 0.0

    def matched(path: str) -> bool:
        nonlocal spent
        begun = time.process_time()
        with bounded(location, spent):
            found = matches(path)
        spent += time.process_time() - begun
        return found

    return matched


def size_limit() -> int:
    """How many bytes a render may have in all."""
    return int(_limit(_SIZE) * _MIB)


def too_big(location: str) -> InfrastructureError:
    """What there is to say of a render that is larger."""
    return _too_much(location, _SIZE)


def too_much_memory(location: str) -> InfrastructureError:
    """What there is to say of a render that needs more of it."""
    return _too_much(location, _MEMORY)


def _limit(name: str) -> float:
    text = os.environ.get(name, "")
    if not text:
        return _LIMITS[name]
    if not re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII) or not float(text):
        raise UsageError(f"{name} is {text!r}, and no number above 0", f"for example {name}=600")
    return float(text)


def _too_much(location: str, name: str) -> InfrastructureError:
    limit = _limit(name)
    what = {
        _SECONDS: f"took more than {limit:g} seconds of processor time",
        _MEMORY: f"took more than {limit:g} MiB of memory",
        _SIZE: f"wrote more than {limit:g} MiB of files",
    }[name]
    return InfrastructureError(
        f"{location}: the render {what}, so it was stopped",
        f"an endless template can't be rendered; if it is only large: {name}={limit * 10:g},"
        " then the same again",
    )


@contextmanager
def _ticking(location: str, seconds: float, memory: int) -> Iterator[None]:
    """Look at time and memory now and then, also in the middle of a regular expression."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    end, most = time.process_time() + seconds, _peak() + memory

    def look(*_: Any) -> None:
        if time.process_time() > end:
            raise Ended(_too_much(location, _SECONDS))
        if _peak() > most:
            raise Ended(too_much_memory(location))

    before = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, _TICK, _TICK)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _peak() -> int:
    """The most memory that this process has held, in bytes."""
    import resource

    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held if sys.platform == "darwin" else held * 1024


@contextmanager
def _address_space(memory: int) -> Iterator[None]:
    """No more memory than that on top of what is there; what git maps of its packs doesn't count."""
    there = _data()
    if there is None:
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    bounds = [bound for bound in (there + memory, soft, hard) if bound != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(bounds), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _data() -> int | None:
    """What this process holds of the memory that the limit counts; None where only Linux would tell."""
    try:
        pages = Path("/proc/self/statm").read_text("ascii").split()[5]
    except OSError:
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
