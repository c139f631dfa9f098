"""The command line."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from .outline import Heading, read_outline

DISTRIBUTION = "my-command"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=DISTRIBUTION,
        description="Print the outline of a Markdown document.",
        epilog=f"example: {DISTRIBUTION} README.md",
    )
    parser.add_argument("file", type=Path, help="a Markdown document")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    parser.add_argument("--version", action="version", version=version(DISTRIBUTION))
    return parser


def _as_text(headings: Sequence[Heading]) -> str:
    return "\n".join(f"{'  ' * (h.level - 1)}{h.title}  #{h.slug}" for h in headings)


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0, 1 when the file can't be read; a wrong call exits with 2."""
    arguments = _parser().parse_args(argv)
    try:
        headings = read_outline(arguments.file)
    except OSError as error:
        print(f"{DISTRIBUTION}: {arguments.file}: {error.strerror}", file=sys.stderr)
        return 1
    as_json = json.dumps([asdict(heading) for heading in headings], indent=2)
    print(as_json if arguments.json else _as_text(headings))
    return 0
