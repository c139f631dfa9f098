"""git, asked about a folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from atomci.errors import InfrastructureError
from atomci.tools.process import Children, Command, ToolMissing

__all__ = ["Git", "GitFailed", "changed_paths", "git", "project_files"]

# What a surrounding git hook says about its own repository.
_INHERITED = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_WORK_TREE",
)
_STEADY = ("-c", "core.quotePath=off", "-c", "core.fsmonitor=false", "-c", "core.safecrlf=false")


class GitFailed(InfrastructureError):
    """git ended with an exit code that the caller can't use; `said` is its first line of complaint."""

    def __init__(self, words: tuple[str, ...], code: int, stderr: str) -> None:
        lines = [line for line in stderr.strip().splitlines() if line.strip()]
        marked = (line for line in lines if line.startswith(("fatal:", "error:")))
        self.said = next(marked, lines[-1] if lines else _how_it_ended(code))
        self.code = code
        super().__init__(f"git {words[0]}: {self.said}")


def _how_it_ended(code: int) -> str:
    """What there is to say of a git that said nothing, such as one that the kernel killed."""
    if code >= 0:
        return f"exit code {code}"
    return f"killed by {signal.Signals(-code).name}"


@dataclass(frozen=True)
class Git:
    """git in one folder, bytes in and out. `env` is added to the environment."""

    root: Path
    env: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *words: str, stdin: bytes = b"", codes: tuple[int, ...] = (0,)) -> bytes:
        """git's output. Raises GitFailed on another exit code, ToolMissing without git."""
        done = self._run(words, stdin)
        if done.returncode not in codes:
            raise GitFailed(words, done.returncode, done.stderr.decode("utf-8", "replace"))
        return done.stdout

    def ask(self, *words: str) -> str | None:
        """git's output stripped, None when it failed."""
        done = self._run(words, b"")
        return os.fsdecode(done.stdout).strip() if done.returncode == 0 else None

    def code(self, *words: str, stdin: bytes = b"") -> tuple[int, bytes, str]:
        """Exit code, output and complaints."""
        done = self._run(words, stdin)
        return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")

    def with_env(self, **env: str) -> Git:
        """The same with more in its environment."""
        return Git(self.root, {**self.env, **env})

    def _run(self, words: tuple[str, ...], stdin: bytes) -> subprocess.CompletedProcess[bytes]:
        kept = {name: value for name, value in os.environ.items() if name not in _INHERITED}
        try:
            return subprocess.run(
                ["git", *_STEADY, *words],
                cwd=self.root,
                env={**kept, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", **self.env},
                input=stdin,
                capture_output=True,
                check=False,
            )
        except FileNotFoundError:
            missing = "git isn't on PATH" if shutil.which("git") is None else f"{self.root} isn't there"
            raise ToolMissing(missing, "install git, then: atomci run install_git_cli tells how") from None


def git(root: Path, *args: str) -> str | None:
    """git's output as text, or None when it failed or isn't there. Asking leaves even its index as it is."""
    program = shutil.which("git")
    if program is None:
        return None
    words = (program, "-c", "core.quotePath=off", *args)
    done = Children().run(Command(words, {"GIT_OPTIONAL_LOCKS": "0"}), root)
    return done.stdout if done.code == 0 else None


def project_files(root: Path) -> list[str] | None:
    """Tracked and untracked files that aren't ignored, as POSIX paths relative to root."""
    out = git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
    if out is None:
        return None
    return [path for path in out.split("\0") if path]


def changed_paths(root: Path, since: str | None = None) -> list[str] | None:
    """Paths that differ from the merge base with `since` (default: from HEAD), untracked ones included.

    None when that can't be known: no repository, no commit, unknown ref, shallow history.
    """
    base = "HEAD" if since is None else (git(root, "merge-base", since, "HEAD") or "").strip()
    if not base:
        return None
    # --no-renames: the old path of a rename matters as much as the new one.
    diff = git(root, "diff", "--name-only", "--no-renames", "--relative", "-z", base)
    new = git(root, "ls-files", "-z", "--others", "--exclude-standard")
    if diff is None or new is None:
        return None
    return sorted({path for path in (diff + new).split("\0") if path})
