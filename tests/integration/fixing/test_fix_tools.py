"""Tools that fix by themselves work in the copy alone, whatever a link in it leads to."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from atomci.engine.events import new_run_id
from atomci.fix.copies.bench import Clock, GuardedBench
from atomci.fix.copies.environment import CopyEnvironment
from atomci.fix.copies.room import Room
from atomci.fix.copies.scratch import Scratch
from atomci.guard.workplace import worktree
from atomci.project import Project

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="the tool is a script of POSIX"),
    pytest.mark.timeout(60),
]
TIDY = "#!/bin/sh\nfor file in *.py; do echo '# tidied' >> $file; done 2>/dev/null\n"


class Silent:
    def begins(self, what: str) -> None:
        assert what == "tidy --fix ."

    def red(self, failures: object) -> None: ...

    def tried(self, attempt: object) -> None: ...


def test_a_tool_that_follows_a_link_out_of_the_copy_changes_nothing_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    root, scripts, outside = tmp_path / "demo", tmp_path / "scripts", tmp_path / "theirs.py"
    scripts.mkdir()
    (scripts / "tidy").write_text(TIDY, encoding="utf-8")
    (scripts / "tidy").chmod(0o755)
    outside.write_text("import os\n", encoding="utf-8")
    root.mkdir()
    (root / "a.py").write_text("A = 1\n", encoding="utf-8")
    (root / "own.py").symlink_to(root / "a.py")
    (root / "theirs.py").symlink_to(outside)
    identity = ("-c", "user.name=A", "-c", "user.email=a@b.c")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "first")):
        subprocess.run(["git", *identity, *words], cwd=root, check=True)
    run = new_run_id()
    place = worktree.make(root, run, passing=True)
    room = Room(Project(root), Scratch(place, run), CopyEnvironment(dict(os.environ), scripts), degraded=True)
    bench = GuardedBench(
        room, None, [("tidy", "--fix", ".")], Clock(None, time.monotonic), new_run_id, Silent()
    )

    try:
        bench.repair()
        tidied = (place.tree / "a.py").read_text(encoding="utf-8")
    finally:
        worktree.remove(place)

    assert tidied == "A = 1\n# tidied\n"
    if room.level == "detect":
        pytest.skip("nothing confines programs here")
    assert (root / "a.py").read_text(encoding="utf-8") == "A = 1\n"
    assert outside.read_text(encoding="utf-8") == "import os\n"
