from importlib import import_module

import pytest

from my_command import __version__
from my_command.cli import main


def test_without_arguments_it_says_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "usage" in capsys.readouterr().out


def test_it_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])

    assert (stopped.value.code, capsys.readouterr().out.strip()) == (0, __version__)


def test_it_starts_as_a_module_too() -> None:
    assert import_module("my_command.__main__").main is main
