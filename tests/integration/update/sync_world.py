"""A template with a history and a project of it, as folders to write into."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ANSWERS = "{{ _copier_conf.answers_file }}.jinja"
CONFIG = """\
_subdirectory: template
_skip_if_exists: [/src/**]
name:
  type: str
  default: demo
licence:
  type: str
  choices: [MIT, Apache-2.0]
  default: MIT
"""
OWNERSHIP = """\
version = 1
[[rule]]
tier = "managed"
why = "the gate"
paths = ["/ci.yml"]
[[rule]]
tier = "seed"
why = "theirs"
paths = ["/src/**"]
[[rule]]
tier = "generated"
why = "a tool's"
paths = ["/tool.lock"]
"""


class Link(str):
    """The target of a symbolic link."""


class Script(str):
    """The text of a file that can be run."""


Content = str | bytes | None
"""A text, a `Link`, a `Script`, bytes, or no file."""


def lines(word: str, count: int = 40, **changed: str) -> str:
    """A text of many lines, some of them changed: `lines("a", n5="mine")`."""
    return "".join(changed.get(f"n{n}", f"{word} line number {n}") + "\n" for n in range(1, count + 1))


FIRST: dict[str, Content] = {
    f"template/{ANSWERS}": "{{ _copier_answers | to_nice_yaml }}",
    "template/README.md.jinja": "# {{ name }}\n\n" + lines("readme"),
    "template/LICENSE.jinja": "{{ licence }}\n" + lines("licence", 5),
    "template/guide.txt": lines("guide"),
    "template/keep.txt": lines("keep"),
    "template/settings.toml": "[tool]\nwidth = 100\n",
    "template/ci.yml": lines("ci", 20),
    "template/logo.png": bytes(range(256)) * 4,
    "template/src/start.py": lines("start = 0 #", 20),
    "copier.yml": CONFIG,
    "ownership.toml": OWNERSHIP,
}


@dataclass(frozen=True)
class Folder:
    """A git repository to write into."""

    root: Path

    def git(self, *words: str, stdin: str = "") -> str:
        """git's output."""
        done = subprocess.run(
            ["git", *words], cwd=self.root, input=stdin, check=False, capture_output=True, encoding="utf-8",
            errors="surrogateescape",
        )  # fmt: skip
        assert done.returncode == 0, f"git {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout.rstrip("\n")

    def write(self, files: Mapping[str, Content]) -> None:
        """Make, replace and (None) remove files."""
        for name, content in files.items():
            path = self.root / name
            if content is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Link):
                path.unlink(missing_ok=True)
                path.symlink_to(content)
                continue
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            if isinstance(content, Script):
                path.chmod(0o755)

    def commit(self, files: Mapping[str, Content] | None = None, tag: str = "") -> None:
        """Write and commit all there is."""
        self.write(files or {})
        self.git("add", "--all", "--sparse")
        self.git("commit", "--quiet", "--allow-empty", "--message", tag or "change")
        if tag:
            self.git("tag", tag)

    def read(self, path: str) -> str:
        """A file's text."""
        return (self.root / path).read_bytes().decode()

    def blob(self, oid: str) -> bytes:
        """What git holds by an id."""
        return subprocess.run(
            ["git", "cat-file", "blob", oid], cwd=self.root, check=True, capture_output=True
        ).stdout

    def has(self, path: str) -> bool:
        """Whether something is there."""
        return os.path.lexists(self.root / path)

    @property
    def status(self) -> list[str]:
        """git status, one line for each path."""
        return self.git("status", "--porcelain", "--untracked-files=all").splitlines()

    @property
    def contents(self) -> dict[str, tuple[bytes, int]]:
        """Every file outside .git with its executable bit; of a link its target, with -1."""
        found = {}
        for path in self._outside_git(self.root):
            if path.is_symlink():
                found[path] = (os.fsencode(path.readlink()), -1)
            else:
                found[path] = (path.read_bytes(), path.stat().st_mode & 0o111)
        return {path.relative_to(self.root).as_posix(): found[path] for path in sorted(found)}

    def _outside_git(self, folder: Path) -> Iterator[Path]:
        for path in folder.iterdir():
            if path.name == ".git":
                continue
            if path.is_dir() and not path.is_symlink():
                yield from self._outside_git(path)
            else:
                yield path

    @property
    def whole(self) -> tuple[object, ...]:
        """All that a command could have changed: files, index, HEAD, refs, what is under way."""
        under_way = sorted(
            path.name for path in (self.root / ".git").iterdir() if path.name.endswith(("_HEAD", "MSG"))
            and path.name not in {"COMMIT_EDITMSG", "ORIG_HEAD", "FETCH_HEAD"}
        )  # fmt: skip
        return (
            self.contents,
            self.git("ls-files", "--stage", "-v", "-z"),
            self.git("rev-parse", "HEAD"),
            self.git("for-each-ref"),
            under_way,
        )

    def take_ours(self) -> None:
        """Resolve every conflict for the user's own side, wherever there is one."""
        stages: dict[str, set[str]] = {}
        for row in self.git("ls-files", "--unmerged", "-z").split("\0")[:-1]:
            entry, _, path = row.partition("\t")
            stages.setdefault(path, set()).add(entry.split()[2])
        for path, found in stages.items():
            if "2" in found:
                self.git("--literal-pathspecs", "checkout", "--ours", "--", path)
            self.git("--literal-pathspecs", "add", "--all", "--sparse", "--", path)

    def copy(self, root: Path) -> "Folder":
        """The same repository elsewhere."""
        shutil.copytree(self.root, root, symlinks=True)
        return Folder(root)


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The object that --json prints."""
        assert self.out, self.err
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def files(self) -> dict[str, str]:
        """What became of each file, without those that every update changes."""
        every = {".copier-answers.yml", ".atomci/lock.json"}
        return {row["path"]: row["change"] for row in self.json["files"] if row["path"] not in every}


@dataclass(frozen=True)
class Pristine:
    """Folders as they were when a test first asked for them, which later ones get as copies.

    A project records where its template is, so those of all tests of a process stand in one `place`, one after the
    other.
    """

    place: Path
    store: Path

    def clear(self) -> None:
        """Empty the place for the next test."""
        shutil.rmtree(self.place)
        self.place.mkdir()

    def put(self, name: str, at: Path, make: Callable[[], object]) -> None:
        """At this path what `make` left there the first time."""
        if (kept := self.store / name).exists():
            shutil.rmtree(at, ignore_errors=True)
            shutil.copytree(kept, at, symlinks=True)
        else:
            make()
            shutil.copytree(at, kept, symlinks=True)


Run = Callable[..., Outcome]


def new_repository(root: Path) -> Folder:
    """An empty one."""
    root.mkdir(parents=True)
    folder = Folder(root)
    folder.git("init", "--quiet", "--initial-branch=main")
    return folder
