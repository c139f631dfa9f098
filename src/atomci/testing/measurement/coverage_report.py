"""`coverage report`, and by which settings: run with `python -m` and `--data-file=FILE`.

It prints each file's lines to cover, and then one line of JSON. Coverage's own rules decide, so it runs in
the project's environment; it needs the standard library and coverage, nothing else.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, cast

from coverage import Coverage
from coverage.config import CoverageConfig, config_files_to_try
from coverage.exceptions import CoverageException, NoDataError
from coverage.python import PythonFileReporter
from coverage.results import format_lines, should_fail_under

from atomci.testing.measurement.sources import take_up

__all__ = ["main"]


def main(words: list[str]) -> int:
    """Print the lines and the answer; 0 also when the budget is missed, since that is part of the answer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data-file", required=True)
    parser.add_argument("--rcfile", default="")
    parser.add_argument(
        "--fail-under", type=float, help="pytest-cov's own budget, beside that of the settings"
    )
    parser.add_argument("--precision", type=int, help="and to how many digits it rounds")
    parser.add_argument("--changed", default="", help="a file of JSON: by path the lines that changed")
    given = parser.parse_args(words)
    take_up()
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
        report = _report(measured)
        if given.changed:
            answer["changes"] = _changes(measured, report["files"], given.changed)
    except CoverageException as error:
        return {"error": str(error)}
    total = report["totals"]["percent_covered"] if report["totals"]["num_statements"] else 0.0
    return {
        **answer,
        "total": total,
        "under": any(should_fail_under(total, budget, precision) for budget, precision in budgets),
        "statements": report["totals"]["num_statements"],
        "files": [_to_cover(name, file) for name, file in report["files"].items() if _has_to_cover(file)],
    }


def _report(measured: Coverage) -> Mapping[str, Any]:
    """Coverage's own report in JSON."""
    written = io.StringIO()
    with redirect_stdout(written):
        measured.json_report(outfile="-", pretty_print=False)
    report: Mapping[str, Any] = json.loads(written.getvalue())
    _try_the_table(measured, report["files"])
    return report


def _try_the_table(measured: Coverage, files: Mapping[str, Any]) -> None:
    """Settings that only `coverage report` reads may be wrong; one file of few lines is enough to know."""
    least = min(files, key=lambda name: files[name]["summary"]["num_statements"], default="")
    try:
        measured.report([least], file=io.StringIO(), show_missing=False)
    except NoDataError:
        return


def _changes(measured: Coverage, files: Mapping[str, Any], changed: str) -> dict[str, Any]:
    """Of each changed file that the report has: which of the statements on its lines are covered.

    `unknown` are files with changed statements that the report doesn't have, though nothing leaves them out.
    `elsewhere` are files that were measured and aren't below the folder, `packages` the folders of those that
    are, and those that are to be measured as a whole.
    """
    lines_of: dict[str, list[int]] = json.loads(Path(changed).read_text(encoding="utf-8"))
    root = Path.cwd().resolve()
    places = {Path(name).resolve(): name for name in files}
    found, unknown = [], []
    for path, lines in lines_of.items():
        name = places.get(Path(path).resolve())
        if name is None:
            if not _is_omitted(measured, path) and _statements(measured, path).intersection(lines):
                unknown.append(path)
            continue
        statements = PythonFileReporter(name, measured).translate_lines(lines)
        missing = sorted(statements.intersection(files[name]["missing_lines"]))
        covered = len(statements.intersection(files[name]["executed_lines"]))
        if covered or missing:
            found.append({"path": path, "covered": covered, "missing": missing})
    environment = Path(sys.prefix).resolve()
    own = {place for place in places if place.is_relative_to(root) and not place.is_relative_to(environment)}
    return {
        "files": found,
        "unknown": unknown,
        "elsewhere": sorted(map(str, places.keys() - own)),
        "packages": sorted(
            {*(_package(place, root) for place in own), *_measured_whole(measured, root)} - {"."}
        ),
    }


def _statements(measured: Coverage, path: str) -> set[int]:
    """Of a file that wasn't measured; all lines where it can't be parsed."""
    try:
        return PythonFileReporter(path, measured).lines()
    except CoverageException:
        return set(range(1, Path(path).read_bytes().count(b"\n") + 2))


def _measured_whole(measured: Coverage, root: Path) -> Iterator[str]:
    """Folders that the settings name; src/ where they name nothing, as atomci says to pytest-cov then.

    Coverage itself misses files there that no test imports, in folders without `__init__.py`.
    """
    limits = ("run:source", "run:source_pkgs", "run:source_dirs", "run:include")
    named = {option: cast("Sequence[str]", _option(measured, option)) for option in limits}
    folders = [*named["run:source"], *named["run:source_dirs"]] if any(named.values()) else ["src"]
    for folder in folders:
        place = Path(folder).resolve()
        if place.is_dir() and place.is_relative_to(root):
            yield place.relative_to(root).as_posix()


def _option(measured: Coverage, name: str) -> object:
    try:
        return measured.get_option(name) or ()
    except CoverageException:  # old ones don't have each
        return ()


def _package(place: Path, root: Path) -> str:
    """The topmost package that a file is in, else its folder; from the root."""
    folder = place.parent
    while folder != root and (folder.parent / "__init__.py").is_file():
        folder = folder.parent
    return folder.relative_to(root).as_posix()


def _is_omitted(measured: Coverage, path: str) -> bool:
    """Whether the settings say that a file isn't to be measured, or not to be reported."""
    omitted = [
        pattern
        for option in ("run:omit", "report:omit")
        for pattern in cast("Sequence[str]", measured.get_option(option) or ())
    ]
    from coverage.files import GlobMatcher, prep_patterns  # old ones don't have them

    return GlobMatcher(prep_patterns(omitted), "omit").match(str(Path(path).resolve()))


def _has_to_cover(file: Mapping[str, Any]) -> bool:
    return bool(file["missing_lines"] or file.get("missing_branches"))


def _to_cover(name: str, file: Mapping[str, Any]) -> dict[str, Any]:
    """What of a file isn't covered, which is printed too; no branches of lines that weren't reached."""
    missing, percent = file["missing_lines"], file["summary"]["percent_covered"]
    branches = [(a, b) for a, b in file.get("missing_branches", ()) if a not in set(missing)]
    known = sorted({*file["executed_lines"], *missing})
    lines = format_lines(known, missing, [(a, [b]) for a, b in branches])
    sys.stdout.write(f"{name}: {percent:.2f} % covered, not covered: {lines}\n")
    return {
        "path": name,
        "percent": round(percent, 2),
        "missing_lines": missing,
        "missing_branches": [f"{a}->{b if b > 0 else 'exit'}" for a, b in branches],
    }


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
