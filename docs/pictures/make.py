"""Records what atomci prints in a real project, for the pages that show it: `uv run docs/pictures/make.py`.

It makes a project from this repository as it is, and types the commands of `SESSIONS` there on a terminal.
What they print goes to `docs/pictures/NAME.ansi`, and as text into each page with the mark
`<!-- picture: NAME -->`. The README shows one of them as `gate_green.svg`.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

HERE = Path(__file__).parent
DOCS, ROOT = HERE.parent, HERE.parents[1]
PROGRAMS = Path(sys.executable).parent
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_BLOCK = re.compile(r"(?<=<!-- picture: )(\w+)( -->\n)```console\n.*?^```$", re.MULTILINE | re.DOTALL)

ADDRESS = "https://code.example.com/acme/atomci"
"""Stands for the folder of the template that is recorded."""

BAD = """\
import os


def f(x):
    return x+1
"""
"""An unused import and a function without types; docs/tour.md shows it."""


class Session(NamedTuple):
    """A command of a picture, its exit code, and files that are written before and removed after it."""

    words: str
    code: int
    files: Mapping[str, str] = {}


SESSIONS = {
    "gate_green": Session("uv run atomci run local_ci", 0),
    "gate_unchanged": Session("uv run atomci run local_ci", 0),
    "gate_red": Session("uv run atomci run local_ci", 1, {"src/myproj/bad.py": BAD}),
    "check": Session(
        "uv run atomci check run_ruff_lint configure_coverage_thresholds run_pytest_e2e",
        1,
        {"src/myproj/bad.py": BAD},
    ),
    "update_plan": Session("uv run --group template atomci update --plan", 0),
}
"""In the order in which they are typed."""


def recorded(folder: Path) -> dict[str, str]:
    """What each session prints, with colours, in a new project below an empty folder."""
    template = _template(folder)
    env = _environment(folder)
    _typed("git", "clone", "--quiet", template.as_uri(), "clone", cwd=folder, env=env)
    _typed("uv", "run", "atomci", "new", "../made", "--defaults", "-d", "project_name=myproj",
           cwd=folder / "clone", env=env)  # fmt: skip
    # As a colleague has it: `atomci new` has run the gate already, so in its folder nothing would run again.
    _typed("git", "clone", "--quiet", "made", "myproj", cwd=folder, env=env)
    project = folder / "myproj"
    _typed("uv", "sync", "--quiet", "--locked", "--group", "template", cwd=project, env=env)
    _next_release(template, env)
    found = {}
    for name, session in SESSIONS.items():
        for path, text in session.files.items():
            (project / path).write_text(text, encoding="utf-8")
        code, printed = _on_a_terminal(session.words, project, env)
        assert code == session.code, f"{session.words} exits {code}:\n{printed}"
        printed = printed.replace(template.as_uri(), ADDRESS)
        assert str(folder) not in printed, f"a path of this machine is shown:\n{printed}"
        for path in session.files:
            (project / path).unlink()
        found[name] = printed
    return found


def _template(folder: Path) -> Path:
    """This repository's files as they are, as version 1.0.0."""
    template = folder / "atomci"
    words = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (template / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, template / name)
    env = _environment(folder)
    _typed("git", "init", "--quiet", "--initial-branch=main", cwd=template, env=env)
    _committed(template, "v1.0.0", env)
    return template


def _next_release(template: Path, env: Mapping[str, str]) -> None:
    """Version 1.1.0: a newer action, a file more, a sentence more in a file that is merged."""
    rendered = template / "template"
    pinned = rendered / ".github/workflows/ci.yml.jinja"
    text = pinned.read_text(encoding="utf-8")
    action = re.search(r"actions/checkout@\w{40} # v[\d.]+", text)
    assert action
    pinned.write_text(text.replace(action[0], f"actions/checkout@{'4' * 40} # v99.0.0"), encoding="utf-8")
    page = rendered / "README.md.jinja"
    page.write_text(page.read_text(encoding="utf-8") + "\nThank you.\n", encoding="utf-8")
    (rendered / "SUPPORT.md").write_text("# Support\n\nAsk in an issue.\n", encoding="utf-8")
    with (template / "ownership.toml").open("a", encoding="utf-8") as rules:
        rules.write('\n[[rule]]\ntier = "merged"\npaths = ["/SUPPORT.md"]\n')
    _committed(template, "v1.1.0", env)


