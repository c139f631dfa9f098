"""Why a test failed, as far as running it again may help, by what it raised.

What a test asserts is never one of these. Kept to the standard library, since it runs inside the tests'
process.
"""

from __future__ import annotations

import errno
from typing import Literal

import pytest

__all__ = ["Cause", "cause_of", "never_again"]

Cause = Literal["", "time-out", "network"]

_NETWORK = frozenset(
    {
        *("builtins.ConnectionError", "socket.gaierror", "socket.herror", "urllib.error.URLError"),
        *("http.client.IncompleteRead", "urllib3.exceptions.NewConnectionError"),
        *("urllib3.exceptions.MaxRetryError", "urllib3.exceptions.ProtocolError"),
        *("urllib3.exceptions.TimeoutError", "requests.exceptions.ConnectionError"),
        *("requests.exceptions.Timeout", "requests.exceptions.ChunkedEncodingError"),
        *("httpx.TransportError", "httpcore.NetworkError", "httpcore.TimeoutException"),
        "aiohttp.client_exceptions.ClientConnectionError",
    }
)
_TIME_OUT = frozenset(
    {"builtins.TimeoutError", "subprocess.TimeoutExpired", "multiprocessing.context.TimeoutError"}
)
# An answer is no failure of the network, and a pipe is none.
_NEITHER = frozenset({"urllib.error.HTTPError", "builtins.BrokenPipeError"})
_ERRNOS = frozenset({errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTUNREACH})
_LIMIT = "Timeout (>"
"""So begins what pytest-timeout says."""


def cause_of(error: BaseException) -> Cause:
    """`time-out` or `network`; empty for all else. Of a group, each exception must be of the same cause."""
    if isinstance(error, BaseExceptionGroup):
        found = {cause_of(one) for one in error.exceptions}
        return found.pop() if len(found) == 1 else ""
    if isinstance(error, pytest.fail.Exception):
        return "time-out" if str(error).startswith(_LIMIT) else ""
    if isinstance(error, AssertionError) or never_again(error):
        return ""
    # What it was raised from counts where it says nothing itself, and only what somebody named.
    return _by_name(error) or (cause_of(error.__cause__) if error.__cause__ else "")


def _by_name(error: BaseException) -> Cause:
    names = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}
    if names & _NEITHER:
        return ""
    if names & _NETWORK or getattr(error, "errno", None) in _ERRNOS:
        return "network"
    return "time-out" if names & _TIME_OUT else ""


def never_again(error: BaseException) -> bool:
    """Whether it is raised alike each time, also by a test that is known to be flaky."""
    return isinstance(error, ImportError | SyntaxError | NameError)
