import pytest

from my_command import __version__
from my_command.cli import main


def test_it_says_how_it_is_used_and_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "usage" in capsys.readouterr().out

    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert (stopped.value.code, capsys.readouterr().out.strip()) == (0, __version__)
