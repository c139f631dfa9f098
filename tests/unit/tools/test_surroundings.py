"""What programs get of the environment, and where they are looked for."""

import os
from types import SimpleNamespace

import pytest

from atomci.cli import main
from atomci.tools import surroundings
from atomci.tools.surroundings import look_on_path_alone

VARIABLE = "NoDefaultCurrentDirectoryInExePath"


def test_on_windows_programs_are_looked_for_on_path_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "x")
    monkeypatch.delenv(VARIABLE)
    look_on_path_alone("posix")
    assert VARIABLE not in os.environ
    look_on_path_alone("nt")
    assert os.environ[VARIABLE] == "1"


def test_every_command_does_but_the_one_that_runs_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    monkeypatch.setattr(main, "os", SimpleNamespace(name="nt"))
    monkeypatch.setattr(surroundings, "look_on_path_alone", lambda: looked.append("so"))
    for word in ("run", "status", "update"):
        main.main([word, "--help"])
    assert looked == ["so", "so"]
