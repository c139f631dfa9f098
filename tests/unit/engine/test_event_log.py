"""The event log where it can't be written."""

from datetime import UTC, datetime

import pytest
from made_up import MadeUp

from atomci.artifacts.redaction import Redactor
from atomci.artifacts.runs import AtomStarted, Event
from atomci.engine.events import EventLog, new_run_id


def test_a_log_without_a_folder_says_so_tells_all_and_writes_nowhere(
    project: MadeUp, capfd: pytest.CaptureFixture[str]
) -> None:
    project.write("artifacts", "a file where a folder is to be")
    told: list[Event] = []
    event = AtomStarted(time="", atom="lint")

    with EventLog(project.root, "a-run", [told.append], Redactor({})) as log:
        log(event)

    assert log.broken.startswith(f"can't write {project.root / 'artifacts' / 'runs' / 'a-run'}: ")
    assert told == [event]
    assert capfd.readouterr().out == ""


def test_runs_of_the_same_second_sort_by_time() -> None:
    second = datetime(2026, 11, 24, 3, 45, tzinfo=UTC)
    ids = [new_run_id(second.replace(microsecond=part)) for part in range(0, 1_000_000, 50_000)]
    assert ids == sorted(ids)
    assert {len(name) for name in ids} == {len("20261124T034500-1a2b3c")}
