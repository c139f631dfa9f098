"""Killed at any instant, the repository is before the update or after it; a full disk changes nothing."""

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sync_world import Folder, lines

from atomci.cli.main import main
from atomci.tools import exclusive
from atomci.tools.git.repository import open_repository
from atomci.update.worktree.switch import held

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks and SIGKILL")
INSTANTS = 16


@pytest.fixture(params=["clean", "conflicts"])
def pending(request: pytest.FixtureRequest, template: Folder, project: Folder) -> Folder:
    """A project with an update of many files waiting."""
    new = {f"template/more/{n}.txt": lines(f"more {n}", 5) for n in range(40)}
    template.commit(
        {**new, "template/keep.txt": lines("keep", n5="theirs"), "template/guide.txt": None}, "v2.0.0"
    )
    if request.param == "conflicts":
        project.commit({"keep.txt": lines("keep", n5="mine")})
    return project


def start(work: Callable[[], int]) -> int:
    """A child of this process that does something, silently."""
    child = os.fork()
    if child == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        code = 99
        try:
            code = work()
        finally:
            os._exit(code)
    return child


def update(root: Path) -> Callable[[], int]:
    return lambda: main(["update", "--json", "--project", str(root)])


def settled(folder: Folder) -> None:
    """Wait for a switch that outlives its parent."""
    with held(open_repository(folder.root)):
        pass


def duration(project: Folder, root: Path) -> tuple[float, Folder]:
    """How long an update takes here, and what it leaves."""
    folder = project.copy(root)
    started = time.monotonic()
    os.waitpid(start(update(folder.root)), 0)
    return time.monotonic() - started, folder


def test_killed_at_any_instant_the_repository_is_before_or_after(pending: Folder, tmp_path: Path) -> None:
    before = pending.whole
    seconds, done = duration(pending, tmp_path / "done" / "demo")
    after = done.whole
    assert before != after
    seen = {"before": 0, "after": 0}

    for number, instant in enumerate(instants(seconds, lambda: seen["after"] > 0)):
        folder = pending.copy(tmp_path / f"killed{number}" / "demo")
        child = start(update(folder.root))
        time.sleep(instant)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        settled(folder)

        now = folder.whole
        assert now in (before, after), f"between, killed after {instant} of {seconds} seconds"
        seen["before" if now == before else "after"] += 1
        if now == before:
            os.waitpid(start(update(folder.root)), 0)
            assert folder.whole == after

    assert all(seen.values()), seen


def instants(seconds: float, over: Callable[[], bool]) -> Iterator[float]:
    """When to kill what took so many seconds; on a machine that became busier since, later ones as well."""
    for number in range(INSTANTS):
        # Half of the instants in the last third, where things happen.
        share = number / INSTANTS * 2
        yield seconds * (share if share < 1 else 0.6 + (share - 1) * 0.5)
    for _ in range(8):
        if over():
            return
        seconds *= 1.5
        yield seconds


