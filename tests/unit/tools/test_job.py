"""The job that a process joins on Windows."""

import ctypes
import sys

import pytest

from atomci.tools import job


@pytest.mark.skipif(ctypes.sizeof(ctypes.c_void_p) != 8, reason="the size is that of 64 bits")
def test_the_limits_are_as_large_as_windows_takes_them_and_their_flags_where_it_looks() -> None:
    assert ctypes.sizeof(job._Limits) == 144
    assert job._Limits.flags.offset == 16


@pytest.mark.skipif(sys.platform == "win32", reason="there it joins one")
def test_elsewhere_no_job_is_joined() -> None:
    assert job.join_job() is None
