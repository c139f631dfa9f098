"""`atomci` as a process of its own. It imports next to nothing before it has to."""

import os
import sys

from atomci.cli.glance import recall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["program"]


def program() -> "NoReturn":
    """Run the command line and end, without tearing the interpreter down.

    That takes a tenth of the time of an update, also of one with nothing to do (bench/update.py).
    """
    code = recall(sys.argv[1:])
    if code is None:
        code = _run()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, AttributeError):  # somebody closed it, or there was none from the start
            continue
    os._exit(code)


def _run() -> int:
    import atexit

    from atomci.tools import interrupts

    interrupts.hold()
    from atomci.cli.main import main

    code = main()
    atexit._run_exitfuncs()
    return code
