"""`atomci fix` with the real gate: seeded breakages of several kinds at once, and what ends it from outside."""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what runs"),
    pytest.mark.timeout(500),
]
TWICE = "import os\n\n\ndef twice(text: str) -> int:\n    return text+text\n"
FIXER = """\
import pathlib, sys
assert "rounding" in pathlib.Path(sys.argv[1]).read_text()
for path, old, new in (("src/demo/rounding.py", "* 10)", "* 100)"), ("src/demo/twice.py", "-> int", "-> str")):
    file = pathlib.Path(path)
    file.write_text(file.read_text().replace(old, new))
try:
    pathlib.Path(sys.argv[2]).write_text("reached")
except OSError as error:
    print(error)
"""


def bytes_of(root: Path) -> dict[str, bytes]:
    own = ("artifacts", ".atomci_cache", ".git/atomci-snapshots", ".git/refs/atomci")
    names = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in names.items() if not name.startswith(own)}


def test_lint_format_types_and_behaviour_are_fixed_with_one_attempt(real_sample: Any, tmp_path: Path) -> None:
    script, outside = tmp_path / "fixer.py", tmp_path / "outside"
    script.write_text(FIXER, encoding="utf-8")
    real_sample.write("src/demo/twice.py", TWICE)
    real_sample.replace("src/demo/rounding.py", "* 100)", "* 10)")
    real_sample.git("add", "src/demo/twice.py")
    before = bytes_of(real_sample.root)

    command = f"{sys.executable} {script} {{task_file}} {outside}"
    done = real_sample.atomci(
        "fix", "--allow-degraded", "--command", command, XDG_STATE_HOME=str(tmp_path / "s")
    )

    report = real_sample.json("artifacts/fix/fix.json")
    assert (done.code, report["stop"]) == (0, "fixed"), done.out + done.err
    kinds = {each["kind"] for each in report["red"]}
    assert kinds == {"lint-fixable", "format", "type", "test-assert"}
    tools, fixer = report["attempts"]
    assert {each["kind"] for each in tools["gone"]} == {"lint-fixable", "format"}
    assert {each["kind"] for each in fixer["gone"]} == {"type", "test-assert"}
    assert report["left"] == []
    assert bytes_of(real_sample.root) == before
    assert outside.exists() == (report["level"] == "detect")
    real_sample.git("apply", "artifacts/fix/fix.patch")
    assert real_sample.atomci("run", "local_ci").code == 0


def running(mark: str) -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().decode("utf-8", "replace")
        except OSError:
            continue
        if mark in line:
            found.append(line)
    return found


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_what_ends_it_leaves_nothing_running_and_the_checkout_as_it_was(
    sample: Any, tmp_path: Path, how: signal.Signals
) -> None:
    script = tmp_path / "sleeps.py"
    text = "import os, time\nfrom pathlib import Path\nPath('src/demo/words.py').write_text('')\ntime.sleep(300)\n"
    script.write_text(text, encoding="utf-8")
    sample.append("src/demo/words.py", '\n\nCOUNT: int = ""\n')
    before, state = bytes_of(sample.root), tmp_path / "state"
    words = ("fix", "--allow-degraded", "--command", f"{sys.executable} {script} {{task_file}}")

    process = sample.start(*words, XDG_STATE_HOME=str(state))
    lines = iter(process.stderr.readline, "")
    assert any("the fixer works" in line for line in lines)
    deadline = time.monotonic() + 60
    while not running(str(script)) or len(running(str(script))) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(process.pid, how)
    process.communicate(timeout=60)

    assert process.returncode == (130 if how is signal.SIGINT else -9)
    while running(str(script)):
        assert time.monotonic() < deadline + 30
        time.sleep(0.05)
    assert bytes_of(sample.root) == {
        **before,
        **{n: c for n, c in bytes_of(sample.root).items() if ".git/worktrees" in n},
    }
    if how is signal.SIGINT:
        assert sample.git("worktree", "list").count("\n") == 0
        assert not [*state.rglob("*.py")]
        assert sample.git("for-each-ref", "refs/atomci") == ""
        return
    guarded = sample.atomci("guard", "--allow-degraded", "--", "true", XDG_STATE_HOME=str(state))
    assert guarded.code == 0
    assert not [*state.rglob("*.py")]
    assert sample.git("worktree", "list").count("\n") == 0


def test_the_atom_tells_why_there_was_no_cycle_and_not_only_what_to_do(sample: Any) -> None:
    sample.append("pyproject.toml", '\n[tool.atomci.fix]\ncommand = "no-such-fixer {task}"\n')
    done = sample.atomci("run", "run_auto_fix_cycle_once", "--json")
    status, reason = done["run_auto_fix_cycle_once"]
    assert (status, "'no-such-fixer' isn't on the PATH" in reason) == ("error", True), reason
