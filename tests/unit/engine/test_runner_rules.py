"""What a run does with its atoms: in which order, which of them at all, and how the run ends."""

from __future__ import annotations

import errno
import json
import os
import threading

import pytest
from made_up import MadeUp, Work

from atomci.artifacts.handed.runs import AtomFinished
from atomci.catalog import Atom
from atomci.engine.config import AtomConfig, Config
from atomci.engine.context import Context, Implementation, Outcome
from atomci.errors import InfrastructureError, UsageError
from atomci.tools.exclusive import LOCK
from atomci.tools.process import Stopped, ToolMissing

PASS, FAIL = Outcome("pass"), Outcome("fail", "three findings")
LINT = Atom(1, "lint", 4, "")
TYPES = Atom(2, "types", 4, "")
TEST = Atom(3, "test", 5, "")
COVER = Atom(4, "cover", 5, "", needs=("test",))
BUDGET = Atom(5, "budget", 5, "", needs=("cover",))
LATER = Atom(7, "later", 6, "", after=("lint",))
REPORT = Atom(6, "report", 7, "", always=True, after=("budget", "test", "lint"))


def test_atoms_run_after_what_they_need_and_come_after(project: MadeUp) -> None:
    project.run((REPORT, PASS), (BUDGET, PASS), (COVER, PASS), (TEST, PASS), (LINT, PASS))
    assert project.ran == ["lint", "test", "cover", "budget", "report"]


def test_with_more_jobs_a_dependant_still_waits_for_the_end(project: MadeUp) -> None:
    ended: list[str] = []

    def slow(ctx: Context) -> Outcome:
        assert set(ctx.atom.needs) <= set(ended)
        threading.Event().wait(0.02)
        ended.append(ctx.atom.name)
        return PASS

    done = project.run((BUDGET, slow), (COVER, slow), (TEST, slow), (LINT, slow), jobs=4)
    assert {outcome.status for outcome in done.outcomes.values()} == {"pass"}


def test_independent_atoms_run_side_by_side(project: MadeUp) -> None:
    both = threading.Barrier(2, timeout=10)

    def meet(ctx: Context) -> Outcome:
        both.wait()
        return PASS

    assert project.run((LINT, meet), (TYPES, meet), jobs=2).exit_code == 0


def test_atoms_side_by_side_share_the_processors(project: MadeUp, monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2, timeout=10)
    shares: dict[str, int | None] = {}

    def look(ctx: Context) -> Outcome:
        if ctx.atom.name == "later":
            shares["later"] = ctx.processors
            return PASS
        both.wait()
        shares[ctx.atom.name] = ctx.processors
        both.wait()
        return PASS

    monkeypatch.setattr("os.cpu_count", lambda: 8)
    after = LATER._replace(after=("lint", "types"))
    assert project.run((LINT, look), (TYPES, look), (after, look), jobs=2).exit_code == 0
    assert shares == {"lint": 7, "types": 7, "later": None}


def test_no_more_run_at_once_than_there_are_jobs(project: MadeUp) -> None:
    running, most = 0, 0
    lock = threading.Lock()

    def count(ctx: Context) -> Outcome:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.02)
        with lock:
            running -= 1
        return PASS

    project.run(*((Atom(n, f"atom{n}", 4, ""), count) for n in range(6)), jobs=2)
    assert most == 2


def test_an_atom_that_writes_the_tree_runs_alone(project: MadeUp) -> None:
    running: set[str] = set()
    beside: dict[str, set[str]] = {}

    def look(ctx: Context) -> Outcome:
        running.add(ctx.atom.name)
        threading.Event().wait(0.02)
        beside[ctx.atom.name] = running - {ctx.atom.name}
        threading.Event().wait(0.02)
        running.discard(ctx.atom.name)
        return PASS

    format_it = Atom(2, "format", 4, "", effect="tree")
    project.run((LINT, look), (format_it, look), (TEST, look), jobs=3)
    assert beside["format"] == set()
    assert not any("format" in others for others in beside.values())


def test_what_was_written_to_the_tree_is_seen_by_the_next_atom(project: MadeUp) -> None:
    seen: list[list[str]] = []

    def make(ctx: Context) -> Outcome:
        ctx.files("*.txt")
        project.write("new.txt", "")
        return PASS

    def look(ctx: Context) -> Outcome:
        seen.append(ctx.files("*.txt"))
        return PASS

    project.run((Atom(1, "make", 4, "", effect="tree"), make), (TEST, look))
    assert seen == [["data.txt", "new.txt"]]


