"""Whether a tree of processes does something: the processor time that it has had."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

from atomci.tools.guardian import descendants

__all__ = ["processor_time"]


def processor_time(program: int) -> float | None:
    """Seconds of a program, of what it started, and on Linux also of what has left its tree but not the
    supervisor's. None where the system doesn't tell, and where the program is gone.
    """
    if sys.platform == "win32":
        return None
    if not Path("/proc/self/stat").exists():
        return _told_by_ps(program)
    above = _stat(program)
    if above is None:
        return None
    found = [_stat(pid) for pid in descendants(int(above[1]))]
    ticks = sum(sum(map(int, fields[11:15])) for fields in found if fields is not None)
    return ticks / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str] | None:
    """The fields behind the name: state, parent and so on."""
    with contextlib.suppress(OSError):
        return (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        )
    return None


def _told_by_ps(program: int) -> float | None:
    words = ["ps", "-axo", "pid=,ppid=,time="]
    try:
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return processor_time_in(done.stdout, program)


def processor_time_in(listing: str, program: int) -> float | None:
    """The same, of what ps prints: id, parent and time, as `1-02:03:04` or `3:04.56`."""
    rows = [line.split() for line in listing.splitlines() if line.strip()]
    times = {int(pid): _seconds(time) for pid, _, time in rows}
    if program not in times:
        return None
    tree = [program]
    for above in tree:
        tree += [int(pid) for pid, parent, _ in rows if int(parent) == above]
    return sum(times[pid] for pid in tree)


def _seconds(text: str) -> float:
    days, _, clock = text.rpartition("-")
    seconds = 0.0
    for part in clock.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds + int(days or 0) * 86400
