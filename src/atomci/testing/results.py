"""What the recorder wrote, read back: results, summary, findings and JUnit XML."""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from atomci.artifacts.handed.schemas import Finding
from atomci.artifacts.handed.testing import TestResult, TestSession
from atomci.artifacts.json_text import json_of
from atomci.artifacts.store import ArtifactError
from atomci.decoding import decoded
from atomci.tools.atomic import replace_file

__all__ = ["BAD", "counts", "crash", "findings", "junit", "read_log", "read_results", "write_results"]

BAD = ("failed", "error")
"""Outcomes that make a suite red."""
# Characters that XML 1.0 can't hold.
_NOT_XML = {
    code: "\ufffd"
    for code in (*range(32), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF)
    if chr(code) not in "\t\n\r"
}
# Frames of pytest's own report of a conftest that can't be imported, and of an internal error.
_FRAME = re.compile(
    r'^(?:INTERNALERROR>|E)?\s*(?:File "(.+?)", line (\d+)|(\S[^\n]*?):(\d+): in )', re.MULTILINE
)
_FATAL = re.compile(r"Fatal Python error: .*")
_SAID = re.compile(r"^(?:INTERNALERROR> |E +)(\S.*)$", re.MULTILINE)
_DETAILS = 20_000


def read_results(path: Path) -> tuple[TestResult, ...]:
    """One per attempt, in the order they ended. Raises ArtifactError."""
    return read_log(path)[0]


def read_log(path: Path) -> tuple[tuple[TestResult, ...], TestSession | None]:
    """The results, and what the last line says of the session; None without one. Raises ArtifactError."""
    try:
        rows = [decoded(line, TestResult | TestSession) for line in path.read_bytes().splitlines()]
    except FileNotFoundError:
        raise ArtifactError(f"{path} is missing: pytest ended before any test") from None
    except msgspec.DecodeError as error:
        raise ArtifactError(f"{path}: {error}") from None
    last = rows[-1] if rows else None
    found = tuple(row for row in rows if isinstance(row, TestResult))
    return found, last if isinstance(last, TestSession) else None


def write_results(path: Path, results: Iterable[TestResult], session: TestSession | None = None) -> None:
    """The recorder's file anew."""
    rows = [*results, *([session] if session else [])]
    replace_file(path, b"".join(json_of(row) + b"\n" for row in rows))


def counts(results: Iterable[TestResult]) -> dict[str, int]:
    """How many ended how; attempts that were run again count as `rerun`."""
    return dict(sorted(Counter(result.outcome for result in results).items()))


def findings(results: Iterable[TestResult], tool: str = "pytest") -> tuple[Finding, ...]:
    """Tests that failed, where they failed."""
    return tuple(
        Finding(
            path=result.path,
            line=max(result.line, 1),
            tool=tool,
            rule=result.nodeid,
            message=result.message,
        )
        for result in results
        if result.outcome in BAD
    )


def crash(output: str, root: Path) -> TestResult | None:
    """Where the project's own code ended pytest itself: a conftest's import or hook, or a test that crashed
    the interpreter. None when it didn't.
    """
    fatal = _FATAL.search(output)
    frames = list(_FRAME.finditer(output, fatal.end() if fatal else 0))
    for match in frames if fatal else reversed(frames):  # faulthandler begins with the innermost
        path = Path(os.path.normpath(root / (match[1] or match[3])))
        if not path.is_relative_to(root) or not path.is_file() or ".venv" in path.parts:
            continue
        said = [fatal[0]] if fatal else _SAID.findall(output, match.end())
        where = path.relative_to(root).as_posix()
        return TestResult(
            nodeid=where,
            outcome="error",
            path=where,
            line=int(match[2] or match[4]),
            message=said[-1] if said else "pytest itself ended here",
            details=output[fatal.start() :][:_DETAILS] if fatal else output[-_DETAILS:],
        )
    return None


def junit(results: Sequence[TestResult], suite: str) -> bytes:
    """JUnit XML, one testcase per attempt, with file and line attributes."""
    bad = Counter(result.outcome for result in results)
    root = ET.Element("testsuites")
    node = ET.SubElement(
        root,
        "testsuite",
        name=suite,
        tests=str(len(results)),
        failures=str(bad["failed"]),
        errors=str(bad["error"]),
        skipped=str(bad["skipped"] + bad["xfailed"] + bad["quarantined"]),
        time=f"{sum(result.seconds for result in results):.3f}",
    )
    for result in results:
        node.append(_case(result))
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _case(result: TestResult) -> ET.Element:
    file, _, name = result.nodeid.partition("::")
    case = ET.Element(
        "testcase",
        classname=file.removesuffix(".py").replace("/", "."),
        name=_clean(name or file),
        file=file,
        line=str(result.line),
        time=f"{result.seconds:.3f}",
    )
    kinds = {
        "failed": "failure",
        "error": "error",
        "rerun": "rerunFailure",
        "skipped": "skipped",
        "xfailed": "skipped",
        "quarantined": "skipped",
    }
    if kind := kinds.get(result.outcome):
        quarantined = (
            f"quarantined ({result.quarantine}): " if kind == "skipped" and result.quarantine else ""
        )
        message = _clean(f"{quarantined}{result.message}")
        ET.SubElement(case, kind, message=message).text = _clean(result.details) or None
    return case


def _clean(text: str) -> str:
    return text.translate(_NOT_XML)
