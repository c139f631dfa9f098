"""The outline as JSON: `python -m my_library FILE`."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from .outline import read_outline


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0, 1 when the file can't be read, 2 when the call is wrong."""
    arguments = sys.argv[1:] if argv is None else argv
    if len(arguments) != 1:
        print("usage: python -m my_library FILE", file=sys.stderr)
        return 2
    try:
        headings = read_outline(Path(arguments[0]))
    except OSError as error:
        print(f"{arguments[0]}: {error.strerror}", file=sys.stderr)
        return 1
    print(json.dumps([asdict(heading) for heading in headings], indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
