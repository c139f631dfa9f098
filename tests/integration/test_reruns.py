"""Tests that atomci runs again: real pytest, every kind of test, in one process and over workers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from nightly import NIGHTLY

from atomci.testing.flaky.plan import PLAN_VARIABLE
from atomci.testing.recorder import LOG_VARIABLE

FLAKY = ("test_known", "test_known_import")
ENDS = {
    # What a test is, and how its attempts end.
    "test_network": "rerun rerun passed",
    "test_network_always": "rerun rerun failed",
    "test_asserts": "failed",
    "test_known": "rerun passed",
    "test_known_import": "failed",
    "test_raised_from": "rerun passed",
    "test_service": "rerun passed",
    "test_service_is_shared": "passed",
    "test_by_name": "rerun passed",
    "TestClass::test_first": "rerun passed",
    "test_last": "rerun passed",
    "test_tear_down": "passed error",
    "test_odd[b::c]": "rerun passed",
    "test_odd[[d]]": "rerun passed",
    "TestMethods::test_instance": "rerun passed",
    "TestMethods::test_item": "rerun passed",
    "TestUnit::test_unit": "rerun passed",
    "TestUnit::test_subtest": "failed passed",
    "TestAsync::test_async": "rerun passed",
    "test_anyio[asyncio]": "rerun passed",
    "test_xfails": "xfailed",
}
TESTS = '''
import asyncio
import socket
import unittest
from collections import Counter

import pytest

CALLS: Counter = Counter()


def begins(name, error=TimeoutError, until=2):
    """Raise until the test was tried so often."""
    CALLS[name] += 1
    if CALLS[name] < until:
        raise error(name)


def test_network():
    begins("network", ConnectionRefusedError, until=3)


def test_network_always():
    begins("always", socket.gaierror, until=9)


def test_asserts():
    begins("asserts", AssertionError)


def test_known():
    begins("known", AssertionError)


def test_known_import():
    begins("import", ImportError)


def test_raised_from():
    try:
        begins("from", ConnectionResetError)
    except ConnectionResetError as error:
        raise RuntimeError("the client") from error


@pytest.fixture(scope="module")
def service():
    begins("service", ConnectionError)
    CALLS["up"] += 1
    yield


def test_service(service):
    assert CALLS["up"] == 1


def test_service_is_shared(service):
    assert CALLS["up"] == 1


@pytest.fixture(scope="module")
def by_name(request):
    request.addfinalizer(lambda: CALLS.update(["closed"]))
    begins("by name", ConnectionError)


@pytest.fixture
def around(request):
    request.getfixturevalue("by_name")


def test_by_name(around):
    assert CALLS["closed"] == 1


@pytest.fixture(scope="session", autouse=True)
def shared():
    CALLS["session"] += 1
    yield
    assert CALLS["session"] == 1


@pytest.fixture
def fragile():
    yield
    raise TimeoutError("it may be another test's")


def test_tear_down(fragile):
    pass


@pytest.mark.parametrize("value", ["b::c", "[d]"])
def test_odd(value):
    begins(value)


class TestMethods:
    def test_instance(self):
        assert not hasattr(self, "seen")
        self.seen = True
        begins("instance")

    def test_item(self, request, record_property):
        assert not request.node.own_markers
        assert not request.node.user_properties
        assert not request.node._report_sections
        request.node.add_marker("seen")
        record_property("attempt", 1)
        request.node.add_report_section("call", "own", "seen")
        begins("item")


class TestUnit(unittest.TestCase):
    def test_unit(self):
        begins("unit")

    def test_subtest(self):
        with self.subTest(1):
            begins("subtest")


class TestAsync(unittest.IsolatedAsyncioTestCase):
    async def test_async(self):
        await asyncio.sleep(0)
        begins("async")


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_anyio(anyio_backend):
    begins("anyio")


@pytest.mark.xfail(raises=TimeoutError)
def test_xfails():
    raise TimeoutError


class TestClass:
    @classmethod
    def setup_class(cls):
        begins("class")
        CALLS["class is up"] += 1

    def test_first(self):
        assert CALLS["class is up"] == 1


def test_last(service):
    """After it all is torn down, and what others shared was so once."""
    begins("last")
    assert CALLS["up"] == 1
'''
ROOM = "from atomci.testing.flaky import plugin\n\nplugin.reruns_of_a_suite = lambda tests: 50\n"
BEYOND = "import pytest\n\n\n@pytest.mark.parametrize('n', range(7))\ndef test_beyond(n):\n    raise TimeoutError\n"
LIMIT = '''
import time

import pytest

CALLS = []


@pytest.mark.timeout(0.2)
def test_limit():
    """Without a limit of its own, the second attempt would sleep to its end and pass."""
    CALLS.append(1)
    if len(CALLS) < 3:
        time.sleep(5)


@pytest.mark.flaky(reruns=1)
def test_of_another_plugin():
    CALLS.append(1)
    raise TimeoutError
'''


def attempts(
    folder: Path,
    tests: str,
    *words: str,
    flaky: tuple[str, ...] = (),
    times: int = 2,
    more: dict[str, Any] | None = None,
) -> Any:
    """How the attempts of each test ended, and what pytest printed."""
    (folder / "test_it.py").write_text(tests)
    (folder / "pytest.ini").write_text("[pytest]\n")
    known = [f"test_it.py::{name}" for name in flaky]
    causes = ["time-out", "network", "flaky"]
    plan = {"times": times, "causes": causes, "flaky": known, "quarantined": {}, "named": [], **(more or {})}
    (folder / "plan.json").write_text(json.dumps(plan))
    env = {**os.environ, PLAN_VARIABLE: str(folder / "plan.json"), LOG_VARIABLE: str(folder / "log.jsonl")}
    plugins = ["-p", "atomci.testing.recorder", "-p", "atomci.testing.flaky.plugin", "-p", "no:cacheprovider"]
    argv = [sys.executable, "-m", "pytest", "-q", *plugins, *words]
    without = {name: value for name, value in env.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(argv, check=False, cwd=folder, env=without, capture_output=True, text=True)
    ends: dict[str, list[str]] = defaultdict(list)
    causes: dict[str, str] = {}
    for row in map(json.loads, (folder / "log.jsonl").read_text().splitlines()):
        if row["event"] == "test":
            name = row["nodeid"].partition("::")[2]
            ends[name].append(row["outcome"])
            causes[name] = row.get("rerun_for", causes.get(name, ""))
    return {name: " ".join(found) for name, found in ends.items()}, causes, done


@pytest.mark.parametrize("workers", [(), ("-n", "2", "--dist", "loadfile")], ids=["here", "workers"])
def test_every_kind_of_test_runs_again_where_it_may_and_nothing_else(
    workers: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "conftest.py").write_text(ROOM)
    ends, causes, done = attempts(tmp_path, TESTS, *workers, flaky=FLAKY)
    assert ends == ENDS, done.stdout
    assert (causes["test_network"], causes["test_known"], causes["test_odd[[d]]"]) == (
        "network",
        "flaky",
        "time-out",
    )
    assert "17 rerun" in done.stdout.splitlines()[-1]


def test_each_attempt_has_its_own_time_limit_and_the_tests_of_another_plugin_are_left_to_it(
    tmp_path: Path,
) -> None:
    pytest.importorskip("pytest_timeout")
    pytest.importorskip("pytest_rerunfailures")
    ends, causes, done = attempts(tmp_path, LIMIT)
    assert ends == {"test_limit": "rerun rerun passed", "test_of_another_plugin": "rerun failed"}, done.stdout
    assert (causes["test_limit"], causes["test_of_another_plugin"]) == ("time-out", "")


def test_a_suite_has_five_re_runs_over_all_of_its_workers(tmp_path: Path) -> None:
    ends, _, _ = attempts(tmp_path, BEYOND, "-n", "2")
    assert " ".join(ends.values()).split().count("rerun") == 5
    assert all(found.endswith("failed") for found in ends.values())


def test_a_failure_that_stops_the_suite_is_the_last_attempt_s(tmp_path: Path) -> None:
    ends, _, _ = attempts(tmp_path, BEYOND, "--maxfail=1")
    assert ends == {"test_beyond[0]": "rerun rerun failed"}


PATCHED = """
import builtins
import io
import os
import pathlib


