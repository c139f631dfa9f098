"""The project of bench/gate.py: a released one of more than 20 000 lines, prepared so that it is green."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROJECT = "werkzeug==3.1.3"
SDIST_SHA256 = "60723ce945c19328679790e3282cc758aa4a6040e4bb330f53d30fa546d44746"
MIN_LINES = 20_000
TOOLS = ("ruff", "black", "mypy", "pytest", "pytest-cov", "pytest-xdist")
OTHERS = ("pre-commit", "nox")
TEST_NEEDS = ("markupsafe", "cryptography", "watchdog", "ephemeral-port-reserve", "pytest-timeout")
BUILD_NEEDS = ("hatchling", "flit-core<4")

CACHES = (
    ".ruff_cache",
    ".black_cache",
    ".mypy_cache",
    ".pytest_cache",
    ".atomci_cache",
    "artifacts",
    ".coverage",
)
# The project's own choices, but for what today's versions of the tools no longer take.
SETTINGS = """
[tool.pytest.ini_options]
testpaths = ["tests"]
filterwarnings = ["error"]
markers = ["dev_server: tests that start the dev server"]
addopts = ["--strict-markers", "-m", "not dev_server"] # those wait for free ports

[tool.coverage.run]
branch = true

[tool.coverage.report]
fail_under = 70

[tool.mypy]
files = ["src"]
strict = true
warn_unused_ignores = false # and what this mypy finds in code that passed the mypy of its day:
disable_error_code = ["arg-type", "assignment", "call-overload", "misc", "operator", "str-unpack"]

[[tool.mypy.overrides]]
module = ["pkg_resources.*", "colorama.*", "cryptography.*", "ephemeral_port_reserve", "watchdog.*"]
ignore_missing_imports = true

[tool.black]
line-length = 88

[tool.ruff]
src = ["src"]

[tool.ruff.lint]
select = ["B", "E", "F", "I", "UP", "W"]
ignore = ["E402", "E501", "UP007"] # imports at the end of files; what black leaves long; a cast's string
isort = { force-single-line = true, order-by-type = false }
"""
IGNORED = [".venv/", "__pycache__/", *(f"{name}/" for name in CACHES if name != ".coverage"), ".coverage"]


# The other runners do what PLAIN does, in the same environment: nothing is fetched or installed anew.
PRE_COMMIT = """\
repos:
  - repo: local
    hooks:
      - { id: ruff, name: ruff, entry: ruff check ., language: system, pass_filenames: false }
      - { id: black, name: black, entry: black --check ., language: system, pass_filenames: false }
      - { id: mypy, name: mypy, entry: mypy, language: system, pass_filenames: false }
"""
NOX = """\
import nox

nox.options.default_venv_backend = "none"


@nox.session
def lint(session: nox.Session) -> None:
    session.run("ruff", "check", ".")


@nox.session
def style(session: nox.Session) -> None:
    session.run("black", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    session.run("pytest", "-q", "tests/unit", "--cov=src")
"""


class BenchError(Exception):
    """The measurement went wrong, so there is no figure to show."""


@dataclass(frozen=True)
class Prepared:
    """The project at `root`, with its environment."""

    root: Path
    lines: int

    @property
    def scripts(self) -> Path:
        """Where the environment keeps its programs."""
        return self.root / ".venv" / ("Scripts" if os.name == "nt" else "bin")

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.scripts / ("python.exe" if os.name == "nt" else "python")

    @property
    def env(self) -> dict[str, str]:
        """The environment of both sides."""
        kept = clean_environment()
        kept["PATH"] = os.pathsep.join((str(self.scripts), kept["PATH"]))
        kept["BLACK_CACHE_DIR"] = str(self.root / ".black_cache")
        kept["PRE_COMMIT_HOME"] = str(self.root.parent / "pre-commit")
        return kept


def clean_environment() -> dict[str, str]:
    """This process's variables without those that change what the tools do or how Python starts."""
    odd = ("PYTHON", "PYTEST", "COVERAGE", "MYPY", "RUFF", "BLACK", "ATOMCI", "VIRTUAL_ENV", "UV_PROJECT")
    here = {"CI", "GITHUB_ACTIONS"}
    return {k: v for k, v in os.environ.items() if not k.startswith(odd) and k not in here}


def prepare(folder: Path, checkout: Path) -> Prepared:
    """The project in `folder`, made unless it is there already; atomci is brought up to date either way."""
    root = folder / "project"
    made, recipe = folder / "prepared.txt", "\n".join(
        (PROJECT, str((TOOLS, OTHERS, TEST_NEEDS, BUILD_NEEDS)), SETTINGS, PRE_COMMIT, NOX)
    )
    if not (made.is_file() and made.read_text(encoding="utf-8") == recipe):
        for old in (root, folder / "sdist"):
            shutil.rmtree(old, ignore_errors=True)
        for stamp in (made, folder / "atomci.txt"):
            stamp.unlink(missing_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        lay_out(unpack(folder / "sdist"), root)
        make_environment(root, checkout)
        make_green(root)
        made.write_text(recipe, encoding="utf-8")
    prepared = Prepared(root, count_lines(root))
    if prepared.lines < MIN_LINES:
        raise BenchError(f"{PROJECT} has {prepared.lines} lines of Python, fewer than {MIN_LINES}")
    install_atomci(prepared, checkout, folder / "atomci.txt")
    return prepared


def unpack(folder: Path) -> Path:
    """The source distribution's folder."""
    folder.mkdir()
    wanted = folder / "requirements.txt"
    wanted.write_text(f"{PROJECT} --hash=sha256:{SDIST_SHA256}\n", encoding="utf-8")
    pip = ["uv", "tool", "run", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    call([*pip, "--require-hashes", "--requirement", wanted.name, "--dest", "."], folder)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())


def lay_out(source: Path, root: Path) -> None:
    """src/, tests/unit/ and a pyproject.toml with the tools' settings."""
    shutil.copytree(source / "src", root / "src")
    shutil.copytree(source / "tests", root / "tests" / "unit")
    for name in ("README.md", "LICENSE.txt"):
        shutil.copyfile(source / name, root / name)
    own = (source / "pyproject.toml").read_text(encoding="utf-8")
    metadata, mark, _ = own.partition("[tool.pytest.ini_options]\n")
    if not mark:
        raise BenchError("the project's pyproject.toml isn't laid out as expected")
    (root / "pyproject.toml").write_text(metadata.rstrip() + "\n" + SETTINGS, encoding="utf-8")
    (root / ".pre-commit-config.yaml").write_text(PRE_COMMIT, encoding="utf-8")
    (root / "noxfile.py").write_text(NOX, encoding="utf-8")
    (root / ".gitignore").write_text("\n".join(IGNORED) + "\n", encoding="utf-8")


def make_environment(root: Path, checkout: Path) -> None:
    """`.venv` with the versions of this checkout's lock, byte-compiled, and the project in it."""
    export = ["uv", "export", "--frozen", "--all-groups", "--no-hashes", "--no-emit-project", "--quiet"]
    locked = call(export, checkout)
    constraints = root.parent / "constraints.txt"
    constraints.write_text(locked, encoding="utf-8")
    call(["uv", "venv", "--quiet", "--python", sys.executable, ".venv"], root)
    wanted = [*TOOLS, *OTHERS, *TEST_NEEDS, *BUILD_NEEDS, *runtime_needs(checkout)]
    uv_pip(root, "install", "--constraints", str(constraints), *wanted)
    uv_pip(root, "install", "--no-deps", "--no-build-isolation", "--editable", ".")


def runtime_needs(checkout: Path) -> list[str]:
    """What atomci itself depends on."""
    import tomllib

    table = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))
    found: list[str] = table["project"]["dependencies"]
    return found


