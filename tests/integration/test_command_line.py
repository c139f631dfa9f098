"""A call in this process says what a process of its own says, and leaves this one as it was."""

import os
import signal
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import pytest
from command_line import Done, call

WORDS = [
    ("list",),
    ("run", "local-ci"),
    ("run", "triage", "--dry-run"),
    ("check", "run_ruff_lint"),
    ("fleet",),
]


def in_a_process(words: tuple[str, ...], cwd: Path, env: dict[str, str]) -> Done:
    """What `python -m atomci` says."""
    done = subprocess.run(
        [sys.executable, "-m", "atomci", *words],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_it_says_what_a_process_says(reference, words: tuple[str, ...]) -> None:
    assert call(words, reference.root, reference.env) == in_a_process(words, reference.root, reference.env)


def test_a_crash_is_a_traceback_and_exit_1_as_in_a_process(reference, monkeypatch) -> None:
    def crash(*_: object) -> None:
        raise LookupError("lost it")

    monkeypatch.setattr("command_line.main", crash)
    done = reference.atomci("list")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("Traceback (most recent call last):\n")
    assert done.err.endswith("LookupError: lost it\n")


def state() -> dict[str, Any]:
    """What a call could change in this process."""
    signals = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))
    return {
        "environment": dict(os.environ),
        "folder": Path.cwd(),
        "path": list(sys.path),
        "words": list(sys.argv),
        "handlers": [signal.getsignal(number) for number in signals],
        "filters": list(warnings.filters),
        "streams": (sys.stdin, sys.stdout, sys.stderr),
        "descriptors": [os.fstat(number)[:3] for number in (0, 1, 2)],
        "bytecode": sys.dont_write_bytecode,
        "temporary": tempfile.gettempdir(),
    }


MODULE = """\
import os
import sys
import tempfile
import warnings

from atomci.engine.context import Outcome


def run(ctx):
    os.environ["LEFT_BEHIND"] = "1"
    os.chdir("src")
    sys.path.insert(0, "left behind")
    warnings.simplefilter("error")
    ctx.log(tempfile.gettempdir())
    return Outcome("fail", VALUE)
"""


def test_it_leaves_nothing_behind(sample, tmp_path: Path) -> None:
    """Also where what it runs would: modules, variables, the folder, the place for temporary files."""
    sample.append("pyproject.toml", "\n[tool.atomci.atoms.run_ruff_lint]\nuse = 'own_lint:run'\n")
    before = state()
    for value in ("first", "other"):
        sample.write("../own/own_lint.py", MODULE.replace("VALUE", repr(value)))
        done = sample.atomci(
            "run", "run_ruff_lint", "--json", PYTHONPATH=str(tmp_path / "own"), TMPDIR=str(tmp_path)
        )
        assert done["run_ruff_lint"] == ("fail", value)
        assert sample.log("run_ruff_lint") == str(tmp_path)
        assert state() == before
        assert "own_lint" not in sys.modules
    assert sample.atomci("run", "run_ruff_lint").code == 2, "without PYTHONPATH it isn't there"


def test_what_a_program_writes_to_the_streams_itself_is_caught(sample, monkeypatch) -> None:
    """A program that inherits them, writes past Python's own streams."""

    def write(*_: object) -> None:
        subprocess.run(
            [sys.executable, "-c", "import sys; print('out'); print('err', file=sys.stderr)"], check=True
        )

    monkeypatch.setattr("command_line.main", write)
    done = sample.atomci("list")
    assert (done.out, done.err) == ("out\n", "err\n")


def test_warnings_are_shown_as_users_see_them(sample, monkeypatch) -> None:
    def warn(*_: object) -> None:
        warnings.warn("mind the gap", stacklevel=1)
        warnings.warn("soon gone", DeprecationWarning, stacklevel=1)

    monkeypatch.setattr("command_line.main", warn)
    done = sample.atomci("list")
    assert "UserWarning: mind the gap" in done.err
    assert "soon gone" not in done.err
