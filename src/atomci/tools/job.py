"""On Windows: all that this process starts ends with it, also when it is killed, by a job that it joins."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

__all__ = ["join_job"]

_EXTENDED_LIMITS = 9  # JobObjectExtendedLimitInformation
_KILL_ON_CLOSE = 0x2000  # JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE


class _Limits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION, of which only the flags are used."""

    _fields_ = (
        ("times", ctypes.c_int64 * 2),
        ("flags", ctypes.c_uint32),
        ("working_set", ctypes.c_size_t * 2),
        ("active_processes", ctypes.c_uint32),
        ("affinity", ctypes.c_size_t),
        ("classes", ctypes.c_uint32 * 2),
        ("counters", ctypes.c_uint64 * 6),
        ("memory", ctypes.c_size_t * 4),
    )


@cache
def join_job() -> int | None:
    """Put this process into a job of its own; None where that can't be. The handle stays open to its end."""
    if sys.platform != "win32":
        return None
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.CreateJobObjectW.restype = kernel.GetCurrentProcess.restype = ctypes.c_void_p
    job = kernel.CreateJobObjectW(None, None)
    if not job:
        return None
    limits = _Limits(flags=_KILL_ON_CLOSE)
    size = ctypes.c_uint32(ctypes.sizeof(limits))
    handle, own = ctypes.c_void_p(job), ctypes.c_void_p(kernel.GetCurrentProcess())
    if not kernel.SetInformationJobObject(handle, _EXTENDED_LIMITS, ctypes.byref(limits), size):
        return None
    return int(job) if kernel.AssignProcessToJobObject(handle, own) else None