@pytest.mark.parametrize("status", ["fail", "vacuous", "error"])
@pytest.mark.parametrize("keep_going", [False, True])
def test_what_needs_a_red_atom_is_skipped_and_says_why(
    project: MadeUp, status: str, keep_going: bool
) -> None:
    done = project.run((TEST, Outcome(status)), (COVER, PASS), (LINT, PASS), keep_going=keep_going)
    assert project.ran == ["lint", "test"]
    assert done.outcomes["cover"] == Outcome("skipped", "needs test, which is red")


@pytest.mark.parametrize("left", [True, False])
def test_what_stands_on_a_skipped_atom_runs_only_on_what_that_left(project: MadeUp, left: bool) -> None:
    maker = Atom(3, "test", 5, "", writes=() if left else ("artifacts/made.json",))
    project.run((maker, Outcome("skipped", "nothing to do")), (COVER, PASS))
    assert project.ran == ["test", "cover"] if left else ["test"]


def test_what_an_optional_atom_left_is_not_missed(project: MadeUp) -> None:
    maker = Atom(3, "test", 5, "", writes=("artifacts/made.json",), optional=True)
    project.run((maker, Outcome("skipped", "no such tool")), (COVER, PASS))
    assert project.ran == ["test", "cover"]


def test_a_red_atom_stops_later_phases_and_lets_its_own_finish(project: MadeUp) -> None:
    done = project.run((LINT, FAIL), (TYPES, PASS), (TEST, PASS), (COVER, PASS))
    assert project.ran == ["lint", "types"]
    assert done.outcomes["test"] == Outcome("skipped", "stopped: lint is red")
    assert done.outcomes["cover"].status == "skipped"


def test_keep_going_runs_later_phases_and_the_run_is_red_all_the_same(project: MadeUp) -> None:
    done = project.run((LINT, FAIL), (TYPES, PASS), (TEST, PASS), keep_going=True)
    assert project.ran == ["lint", "types", "test"]
    assert done.exit_code == 1


def test_an_atom_that_always_runs_is_not_stopped(project: MadeUp) -> None:
    done = project.run((LINT, FAIL), (TEST, PASS), (REPORT, PASS))
    assert project.ran == ["lint", "report"]
    assert done.outcomes["report"].status == "pass"


def test_a_red_atom_lets_what_runs_of_later_phases_end_and_starts_no_more_of_them(project: MadeUp) -> None:
    started, is_red = threading.Event(), threading.Event()

    def fail(ctx: Context) -> Outcome:
        started.wait(10)
        return FAIL

    def told(event: object) -> None:
        if isinstance(event, AtomFinished) and event.atom == "lint":
            is_red.set()

    def long(ctx: Context) -> Outcome:
        started.set()
        assert is_red.wait(10)
        ctx.children.pause(0.05)
        return Outcome("fail", "one test")

    done = project.run((LINT, fail), (TEST, long), (LATER, PASS), jobs=2, listener=told)
    assert done.outcomes["test"] == Outcome("fail", "one test"), "one red doesn't hide another"
    assert done.outcomes["later"] == Outcome("skipped", "stopped: lint is red")


@pytest.mark.parametrize("always", [True, False])
def test_a_disabled_atom_is_skipped_also_where_it_always_runs(project: MadeUp, always: bool) -> None:
    config = Config(atoms={"lint": AtomConfig(enabled=False)})
    done = project.run((LINT._replace(always=always), PASS), config=config)
    assert project.ran == []
    assert done.outcomes["lint"] == Outcome("skipped", "disabled in pyproject.toml")


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (PASS, 0),
        (Outcome("skipped", "no such tool"), 0),
        (FAIL, 1),
        (Outcome("vacuous", "it looked at nothing"), 1),
        (Outcome("error", "no network"), 3),
    ],
)
def test_the_exit_code_tells_green_red_and_broken(project: MadeUp, outcome: Outcome, code: int) -> None:
    assert project.run((LINT, outcome), (TYPES, PASS)).exit_code == code
    assert project.logged[-1]["exit_code"] == code
    assert project.result("lint").status == outcome.status


def raises(error: BaseException) -> Work:
    def work(ctx: Context) -> Outcome:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("a bug"), "it crashed: ValueError: a bug; the traceback is in its log"),
        (SystemExit(0), "it crashed: SystemExit: 0; the traceback is in its log"),
        (InfrastructureError("no network", "try later"), "no network; try later"),
        (UsageError("bad table"), "bad table"),
        (ToolMissing("no ruff", "install it"), "no ruff; install it"),
        (
            PermissionError(errno.EACCES, "Permission denied", "/p/.atomci_cache/notes"),
            "can't write: [Errno 13] Permission denied: '/p/.atomci_cache/notes'; "
            "give yourself the right to write there",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "/p/src/a.py"),
            "it crashed: PermissionError: [Errno 13] Permission denied: '/p/src/a.py'; the traceback is in its log",
        ),
    ],
)
def test_what_an_atom_raises_is_an_error_of_that_atom_alone(
    project: MadeUp, error: BaseException, reason: str
) -> None:
    done = project.run((LINT, raises(error)), (TYPES, PASS))
    assert done.outcomes["lint"] == Outcome("error", reason)
    assert done.outcomes["types"].status == "pass"
    assert done.exit_code == 3


