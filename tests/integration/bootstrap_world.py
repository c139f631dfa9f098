"""A machine of one's own: a private PATH and home, stand-in programs, and a project on it."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from command_line import Done, call

PYPROJECT = """\
[project]
name = "demo"
version = "0.1.0"
requires-python = ">=3.11"
authors = [{ name = "Ada Byron", email = "ada@example.com" }]
"""
RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
MANAGER = "brew" if sys.platform == "darwin" else "apt-get"
_SUDO = () if sys.platform == "darwin" or os.geteuid() == 0 else ("sudo",)
INSTALL = {
    "brew": (*_SUDO, "brew", "install"),
    "apt-get": (*_SUDO, "apt-get", "install", "-y"),
}[MANAGER]
"""What precedes a package's name in this host's install command."""


@dataclass
class World:
    """A folder with a project, a home and the only folder on PATH."""

    base: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for folder in (self.root, self.home, self.bin):
            folder.mkdir(parents=True, exist_ok=True)
        kept = (
            *("LANG", "TMPDIR", "SSL_CERT_FILE", "PIP_CERT"),
            *("UV_DEFAULT_INDEX", "PIP_INDEX_URL", "HTTPS_PROXY"),
        )
        self.env = {name: os.environ[name] for name in kept if name in os.environ} | {
            "PATH": str(self.bin),
            "HOME": str(self.home),
            "UV_CACHE_DIR": _cache("UV_CACHE_DIR", "uv"),
            "PIP_CACHE_DIR": _cache("PIP_CACHE_DIR", "pip"),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_COMPILE": "1",
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_PYTHON_INSTALL_DIR": str(self.home / "pythons"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "CALLS": str(self.calls_file),
            "BIN": str(self.bin),
            **self.env,
        }

    @property
    def root(self) -> Path:
        """The project."""
        return self.base / "project"

    @property
    def home(self) -> Path:
        """HOME."""
        return self.base / "home"

    @property
    def bin(self) -> Path:
        """The one folder on PATH."""
        return self.base / "bin"

    @property
    def calls_file(self) -> Path:
        """Where stand-ins write how they were called."""
        return self.base / "calls.txt"

    @property
    def calls(self) -> list[str]:
        """How stand-ins were called, in order."""
        return self.calls_file.read_text().splitlines() if self.calls_file.exists() else []

    def link(self, *names: str) -> None:
        """Put real programs of this machine on PATH."""
        for name in names:
            (self.bin / name).unlink(missing_ok=True)
            (self.bin / name).symlink_to(real(name))

    def program(self, name: str, script: str) -> Path:
        """Put a stand-in on PATH; it writes how it was called, then runs the lines of sh."""
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>"$CALLS"\n{script}\n')
        path.chmod(0o755)
        return path

    def installer(self, installs: str, says: str) -> None:
        """A package manager, whose every package is a program that prints one line."""
        self.program("sudo", 'exec "$@"')
        self.program(
            MANAGER,
            f'printf \'#!/bin/sh\\necho {says}\\n\' >"$BIN/{installs}"; /bin/chmod 755 "$BIN/{installs}"',
        )

    def write(self, path: str, text: str) -> Path:
        """Make or replace a file of the project; a hard link to another world's is cut first."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.write_text(text, encoding="utf-8")
        return target

    def read(self, path: str) -> str:
        """A file of the project."""
        return (self.root / path).read_text(encoding="utf-8")

    def replace(self, path: str, old: str, new: str) -> None:
        """Change a text that occurs in a file of the project."""
        text = self.read(path)
        assert old in text, f"{old!r} isn't in {path}"
        self.write(path, text.replace(old, new))

    def artifact(self, name: str) -> Any:
        """An artifact of the bootstrap phase."""
        return json.loads(self.read(f"artifacts/bootstrap/{name}.json"))

    def atomci(self, *words: str, **env: str) -> Done:
        """Run the command line on the project, from outside of it."""
        return call((words[0], "--project", str(self.root), *words[1:]), self.base, self.env | env)

    def run(self, *words: str, **env: str) -> Done:
        """`atomci run --json`."""
        return self.atomci("run", "--json", *words, **env)

    def check(self, atom: str, **env: str) -> tuple[str, str, str]:
        """`atomci check --json ATOM`: status, evidence as one text, remedy."""
        done = self.atomci("check", "--json", atom, **env)
        assert done.out, done.err
        [answer] = json.loads(done.out)["atoms"]
        assert done.code == (1 if answer["status"] == "broken" else 0)
        return answer["status"], "\n".join(answer["evidence"]), answer["remedy"]

    def git(self, *words: str, cwd: Path | None = None) -> str:
        """git's output, with an author."""
        identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
        done = subprocess.run(
            ["git", *identity, *words],
            cwd=cwd or self.root,
            env=self.env | {"PATH": os.environ["PATH"]},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def copy(self, base: Path) -> "World":
        """The same machine and project elsewhere; installed files are hard links."""

        def place(source: str, target: str) -> None:
            installed = "/site-packages/" in source or "/.git/objects/" in source
            os.link(source, target) if installed else shutil.copy2(source, target)

        shutil.copytree(self.base, base, symlinks=True, copy_function=place)
        return World(base)


def _cache(variable: str, name: str) -> str:
    default = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache") / name
    return os.environ.get(variable, str(default))


def real(name: str) -> str:
    """A program of this machine, or one that is installed beside this Python."""
    found = shutil.which(name) or shutil.which(name, path=Path(sys.executable).parent)
    assert found, f"{name} isn't on this machine"
    return os.path.realpath(found)


def snapshot(root: Path, without: Iterable[str] = (), *, by_time: bool = False) -> dict[str, str]:
    """Every file below a folder with its mode and a digest of its content, or when it was last written."""

    def digest(path: Path) -> str:
        return str(path.stat().st_mtime_ns) if by_time else hashlib.sha256(path.read_bytes()).hexdigest()

    found = {}
    for folder, folders, files in os.walk(root):
        here = Path(folder).relative_to(root).as_posix()
        folders[:] = [name for name in folders if f"{here}/{name}".removeprefix("./") not in without]
        for name in [*files, *(name for name in folders if (Path(folder) / name).is_symlink())]:
            path = Path(folder) / name
            key = path.relative_to(root).as_posix()
            if path.is_symlink():
                found[key] = str(path.readlink())
            elif path.is_file():
                found[key] = f"{path.stat().st_mode:o} {digest(path)}"
    return found


def other_interpreters() -> dict[str, Path]:
    """Prefixes of this machine's interpreters that start, by minor version, but for the running one."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    places = sorted(pyenv.glob("versions/3.*/bin/python"))
    places += [Path(found) for n in range(11, 15) if (found := shutil.which(f"python3.{n}"))]
    if uv := shutil.which("uv"):
        listed = [uv, "python", "list", "--only-installed", "--output-format=json"]
        done = subprocess.run(listed, capture_output=True, text=True, check=False)
        places += [Path(row["path"]) for row in json.loads(done.stdout or "[]")]
    question = "import ensurepip, sys; print('%d.%d' % sys.version_info[:2], sys.base_prefix)"
    found: dict[str, Path] = {}
    for path in places:
        try:
            done = subprocess.run(
                [path, "-c", question], capture_output=True, text=True, timeout=20, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        version, _, prefix = done.stdout.strip().partition(" ")
        if version.startswith("3.1") and version >= "3.11" and version != RUNNING:
            found.setdefault(version, Path(prefix))
    return found
