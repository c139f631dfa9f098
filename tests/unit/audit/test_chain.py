"""What was done to an audit log afterwards, and by which means it shows."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from atomci.audit import log
from atomci.audit.chain import Head, against_anchors, line_of, read_chain
from atomci.errors import InfrastructureError, RefusedError

START = datetime(2026, 11, 28, tzinfo=UTC)


def write(folder: Path, count: int = 6, text: str = "run") -> list[Head]:
    moments = (START + timedelta(minutes=n) for n in range(count))
    return [log.append(folder, {"what": text, "exit": n}, at) for n, at in enumerate(moments)]


def kinds(data: bytes) -> list[tuple[str, int]]:
    return [(fault.kind, fault.line) for fault in read_chain(data).faults]


def forged(lines: list[bytes]) -> bytes:
    """The lines with digests that fit again, as somebody would write them who knows how."""
    made: list[bytes] = []
    for line in lines:
        entry = dict(read_chain(line).entries[0] or {})
        if made:
            last = read_chain(made[-1]).head
            assert last is not None
            entry |= {"n": last.n + 1, "prev": last.digest}
        made.append(line_of(entry))
    return b"".join(made)


def test_an_untouched_log_has_no_fault_and_holds_each_head(tmp_path: Path) -> None:
    heads = write(tmp_path)
    chain = log.read_log(tmp_path)
    assert (chain.faults, chain.clock, chain.head) == ((), (), heads[-1])
    anchors = {f"tag v{head.n}": head for head in heads}
    assert list(against_anchors(chain, anchors)) == []


ATTACKS: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "an edited line": lambda lines: [*lines[:2], lines[2].replace(b'"exit":2', b'"exit":0'), *lines[3:]],
    "a line taken out": lambda lines: [*lines[:2], *lines[3:]],
    "two lines swapped": lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]],
    "a key said twice": lambda lines: [*lines[:2], lines[2].replace(b"{", b'{"exit":0,', 1), *lines[3:]],
    "the first line taken out": lambda lines: lines[1:],
    "a line that is no JSON": lambda lines: [*lines[:2], b"hello\n", *lines[3:]],
    "another form of the same": lambda lines: [*lines[:2], lines[2].replace(b",", b", "), *lines[3:]],
    "a line copied": lambda lines: [*lines[:3], lines[2], *lines[3:]],
}


FOUND = {
    "an edited line": [("edited", 3)],
    "a line taken out": [("missing", 3)],
    "two lines swapped": [("missing", 3), ("missing", 4), ("missing", 5)],
    "a key said twice": [("edited", 3), ("edited", 3)],
    "the first line taken out": [("missing", 1)],
    "a line that is no JSON": [("edited", 3)],
    "another form of the same": [("edited", 3), ("edited", 3)],
    "a line copied": [("missing", 4)],
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_chain_shows(attack: str, tmp_path: Path) -> None:
    write(tmp_path)
    lines = (tmp_path / log.NAME).read_bytes().splitlines(keepends=True)
    assert kinds(b"".join(ATTACKS[attack](lines))) == FOUND[attack]


def test_a_line_has_one_form() -> None:
    assert line_of({"b": 1, "a": ["ä", True]}) == '{"a":["ä",true],"b":1}\n'.encode()


def test_a_number_is_a_number() -> None:
    chain = read_chain(line_of({"log": "x", "n": True, "prev": ""}) + b"nonsense\n")
    assert [fault.kind for fault in chain.faults] == ["missing", "edited"]
    assert not chain.holds(Head("x", 7, "f" * 64))
    assert read_chain(line_of({"log": "x", "n": "0"})).head == Head(
        "x", -1, chain_digest({"log": "x", "n": "0"})
    )


def chain_digest(entry: dict[str, object]) -> str:
    return hashlib.sha256(line_of(entry)).hexdigest()


@pytest.mark.parametrize("left", [4, 0], ids=["the tail cut off", "the whole file removed"])
def test_only_an_anchor_shows_what_was_cut(left: int, tmp_path: Path) -> None:
    heads = write(tmp_path)
    lines = (tmp_path / log.NAME).read_bytes().splitlines(keepends=True)
    chain = read_chain(b"".join(lines[:left]))
    assert chain.faults == ()
    assert [fault.kind for fault in against_anchors(chain, {"the tag v1": heads[-1]})] == ["cut"]
    assert len(list(against_anchors(chain, {"the tag v0": heads[1]}))) == (0 if left else 1)


def test_only_an_anchor_shows_what_was_written_anew(tmp_path: Path) -> None:
    heads = write(tmp_path)
    lines = (tmp_path / log.NAME).read_bytes().splitlines(keepends=True)
    chain = read_chain(forged([*lines[:3], lines[3].replace(b'"exit":3', b'"exit":0'), *lines[4:]]))
    assert chain.faults == ()
    found = list(against_anchors(chain, {"a": heads[4], "b": heads[2]}))
    assert [(fault.kind, fault.line) for fault in found] == [("rewritten", 5)]


def test_an_anchor_of_another_log_says_so(tmp_path: Path) -> None:
    mine, other = write(tmp_path / "a"), write(tmp_path / "b")
    found = list(against_anchors(log.read_log(tmp_path / "a"), {"the tag": other[0]}))
    assert [fault.kind for fault in found] == ["another log"]
    assert mine[0].log != other[0].log


def test_a_head_is_a_text_and_back() -> None:
    head = Head("0123456789abcdef", 12, "f" * 64)
    assert Head.parsed(f" {head}\n") == head
    assert Head.parsed("0123456789abcdef:12:") is None


def test_a_clock_that_was_set_back_is_told_and_is_no_fault(tmp_path: Path) -> None:
    for minute in (0, 5, 3, 3, 4):
        log.append(tmp_path, {"what": "run"}, START + timedelta(minutes=minute))
    chain = log.read_log(tmp_path)
    assert (chain.faults, chain.clock) == ((), (3,))


def test_what_a_killed_writer_left_is_noted_and_the_log_goes_on(tmp_path: Path) -> None:
    write(tmp_path, 2)
    with (tmp_path / log.NAME).open("ab") as file:
        file.write(b'{"at":"2026')
    assert [kind for kind, _ in kinds((tmp_path / log.NAME).read_bytes())] == ["torn"]
    log.append(tmp_path, {"what": "run"})
    chain = log.read_log(tmp_path)
    assert chain.faults == ()
    assert chain.entries[-1] is not None
    assert chain.entries[-1]["repaired"]["bytes"] == 11


@pytest.mark.parametrize("short", [True, False])
def test_a_full_disk_leaves_the_log_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, short: bool
) -> None:
    write(tmp_path, 2)
    before = (tmp_path / log.NAME).read_bytes()
    real = os.write

    def full(file: int, data: bytes) -> int:
        if short:
            return real(file, data[:7])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(InfrastructureError, match="can't be written: No space left"):
        log.append(tmp_path, {"what": "run"})
    assert (tmp_path / log.NAME).read_bytes() == before


def test_a_newer_versions_log_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, 1)
    path = tmp_path / log.NAME
    path.write_bytes(path.read_bytes().replace(b'"v":1', b'"v":2'))
    assert kinds(path.read_bytes()) == [("newer", 1)]
    before = path.read_bytes()
    with pytest.raises(RefusedError, match="newer atomci"):
        log.append(tmp_path, {"what": "run"})
    assert path.read_bytes() == before


def test_a_full_file_is_set_aside_and_vouched_for(tmp_path: Path) -> None:
    for n in range(9):
        log.append(tmp_path, {"what": "x" * 100}, START + timedelta(minutes=n), limit=700)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) >= 3
    chain = log.read_log(tmp_path)
    assert chain.faults == ()
    assert [entry["n"] for entry in chain.entries if entry] == list(range(9))
    min((path for path in tmp_path.glob("audit-*")), key=lambda path: path.stat().st_mtime_ns).unlink()
    assert log.read_log(tmp_path).faults == ()
    older = max(tmp_path.glob("audit-*"), key=lambda path: path.stat().st_mtime_ns)
    older.write_bytes(older.read_bytes().rsplit(b"\n", 2)[0] + b"\n")
    assert [fault.kind for fault in log.read_log(tmp_path).faults] == ["missing"]


def test_floats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no floats"):
        log.append(tmp_path, {"what": {"deep": [1.5]}})


def test_writers_of_several_processes_make_one_chain(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom atomci.audit import log\n"
        "for n in range(25): log.append(Path(sys.argv[1]), {'what': sys.argv[2], 'exit': n})"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(n)]) for n in range(8)]
    assert [writer.wait(120) for writer in writers] == [0] * 8
    chain = log.read_log(tmp_path)
    assert chain.faults == ()
    assert len(chain.entries) == 200
    assert {entry["what"] for entry in chain.entries if entry} == {str(n) for n in range(8)}
