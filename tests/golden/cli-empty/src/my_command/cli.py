"""The command line."""

import argparse
from collections.abc import Sequence

from . import __version__

DISTRIBUTION = "my-command"


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0; a wrong call exits with 2."""
    parser = argparse.ArgumentParser(prog=DISTRIBUTION)
    parser.add_argument("--version", action="version", version=__version__)
    parser.parse_args(argv)
    parser.print_help()
    return 0
