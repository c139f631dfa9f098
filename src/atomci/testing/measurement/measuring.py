"""What pytest-cov measures is the project, and by which core; where that goes concerns no test.

The recorder lends COVERAGE_FILE to pytest-cov and takes it back before a test runs: whatever coverage a test
starts itself would write into the same file. The modules of atomci that run inside the tests' process are
left out of what is measured, wherever they are installed. Where lines are noted by test, coverage may not
choose sys.monitoring by itself, which tells each line once. Kept to the standard library and coverage, since
it runs inside the tests' process.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from coverage import Coverage

__all__ = ["Measuring"]

DATA_VARIABLE = "ATOMCI_COVERAGE_FILE"
_COVERAGES_OWN = "COVERAGE_FILE"
# Coverage starts by itself in programs that tests start, and finds the data file by the variable.
_STARTS_BY_ITSELF = "COVERAGE_PROCESS_START"
_NOTES_LINES = "atomci.testing.observation.functions"
_CORE = "run:core"


class Measuring:
    """A pytest plugin, in each process that runs tests; `lent` is about pytest-cov's first steps."""

    def __init__(self, config: pytest.Config) -> None:
        self._root = os.path.realpath(config.invocation_params.dir)
        self._data = os.environ.get(DATA_VARIABLE, "")

    @contextlib.contextmanager
    def lent(self) -> Iterator[None]:
        """Coverage finds its data file, and leaves atomci out, where it is started meanwhile."""
        if not self._data:
            yield
            return
        before = os.environ.get(_COVERAGES_OWN)
        os.environ[_COVERAGES_OWN] = self._data
        try:
            with self._without_atomci():
                yield
        finally:
            if _STARTS_BY_ITSELF not in os.environ:
                os.environ.pop(_COVERAGES_OWN, None)
                if before is not None:
                    os.environ[_COVERAGES_OWN] = before

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionstart(self) -> Generator[None, object, object]:
        """In a worker of xdist, pytest-cov starts here."""
        with self.lent():
            return (yield)

    @contextlib.contextmanager
    def _without_atomci(self) -> Iterator[None]:
        if "pytest_cov" not in sys.modules:
            yield
            return
        from coverage import Coverage  # not every environment has it

        start = Coverage.start
        own = sorted(self._own_files())

        def begin(coverage: Coverage) -> None:
            omitted: Any = coverage.get_option("run:omit")
            coverage.set_option("run:omit", [*(omitted or ()), *own])
            if _NOTES_LINES in sys.modules:
                _choose_core(coverage)
            start(coverage)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Coverage, "start", begin)
            yield

    def _own_files(self) -> Iterator[str]:
        """What is loaded of atomci before any test is, but where atomci is the project itself."""
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] == "atomci" and (file := getattr(module, "__file__", None)):
                path = os.path.realpath(file)
                if not path.startswith(self._root + os.sep):
                    yield path


def _choose_core(coverage: Coverage) -> None:
    """The one that it takes by itself for contexts too, unless the project names another."""
    from coverage.exceptions import CoverageException

    with contextlib.suppress(CoverageException):  # old ones have no such setting, and none but this core
        if coverage.get_option(_CORE) is None:
            coverage.set_option(_CORE, "ctrace")
