"""What the tests' own coverage is told before it starts."""

import sys
from types import ModuleType, SimpleNamespace

import pytest
from coverage import Coverage
from coverage.exceptions import ConfigError

from atomci.testing.measurement.measuring import DATA_VARIABLE, Measuring


@pytest.fixture
def starts(monkeypatch, tmp_path):
    """Starts a coverage as pytest-cov does; which core it was to take."""
    told = []
    monkeypatch.setattr(Coverage, "start", lambda coverage: told.append(coverage.get_option("run:core")))
    monkeypatch.setitem(sys.modules, "pytest_cov", ModuleType("pytest_cov"))
    monkeypatch.delenv("COVERAGE_CORE", raising=False)
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    config = SimpleNamespace(invocation_params=SimpleNamespace(dir=tmp_path))

    def core(settings: str = "", *, noting: bool = True):
        name = "atomci.testing.observation.functions"
        if noting:
            monkeypatch.setitem(sys.modules, name, ModuleType(name))
        else:
            monkeypatch.delitem(sys.modules, name, raising=False)
        rcfile = tmp_path / "rc"
        rcfile.write_text(f"[run]\n{settings}", encoding="utf-8")
        with Measuring(config).lent():
            Coverage(data_file=None, config_file=str(rcfile)).start()
        return told[-1]

    return core


def test_where_lines_are_noted_by_test_coverage_takes_the_core_that_can_tell_them(starts) -> None:
    assert starts() == "ctrace"
    assert starts(noting=False) is None
    assert starts("core = sysmon") == "sysmon"
    assert starts("core = pytrace") == "pytrace"


def test_a_coverage_without_cores_starts_all_the_same(starts, monkeypatch) -> None:
    asked = Coverage.get_option

    def get(coverage, name):
        if name == "run:core" and sys._getframe(1).f_code.co_name == "_choose_core":
            raise ConfigError(name)
        return asked(coverage, name)

    monkeypatch.setattr(Coverage, "get_option", get)
    assert starts() is None
