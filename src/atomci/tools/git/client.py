"""git in one folder. It answers for the repository that the folder lies in, whoever calls."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple

from atomci.errors import InfrastructureError
from atomci.tools.process import ToolMissing
from atomci.tools.surroundings import environment_in

__all__ = [
    "NO_QUESTIONS",
    "OFFLINE",
    "Awaited",
    "Git",
    "GitFailed",
    "IgnoreRule",
    "complaint",
    "nul_ended",
    "paths_in",
    "quoted",
]

NO_QUESTIONS = {"GIT_TERMINAL_PROMPT": "0"}
"""Where the network is asked: no password is asked for at the terminal."""

OFFLINE = {"GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1", "GIT_NO_REPLACE_OBJECTS": "1"}
"""Where somebody else's repository is asked: it can make git reach for nothing, nor start what reaches."""

# A folder that only looks like a repository is none: committed into another, it would bring a configuration.
_STEADY = tuple(
    word
    for setting in (
        "core.quotePath=off",
        "core.fsmonitor=false",
        "core.safecrlf=false",
        "safe.bareRepository=explicit",
    )
    for word in ("-c", setting)
)
# Not ext:: and other helpers, which run what the address says; who needs one sets the variable.
_DEFAULTS = {"GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh"}


_PIECE = 1 << 16
"""Bytes that are read at once of what git prints."""


class GitFailed(InfrastructureError):
    """git ended with an exit code that the caller can't use; `said` is its complaint."""

    def __init__(self, words: tuple[str, ...], code: int, stderr: str) -> None:
        self.said = complaint(stderr) or _how_it_ended(code)
        self.code = code
        advice = (line.strip() for line in stderr.splitlines() if line.startswith("\tgit "))
        while words[0] == "-c" and len(words) > 2:
            words = words[2:]
        super().__init__(f"git {words[0]}: {self.said}", next(advice, ""))


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
class Awaited:
    """A git that works on its answer."""

    words: tuple[str, ...]
    process: subprocess.Popen[bytes]

    def result(self) -> bytes:
        """Its output. Raises GitFailed."""
        out, said = self.process.communicate()
        if self.process.returncode:
            raise GitFailed(self.words, self.process.returncode, said.decode("utf-8", "replace"))
        return out


