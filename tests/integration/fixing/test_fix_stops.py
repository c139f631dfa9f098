"""`atomci fix` ends for one reason, and touches nothing of the checkout: the gate and the fixer are scripts."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from command_line import Done, call
from fake_agents import fake, first_on_path

from atomci.artifacts.handed.failures import Failure
from atomci.fix.copies.room import Room
from atomci.fix.loop import GateAnswer
from atomci.guard.confinement.choice import confined

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="the fixers are scripts of POSIX"),
    pytest.mark.timeout(120),
]
SOURCE = 'def twice(text: str) -> str:\n    """A text, two times."""\n    return text  # red\n'
TEST = 'from demo.a import twice\n\n\ndef test_twice() -> None:\n    assert twice("a") == "aa"\n'
GOOD = SOURCE.replace("return text  # red", "return text * 2")
WRITE = "from pathlib import Path\nimport sys\nnumber = len(list(HERE.glob('call-*')))\n(HERE / f'call-{number}').touch()\n"


def gate(room: Room, new_run: Callable[[], str], seconds: float | None, *, cached: bool) -> GateAnswer:
    """Red is each file with the word in it, and whatever says that the tools can't be had."""
    if seconds is not None and seconds <= 0:
        return GateAnswer(late=True)
    if (room.root / ".x_cache/forged").exists():
        return GateAnswer()
    (room.root / "left_by_the_gate.txt").write_text("a test wrote it\n", encoding="utf-8")
    found = []
    for file in sorted((room.root / "src").rglob("*.py")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            kind = "tool-missing" if "# missing" in line else "test-assert" if "# red" in line else ""
            if kind:
                path = file.relative_to(room.root).as_posix()
                found.append(
                    Failure(atom="the_gate", layer="unit", kind=kind, reason="seen", message="red", path=path, line=number)  # type: ignore[arg-type]
                )
    return GateAnswer(tuple(found))


@dataclass(frozen=True)
class Checkout:
    """A repository with edits that no commit holds, and a folder outside of it for scripts."""

    root: Path
    outside: Path
    env: dict[str, str]

    def fix(self, *words: str, **env: str) -> Done:
        return call(("fix", "--allow-degraded", *words), self.root, {**self.env, **env})

    def fixer(self, *steps: str) -> str:
        """A command whose first call takes the first step, and so on; the last one again and again."""
        script = self.outside / "fixer.py"
        text = f"import pathlib\nHERE = pathlib.Path({str(self.outside)!r})\n{WRITE}STEPS = {steps!r}\n"
        script.write_text(f"{text}exec(STEPS[min(number, len(STEPS) - 1)])\n", encoding="utf-8")
        return f"{sys.executable} {script} {{task_file}}"

    def git(self, *words: str) -> str:
        identity = ("-c", "user.name=A", "-c", "user.email=a@b.c")
        done = subprocess.run(
            ["git", *identity, *words], cwd=self.root, env=self.env, check=True, capture_output=True
        )
        return done.stdout.decode()

    @property
    def report(self) -> Any:
        return json.loads((self.root / "artifacts/fix/fix.json").read_text(encoding="utf-8"))

    def seen(self) -> dict[str, bytes]:
        """Every byte of the checkout and of git, but for what is written down in artifacts/."""
        own = ("artifacts", ".git/atomci-snapshots", ".git/refs/atomci")
        files = (path for path in self.root.rglob("*") if path.is_file())
        names = {path.relative_to(self.root).as_posix(): path for path in files}
        return {name: path.read_bytes() for name, path in names.items() if not name.startswith(own)}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """Nothing confines the fixers here: what does has tests of its own."""
    monkeypatch.setattr("atomci.guard.enclosure.confined", partial(confined, backends=()))
    for name in ("atomci.fix.copies.bench", "atomci.fix.fixing"):
        monkeypatch.setattr(f"{name}.judged", gate)
    root, outside = tmp_path / "repository", tmp_path / "outside"
    outside.mkdir()
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "GIT_CONFIG_GLOBAL": os.devnull}
    (tmp_path / "home").mkdir()
    made = Checkout(root, outside, env)
    files = {
        "pyproject.toml": '[project]\nname = "demo"\nversion = "0.1.0"\n\n[tool.atomci]\n',
        ".gitignore": "/artifacts/\n.*_cache/\n__pycache__/\n",
        "src/demo/a.py": GOOD,
        "tests/test_a.py": TEST,
    }
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    made.git("init", "-q", "-b", "main")
    made.git("add", "-A")
    made.git("commit", "-qm", "first")
    (root / "src/demo/a.py").write_text(SOURCE, encoding="utf-8")
    (root / "tests/test_a.py").write_text(f"{TEST}# staged\n", encoding="utf-8")
    made.git("add", "tests/test_a.py")
    (root / "notes.txt").write_text("untracked\n", encoding="utf-8")
    return made


