"""atom_064: what someone does who breaks something, sees it, mends it, tests it and commits it."""

from __future__ import annotations

import ast
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from atomci.analysis.protocol import Tool
from atomci.artifacts.handed.schemas import Rehearsal, RehearsedStep
from atomci.tools.process import Command, Completed

__all__ = ["DEFECTS", "PlannedStep", "break_file", "clone_step", "file_to_break", "overlay", "steps", "walk"]

# Lint mends the f-string without a placeholder, format the spaces; the constant stays, to be committed.
DEFECTS = "_ATOMCI_PROBE   =   f'probe'\n"


@dataclass(frozen=True)
class PlannedStep:
    """A command and the exit codes that are right for it."""

    name: str
    command: Command
    wanted: tuple[int, ...] = (0,)
    before: Callable[[], None] | None = None

    @property
    def expected(self) -> str:
        """The exit codes in words."""
        return f"exit {' or '.join(map(str, self.wanted))}"


def clone_step(top: Path, clone: Path) -> PlannedStep:
    """Cloning what HEAD holds."""
    return PlannedStep("clone", Command(("git", "clone", "--quiet", str(top), str(clone))))


def file_to_break(root: Path, files: Iterable[str]) -> str | None:
    """A source file that can be added to, a plain module if there is one."""
    modules = [file for file in files if file.startswith("src/") and file.endswith(".py")]
    for file in sorted(modules, key=lambda name: (name.rpartition("/")[2].startswith("_"), name)):
        try:
            ast.parse((root / file).read_text(encoding="utf-8"))
        except (OSError, SyntaxError, ValueError):
            continue
        return file
    return None


def steps(
    clone: Path, top: Path, file: str, python: str, tools: Sequence[tuple[Tool, str]]
) -> Iterator[PlannedStep]:
    """What follows the clone. `top` is where the clone's .git is, `clone` the project in it.

    `tools` are those that mend, with the paths of their programs.
    """
    path = str(clone / file)

    def git(*words: str) -> Command:
        identity = ("user.name=atomci", "user.email=atomci@localhost")
        # No hook of the user's and no key: the clone is nobody's.
        config = (*identity, "commit.gpgsign=false", f"core.hooksPath={os.devnull}")
        options = [word for setting in config for word in ("-c", setting)]
        return Command(("git", "-C", str(top), *options, *words))

    def break_it() -> None:
        break_file(clone / file)

    looks = {tool.LANE: Command((program, *tool.FILE_CHECK, path)) for tool, program in tools}
    mends = {tool.LANE: Command((program, *tool.FILE_MEND, path)) for tool, program in tools}
    tests = (
        python,
        "-m",
        "pytest",
        f"--rootdir={clone}",
        str(clone / "tests/unit"),
        "-q",
        "-p",
        "no:cacheprovider",
    )
    sources = {"PYTHONPATH": str(clone / "src")}
    where = "import sys, importlib.util as u; sys.exit(u.find_spec(sys.argv[1]).origin != sys.argv[2])"
    yield PlannedStep("add the working tree", git("add", "--all"))
    yield PlannedStep(
        "commit the working tree",
        git("commit", "--quiet", "--no-verify", "--allow-empty", "--message", "the working tree"),
    )
    yield from (PlannedStep(f"{lane} before", look) for lane, look in looks.items())
    for number, (lane, look) in enumerate(looks.items()):
        yield PlannedStep(f"broken: {lane} is red", look, (1,), break_it if number == 0 else None)
    yield from (PlannedStep(f"fix {lane}", mend) for lane, mend in mends.items())
    yield from (PlannedStep(f"{lane} is green", look) for lane, look in looks.items())
    yield PlannedStep(
        "the clone's own code is tested", Command((python, "-c", where, _module(file), path), sources)
    )
    yield PlannedStep("unit tests", Command(tests, sources))
    yield PlannedStep("stage", git("add", "--", path))
    yield PlannedStep(
        "commit", git("commit", "--quiet", "--no-verify", "--message", "chore: a change that was repaired")
    )
    yield PlannedStep("it is committed", git("diff", "--quiet", "HEAD~1", "HEAD", "--", path), (1,))


def break_file(path: Path) -> None:
    """Add a line that lint and format object to."""
    text = path.read_text(encoding="utf-8")
    path.write_text(text + ("" if text.endswith("\n") or not text else "\n") + DEFECTS, encoding="utf-8")


def overlay(root: Path, clone: Path, changed: Iterable[str]) -> None:
    """Bring what was changed and not committed into the clone."""
    for name in changed:
        source, target = root / name, clone / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
        else:
            target.unlink(missing_ok=True)


def walk(
    file: str,
    plan: Sequence[PlannedStep],
    run: Callable[[PlannedStep], Completed],
    hide: Callable[[str], str],
) -> tuple[Rehearsal, Completed | None]:
    """Take the steps until one goes wrong; that one's output comes along. `hide` makes commands portable."""
    taken = []
    for step in plan:
        if step.before is not None:
            step.before()
        done = run(step)
        ok = done.code in step.wanted
        shown = hide(str(Command(step.command.argv, step.command.env)))
        taken.append(
            RehearsedStep(name=step.name, command=shown, expected=step.expected, exit_code=done.code, ok=ok)
        )
        if not ok:
            return Rehearsal(file=file, steps=tuple(taken)), done
    return Rehearsal(file=file, steps=tuple(taken)), None


def _module(file: str) -> str:
    name = file.removeprefix("src/").removesuffix(".py").replace("/", ".")
    return name.removesuffix(".__init__")
