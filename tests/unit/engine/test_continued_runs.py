"""A run that dies anywhere, and is continued, leaves what an undisturbed one leaves."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from made_up import MadeUp, Work

from atomci.artifacts.handed.runs import RunStarted
from atomci.catalog import Atom
from atomci.engine.context import Context, Outcome
from atomci.engine.stopped import stopped_run
from atomci.errors import UsageError

TREE = ("**/*",)
ROWS = (
    Atom(1, "read", 4, "", reads=("*.txt",), writes=("artifacts/read.json",)),
    Atom(2, "drive", 4, "", needs=("read",), reads=(*TREE, "artifacts/read.json"), writes=("artifacts/drive.json", "artifacts/pages/"), effect="host"),
    Atom(3, "look", 4, "", writes=("artifacts/look.json",), effect="host"),
    Atom(4, "join", 5, "", needs=("drive", "look"), reads=("artifacts/drive.json", "artifacts/look.json"), writes=("artifacts/join.json",)),
    Atom(5, "judge", 7, "", needs=("join",), reads=("artifacts/join.json",), writes=("artifacts/gate.json",), last=True),
)  # fmt: skip


class Killed:
    """Kills the process at the n-th step of all atoms together; the steps are noted in a file outside."""

    def __init__(self, notes: Path, at: int) -> None:
        self.notes, self.at, self.step = notes, at, 0

    def passes(self, name: str) -> None:
        with self.notes.open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")
        if self.step == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.step += 1


def work(row: Atom, killed: Killed) -> Work:
    def run(ctx: Context) -> Outcome:
        killed.passes(row.name)
        said = "+".join((ctx.root / path).read_text() for path in sorted(ctx.files(*row.reads)))
        for path in row.writes:
            target = ctx.root / (f"{path}page" if path.endswith("/") else path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(f"{row.name}({said})", encoding="utf-8")
            killed.passes(f"{row.name} wrote")
        return Outcome("pass", "", 1)

    return run


def run(project: MadeUp, killed: Killed, **options: object) -> int:
    return project.run(*((row, work(row, killed)) for row in ROWS), **options).exit_code


def run_and_die(project: MadeUp, killed: Killed) -> bool:
    """Whether a run in a process of its own was killed."""
    child = os.fork()
    if child == 0:
        os._exit(run(project, killed, words=("all",)))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def left(project: MadeUp) -> dict[str, str]:
    """Every artifact, and how every atom ended, but for the names of runs and times."""
    found = {}
    for path in sorted((project.root / "artifacts").rglob("*")):
        name = path.relative_to(project.root).as_posix()
        if (
            path.is_dir()
            or name.startswith("artifacts/runs/")
            or name in ("artifacts/index.json", "artifacts/.lock")
        ):
            continue
        found[name] = path.read_text(encoding="utf-8")
        if name.startswith("artifacts/atoms/"):
            row = json.loads(found[name])
            found[name] = str([row[key] for key in ("atom", "status", "reason", "examined", "outputs")])
    return found


@pytest.fixture
def undisturbed(project: MadeUp, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    other = MadeUp(tmp_path_factory.mktemp("undisturbed"))
    shutil.copytree(project.root, other.root, dirs_exist_ok=True)
    assert run(other, Killed(Path(os.devnull), -1)) == 0
    return left(other)


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is copied, which Windows can't")


@needs_fork
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_wherever_a_run_is_killed_what_continues_it_leaves_the_same(
    project: MadeUp, undisturbed: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    notes = tmp_path_factory.mktemp("notes") / "steps"
    steps = 0
    while run_and_die(project, Killed(notes, steps)):
        begun = set(notes.read_text(encoding="utf-8").split())
        notes.unlink()
        stopped = stopped_run(project.root)
        passed = {row["atom"] for row in ended(project, stopped.run) if row["status"] == "pass"}
        assert run(project, Killed(notes, -1), resumed=stopped.run) == 0
        assert left(project) == undisturbed, steps
        again = {line for line in notes.read_text(encoding="utf-8").split() if line != "wrote"}
        # What passed isn't run again, but for what only looks at the machine.
        assert again == {row.name for row in ROWS} - passed | {"look"}, (steps, begun)
        shutil.rmtree(project.root / "artifacts")
        shutil.rmtree(project.root / ".atomci_cache", ignore_errors=True)
        notes.unlink(missing_ok=True)
        steps += 1
    assert steps == 11


def ended(project: MadeUp, run: str) -> list[dict[str, str]]:
    lines = (project.root / f"artifacts/runs/{run}/events.jsonl").read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if row["event"] == "atom_finished"]


@needs_fork
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("seed", range(3))
def test_a_run_that_is_killed_again_and_again_still_ends_the_same(
    project: MadeUp, undisturbed: dict[str, str], tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    chance, resumed = random.Random(seed), ""  # noqa: S311  # no secret
    notes = tmp_path_factory.mktemp("notes") / "steps"
    for _ in range(4):
        child = os.fork()
        if child == 0:
            killed = Killed(notes, chance.randrange(5))
            os._exit(run(project, killed, words=("all",), resumed=resumed))
        chance.random()
        os.waitpid(child, 0)
        resumed = stopped_or("", project)
        if not resumed:
            break
    assert run(project, Killed(notes, -1), resumed=resumed) == 0
    assert left(project) == undisturbed


def stopped_or(other: str, project: MadeUp) -> str:
    try:
        return stopped_run(project.root).run
    except UsageError:
        return other


CHANGES: dict[str, tuple[Callable[[MadeUp], None], set[str]]] = {
    "nothing": (lambda project: None, set()),
    "a source": (lambda project: project.write("data.txt", "two"), {"read", "drive"}),
    "another file": (lambda project: project.write("more.md", "new"), {"drive"}),
    "an artifact": (lambda project: project.write("artifacts/drive.json", "forged"), {"drive"}),
    "a result": (lambda project: project.write("artifacts/atoms/drive.json", "{"), {"drive"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changed_since_runs_again_with_what_follows_and_the_log_says_why(
    project: MadeUp, change: str
) -> None:
    def breaks(ctx: Context) -> Outcome:
        return Outcome("error", "broke")

    nothing = Killed(Path(os.devnull), -1)
    rows = [(row, work(row, nothing) if row.name != "join" else breaks) for row in ROWS]
    assert project.run(*rows, words=("all",)).exit_code == 3
    stopped = stopped_run(project.root)
    act, again = CHANGES[change]
    act(project)
    project.ran.clear()
    assert run(project, nothing, resumed=stopped.run) == 0
    assert set(project.ran) == {"look", "join", "judge"} | again
    if change == "another file":
        assert "runs again: more.md" in project.log("drive")
    started = project.events[0]
    assert isinstance(started, RunStarted)
    assert started.resumes == stopped.run


def test_there_is_nothing_to_continue_after_a_green_run_or_none(project: MadeUp) -> None:
    with pytest.raises(UsageError, match="no run was stopped here"):
        stopped_run(project.root)
    assert run(project, Killed(Path(os.devnull), -1), words=("all",)) == 0
    with pytest.raises(UsageError, match="ended green"):
        stopped_run(project.root)


def test_a_run_within_the_stopped_one_is_not_what_is_continued(project: MadeUp) -> None:
    red = [(row, Outcome("fail", "no")) for row in ROWS[:1]]
    assert project.run(*red, words=("outer",)).exit_code == 1
    assert project.run(*red, words=("inner",), within=True).exit_code == 1
    assert stopped_run(project.root).words == ("outer",)


def test_a_run_that_only_tells_of_others_is_not_what_is_continued(project: MadeUp) -> None:
    red = [(row, Outcome("fail", "no")) for row in ROWS[:1]]
    assert project.run(*red, words=("gate",)).exit_code == 1
    told = [(Atom(6, "tell", 18, ""), Outcome("pass", "said"))]
    assert project.run(*told, words=("diagnostics",)).exit_code == 0
    assert stopped_run(project.root, lambda atoms: atoms == ("tell",)).words == ("gate",)


def test_a_last_line_that_is_torn_is_a_run_that_was_stopped(project: MadeUp) -> None:
    assert run(project, Killed(Path(os.devnull), -1), words=("all",)) == 0
    (log,) = project.root.glob("artifacts/runs/*/events.jsonl")
    text = log.read_text(encoding="utf-8")
    log.write_text(text[:-40], encoding="utf-8")
    assert stopped_run(project.root).words == ("all",)
