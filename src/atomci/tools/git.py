"""git in one folder. It answers for the repository that the folder lies in, whoever calls."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from atomci.errors import InfrastructureError
from atomci.tools.process import ToolMissing

__all__ = ["Git", "GitFailed", "IgnoreRule", "complaint"]

# What a surrounding git hook says of its own repository: `git rev-parse --local-env-vars`, but for the
# configuration that somebody gave with `git -c`, which is meant for all that git starts.
_INHERITED = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    }
)
_STEADY = ("-c", "core.quotePath=off", "-c", "core.fsmonitor=false", "-c", "core.safecrlf=false")


class GitFailed(InfrastructureError):
    """git ended with an exit code that the caller can't use; `said` is its complaint."""

    def __init__(self, words: tuple[str, ...], code: int, stderr: str) -> None:
        self.said = complaint(stderr) or _how_it_ended(code)
        self.code = code
        super().__init__(f"git {words[0]}: {self.said}")


def complaint(stderr: str) -> str:
    """The line that says what is wrong: the first that git marks so, else the last; empty without one."""
    lines = [line for line in stderr.strip().splitlines() if line.strip()]
    marked = (line for line in lines if line.startswith(("fatal:", "error:")))
    return next(marked, lines[-1] if lines else "")


def _how_it_ended(code: int) -> str:
    """What there is to say of a git that said nothing, such as one that the kernel killed."""
    if code >= 0:
        return f"exit code {code}"
    return f"killed by {signal.Signals(-code).name}"


class IgnoreRule(NamedTuple):
    """A line of an ignore file: where it stands, and what it says; one that begins with ! takes back."""

    source: str
    line: int
    pattern: str


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
        """git's output stripped, None when it failed or isn't there."""
        try:
            done = self._run(words, b"")
        except ToolMissing:
            return None
        return os.fsdecode(done.stdout).strip() if done.returncode == 0 else None

    def code(self, *words: str, stdin: bytes = b"") -> tuple[int, bytes, str]:
        """Exit code, output and complaints."""
        done = self._run(words, stdin)
        return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")

    def with_env(self, **env: str) -> Git:
        """The same with more in its environment."""
        return Git(self.root, {**self.env, **env})

    def resolve(self, name: str) -> str | None:
        """The id that a name stands for, such as HEAD, a branch or COMMIT:PATH; None where there is none."""
        return self.ask("rev-parse", "--verify", "--quiet", name)

    def commit(self, name: str = "HEAD") -> str | None:
        """The id of the commit that a name leads to."""
        return self.resolve(f"{name}^{{commit}}")

    def files(self) -> list[str] | None:
        """Tracked and untracked files that aren't ignored, as paths from the folder; None without git."""
        return self._paths("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")

    def tracked(self, *paths: str) -> list[str] | None:
        """Those of the paths (which may be patterns) that the index holds; None without git."""
        return self._paths("ls-files", "-z", "--", *paths)

    def changed(self, since: str | None = None) -> list[str] | None:
        """Paths that differ from the merge base with `since` (default: from HEAD), untracked ones included.

        None when that can't be known: no repository, no commit, unknown ref, shallow history.
        """
        base = "HEAD" if since is None else self.ask("merge-base", since, "HEAD")
        if not base:
            return None
        # --no-renames: the old path of a rename matters as much as the new one.
        differing = self._paths("diff", "--name-only", "--no-renames", "--relative", "-z", base)
        new = self._paths("ls-files", "-z", "--others", "--exclude-standard")
        return None if differing is None or new is None else sorted({*differing, *new})

    def states(self, *words: str) -> dict[str, str]:
        """`git status` by path from the top, as two letters, of index and tree; `words` are its options.

        Raises GitFailed.
        """
        rows = self("status", "--porcelain", "-z", "--no-renames", *words).split(b"\0")
        return {os.fsdecode(row[3:]): row[:2].decode() for row in rows if row}

    def ignored(self, paths: Iterable[str]) -> set[str]:
        """Those of the paths that the ignore files of the repository leave out."""
        asked = b"".join(os.fsencode(path) + b"\0" for path in paths)
        _, out, _ = self.code("check-ignore", "-z", "--stdin", stdin=asked)
        return {os.fsdecode(path) for path in out.split(b"\0") if path}

    def ignore_rule(self, path: str) -> IgnoreRule | None:
        """The rule of an ignore file that decides about a path, tracked or not."""
        asked = os.fsencode(path) + b"\0"
        code, out, _ = self.code("check-ignore", "--no-index", "--verbose", "-z", "--stdin", stdin=asked)
        if code != 0:
            return None
        source, line, pattern, _ = os.fsdecode(out).split("\0")[:4]
        return IgnoreRule(source, int(line), pattern)

    def _paths(self, *words: str) -> list[str] | None:
        """What git lists with -z; None when it failed or isn't there."""
        out = self.ask(*words)
        return None if out is None else [path for path in out.split("\0") if path]

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
