"""`coverage report`, and by which settings: `python -m atomci.testing.coverage_report --data-file=FILE`.

It prints coverage's own table with the lines to cover, and then one line of JSON. Coverage's own rules
decide, so it runs in the project's environment; it needs the standard library and coverage, nothing else.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from coverage import Coverage
from coverage.config import CoverageConfig, config_files_to_try
from coverage.exceptions import CoverageException
from coverage.results import should_fail_under

__all__ = ["main"]


def main(words: list[str]) -> int:
    """Print the table and the answer; 0 also when the budget is missed, since that is part of the answer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data-file", required=True)
    parser.add_argument("--rcfile", default="")
    parser.add_argument(
        "--fail-under", type=float, help="pytest-cov's own budget, beside that of the settings"
    )
    parser.add_argument("--precision", type=int, help="and to how many digits it rounds")
    given = parser.parse_args(words)
    sys.stdout.write(json.dumps(_answer(given)) + "\n")
    return 0


def _answer(given: argparse.Namespace) -> dict[str, Any]:
    try:
        measured = Coverage(data_file=given.data_file, config_file=given.rcfile or True)
        own: tuple[float, int] = (measured.config.fail_under, measured.config.precision)
        of_pytest: tuple[float, int] = (
            own[0] if given.fail_under is None else given.fail_under,
            own[1] if given.precision is None else given.precision,
        )
        budgets = (own, of_pytest)
        answer = {
            "budget": max(budget for budget, _ in budgets),
            "settings": measured.config.config_file or "",
            "source": bool(
                measured.get_option("run:source")
                or measured.get_option("run:source_pkgs")
                or measured.get_option("run:include")
            ),
            "shadowed": dict(_shadowed(given.rcfile, measured.config.config_file)),
        }
        measured.load()
        total = measured.report(show_missing=True, skip_covered=True)
        under = any(should_fail_under(total, budget, precision) for budget, precision in budgets)
    except CoverageException as error:
        return {"error": str(error)}
    return {**answer, "total": total, "under": under}


def _shadowed(rcfile: str, used: str | None) -> Iterator[tuple[str, float]]:
    """Files with a budget that coverage doesn't come to, since it reads one file only."""
    for name, own, _ in config_files_to_try(rcfile or True):
        if used and Path(used).name == Path(name).name:
            continue
        settings = CoverageConfig()
        if settings.from_file(name, lambda _: None, our_file=own) and settings.fail_under:
            yield name, settings.fail_under


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