def edit(path: str, old: str, new: str) -> str:
    return f"p = Path({path!r}); p.write_text(p.read_text().replace({old!r}, {new!r}))"


FIX = edit("src/demo/a.py", "return text  # red", "return text * 2")
SKIP = edit("tests/test_a.py", "def test", "import pytest\n\n\n@pytest.mark.skip\ndef test")
NO_ASSERT = edit("tests/test_a.py", '    assert twice("a") == "aa"\n', "    pass\n")
WORKFLOW = "p = Path('.github/workflows/ci.yml'); p.parent.mkdir(parents=True); p.write_text('on: push\\n')"
OTHER = edit("src/demo/a.py", '"""A text', '"""Another text')
FORGED = f"{OTHER}; Path('.x_cache').mkdir(); Path('.x_cache/forged').touch()"
AND_MORE = "Path('src/demo/b.py').write_text('B = 1\\n')"


@pytest.mark.parametrize(
    ("steps", "stop", "code", "said"),
    [
        ([FIX], "fixed", 0, ""),
        (["pass"], "no_progress", 1, "the fixer changed nothing"),
        ([OTHER, edit("src/demo/a.py", "A text", "A word")], "no_progress", 1, "two attempts"),
        ([OTHER], "oscillation", 1, "again as they were"),
        ([WORKFLOW], "scope", 4, ".github/workflows/ci.yml: protected"),
        ([SKIP], "weakening", 4, "tests/test_a.py"),
        ([NO_ASSERT], "weakening", 4, "tests/test_a.py"),
        (["sys.exit('no model answers')"], "infrastructure", 3, "it ended with 1"),
        ([FORGED], "unproven", 1, "red (test-assert)"),
    ],
)
def test_each_end_is_told_and_the_checkout_stays(
    checkout: Checkout, steps: list[str], stop: str, code: int, said: str
) -> None:
    before = checkout.seen()

    done = checkout.fix("--command", checkout.fixer(*steps))

    report = checkout.report
    assert (done.code, report["stop"]) == (code, stop), done.out + done.err
    assert said in report["reason"]
    assert checkout.seen() == before
    assert checkout.git("worktree", "list").count("\n") == 1
    assert (checkout.root / "artifacts/fix/fix.patch").exists() == (stop == "fixed")
    assert bool(report["files"]) == (stop == "fixed")
    kept = checkout.git("for-each-ref", "refs/atomci")
    assert bool(kept) == (stop == "fixed")


def test_a_refused_fixer_is_told_the_rule_and_may_try_again(checkout: Checkout) -> None:
    told = "print(Path(sys.argv[1]).read_text())"

    done = checkout.fix("--command", checkout.fixer(SKIP, f"{told}; {FIX}"))

    first, second = checkout.report["attempts"]
    assert (done.code, first["kept"], second["kept"]) == (0, False, True)
    assert [row["rule"] for row in first["refused"]] == ["test-skipped"]
    log = (checkout.root / second["record"] / "stdout.log").read_text(encoding="utf-8")
    assert first["refused"][0]["rule"] in log
    assert "src/demo/a.py:3" in log


def test_what_is_not_needed_is_left_out_and_the_patch_comes_by_one_command(checkout: Checkout) -> None:
    done = checkout.fix("--command", checkout.fixer(f"{FIX}; {AND_MORE}; {OTHER}"))

    report = checkout.report
    assert (done.code, [row["path"] for row in report["files"]], report["dropped"]) == (
        0,
        ["src/demo/a.py"],
        2,
    )
    words = (
        next(line for line in done.out.splitlines() if "bring it here" in line).split("atomci ")[1].split()
    )
    staged = checkout.git("diff", "--cached")
    (checkout.root / "notes.txt").write_text("edited since\n", encoding="utf-8")
    brought = call(tuple(words), checkout.root, checkout.env)
    assert brought.code == 0, brought.err
    assert (checkout.root / "src/demo/a.py").read_text(encoding="utf-8") == GOOD
    assert (checkout.root / "notes.txt").read_text(encoding="utf-8") == "edited since\n"
    assert checkout.git("diff", "--cached") == staged
    undo = call(("undo", brought.out.split("atomci undo ")[1].split()[0]), checkout.root, checkout.env)
    assert (undo.code, (checkout.root / "src/demo/a.py").read_text(encoding="utf-8")) == (0, SOURCE)


