"""The event log where it can't be written."""

from datetime import UTC, datetime

import pytest
from made_up import MadeUp

from atomci.artifacts.handed.runs import AtomStarted, Event
from atomci.artifacts.redaction import Redactor
from atomci.engine.events import EventLog, last_run_id, new_run_id


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


def test_a_run_sorts_behind_those_before_also_when_the_clock_was_put_back(project: MadeUp) -> None:
    at = datetime(2026, 11, 24, 3, 45, tzinfo=UTC)
    ahead = new_run_id(at.replace(year=2030))
    names = [ahead]
    for _ in range(3):
        (project.root / "artifacts/runs" / names[-1]).mkdir(parents=True)
        names.append(new_run_id(at, after=last_run_id(project.root)))
    assert names == sorted(names)
    assert names[1].startswith("20301124T034501-")
    assert new_run_id(at, after=names[0].replace("2030", "2020")).startswith("20261124T034500-")


@pytest.mark.parametrize(
    "odd", ["", "zzz", "99991231T235959-ffffff", "20261399T996199-000000", "20991231T000000 (2)"]
)
def test_what_is_no_id_of_a_run_moves_no_other(odd: str) -> None:
    at = datetime(2026, 11, 24, 3, 45, tzinfo=UTC)
    assert new_run_id(at, after=odd).startswith("20261124T034500-")