def test_with_the_switch_itself_killed_the_next_command_finishes_it(
    pending: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the machine loses power: there is no other process that goes on."""
    from atomci.update.worktree import switch

    before = pending.whole
    monkeypatch.setattr(switch, "outlive", lambda work: work())
    _, done = duration(pending, tmp_path / "done" / "demo")
    after = done.whole
    real = {name: getattr(switch, name) for name in ("put", "keep", "_write_head", "write_journal", "_take")}
    between = 0

    for number in range(0, 60, 7):
        folder = pending.copy(tmp_path / f"killed{number}" / "demo")

        def killing(root: Path = folder.root, number: int = number) -> int:
            calls = iter(range(10_000))

            def dying(name: str) -> Callable[..., None]:
                def call(*words: object, **named: object) -> None:
                    if next(calls) == number:
                        os.kill(os.getpid(), signal.SIGKILL)
                    real[name](*words, **named)

                return call

            for name in real:
                setattr(switch, name, dying(name))
            return update(root)()

        os.waitpid(start(killing), 0)
        between += folder.whole not in (before, after)

        os.waitpid(start(lambda root=folder.root: main(["update", "--project", str(root)])), 0)

        assert folder.whole == after, f"killed at call {number}"
        assert not folder.has(".git/index.lock")
        shutil.rmtree(folder.root)

    assert between  # the kill does hit the switch


def test_an_edit_made_after_the_kill_stays(pending: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    from atomci.update.worktree import switch

    def dying() -> int:
        switch.outlive = lambda work: work()
        put, calls = switch.put, iter(range(1000))
        switch.put = lambda *words: (
            os.kill(os.getpid(), signal.SIGKILL) if next(calls) == 20 else put(*words)
        )
        return update(pending.root)()

    os.waitpid(start(dying), 0)
    late = sorted({f"more/{n}.txt" for n in range(40)} - pending.contents.keys())
    assert late
    pending.write({late[0]: "mine meanwhile\n"})

    os.waitpid(start(update(pending.root)), 0)

    assert pending.read(late[0]) == "mine meanwhile\n"
    assert pending.has(late[-1])


def test_a_failure_in_the_middle_is_undone(
    pending: Folder, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from atomci.update.worktree import switch

    before, put, calls = pending.whole, switch.put, iter(range(1000))

    def failing(source: Path | None, target: Path, top: Path) -> None:
        if next(calls) == 20:
            raise OSError(28, "No space left on device")
        put(source, target, top)

    monkeypatch.setattr(switch, "put", failing)

    code = main(["update", "--project", str(pending.root)])

    assert code == 3
    assert "No space left on device" in capfd.readouterr().err
    assert pending.whole == before
    assert not pending.has(".git/atomci-update")
    assert not pending.has(".git/index.lock")


def test_a_full_disk_while_staging_changes_nothing(
    pending: Folder, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from atomci.update.worktree import switch

    before = pending.whole

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(switch.shutil, "copyfile", full)

    code = main(["update", "--project", str(pending.root)])

    assert code == 3
    assert "No space left on device" in capfd.readouterr().err
    assert pending.whole == before


def test_another_git_at_work_is_not_disturbed(pending: Folder, capfd: pytest.CaptureFixture[str]) -> None:
    (pending.root / ".git/index.lock").touch()
    before = pending.whole

    code = main(["update", "--project", str(pending.root)])

    assert code == 3
    assert "index.lock exists" in capfd.readouterr().err
    assert pending.whole == before


def test_two_updates_at_once_come_one_after_the_other(pending: Folder, tmp_path: Path) -> None:
    _, done = duration(pending, tmp_path / "done" / "demo")

    children = [start(update(pending.root)) for _ in range(2)]
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]

    assert pending.whole == done.whole
    # The second is refused: it is told of the update that is under way.
    assert sorted(codes) == [1 if pending.git("ls-files", "--unmerged") else 0, 4]


def test_an_update_says_who_is_in_its_way(
    pending: Folder, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(exclusive, "PATIENCE", 0.1)
    before = pending.whole

    with held(open_repository(pending.root)):
        code = main(["update", "--project", str(pending.root)])

    assert code == 3
    assert "another atomci is at work in this repository" in capfd.readouterr().err
    assert pending.whole == before


def test_what_is_taken_back_right_after_a_kill_is_taken_back_whole(pending: Folder) -> None:
    """The switch that outlived its parent still clears up when the next command begins."""
    from atomci.update import end
    from atomci.update.worktree import switch

    clear, real = switch.clear, end.switch
    before = pending.whole
    journal = pending.root / ".git/atomci-update/journal.json"

    def clearing_late(folder: Path) -> None:
        time.sleep(0.5 if journal.exists() else 0)
        clear(folder)

    def update_slowly() -> int:
        switch.clear = clearing_late
        return update(pending.root)()

    def abort_slowly() -> int:
        end.switch = lambda *words: (time.sleep(1), real(*words))[1]  # after it has staged
        return main(["update", "--abort", "--project", str(pending.root)])

    child = start(update_slowly)
    while not journal.exists() or b'"phase":"switching"' in journal.read_bytes():
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)

    _, status = os.waitpid(start(abort_slowly), 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert pending.whole == before


def test_restore_is_all_or_nothing_too(
    project: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from atomci.update.worktree import switch

    project.commit({"ci.yml": "mine\n", "keep.txt": "mine\n", "guide.txt": None})
    before, put, calls = project.whole, switch.put, iter(range(1000))

    def failing(source: Path | None, target: Path, top: Path) -> None:
        if next(calls) == 1:
            raise OSError(30, "Read-only file system")
        put(source, target, top)

    monkeypatch.setattr(switch, "put", failing)

    code = main(["restore", "--project", str(project.root), "ci.yml", "keep.txt", "guide.txt"])

    assert code == 3
    assert "Read-only file system" in capfd.readouterr().err
    assert project.whole == before


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_changes_nothing(
    pending: Folder, capfd: pytest.CaptureFixture[str]
) -> None:
    before = pending.whole
    pending.root.chmod(0o555)
    try:
        code = main(["update", "--project", str(pending.root)])
        assert code == 3
        assert "error:" in capfd.readouterr().err
        assert pending.whole == before
    finally:
        pending.root.chmod(0o755)
