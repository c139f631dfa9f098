"""Results that are read while they are written."""

from pathlib import Path

from atomci.watch.tail import Tail

PASSED = b'{"event":"test","nodeid":"t.py::a","outcome":"passed"}\n'
STATE = b'{"event":"session","phase":"tests","running":["t.py::b"]}\n'


def test_each_result_comes_once_and_what_runs_is_known(tmp_path: Path) -> None:
    log = tmp_path / "log"
    tail = Tail(log)
    assert tail.new() == []
    log.write_bytes(PASSED + STATE)
    assert [result.nodeid for result in tail.new()] == ["t.py::a"]
    assert (tail.new(), tail.running) == ([], ("t.py::b",))
    log.write_bytes(PASSED + PASSED.replace(b"::a", b"::b") + STATE[:-20])  # half of the state is written
    assert [result.nodeid for result in tail.new()] == ["t.py::b"]
    log.write_bytes(PASSED + PASSED + PASSED[:-10])
    assert tail.new() == []
