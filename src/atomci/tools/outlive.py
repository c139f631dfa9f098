"""Work that must not stop half-way, whatever happens to the process that wanted it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable

from atomci.errors import InfrastructureError

__all__ = ["outlive"]


def outlive(work: Callable[[], None]) -> None:
    """Do something that must not stop half-way, in a process that a kill of this one doesn't reach.

    Ctrl-C waits for its end. Raises InfrastructureError with the message of what it raised. Where processes
    can't be forked it is done here.
    """
    if sys.platform == "win32":
        try:
            work()
        except OSError as error:
            raise InfrastructureError(str(error)) from None
        return
    receiving, sending = os.pipe()
    child = os.fork()
    if child == 0:
        _detached(work, sending)
    os.close(sending)
    said, code = _wait_for(child, receiving)
    if code != 0:
        message, _, hint = said.decode("utf-8", "replace").partition("\0")
        raise InfrastructureError(message or f"the switch ended with {code}", hint)


def _detached(work: Callable[[], None], sending: int) -> None:
    code = 1
    try:
        if sys.platform != "win32":
            os.setsid()
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE"):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
        work()
        code = 0
    except BaseException as error:
        message = getattr(error, "message", None) or str(error) or type(error).__name__
        text = f"{message}\0{getattr(error, 'hint', '')}"
        with contextlib.suppress(OSError):
            os.write(sending, text.encode()[:60000])
    finally:
        # No exit handlers: they, and buffered output, belong to the parent.
        os._exit(code)


def _wait_for(child: int, receiving: int) -> tuple[bytes, int]:
    said, interrupted = b"", False
    with open(receiving, "rb") as pipe:
        while True:
            try:
                said += pipe.read()
                _, status = os.waitpid(child, 0)
                break
            except KeyboardInterrupt:
                interrupted = True
    if interrupted and status == 0:
        raise KeyboardInterrupt
    return said, os.waitstatus_to_exitcode(status)
