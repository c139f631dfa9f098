"""What a session leaves in artifacts/cli_runs/: its output, its events and one index, without secrets."""

from __future__ import annotations

import codecs
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from atomci.artifacts.handed.guarded import GuardEvent, Session
from atomci.artifacts.handed.runs import OutputFile
from atomci.artifacts.json_text import json_of
from atomci.artifacts.redaction import LogWriter, Redactor
from atomci.decoding import decoded
from atomci.tools.atomic import replace_file

__all__ = ["CLI_RUNS", "INDEX", "Record"]

CLI_RUNS = "artifacts/cli_runs"
INDEX = "index.json"
_MOST = 64 * 1024 * 1024
"""Characters of a stream that are kept: what prints without end must not fill the disk."""


class Record:
    """The folder of one session. What can't be written never ends the session: `broken` says what it was."""

    def __init__(self, folder: Path, redactor: Redactor) -> None:
        folder.mkdir(parents=True, mode=0o700)
        self.folder = folder
        self.broken = ""
        """Why the record isn't whole; empty where it is."""
        self._redactor = redactor
        self._closing: list[Callable[[], None]] = []
        self._events = self._file("events.jsonl")

    def stream(self, name: str, *, also: Callable[[str], object] | None = None) -> Callable[[bytes], None]:
        """Take down what a stream gives, in a file of that name; `also` gets the same lines."""
        file = self._file(name)
        left = _MOST

        def keep(text: str) -> None:
            nonlocal left
            if also is not None:
                also(text)
            if left > 0:
                self._write(file, text[:left])
                left -= len(text)
                if left <= 0:
                    self.broken = self.broken or f"{name} was cut at {_MOST:,} characters"

        return self._redacted(keep, file)

    def cast(self, columns: int, lines: int) -> Callable[[bytes], None]:
        """Take down what a terminal shows, as an asciicast of version 2; a line is an event, by its end."""
        file, began = self._file("session.cast"), time.monotonic()
        self._write(file, json.dumps({"version": 2, "width": columns, "height": lines}) + "\n")

        def keep(text: str) -> None:
            self._write(file, json.dumps([round(time.monotonic() - began, 3), "o", text]) + "\n")

        return self._redacted(keep, file)

    def event(self, event: GuardEvent) -> GuardEvent:
        """Take down an event, and give it back without secrets."""
        told: GuardEvent = decoded(self._clean(event), GuardEvent)
        self._write(self._events, json_of(told).decode() + "\n")
        return told

    def attach(self, name: str, content: bytes) -> None:
        """One more file, without secrets; what is too long is left out."""
        if len(content) > _MOST:
            self.broken = self.broken or f"{name} would have {len(content):,} bytes, and was left out"
            return
        try:
            text = self._redactor.clean(content.decode("utf-8", "replace"))
            (self.folder / name).write_text(text, encoding="utf-8", newline="")
        except OSError as error:
            self._tell(error)

    def close(self) -> None:
        """Take down what was held back of the streams; nothing of them comes after it."""
        for close in reversed(self._closing):
            try:
                close()
            except OSError as error:
                self._tell(error)
        self._closing = []

    def finish(self, session: Session) -> Session:
        """The index, with the size and hash of each file; given back as it was written."""
        import msgspec

        self._events.close()
        told = decoded(self._clean(session), Session)
        whole = msgspec.structs.replace(told, files=self._files(), incomplete=self.broken)
        try:
            replace_file(self.folder / INDEX, msgspec.json.format(json_of(whole), indent=2) + b"\n")
        except OSError as error:
            self._tell(error)
            return msgspec.structs.replace(whole, incomplete=self.broken)
        return whole

    def discard(self) -> None:
        """Nothing came of it."""
        self.close()
        self._events.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _clean(self, value: object) -> bytes:
        plain = json_of(value)
        found = json.loads(plain)
        # Nearly always there is none, and all texts are read at once.
        return json_of(_cleaned(found, self._redactor)) if self._redactor.holds(_texts(found)) else plain

    def _files(self) -> tuple[OutputFile, ...]:
        found = []
        for path in sorted(self.folder.iterdir()):
            if path.is_file() and path.name != INDEX:
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
                found.append(OutputFile(path=path.name, size=path.stat().st_size, sha256=digest))
        return tuple(found)

    def _redacted(self, keep: Callable[[str], None], file: IO[str]) -> Callable[[bytes], None]:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        writer = LogWriter(keep, self._redactor)

        def end() -> None:
            writer.write(decoder.decode(b"", True))
            writer.close()
            file.close()

        self._closing.append(end)
        return lambda piece: writer.write(decoder.decode(piece))

    def _file(self, name: str) -> IO[str]:
        return (self.folder / name).open("w", encoding="utf-8", errors="replace", newline="")

    def _write(self, file: IO[str], text: str) -> None:
        try:
            file.write(text)
            file.flush()
        except (OSError, ValueError) as error:
            self._tell(error)

    def _tell(self, error: Exception) -> None:
        self.broken = self.broken or f"the session's record can't be written: {error}"


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _cleaned(value: object, redactor: Redactor) -> object:
    """The same value with secrets taken out of each of its texts, so that it stays what it is."""
    if isinstance(value, str):
        return redactor.clean(value)
    if isinstance(value, dict):
        return {key: _cleaned(inner, redactor) for key, inner in value.items()}
    return [_cleaned(inner, redactor) for inner in value] if isinstance(value, list) else value
