"""The event log where it can't be written."""

import pytest
from made_up import MadeUp

from atomci.artifacts.redaction import Redactor
from atomci.artifacts.runs import AtomStarted, Event
from atomci.engine.events import EventLog


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