def test_patches_files(monkeypatch, calls=[]):
    def broken(*arguments, **options):
        raise PermissionError("a test's own")

    calls.append(1)
    for place, name in ((builtins, "open"), (io, "open"), (os, "open"), (os, "write"), (pathlib.Path, "open")):
        monkeypatch.setattr(place, name, broken)
    if len(calls) < 2:
        raise TimeoutError
"""


def test_what_a_test_puts_in_place_of_files_is_nothing_to_the_count(tmp_path: Path) -> None:
    ends, _, done = attempts(tmp_path, PATCHED)
    assert ends == {"test_patches_files": "rerun passed"}, done.stdout
    assert (tmp_path / "plan.claims").read_bytes() == b"."


QUARANTINED = '''
import unittest

import pytest


def test_fails():
    raise TimeoutError


@pytest.mark.parametrize("value", ["a", "b::c"])
def test_parameters(value):
    assert value == "a"


@pytest.fixture
def broken():
    raise OSError


def test_set_up(broken):
    pass


@pytest.fixture(scope="module")
def fragile():
    yield
    raise OSError


class TestUnit(unittest.TestCase):
    def test_subtest(self):
        with self.subTest(1):
            assert 1 == 2


@pytest.mark.xfail(strict=True)
def test_xpasses():
    pass


def test_passes():
    pass


def test_last(fragile):
    """The tear-down that fails after it is the module's."""
