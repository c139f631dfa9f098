"""Seconds of the clock and of the processors, of programs that are run one after the other."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Sample:
    """One run: what the clock said, processor seconds of its process tree, cores that others used."""

    seconds: float
    cpu: float | None
    others: float | None


def median(samples: Sequence[Sample]) -> float:
    """Of the seconds."""
    return statistics.median(sample.seconds for sample in samples)


def cpu_median(samples: Sequence[Sample]) -> float | None:
    """Of the processor seconds; None where nobody counts them."""
    used = [sample.cpu for sample in samples if sample.cpu is not None]
    return statistics.median(used) if used else None


class Clock:
    """Runs from its making to `stop`."""

    def __init__(self) -> None:
        self._busy, self._cpu, self._started = busy_cpu(), child_cpu(), time.perf_counter()

    def stop(self) -> Sample:
        """What happened in between."""
        seconds, cpu, busy = time.perf_counter() - self._started, child_cpu(), busy_cpu()
        if cpu is None or self._cpu is None:
            return Sample(seconds, None, None)
        used = cpu - self._cpu
        if busy is None or self._busy is None:
            return Sample(seconds, used, None)
        # The kernel counts the machine's time in hundredths of a second.
        return Sample(seconds, used, max(0.0, busy - self._busy - used) / max(seconds, 0.01))


def child_cpu() -> float | None:
    """Processor seconds of all children so far."""
    try:
        import resource
    except ImportError:
        return None
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def busy_cpu() -> float | None:
    """Processor seconds of the whole machine so far, on Linux: all but idle and waiting."""
    stat = Path("/proc/stat")
    if not stat.is_file():
        return None
    user, nice, system, _, _, irq, softirq, steal = map(int, stat.read_text().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def wait_for_calm(calm: float | None) -> None:
    """Until other processes use fewer cores than that for two seconds, for half an hour at most."""
    if calm is None:
        return
    deadline = time.monotonic() + 1800
    while time.monotonic() < deadline:
        clock = Clock()
        time.sleep(2)
        if (clock.stop().others or 0.0) <= calm:
            return
