"""What `atomci status --offline` said last, said again while nothing that it looked at has changed.

A prompt or a hook asks often, and git answers such a question in milliseconds. So does this: in 8 ms, where
the verb takes 66 (docs/benchmarks.md). It imports nothing, asks the file system whether each file is what it
was, as git's index does, and knows no more. The answer itself comes from `atomci status`, which leaves it in
git's folder.
"""

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Note", "recall"]

_FILE = os.path.join(".git", "atomci-status")  # noqa: PTH118
_QUESTIONS = (["status", "--offline"], ["status", "--offline", "--json"])


def recall(words: list[str]) -> int | None:
    """Write the answer again and return its exit code; None where it has to be found out anew."""
    if words not in _QUESTIONS:
        return None
    try:
        with open(_FILE, encoding="utf-8", errors="surrogateescape", newline="\n") as file:  # noqa: PTH123
            head, rows, code, text = file.read().split("\n\n", 3)
        since, _, circumstances = head.partition(" ")
        if circumstances != _circumstances(words):
            return None
        for row in rows.split("\n"):
            signature, _, path = row.partition(" ")
            if signature != _signature(path, int(since)):
                return None
    except (OSError, ValueError):
        return None
    sys.stdout.write(text)
    return int(code)


class Note:
    """The place for an answer. Made before the first file is looked at: whatever changes later is newer."""

    def __init__(self, root: "Path", words: list[str]) -> None:
        self._words, self._target = words, root / _FILE
        self._stamp = self._target.with_name(f"{self._target.name}.{os.getpid()}")
        here = root == root.cwd() and words in _QUESTIONS and self._target.parent.is_dir()
        self._since = _stamped(self._stamp) if here else 0

    def __enter__(self) -> "Note":
        return self

    def __exit__(self, *_: object) -> None:
        if self._since:
            self._stamp.unlink(missing_ok=True)

    def keep(self, paths: "Iterable[str]", code: int, text: str) -> None:
        """Leave the answer for `recall`, where every file is surely older than the look at it.

        `paths` are relative to the root, and all that the answer depends on. What can't be left isn't.
        """
        rows = [f"{_signature(path, self._since)} {path}" for path in paths] if self._since else []
        if not rows or any(row.startswith(_CHANGED) or "\n" in row for row in rows):
            return
        head = f"{self._since} {_circumstances(self._words)}"
        content = "\n\n".join((head, "\n".join(rows), str(code), text))
        from atomci.tools.atomic import replace_file

        try:
            replace_file(self._target, content.encode("utf-8", "surrogateescape"))
        except OSError:
            return


_CHANGED = "changed"


def _signature(path: str, since: int) -> str:
    """What changes with the file; "changed" where it may have been since a time in ns, "-" for none."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return "-"
    if max(found.st_mtime_ns, found.st_ctime_ns) >= since:
        return _CHANGED
    return f"{found.st_mode}.{found.st_size}.{found.st_ino}.{found.st_mtime_ns}.{found.st_ctime_ns}"


def _circumstances(words: list[str]) -> str:
    """What the answer depends on besides files: the day, how it is shown, the answers files, this program."""
    shown = (words[2:], sys.stdout.isatty(), os.environ.get("NO_COLOR"), os.environ.get("GITHUB_ACTIONS"))
    answers = sorted(name for name in os.listdir() if name.startswith(".copier-answers"))  # noqa: PTH208
    program = os.stat(__file__)  # noqa: PTH116
    day = int(time.time()) // 86400
    return repr((day, shown, answers, sys.version, program.st_mtime_ns, program.st_ino))


def _stamped(path: "Path") -> int:
    """The file system's own time in ns, by a new file; 0 where none can be made."""
    try:
        path.touch()
        return path.stat().st_mtime_ns
    except OSError:
        return 0
