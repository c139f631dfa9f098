"""What do Python templates render, and how soon is it green? Peers beside atomci, on one machine.

    python bench/templates.py NAME=FOLDER ... [--json] [--keep DIR] [--once]

Each FOLDER is a checkout of the template NAME of peers.py, in git; HEAD is what is rendered. So
`atomci-standard=.` and `cookie=../cookie`; without `NAME=` the folder's name is the template's.

A template is rendered with its default answers, and made-up ones where it has none. Then come the
commands that its own pages name, in three rounds: the first fills the caches of packages and hooks,
the second is timed (render, environment, hooks, check), and the third runs the same commands
in a clone of what the second left, whose folder is gone by then. With --once the first round is left
out, for caches that are full already. Last, one answer is changed by an update.

Each command's outcome is kept. One that needs what this machine can't have (another host, a program)
is *blocked*, with the line that says so: it is neither green nor red, and no time of that template is
called its time to green. The template itself is read from a bare clone, which stands for its public
address and stays. Needs git, uv and a package index. A red template isn't an error of this script.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gate_clock import child_cpu
from gate_project import BenchError, clean_environment, cpu_model, say
from peers import PEERS

COMMAND_LIMIT = 900  # seconds; what takes longer is red
COPIER = "copier>=9.17.2"
EXTENSIONS = ("copier-template-extensions", "copier-templates-extensions")  # that templates may import
BLOCKED = re.compile(
    r"could not resolve host|name or service not known|temporary failure in name resolution"
    r"|error resolving dns|network is unreachable|connection refused|getaddrinfo|\bENOTFOUND\b"
    r"|: (?:command )?not found$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Step:
    """A command: passed, failed or blocked, in seconds by the clock and of the processor."""

    command: str
    outcome: str
    seconds: float
    cpu: float | None
    reason: str = ""


@dataclass
class Found:
    """What was seen of one template; `None` where it couldn't be."""

    name: str
    commit: str
    date: str
    engine: str
    remark: str
    renders_without_trust: bool | None = None
    files: int | None = None
    lines: int | None = None
    first: list[Step] = field(default_factory=list)
    clone: list[Step] = field(default_factory=list)
    answers_recorded: int | None = None
    update: Step | None = None

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        return {
            **asdict(self),
            "first_outcome": outcome(self.first),
            "first_seconds": total(self.first),
            "first_cpu": total_cpu(self.first),
            "clone_outcome": outcome(self.clone),
            "clone_seconds": total(self.clone),
        }


def outcome(steps: Sequence[Step]) -> str:
    """Green where all passed; red where one failed by itself; else what was blocked isn't known."""
    seen = {step.outcome for step in steps}
    if not seen:
        return "not run"
    return "red" if "failed" in seen else "blocked" if "blocked" in seen else "green"


def total(steps: Sequence[Step]) -> float:
    """Seconds of all, by the clock."""
    return round(sum(step.seconds for step in steps), 1)


def total_cpu(steps: Sequence[Step]) -> float | None:
    """Seconds of the processor, `None` where the system doesn't count them."""
    return round(sum(step.cpu or 0 for step in steps), 1) if all(s.cpu is not None for s in steps) else None


