"""What a failing test raises says whether running it again may help."""

from __future__ import annotations

import errno
import socket
import subprocess
import urllib.error

import pytest

from atomci.testing.flaky.kinds import cause_of


def named(module: str, name: str, *bases: type[Exception]) -> Exception:
    """An exception as a library that isn't installed here raises it."""
    return type(name, bases or (Exception,), {"__module__": module})()


def raised_from(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ConnectionResetError(), "network"),
        (socket.gaierror(), "network"),
        (OSError(errno.ENETUNREACH, "unreachable"), "network"),
        (urllib.error.URLError("no host given"), "network"),
        (
            named("requests.exceptions", "ConnectTimeout", type(named("requests.exceptions", "Timeout"))),
            "network",
        ),
        (named("httpx", "ConnectError", type(named("httpx", "TransportError"))), "network"),
        (TimeoutError(), "time-out"),
        (subprocess.TimeoutExpired("x", 1), "time-out"),
        (raised_from(RuntimeError("client"), ConnectionResetError()), "network"),
        (ExceptionGroup("two", [TimeoutError(), TimeoutError()]), "time-out"),
        (pytest.fail.Exception("Timeout (>0.2s) from pytest-timeout."), "time-out"),
    ],
)
def test_what_the_network_or_a_limit_did_may_run_again(error: Exception, cause: str) -> None:
    assert cause_of(error) == cause


@pytest.mark.parametrize(
    "error",
    [
        AssertionError("Connection timed out"),
        raised_from(AssertionError("the answer is late"), TimeoutError()),
        pytest.fail.Exception("timed out"),
        ExceptionGroup("two", [TimeoutError(), AssertionError()]),
        urllib.error.HTTPError("https://x", 500, "broke", None, None),  # type: ignore[arg-type]
        BrokenPipeError(),
        raised_from(ImportError("no module"), ConnectionResetError()),
        FileNotFoundError(errno.ENOENT, "missing"),
        ValueError("network is unreachable"),
    ],
)
def test_what_a_test_asserts_an_answer_and_anything_else_may_not(error: Exception) -> None:
    assert cause_of(error) == ""


def test_what_was_merely_handled_before_is_no_cause() -> None:
    error = ValueError("wrong")
    error.__context__ = TimeoutError()
    assert cause_of(error) == ""