'''
HELD = {"owner": "ada", "until": "2026-12-31", "days_left": 3, "reason": "the clock"}


@pytest.mark.parametrize(
    "workers",
    [(), *([("-n", "2", "--dist", "loadfile")] if NIGHTLY else [])],
    ids=["here", "workers"][: 1 + NIGHTLY],
)
def test_a_quarantined_test_runs_and_may_fail_but_not_break_what_others_share(
    workers: tuple[str, ...], tmp_path: Path
) -> None:
    names = ("test_fails", "test_parameters", "test_set_up", "TestUnit::test_subtest", "test_xpasses")
    held = [f"test_it.py::{name}" for name in (*names, "test_passes", "test_last")]
    lost = ["test_it.py::test_fail", "test_it.py::TestUnit", "elsewhere/test_b.py::test_c"]
    more = {"quarantined": dict.fromkeys(held, HELD), "named": [*held, *lost]}
    ends, _, done = attempts(
        tmp_path, QUARANTINED, "test_it.py", "--maxfail=1", "--junitxml=j.xml", *workers, more=more
    )
    assert ends == {
        "test_fails": "quarantined",
        "test_parameters[a]": "passed",
        "test_parameters[b::c]": "quarantined",
        "test_set_up": "quarantined",
        "TestUnit::test_subtest": "quarantined passed",
        "test_xpasses": "quarantined",
        "test_passes": "passed",
        "test_last": "passed error",
    }, done.stdout
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert all(row["quarantine"] == HELD for row in rows[:-1])
    assert rows[0]["message"] == "TimeoutError"
    assert rows[-1]["unmatched"] == {
        lost[0]: "test_it.py::test_fails",
        lost[1]: "test_it.py::TestUnit::test_subtest",
    }
    assert done.returncode == 1
    said = 'type="pytest.xfail" message="quarantined until 2026-12-31 (ada): the clock"'
    assert (tmp_path / "j.xml").read_text().count(said) == 5


@pytest.mark.parametrize(
    "tests",
    ["import pytest\n\npytest.importorskip('no_such_module')\n", "import no_such_module\n"],
    ids=["skipped", "broken"],
)
def test_of_a_file_that_was_not_collected_nobody_knows_the_names(tests: str, tmp_path: Path) -> None:
    attempts(tmp_path, tests, more={"named": ["test_it.py::test_a"]})
    assert json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1]).get("unmatched", {}) == {}


def test_names_of_other_files_are_not_asked_for_and_what_is_deselected_is_there(tmp_path: Path) -> None:
    more = {"named": ["test_it.py::test_gone", "conftest.py::test_gone", "test_it.py::test_patches_files"]}
    attempts(tmp_path, PATCHED, "test_it.py", "-k", "nothing", more=more)
    last = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
    assert last["unmatched"] == {"test_it.py::test_gone": "test_it.py::test_patches_files"}