class Room:
    """The folder in which all of one template happens: its programs, and git's settings of nobody."""

    def __init__(self, root: Path) -> None:
        """Make it: the identity for commits, and the programs that render."""
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        config = root / "gitconfig"
        config.write_text("[user]\n\tname = Ada\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n")
        self.scripts = root / "programs" / ("Scripts" if os.name == "nt" else "bin")
        self.env = clean_environment() | {
            "GIT_CONFIG_GLOBAL": str(config),
            "GIT_TERMINAL_PROMPT": "0",
            "PIPX_HOME": str(root / "pipx"),
            "PIPX_BIN_DIR": str(self.scripts),
            "PYTHON_VERSIONS": "",
        }
        if not self.scripts.exists():
            self.call(["uv", "venv", "-q", "--python", ">=3.12", str(root / "programs")], root)
            self.install(COPIER, "cookiecutter", *EXTENSIONS)
        self.env["PATH"] = os.pathsep.join((str(self.scripts), self.env["PATH"]))

    def install(self, *packages: str) -> None:
        """Into the environment of programs."""
        self.call(
            ["uv", "pip", "install", "-q", "--python", str(self.root / "programs"), *packages], self.root
        )

    def call(self, argv: Sequence[str], cwd: Path) -> str:
        """What a command of this script's own prints; it may not fail."""
        done = subprocess.run(argv, cwd=cwd, env=self.env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchError(f"{' '.join(argv)} failed:\n{done.stdout}{done.stderr}".rstrip())
        return done.stdout

    def step(self, command: str, argv: Sequence[str] | str, cwd: Path) -> Step:
        """A command whose outcome is kept, with the line that says why it didn't pass."""
        busy, start = child_cpu(), time.monotonic()
        try:
            done = subprocess.run(
                argv,
                cwd=cwd,
                env=self.env,
                shell=isinstance(argv, str),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=COMMAND_LIMIT,
                check=False,
            )
            code, output = done.returncode, done.stdout
        except subprocess.TimeoutExpired:
            code, output = 1, f"no end after {COMMAND_LIMIT} seconds"
        seconds, after = time.monotonic() - start, child_cpu()
        cpu = None if busy is None or after is None else round(after - busy, 2)
        verdict, reason = judged(code, output)
        return Step(command, verdict, round(seconds, 2), cpu, reason)


def judged(code: int, output: str) -> tuple[str, str]:
    """Passed, blocked or failed, and the line that says why."""
    if not code:
        return "passed", ""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for line in lines:
        if BLOCKED.search(line):
            return "blocked", line[:200]
    errors = [line for line in lines if re.search(r"\b(error|failed)\b", line, re.IGNORECASE)]
    return "failed", (errors or lines or [f"exit code {code}, no word"])[-1][:200]


class Template:
    """One template, as a bare clone of its checkout."""

    def __init__(self, room: Room, name: str, checkout: Path) -> None:
        """Clone it, and see what renders it."""
        self.room, self.name, self.peer, self.checkout = room, name, PEERS[name], checkout
        self.url = (room.root / f"{name}.git").as_uri()
        bare = room.root / f"{name}.git"
        shutil.rmtree(bare, ignore_errors=True)
        room.call(
            ["git", "clone", "-q", "--bare", "--no-local", str(checkout.resolve()), str(bare)], room.root
        )
        self.commit, self.date = room.call(["git", "log", "-1", "--format=%h %cs"], bare).split()
        listed = room.call(["git", "ls-tree", "-r", "--name-only", "HEAD"], bare).split("\n")
        self.engine = "copier" if {"copier.yml", "copier.yaml"} & set(listed) else "cookiecutter"
        self.has_hooks = any(path.startswith("hooks/") for path in listed)

    def render(self, into: Path, *, trust: bool = True) -> Step:
        """Into a folder that isn't there yet."""
        if self.engine == "cookiecutter":
            argv = [
                "cookiecutter",
                "--no-input",
                "-o",
                str(into.parent),
                self.url,
                f"project_name={into.name}",
            ]
            return self.room.step("render", argv, self.room.root)
        answers = [word for item in self.peer.answers.items() for word in ("-d", "=".join(item))]
        flags = ["--trust", *self.peer.flags] if trust else []
        argv = [
            "copier",
            "copy",
            "-q",
            "--defaults",
            "--vcs-ref",
            "HEAD",
            *flags,
            *answers,
            self.url,
            str(into),
        ]
        return self.room.step("render", argv, self.room.root)

    def commands(self, cwd: Path) -> list[Step]:
        """All that the template's pages name, also after one that didn't pass."""
        return [self.room.step(command, command, cwd) for command in (*self.peer.setup, *self.peer.check)]

    def update(self, cwd: Path) -> Step | None:
        """One answer changed; failed too where the file of answers doesn't have it afterwards."""
        if self.engine != "copier" or self.peer.change is None:
            return None
        key, value = self.peer.change
        flags = ["--trust", *self.peer.flags]
        argv = ["copier", "update", "-q", "--defaults", "--vcs-ref", "HEAD", *flags, "-d", f"{key}={value}"]
        step = self.room.step("update", argv, cwd)
        if step.outcome == "passed" and value not in (cwd / ".copier-answers.yml").read_text("utf-8"):
            return Step(step.command, "failed", step.seconds, step.cpu, f"{key} isn't {value!r} afterwards")
        return step


def commit(room: Room, cwd: Path, message: str) -> None:
    """All that is there, without the project's hooks."""
    room.call(["git", "add", "-A"], cwd)
    room.call(["git", "commit", "-q", "--no-verify", "--allow-empty", "-m", message], cwd)


def counted(room: Room, cwd: Path) -> tuple[int, int]:
    """Files in git and their lines of text; the lock isn't there yet."""
    files = [cwd / path for path in room.call(["git", "ls-files", "-z"], cwd).split("\0") if path]
    texts = [data for data in (path.read_bytes() for path in files if path.is_file()) if b"\0" not in data]
    return len(files), sum(data.count(b"\n") for data in texts)


def recorded(cwd: Path) -> int | None:
    """Answers in the file by which copier updates; `None` where there is none."""
    path = cwd / ".copier-answers.yml"
    if not path.is_file():
        return None
    keys = re.findall(r"^([A-Za-z]\w*):", path.read_text("utf-8"), re.MULTILINE)
    return len(keys)


def project(template: Template, parent: Path) -> tuple[Path, list[Step]]:
    """A new project in git, and the step that rendered it."""
    shutil.rmtree(parent, ignore_errors=True)
    parent.mkdir(parents=True)
    root = parent / "demo-peer"
    steps = [template.render(root)]
    if steps[0].outcome == "passed":
        template.room.call(["git", "init", "-q"], root)
        commit(template.room, root, "feat: begin")
    return root, steps


def measured(template: Template, *, warm_up: bool) -> Found:
    """The rounds of one template; where it doesn't render, what it says."""
    room, peer = template.room, template.peer
    found = Found(template.name, template.commit, template.date, template.engine, peer.remark)
    place = room.root / "projects"
    if peer.programs:
        room.install(*peer.programs)
    if peer.imported:
        room.install(str(template.checkout.resolve()))
    if template.engine == "copier":
        shutil.rmtree(place, ignore_errors=True)
        found.renders_without_trust = (
            template.render(place / "untrusted" / "demo-peer", trust=False).outcome == "passed"
        )
    else:
        found.renders_without_trust = not template.has_hooks
    if warm_up:
        root, steps = project(template, place / "warm-up")
        if steps[0].outcome == "passed":
            template.commands(root)
    root, found.first = project(template, place / "first")
    if found.first[0].outcome != "passed":
        return found
    found.files, found.lines = counted(room, root)
    found.answers_recorded = recorded(root)
    found.first += template.commands(root)
    commit(room, root, "build: lock")
    clone = place / "elsewhere" / "demo-peer"
    room.call(["git", "clone", "-q", "--no-local", str(root), str(clone)], room.root)
    shutil.rmtree(root)
    found.clone = template.commands(clone)
    commit(room, clone, "style: what the commands changed")
    found.update = template.update(clone)
    return found


def row(found: Found) -> list[str]:
    """For the printed table."""
    cpu = total_cpu(found.first)
    return [
        found.name,
        found.commit,
        "yes" if found.renders_without_trust else "no",
        str(found.files),
        str(found.lines),
        outcome(found.first),
        f"{total(found.first):.1f}",
        "-" if cpu is None else f"{cpu:.1f}",
        outcome(found.clone),
        f"{total(found.clone):.1f}",
        str(found.answers_recorded or "none"),
        found.update.outcome if found.update else "none",
    ]


HEADS = [
    "template",
    "commit",
    "untrusted",
    "files",
    "lines",
    "first",
    "s",
    "cpu s",
    "clone",
    "s",
    "answers",
    "update",
]


def printed(all_found: Sequence[Found]) -> str:
    """The table, and below it each command that didn't pass."""
    rows = [HEADS, *map(row, all_found)]
    widths = [max(len(cells[i]) for cells in rows) for i in range(len(HEADS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) for cells in rows
    ]
    for found in all_found:
        if found.remark:
            lines.append(f"{found.name}: {found.remark}")
        for where, steps in (("first", found.first), ("clone", found.clone), ("update", [found.update])):
            lines += [
                f"{found.name}, {where}: {step.command} {step.outcome}: {step.reason}"
                for step in steps
                if step and step.outcome != "passed"
            ]
    return "\n".join(lines)


def named(argument: str) -> tuple[str, Path]:
    """NAME=FOLDER, or a folder that is called as its template."""
    name, sign, folder = argument.partition("=")
    path = Path(folder if sign else name)
    name = name if sign else path.resolve().name
    if name not in PEERS:
        raise argparse.ArgumentTypeError(
            f"no template is called {name!r} here; these are: {', '.join(PEERS)}"
        )
    if not (path / ".git").exists():
        raise argparse.ArgumentTypeError(f"{path} is no checkout: clone the template there first")
    return name, path


def main() -> int:
    """Measure each, and print the table or JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("templates", nargs="+", type=named, metavar="NAME=FOLDER")
    parser.add_argument("--json", action="store_true", help="all commands with their outcomes")
    parser.add_argument("--keep", type=Path, help="work in this folder, and leave it")
    parser.add_argument("--once", action="store_true", help="no first round to fill the caches")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="templates-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        all_found = []
        for name, checkout in options.templates:
            say(f"{name} …")
            all_found.append(
                measured(Template(Room(folder.resolve() / name), name, checkout), warm_up=not options.once)
            )
    except BenchError as error:
        say(str(error))
        return 1
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        machine = {"processor": cpu_model(), "cores": os.cpu_count(), "python": platform.python_version()}
        print(
            json.dumps({"machine": machine, "templates": [found.as_dict() for found in all_found]}, indent=2)
        )
    else:
        print(printed(all_found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
