"""Runs of a project's whole suite, and which of its tests failed."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from impact_projects import BenchError, Project

_RECORDER = "impact_recorder"
_SLOW = 0.3


@dataclass(frozen=True)
class Record:
    """What impact_recorder.py saw. `broken` when pytest didn't come to an end that it could be told of."""

    selected: frozenset[str]
    failed: frozenset[str]
    broken: bool
    seconds: float
    took: Mapping[str, float]


def run_suite(
    project: Project,
    words: Sequence[str] = (),
    environment: str = "project/.venv",
    *,
    limit: float = 1800,
    one: float = 60,
) -> Record:
    """pytest on the project; after `limit` seconds all is ended, and what ran counts as failed."""
    lent, path = project.folder / "recorder", project.folder / "record.jsonl"
    if not lent.is_dir():
        lent.mkdir()
        shutil.copy(Path(__file__).with_name(f"{_RECORDER}.py"), lent)
    path.unlink(missing_ok=True)
    env = project.env(environment) | {
        "PYTHONPATH": str(lent),
        "IMPACT_RECORD": str(path),
        "IMPACT_SECONDS": str(one),
    }
    argv = [str(project.python(environment)), "-m", "pytest", "-q", "--tb=no", "-p", _RECORDER]
    argv += ["--continue-on-collection-errors", *words]
    began = time.monotonic()
    code = _ended(argv, project, env, limit)
    return _read(path, code, time.monotonic() - began)


def _ended(argv: Sequence[str], project: Project, env: dict[str, str], limit: float) -> int | None:
    with (project.folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            argv,
            cwd=project.root,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return process.wait(limit)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """With all that it started."""
    if os.name == "nt":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _read(path: Path, code: int | None, seconds: float) -> Record:
    events: list[dict[str, Any]] = []
    if path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                events.append(json.loads(line))
            except ValueError:  # the last line of a process that was killed
                break
    selected = {name for event in events if event["event"] == "selected" for name in event["ids"]}
    failed = {event["id"] for event in events if event["event"] == "failed"}
    ended = any(event["event"] == "end" and event["status"] in (0, 1, 5) for event in events)
    if not ended and events and events[-1]["event"] == "begins":
        failed.add(events[-1]["id"])
    took = {event["id"]: event["seconds"] for event in events if event["event"] == "took"}
    return Record(frozenset(selected), frozenset(failed), not ended or code is None, seconds, took)


@dataclass(frozen=True)
class Baseline:
    """The untouched suite: its tests without those that fail even so, and how long it takes.

    `slow` are the tests that take longer than `_SLOW` seconds.
    """

    tests: tuple[str, ...]
    seconds: float
    failing: tuple[str, ...]
    slow: tuple[str, ...]


def baseline(project: Project, runs: int = 2) -> Baseline:
    """Of runs one after the other; kept for the next time."""
    kept = project.folder / "baseline.json"
    if kept.is_file():
        known = json.loads(kept.read_text(encoding="utf-8"))
        lists = {name: tuple(known[name]) for name in ("tests", "failing", "slow")}
        return Baseline(seconds=known["seconds"], **lists)
    records = [run_suite(project) for _ in range(runs)]
    project.clean()
    if broken := next((record for record in records if record.broken), None):
        raise BenchError(f"{project.name}: the untouched suite doesn't end: {broken.failed}")
    failing = frozenset.union(*(record.failed for record in records))
    tests = sorted(records[0].selected - failing)
    slow = [test for test in tests if min(record.took.get(test, 0.0) for record in records) > _SLOW]
    longest = max(record.seconds for record in records)
    found = Baseline(tuple(tests), longest, tuple(sorted(failing)), tuple(slow))
    kept.write_text(json.dumps(asdict(found)), encoding="utf-8")
    return found


def holds(chosen: Iterable[str], test: str) -> bool:
    """Whether a test is among tests, files and folders."""
    chosen = chosen if isinstance(chosen, set | frozenset) else set(chosen)
    file = test.partition("::")[0]
    folders = (str(parent.as_posix()) for parent in Path(file).parents)
    parts = test.split("::")
    above = {"::".join(parts[:end]) for end in range(1, len(parts) + 1)}
    bare = test.partition("[")[0]
    return not chosen.isdisjoint({test, bare, file, *above, *folders})