def test_a_crash_leaves_its_traceback_in_the_log(project: MadeUp) -> None:
    project.run((LINT, raises(ValueError("a bug"))))
    assert "Traceback" in project.log("lint")
    assert "ValueError: a bug" in project.log("lint")


@pytest.mark.parametrize(("optional", "status"), [(True, "skipped"), (False, "error")])
def test_only_an_optional_atom_may_lack_its_tool(project: MadeUp, optional: bool, status: str) -> None:
    done = project.run((LINT._replace(optional=optional), raises(ToolMissing("no pwsh", ""))))
    assert done.outcomes["lint"] == Outcome(status, "no pwsh")


@pytest.mark.parametrize("given", [Outcome("passed"), Outcome("green"), "pass", None, True])
def test_what_is_no_outcome_is_no_pass(project: MadeUp, given: object) -> None:
    done = project.run((LINT, lambda ctx: given))
    assert done.outcomes["lint"] == Outcome("error", f"returned {given!r}, which isn't an Outcome (built-in)")
    assert done.exit_code == 3


def test_a_stopped_atom_is_skipped_not_passed(project: MadeUp) -> None:
    done = project.run((LINT, raises(Stopped("stopped: types is red"))))
    assert done.outcomes["lint"] == Outcome("skipped", "stopped: types is red")


def test_an_implementation_that_cannot_be_loaded_is_an_error(project: MadeUp) -> None:
    def load(atom: Atom) -> Implementation:
        raise UsageError("tools:lint can't be loaded")

    done = project.run((LINT, PASS), load=load)
    assert done.outcomes["lint"] == Outcome("error", "tools:lint can't be loaded")


def test_a_pass_without_the_declared_artifact_is_an_error(project: MadeUp) -> None:
    atom = LINT._replace(writes=("artifacts/lint.json", "artifacts/pages/"))
    done = project.run((atom, PASS))
    reason = "passed without writing artifacts/lint.json, artifacts/pages/ (built-in)"
    assert done.outcomes["lint"] == Outcome("error", reason)


@pytest.mark.parametrize("disabled", [True, False])
def test_what_an_earlier_run_left_is_not_taken_for_new(project: MadeUp, disabled: bool) -> None:
    atom = LINT._replace(writes=("artifacts/lint.json", "artifacts/pages/"))
    project.write("artifacts/lint.json", "old")
    project.write("artifacts/pages/old.html", "old")
    project.run((atom, PASS), config=Config(atoms={"lint": AtomConfig(enabled=not disabled)}))
    assert not (project.root / "artifacts/lint.json").exists()
    assert not (project.root / "artifacts/pages").exists()


