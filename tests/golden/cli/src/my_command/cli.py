"""The command line."""

import argparse
from collections.abc import Sequence
from importlib.metadata import version

from .slug import slugify

DISTRIBUTION = "my-command"


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0; a wrong call exits with 2."""
    parser = argparse.ArgumentParser(
        prog=DISTRIBUTION, description="Print the part of a URL that names a title."
    )
    parser.add_argument("title")
    parser.add_argument("--version", action="version", version=version(DISTRIBUTION))
    print(slugify(parser.parse_args(argv).title))
    return 0
