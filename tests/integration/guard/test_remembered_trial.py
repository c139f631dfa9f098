"""A trial that is remembered spares time, and nothing else: what isn't confined isn't started."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from atomci.guard.confinement import choice
from atomci.guard.confinement.bounds import Backend, Bounds, Caps
from atomci.guard.confinement.choice import Trial, confined
from atomci.guard.confinement.remembered import Remembered, dependencies

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a shell proves it")


class Nothing:
    """A back-end that stops nothing."""

    NAME, LEVEL, NAMES_HOSTS = "nothing", "os-fs", False

    def __init__(self, program: Path) -> None:
        self._program = str(program)

    def missing(self) -> str:
        return ""

    def program(self) -> str:
        return self._program

    def confined(self, bounds: Bounds, argv: tuple[str, ...], cwd: Path) -> tuple[str, ...]:
        return (*(("env",) if bounds.caps.cpu else ()), *argv)

    def gaps(self, bounds: Bounds) -> tuple[str, ...]:
        return ()


@pytest.fixture
def bounds(tmp_path: Path) -> Bounds:
    for name in ("tree", "session/scratch"):
        (tmp_path / name).mkdir(parents=True)
    return Bounds(writable=(tmp_path / "tree",), scratch=tmp_path / "session/scratch")


@pytest.fixture
def nothing(tmp_path: Path) -> Backend:
    (tmp_path / "program").write_text("one")
    return cast(Backend, Nothing(tmp_path / "program"))


def started(bounds: Bounds, nothing: Backend, remembered: Remembered, argv: tuple[str, ...]) -> Any:
    asked = confined(bounds, argv, bounds.scratch, backends=(nothing,), remembered=remembered)
    return subprocess.run(asked.argv, capture_output=True, check=False, text=True)


def test_where_a_remembered_back_end_confines_no_more_nothing_is_started(
    tmp_path: Path, bounds: Bounds, nothing: Backend
) -> None:
    remembered = Remembered(tmp_path / "trial")
    remembered.keep(dependencies(nothing, bounds, bounds.scratch))
    done = started(bounds, nothing, remembered, ("touch", str(tmp_path / "ran")))
    assert (done.returncode, "nothing was started" in done.stderr) == (126, True)
    assert not (tmp_path / "ran").exists()
    remembered.doubt(bounds.scratch)
    assert not (tmp_path / "trial").exists(), "the next session has its own trial"


def test_a_program_that_was_confined_gets_its_words_and_is_remembered(
    tmp_path: Path, bounds: Bounds, nothing: Backend
) -> None:
    remembered = Remembered(tmp_path / "trial")
    remembered.keep(dependencies(nothing, bounds, bounds.scratch))
    asked = confined(
        bounds, ("printf", "%s|", "a b", "$1"), bounds.scratch, backends=(nothing,), remembered=remembered
    )
    (bounds.scratch.parent / "outside").unlink()
    (bounds.scratch.parent / "outside").mkdir()  # what can't be written, also by root
    done = subprocess.run(asked.argv, capture_output=True, check=False, text=True)
    assert (done.returncode, done.stdout) == (0, "a b|$1|")
    remembered.doubt(bounds.scratch)
    assert (tmp_path / "trial").exists()


@pytest.mark.parametrize("change", ["nothing", "program", "bounds", "kernel", "place"])
def test_a_trial_is_done_again_once_something_that_it_depends_on_is_different(
    tmp_path: Path, bounds: Bounds, nothing: Backend, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[Backend] = []

    def tried(backend: Backend, *_: object) -> Trial:
        tries.append(backend)
        return Trial(backend, "")

    monkeypatch.setattr(choice, "tried", tried)
    remembered = Remembered(tmp_path / "trial")
    confined(bounds, ("true",), bounds.scratch, backends=(nothing,), remembered=remembered)
    if change == "program":
        (tmp_path / "program").write_text("another")
    elif change == "bounds":
        bounds = replace(bounds, caps=Caps(cpu=1))
    elif change == "kernel":
        names = "atomci.guard.confinement.remembered._setting"
        monkeypatch.setattr(names, lambda name: "1")
    elif change == "place":  # beside it everything may be written, so nothing can be proven there
        bounds = replace(bounds, writable=(tmp_path,))
    confined(bounds, ("true",), bounds.scratch, backends=(nothing,), remembered=remembered)
    assert len(tries) == (1 if change == "nothing" else 2)


def test_after_a_back_end_that_failed_the_next_one_is_tried_each_time(
    tmp_path: Path, bounds: Bounds, nothing: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The better one may work the next time."""
    broken = cast(Backend, Nothing(tmp_path / "program"))
    tries: list[Backend] = []

    def tried(backend: Backend, *_: object) -> Trial:
        tries.append(backend)
        return Trial(backend, "broken" if backend is broken else "")

    monkeypatch.setattr(choice, "tried", tried)
    for _ in range(2):
        confined(
            bounds,
            ("true",),
            bounds.scratch,
            backends=(broken, nothing),
            remembered=Remembered(tmp_path / "t"),
        )
    assert tries == [broken, nothing, broken, nothing]