def test_what_an_atom_says_is_bounded_and_its_log_says_so(
    project: MadeUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atomci.engine.record.LOG_LIMIT", 100)

    def talk(ctx: Context) -> Outcome:
        for _ in range(1000):
            ctx.log("a line\n")
        return PASS

    project.run((LINT, talk))
    log = project.log("lint")
    assert log.startswith("a line\n" * 14)
    assert log.endswith("\n[the log is longer than 100 characters: the rest isn't in it]\n")
    assert len(log) < 200


def test_events_are_written_and_told_in_order(project: MadeUp) -> None:
    project.run((TEST, FAIL), (COVER, PASS), (LINT, PASS))
    told = project.logged
    assert [(row["event"], row.get("atom", "")) for row in told] == [
        ("run_started", ""),
        ("atom_started", "lint"),
        ("atom_finished", "lint"),
        ("atom_started", "test"),
        ("atom_finished", "test"),
        ("atom_started", "cover"),
        ("atom_finished", "cover"),
        ("run_finished", ""),
    ]
    assert told[0]["atoms"] == ["lint", "test", "cover"]
    assert told[-1]["atoms"] == {"lint": "pass", "test": "fail", "cover": "skipped"}
    assert told[-1]["counts"] == {"pass": 1, "fail": 1, "skipped": 1}
    assert [type(event).__struct_config__.tag for event in project.events] == [row["event"] for row in told]


@pytest.mark.parametrize("error", [BrokenPipeError(), ValueError("closed")])
def test_a_listener_whose_output_is_closed_does_not_end_the_run(project: MadeUp, error: Exception) -> None:
    told: list[object] = []

    def closed(event: object) -> None:
        told.append(event)
        raise error

    assert project.run((LINT, PASS), listener=closed).exit_code == 0
    assert len(told) == 1
    assert len(project.logged) == 4


def test_the_index_names_what_the_run_left(project: MadeUp) -> None:
    project.write(f"artifacts/{LOCK}", "")  # which on Windows nobody else may read while a run goes on
    project.run((LINT, PASS))
    index = json.loads(project.read("artifacts/index.json"))
    kinds = {row["path"].rpartition("/")[2]: row["kind"] for row in index["files"]}
    written = {"lint.json": "artifact", "lint.log": "log", "events.jsonl": "events"}
    assert kinds == {**written, "manifest.json": "artifact"}


def test_a_result_that_cannot_be_written_is_an_error(project: MadeUp) -> None:
    project.write("artifacts/atoms", "a file where a folder is to be")
    done = project.run((LINT, PASS))
    assert done.outcomes["lint"].status == "error"
    assert done.outcomes["lint"].reason.startswith("its result can't be written")
    assert done.exit_code == 3


def test_a_run_whose_files_cannot_be_written_runs_nothing(project: MadeUp) -> None:
    project.write("artifacts", "a file where a folder is to be")
    with pytest.raises(InfrastructureError):
        project.run((LINT, PASS))
    assert project.ran == []


def test_a_line_that_finds_no_place_is_taken_back_and_the_last_one_has_its_own(
    project: MadeUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full after the first event, but for the room that is kept."""
    write = os.write

    def full(descriptor: int, data: bytes) -> int:
        rooms = list(project.root.glob("artifacts/runs/*/.room"))
        if rooms and b"run_started" not in data:
            if len(data) > 10:
                return write(descriptor, data[:10])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data)

    monkeypatch.setattr("atomci.engine.events.os.write", full)
    done = project.run((LINT, PASS))
    assert done.exit_code == 3
    assert "No space left on device" in done.broken
    assert [row["event"] for row in project.logged] == ["run_started", "run_finished"]
    assert project.logged[-1]["exit_code"] == 3
    told = [type(event).__struct_config__.tag for event in project.events]
    assert told == ["run_started", "atom_started", "atom_finished", "run_finished"]


def test_an_index_that_cannot_be_written_is_in_the_verdict(project: MadeUp) -> None:
    project.write("artifacts/index.json/file", "a folder where a file is to be")
    done = project.run((LINT, PASS))
    assert (done.exit_code, project.logged[-1]["exit_code"]) == (3, 3)
    assert done.broken.startswith("the run's files can't be written")


def test_a_listener_that_finds_no_place_breaks_the_run(project: MadeUp) -> None:
    def full(event: object) -> None:
        if isinstance(event, AtomFinished):
            raise OSError(errno.ENOSPC, "No space left on device")

    done = project.run((LINT, PASS), listener=full)
    assert (done.exit_code, project.logged[-1]["exit_code"]) == (3, 3)


def test_an_interrupt_marks_what_did_not_run_and_exits_130(
    project: MadeUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()

    def long(ctx: Context) -> Outcome:
        begun.set()
        ctx.children.pause(10)
        return PASS

    def interrupt(run: object) -> str:
        begun.wait(10)
        raise KeyboardInterrupt

    monkeypatch.setattr("atomci.engine.threads._next", interrupt)
    project.write("artifacts/tests.json", "green")
    done = project.run((LINT, long), (TEST._replace(writes=("artifacts/tests.json",)), PASS))
    assert done.exit_code == 130
    assert set(done.outcomes.values()) == {Outcome("skipped", "the run was interrupted")}
    assert project.ran == ["lint"]
    assert not (project.root / "artifacts/tests.json").exists(), "of an earlier run"
    assert project.logged[-1]["interrupted"] is True
    assert project.logged[-1]["atoms"] == {"lint": "skipped", "test": "skipped"}


def test_a_secret_of_the_project_reaches_neither_log_nor_events(project: MadeUp) -> None:
    project.write(".env", "API_TOKEN=hush-hush-4711-zebra\n")

    def tell(ctx: Context) -> Outcome:
        ctx.log("it is hush-hush-4711-zebra\n")
        return Outcome("fail", "it is hush-hush-4711-zebra")

    project.run((LINT, tell))
    left = [path for path in (project.root / "artifacts").rglob("*") if path.is_file()]
    assert [path for path in left if b"4711" in path.read_bytes()] == []
    assert "4711" not in repr(project.events)