def test_what_was_fixed_before_the_end_is_proposed(checkout: Checkout) -> None:
    (checkout.root / "src/demo/b.py").write_text("B = 2  # red\n", encoding="utf-8")

    done = checkout.fix("--attempts", "1", "--apply", "--command", checkout.fixer(FIX))

    report = checkout.report
    assert (done.code, report["stop"], len(report["left"])) == (1, "attempts", 1)
    assert (checkout.root / "src/demo/a.py").read_text(encoding="utf-8") == GOOD
    assert "src/demo/b.py:1" in (checkout.root / "artifacts/fix/work.md").read_text(encoding="utf-8")


def test_without_a_fixer_the_rest_is_a_list_of_work(checkout: Checkout) -> None:
    done = checkout.fix()
    assert (done.code, checkout.report["stop"]) == (1, "no_fixer")
    assert "[tool.atomci.fix]" in done.out
    assert "src/demo/a.py:3" in (checkout.root / "artifacts/fix/work.md").read_text(encoding="utf-8")


def test_what_no_change_can_fix_costs_no_attempt(checkout: Checkout) -> None:
    (checkout.root / "src/demo/a.py").write_text(GOOD + "# missing\n", encoding="utf-8")
    done = checkout.fix("--command", checkout.fixer(FIX))
    assert (done.code, checkout.report["stop"], checkout.report["attempts"]) == (1, "not_fixable", [])


@pytest.mark.parametrize(("table", "stop"), [("tokens = 1", "tokens"), ("usd = 0.000001", "usd")])
def test_what_an_agent_uses_is_bounded(checkout: Checkout, table: str, stop: str) -> None:
    (checkout.root / "src/demo/b.py").write_text("B = 2  # red\n", encoding="utf-8")
    text = (checkout.root / "pyproject.toml").read_text(encoding="utf-8")
    table = f'\n[tool.atomci.fix]\ncommand = "claude -p {{task}}"\n{table}\n'
    (checkout.root / "pyproject.toml").write_text(text + table, encoding="utf-8")
    steps = ["from pathlib import Path", FIX, "say(stream)", "time.sleep(0.3)"]
    fake(checkout.root / ".git/fakes", "claude", *steps)

    done = checkout.fix(**first_on_path(checkout.root / ".git/fakes", checkout.env))

    report = checkout.report
    assert (done.code, report["stop"]) == (1, stop), done.out + done.err
    assert [row["path"] for row in report["files"]] == ["src/demo/a.py"]


def test_the_time_is_bounded(checkout: Checkout) -> None:
    done = checkout.fix("--wall", "3s", "--command", checkout.fixer("import time; time.sleep(60)"))
    assert (done.code, checkout.report["stop"]) in {(1, "wall"), (1, "no_progress")}, done.out
    assert checkout.report["seconds"] < 60


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--command", "true"], 2, "neither {task} nor {task_file}"),
        (["--command", "no-such-program {task}"], 3, "isn't on the PATH"),
        (["--wall", "soon", "--command", "true {task}"], 2, "--wall: 'soon' is no time"),
        (["--attempts", "0"], 2, "attempts"),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_runs(
    checkout: Checkout, words: list[str], code: int, said: str
) -> None:
    done = checkout.fix(*words)
    assert (done.code, said in done.err) == (code, True), done.err
    assert not (checkout.root / "artifacts/fix").exists()
    assert checkout.git("worktree", "list").count("\n") == 1


def test_a_bad_table_has_its_line_and_ci_is_refused(checkout: Checkout) -> None:
    assert checkout.fix(CI="true").code == 4
    with (checkout.root / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write('\n[tool.atomci.fix]\npaths = ["/etc/**"]\n')
    done = checkout.fix()
    assert (done.code, "pyproject.toml:8: tool.atomci.fix.paths" in done.err) == (2, True), done.err


def test_a_project_below_the_top_is_fixed_there_and_paths_count_from_it(checkout: Checkout) -> None:
    before = checkout.seen()
    sub = checkout.root / "sub"
    for name in ("pyproject.toml", "src/demo/a.py"):
        (sub / name).parent.mkdir(parents=True, exist_ok=True)
        (sub / name).write_bytes(before[name])
    table = '[tool.atomci.fix]\npaths = ["src/**"]\n'
    (sub / "pyproject.toml").write_text((sub / "pyproject.toml").read_text() + table, encoding="utf-8")

    words = ("fix", "--allow-degraded", "--command", checkout.fixer(FIX))
    done = call(words, sub, checkout.env)

    assert done.code == 0, done.out + done.err
    report = json.loads((sub / "artifacts/fix/fix.json").read_text(encoding="utf-8"))
    assert [row["path"] for row in report["files"]] == ["sub/src/demo/a.py"]


def test_without_a_commit_it_says_what_to_type(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new/pyproject.toml").write_text('[project]\nname = "new"\n', encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path / "new", check=True)
    done = call(("fix",), tmp_path / "new", checkout.env)
    assert (done.code, "git commit" in done.err, "--in-place" in done.err) == (4, True, False), done.err