def make_green(root: Path) -> None:
    """The tools' own fixes, once, and the first commit."""
    prepared = Prepared(root, 0)
    for argv in (["ruff", "check", "--fix", "--quiet", "."], ["black", "--quiet", "."]):
        call([str(prepared.scripts / argv[0]), *argv[1:]], root, prepared.env)
    call(["git", "init", "--quiet", "--initial-branch=main"], root)
    commit(root, PROJECT)


def commit(root: Path, message: str) -> None:
    """All that is there."""
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "commit.gpgsign=false"]
    call(["git", "add", "--all"], root)
    call(["git", *identity, "commit", "--quiet", "--no-verify", "--message", message], root)


def clear_caches(root: Path) -> None:
    """As after a clone: no tool has been here; the environment stays."""
    for name in CACHES:
        path = root / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for name in ("src", "tests"):
        for folder in list((root / name).rglob("__pycache__")):
            shutil.rmtree(folder)


@contextmanager
def restored(file: Path) -> Iterator[None]:
    """The file is as before in the end."""
    before = file.read_bytes()
    try:
        yield
    finally:
        file.write_bytes(before)


@contextmanager
def committed(root: Path, name: str, more: str) -> Iterator[None]:
    """The file has more in it, and so has the last commit: else the edit would be of two files."""
    before = call(["git", "rev-parse", "HEAD"], root).strip()
    file = root / name
    file.write_text(file.read_text(encoding="utf-8") + more, encoding="utf-8")
    commit(root, name)
    try:
        yield
    finally:
        call(["git", "reset", "--quiet", "--hard", before], root)


def install_atomci(prepared: Prepared, checkout: Path, stamp: Path) -> None:
    """A wheel of the checkout as it is now, so that nobody's later edit changes it between two runs."""
    digest = hashlib.sha256()
    for file in sorted([checkout / "pyproject.toml", *(checkout / "src").rglob("*.py")]):
        digest.update(file.relative_to(checkout).as_posix().encode() + b"\0" + file.read_bytes())
    now = f"{digest.hexdigest()}\n"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == now:
        return
    fresh = ["--reinstall-package", "atomci", "--refresh-package", "atomci"]
    uv_pip(prepared.root, "install", "--no-deps", "--no-build-isolation", *fresh, str(checkout))
    stamp.write_text(now, encoding="utf-8")


def uv_pip(root: Path, *words: str) -> None:
    """uv pip, on the project's environment."""
    verb, *rest = words
    python = str(Prepared(root, 0).python)
    env = clean_environment() | {"UV_COMPILE_BYTECODE": "1"}
    call(["uv", "pip", verb, "--quiet", "--python", python, *rest], root, env)


def count_lines(root: Path) -> int:
    """Lines of Python in src/ and tests/."""
    files = (file for name in ("src", "tests") for file in (root / name).rglob("*.py"))
    return sum(file.read_bytes().count(b"\n") for file in files)


def call(argv: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """A command that has to work."""
    done = subprocess.run(
        argv, cwd=cwd, env=env or clean_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BenchError(f"{' '.join(argv)}\nexit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def cpu_model() -> str:
    """The processor's name where Linux tells it."""
    info = Path("/proc/cpuinfo")
    text = info.read_text(encoding="utf-8") if info.is_file() else ""
    match = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    return match[1] if match else platform.processor() or platform.machine()


def say(text: str) -> None:
    """Progress."""
    print(text, file=sys.stderr, flush=True)
