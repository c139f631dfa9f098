"""`atomci` as a process of its own. It imports next to nothing before it has to."""

import os
import sys

from atomci.cli.projects.glance import recall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["program"]


def program() -> "NoReturn":
    """Run the command line and end, without tearing the interpreter down.

    That takes a tenth of the time of an update, also of one with nothing to do (bench/update.py).
    """
    if None in (sys.stdin, sys.stdout, sys.stderr):
        _open_what_is_closed()
    code = recall(sys.argv[1:])
    if code is None:
        code = _run()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # somebody closed it
            continue
    os._exit(code)


def _open_what_is_closed() -> None:
    """Whoever starts this without a stream, as by >&-, wants nothing of it; no file may come in its place."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:  # the lowest that is free
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


def _run() -> int:
    import atexit
    import gc

    # Little of what a command makes is garbage in a circle; to look for it takes a twentieth of its time.
    gc.set_threshold(100_000, 50, 100)
    from atomci.tools import interrupts

    interrupts.hold()
    from atomci.cli.main import main

    code = main()
    atexit._run_exitfuncs()
    return code