@dataclass(frozen=True)
class Git:
    """git in one folder, bytes in and out. `env` is added to the environment.

    Asking changes no file; only `git diff`, behind `changed`, may note newer times of files in the index.
    """

    root: Path
    env: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *words: str, stdin: bytes = b"", codes: tuple[int, ...] = (0,)) -> bytes:
        """git's output. Raises GitFailed on another exit code, ToolMissing without git."""
        code, out, said = self.code(*words, stdin=stdin)
        if code not in codes:
            raise GitFailed(words, code, said)
        return out

    def ask(self, *words: str) -> str | None:
        """git's output without its last line's end, None when it failed or isn't there."""
        try:
            code, out, _ = self.code(*words)
        except ToolMissing:
            return None
        return os.fsdecode(out).removesuffix("\n") if code == 0 else None

    def code(self, *words: str, stdin: bytes = b"") -> tuple[int, bytes, str]:
        """Exit code, output and complaints. Raises ToolMissing without git."""
        try:
            done = subprocess.run(
                ["git", *_STEADY, *words],
                cwd=self.root,
                env=self._environment(),
                input=stdin,
                capture_output=True,
                check=False,
            )
        except (FileNotFoundError, NotADirectoryError):
            raise self._missing() from None
        return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")

    @contextlib.contextmanager
    def beside(self, *words: str) -> Iterator[Awaited]:
        """git's answer, while it works on it. Of several that run at once, each waits until it is read.

        It is killed at the block's end, if it runs still. Raises ToolMissing without git.
        """
        with self._started(*words) as process:
            try:
                yield Awaited(words, process)
            finally:
                if process.poll() is None:
                    process.kill()

    def _started(self, *words: str) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                ["git", *_STEADY, *words],
                cwd=self.root,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except (FileNotFoundError, NotADirectoryError):
            raise self._missing() from None

    def _missing(self) -> ToolMissing:
        said = "git isn't on PATH" if shutil.which("git") is None else f"{self.root} isn't there"
        return ToolMissing(said, "install it; for the command: atomci run install_git_cli")

    def streamed(self, *words: str) -> Iterator[bytes]:
        """The rows of a command with -z, as they come; git ends when no more are wanted. Raises GitFailed."""
        with self._started(*words) as process:
            try:
                yield from _rows(process.stdout)
                said = process.stderr.read().decode("utf-8", "replace") if process.stderr else ""
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            raise GitFailed(words, process.returncode, said)

    def _environment(self) -> dict[str, str]:
        own = {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
        return {**_DEFAULTS, **environment_in(self.root), **own, **self.env}

    def check_settings(self) -> None:
        """Raises GitFailed where git can't read its settings, which it answers to every question."""
        self("config", "--list")

    def with_env(self, **env: str) -> Git:
        """The same with more in its environment."""
        return Git(self.root, {**self.env, **env})

    def resolve(self, name: str) -> str | None:
        """The id that a name stands for, such as HEAD, a branch or COMMIT:PATH; None where there is none."""
        return self.ask("rev-parse", "--verify", "--quiet", name)

    def commit(self, name: str = "HEAD") -> str | None:
        """The id of the commit that a name leads to."""
        return self.resolve(f"{name}^{{commit}}")

    def branch(self) -> str | None:
        """The branch that is checked out, also where it has no commit yet; None where none is."""
        return self.ask("symbolic-ref", "--quiet", "--short", "HEAD")

    def top(self) -> str | None:
        """The top of the working tree; None without one, as in a bare repository."""
        return self.ask("rev-parse", "--show-toplevel")

    def prefix(self) -> str | None:
        """What leads from the top to the folder: "" or "sub/"."""
        return self.ask("rev-parse", "--show-prefix")

    def git_path(self, name: str) -> str | None:
        """Where git keeps a thing of its own, such as `hooks`: an absolute path, or one from the folder."""
        return self.ask("rev-parse", "--git-path", name)

    def files(self) -> list[str] | None:
        """Tracked and untracked files that aren't ignored, as paths from the folder; None without git."""
        return self._known("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")

    def tracked(self, *paths: str) -> list[str] | None:
        """Those of the paths (which may be patterns) that the index holds; None without git."""
        return self._known("ls-files", "-z", "--", *paths)

    def changed(self, since: str | None = None) -> list[str] | None:
        """Paths that differ from the merge base with `since` (default: from HEAD), untracked ones included.

        None when that can't be known: no repository, no commit, unknown ref, shallow history.
        """
        base = "HEAD" if since is None else self.ask("merge-base", since, "HEAD")
        if not base:
            return None
        # --no-renames: the old path of a rename matters as much as the new one.
        differing = self._known("diff", "--name-only", "--no-renames", "--relative", "-z", base)
        new = self._known("ls-files", "-z", "--others", "--exclude-standard")
        if differing is None or new is None:
            return None
        return sorted({*differing, *new, *self._changed_unseen()})

    def state(self) -> bytes | None:
        """All that programs may ask git for: HEAD, references, index and settings; None without git."""
        asked = ("rev-parse", "HEAD"), ("symbolic-ref", "-q", "HEAD"), ("for-each-ref",), ("ls-files", "-s")
        try:
            answers = [self.code(*words)[:2] for words in (*asked, ("config", "--list"))]
        except ToolMissing:
            return None
        return b"\0".join(b"%d %s" % answer for answer in answers)

    def _changed_unseen(self) -> list[str]:
        """Changed files that git was told not to look at: `update-index --assume-unchanged`, --skip-worktree.

        Of a sparse checkout most such files aren't there.
        """
        rows = self._known("ls-files", "-v", "-z") or []
        unseen = [row[2:] for row in rows if row[0].islower() or row[0] == "S"]
        there = [path for path in unseen if (self.root / path).is_file()]
        if not there:
            return []
        staged = (row.split("\t", 1) for row in self.paths("ls-files", "-s", "-z", "--", *there))
        ids = {path: entry.split()[1] for entry, path in staged}
        now = zip(there, self.ids(there), strict=True)
        return [path for path, found in now if ids.get(path) != found]

    def paths(self, *words: str) -> list[str]:
        """The paths that a command lists with -z. Raises GitFailed."""
        return paths_in(self(*words))

    def states(self, *words: str) -> dict[str, str]:
        """`git status` by path from the top, as two letters, of index and tree; `words` are its options.

        Raises GitFailed.
        """
        rows = self.paths("status", "--porcelain", "-z", "--no-renames", *words)
        return {row[3:]: row[:2] for row in rows}

    def staged(self) -> dict[str, tuple[str, str]]:
        """Mode and id in the index of each path that isn't in conflict, by path from the folder."""
        rows = (row.partition("\t") for row in self.paths("ls-files", "--stage", "-z"))
        entries = ((path, words.split()) for words, _, path in rows)
        return {path: (mode, oid) for path, (mode, oid, stage) in entries if stage == "0"}

    def own_modes(self) -> dict[str, str] | None:
        """The index's modes, where git doesn't look at those of files (core.fileMode); else None."""
        if self.ask("config", "--type=bool", "core.fileMode") != "false":
            return None
        return {path: mode for path, (mode, _) in self.staged().items()}

    def sparse(self) -> set[str]:
        """Tracked files that a sparse checkout leaves out of the working tree, as paths from the folder."""
        rows = self._known("ls-files", "-t", "-z") or []
        return {row[2:] for row in rows if row[0] == "S" and not os.path.lexists(self.root / row[2:])}

    def held_back(self, folder: str) -> list[str]:
        """What the index holds there and the checkout lacks: a sparse one's files, and submodules."""
        rows = self._known("ls-files", "-t", "--stage", "-z", "--", folder) or ()
        entries = ((words.split(), path) for words, _, path in (row.partition("\t") for row in rows))
        held = (path for (tag, mode, *_), path in entries if tag == "S" or mode == "160000")
        return [path for path in held if not _is_there(self.root / path)]

    def last_removal(self, *paths: str) -> str:
        """The commit or merge that was the last to remove one of the paths, shortened; empty without one."""
        words = ("log", "-1", "--first-parent", "-m", "--format=%h", "--diff-filter=D")
        return self.ask(*words, "--", *paths) or ""

    def ignored(self, paths: Iterable[str]) -> set[str]:
        """Those of the paths that the ignore files of the repository leave out."""
        _, out, _ = self.code("check-ignore", "-z", "--stdin", stdin=nul_ended(paths))
        return set(paths_in(out))

    def ignore_rules(self, paths: Iterable[str]) -> dict[str, IgnoreRule]:
        """The rule that leaves a path out, for each that isn't tracked and that one leaves out."""
        _, out, _ = self.code("check-ignore", "--verbose", "-z", "--stdin", stdin=nul_ended(paths))
        fields = [os.fsdecode(field) for field in out.split(b"\0")]
        rows = zip(fields[::4], fields[1::4], fields[2::4], fields[3::4], strict=False)
        return {
            path: IgnoreRule(source, int(line), pattern)
            for source, line, pattern, path in rows
            if not pattern.startswith("!")
        }

    def ignore_rule(self, path: str) -> IgnoreRule | None:
        """The rule of an ignore file that decides about a path, tracked or not."""
        words = ("check-ignore", "--no-index", "--verbose", "-z", "--stdin")
        code, out, _ = self.code(*words, stdin=nul_ended([path]))
        if code != 0:
            return None
        source, line, pattern, _ = paths_in(out)
        return IgnoreRule(source, int(line), pattern)

    def store(self, paths: Iterable[str]) -> list[str]:
        """Store files as git would, and return their ids, in order. Raises GitFailed."""
        return self._ids(paths, "-w")

    def ids(self, paths: Iterable[str]) -> list[str]:
        """The ids that git would give files, in order. Raises GitFailed."""
        return self._ids(paths)

    def _ids(self, paths: Iterable[str], *words: str) -> list[str]:
        names = b"".join(os.fsencode(quoted(path)) + b"\n" for path in paths)
        return self("hash-object", *words, "--stdin-paths", stdin=names).decode().split()

    def _known(self, *words: str) -> list[str] | None:
        """The same as `paths`; None when git failed or isn't there."""
        try:
            return self.paths(*words)
        except (GitFailed, ToolMissing):
            return None


def _is_there(path: Path) -> bool:
    """A file, or a submodule that is checked out."""
    return os.path.lexists(path) and (not path.is_dir() or any(path.iterdir()))


def nul_ended(paths: Iterable[str]) -> bytes:
    """Paths as commands take them on standard input with -z."""
    return b"".join(os.fsencode(path) + b"\0" for path in paths)


def quoted(text: str) -> str:
    """A path in C's quotes, which git takes where a sign of its own would end it."""
    for sign, written in (("\\", r"\\"), ('"', r"\""), ("\n", r"\n")):
        text = text.replace(sign, written)
    return f'"{text}"'


def _rows(stream: IO[bytes] | None) -> Iterator[bytes]:
    held = b""
    while stream is not None and (piece := stream.read(_PIECE)):
        *rows, held = (held + piece).split(b"\0")
        yield from rows


def paths_in(out: bytes) -> list[str]:
    """The paths that a command lists with -z."""
    return [os.fsdecode(field) for field in out.split(b"\0") if field]