def _committed(template: Path, tag: str, env: Mapping[str, str]) -> None:
    _typed("git", "add", "--all", cwd=template, env=env)
    _typed("git", "commit", "--quiet", "--message", tag, cwd=template, env=env)
    _typed("git", "tag", tag, cwd=template, env=env)


def _environment(folder: Path) -> dict[str, str]:
    """A user's shell with a name for git and nothing else set; uv is this environment's."""
    (folder / "gitconfig").write_text("[user]\nname = Ada\nemail = ada@example.com\n", encoding="utf-8")
    lent = (
        "VIRTUAL_ENV",
        "UV_PROJECT_ENVIRONMENT",
        "UV_RUN_RECURSION_DEPTH",
        "UV",
        "PYTHONPATH",
        "CI",
        "NO_COLOR",
    )
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GIT_", "PYTEST_", "COV_", "GITHUB_")) and name not in lent
    }
    return kept | {
        "PATH": os.pathsep.join([str(PROGRAMS), kept["PATH"]]),
        "GIT_CONFIG_GLOBAL": str(folder / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "COPIER_CACHE_DIR": str(folder / "copier"),
        "PRE_COMMIT_HOME": str(folder / "pre-commit"),
        "UV_PYTHON": sys.executable,
        "TERM": "dumb",  # lines in colour, none of which changes
        "COLUMNS": "200",  # no row is broken: pages scroll
    }


def _typed(*words: str, cwd: Path, env: Mapping[str, str]) -> None:
    program = shutil.which(words[0], path=env["PATH"]) or words[0]
    done = subprocess.run(
        [program, *words[1:]], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{shlex.join(words)}\n{done.stdout}{done.stderr}"


def _on_a_terminal(words: str, cwd: Path, env: Mapping[str, str]) -> tuple[int, str]:
    """The exit code and all that is printed, by a program that sees a terminal."""
    ours, theirs = os.openpty()
    running = subprocess.Popen(
        shlex.split(words), cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=theirs,
        stderr=subprocess.DEVNULL,  # what is under way, in a line that changes
    )  # fmt: skip
    os.close(theirs)
    printed = b"".join(_read(ours))
    os.close(ours)
    return running.wait(), printed.decode().replace("\r\n", "\n")


def _read(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            chunk = os.read(terminal, 1 << 16)
        except OSError:  # how Linux says that the other end is closed
            return
        if not chunk:
            return
        yield chunk


def plain(text: str) -> str:
    """Without colours."""
    return _COLOUR.sub("", text)


def block(name: str) -> str:
    """The picture as a block of Markdown: the command, and what it printed."""
    return f"```console\n$ {SESSIONS[name].words}\n{plain(recording(name))}```"


def recording(name: str) -> str:
    """What was printed when it was recorded, with colours."""
    return (HERE / f"{name}.ansi").read_text(encoding="utf-8")


def with_blocks(page: str) -> str:
    """A page's text with the recorded output below each mark."""
    return _BLOCK.sub(lambda found: f"{found[1]}{found[2]}{block(found[1])}", page)


def drawing(name: str) -> str:
    """The picture as SVG, without fonts from elsewhere; its text can be selected."""
    console = Console(file=io.StringIO(), record=True, width=126)
    console.print(f"$ {SESSIONS[name].words}", highlight=False)
    console.print(Text.from_ansi(recording(name).rstrip()))
    # Fonts are named in it by addresses.
    frame = re.sub(r"@font-face \{\{.*?\}\}\s*|<!--.*?-->\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    drawn = console.export_svg(title="", code_format=frame, unique_id=name.replace("_", "-"))
    return "\n".join(line.rstrip() for line in drawn.splitlines()) + "\n"


def main() -> None:
    """Record anew, and write the pages."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in recorded(Path(folder).resolve()).items():
            (HERE / f"{name}.ansi").write_text(text, encoding="utf-8")
    (HERE / "gate_green.svg").write_text(drawing("gate_green"), encoding="utf-8")
    for page in (*sorted(DOCS.rglob("*.md")), ROOT / "README.md"):
        page.write_text(with_blocks(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
