"""pytest for one cycle after the other: in a process that was started ahead where pipes can have names."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from atomci.testing.chosen import CHOSEN_VARIABLE
from atomci.testing.flaky.plan import PLAN_VARIABLE
from atomci.testing.observation.observed import FOLDER_VARIABLE
from atomci.testing.pytest_runs import OTHER_RUNS
from atomci.testing.standby import answers_of
from atomci.tools.output import LOGGED
from atomci.tools.process import Children, Command, Completed

__all__ = ["Processes", "Run", "WorkOrder"]

_ANSWER = 16


@dataclass(frozen=True)
class WorkOrder:
    """What pytest is to do: `first` tests before others, of the files in `only` no others, none `left_out`.

    `names` are modules that the project imports as it is now. With the words `ahead` pytest may begin before
    the others are known; empty where it may not.
    """

    python: str
    words: tuple[str, ...]
    variables: Mapping[str, str]
    first: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    ahead: tuple[str, ...] = ()
    plan: bytes = b""
    """What is told of tests in quarantine."""


class Run:
    """A process for one request, from before it is asked until it is gone. Its files are in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._children = Children()
        self._thread: threading.Thread | None = None
        self._line: int | None = None
        self._back: int | None = None
        self._listener: threading.Thread | None = None
        self._told: Callable[[], None] = lambda: None
        self._ended: Callable[[], None] = lambda: None
        self._gone = threading.Event()
        self.said: int | None = None
        """The exit code that pytest told before its process ended: 0 or 1."""
        self.completed: Completed | None = None
        self.error: Exception | None = None

    @property
    def log(self) -> Path:
        """The recorder's results."""
        return self.folder / "results.jsonl"

    @property
    def chosen(self) -> Path:
        """Which tests it is to run."""
        return self.folder / "chosen.json"

    @property
    def plan(self) -> Path:
        """Which tests may fail."""
        return self.folder / "flaky.json"

    @property
    def is_gone(self) -> bool:
        """Whether the process has ended."""
        return self._gone.is_set()

    @property
    def outcome(self) -> Completed | None:
        """How it ended, as far as anybody knows: by what it said, until its process is gone."""
        if self.is_gone or self.said is None:
            return self.completed
        return Completed(self._command, self.said, "", "", 0.0)

    @property
    def notes(self) -> Path:
        """What its tests were seen to run."""
        return self.folder / "observed"

    @property
    def modules(self) -> list[str]:
        """The files that it imported from the project, by their absolute paths; none until it ended."""
        try:
            found = json.loads((self.folder / "modules.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return []
        return [path for path in found if isinstance(path, str)]

    def begin(self, command: Command, root: Path, line: Path | None = None) -> None:
        """Start the process; it reads its request from `line`, and answers beside it."""
        self._command = command
        if line is not None:
            self._line, self._back = _pipe(line), _pipe(answers_of(line))
            self._listener = threading.Thread(target=self._listen, args=(self._back,), daemon=True)
            self._listener.start()
        self._thread = threading.Thread(target=self._run, args=(command, root), daemon=True)
        self._thread.start()

    def ask(self, request: bytes, told: Callable[[], None], ended: Callable[[], None]) -> None:
        """Send the request. `told` is called from a thread when `said` is known, `ended` when the process is
        gone.
        """
        self._told, self._ended = told, ended
        if self._line is not None:
            threading.Thread(target=self._write, args=(self._line, request), daemon=True).start()
        if self.is_gone:
            ended()

    def drop(self, reason: str) -> None:
        """End the process with all that it started, and wait for that."""
        self._told = self._ended = lambda: None
        self._children.stop(reason)
        for thread in (self._thread, self._listener):
            if thread is not None:
                thread.join()
        for pipe in (self._line, self._back):
            if pipe is not None:
                os.close(pipe)
        self._line = self._back = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, command: Command, root: Path) -> None:
        try:
            self.completed = self._children.run(command, root)
        except Exception as error:
            self.error = error
        self._gone.set()
        if self._back is not None:
            self._write(self._back, b"\n")  # nobody else will say anything
        self._ended()

    def _listen(self, back: int) -> None:
        answer = os.read(back, _ANSWER).strip()
        if answer in (b"0", b"1"):  # otherwise what pytest printed is wanted, too
            self.said = int(answer)
            self._told()

    @staticmethod
    def _write(line: int, request: bytes) -> None:
        while request:
            try:
                request = request[os.write(line, request) :]
            except OSError:  # it was dropped
                return


class Processes:
    """Starts pytest. Each process runs one request; the next one is started ahead."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder = Path(tempfile.mkdtemp(prefix="atomci-watch-"))
        self._spare: tuple[Run, WorkOrder] | None = None

    def prepare(self, request: WorkOrder) -> None:
        """Start a process that may be asked later, unless one waits that would do."""
        if not hasattr(os, "mkfifo"):
            return
        if self._spare is not None:
            if _fits(self._spare[1], request) and request.names == self._spare[1].names:
                return
            self.forget()
        self._spare = self._standing_by(request), request

    def start(self, request: WorkOrder, told: Callable[[Run], None], ended: Callable[[Run], None]) -> Run:
        """Run the request; `told` and `ended` are called from threads, see `Run.ask`."""
        if not hasattr(os, "mkfifo"):
            return self._anew(request, ended)
        if self._spare is not None and (self._spare[0].is_gone or not _fits(self._spare[1], request)):
            self.forget()
        run, _ = self._spare or (self._standing_by(request), request)
        self._spare = None
        self._choose(run, request)
        asked = {
            "words": request.words,
            "env": self._variables(run, request),
            "names": sorted(request.names),
            "modules": str(run.folder / "modules.json"),
            "back": str(answers_of(run.folder / "line")),
        }
        run.ask(json.dumps(asked).encode() + b"\n", lambda: told(run), lambda: ended(run))
        return run

    def forget(self) -> None:
        """End the process that waits: what it read before may have changed."""
        if self._spare is not None:
            self._spare[0].drop("it isn't wanted any more")
            self._spare = None

    def end(self) -> None:
        """Nothing is left."""
        self.forget()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _standing_by(self, request: WorkOrder) -> Run:
        run = self._new()
        line = run.folder / "line"
        names = ",".join(sorted(request.names))
        words = ("-m", "atomci.testing.standby", str(line), names, *request.ahead)
        run.begin(self._command(request, words, self._variables(run, request)), self._root, line)
        return run

    def _anew(self, request: WorkOrder, ended: Callable[[Run], None]) -> Run:
        run = self._new()
        words = ("-m", "pytest", *request.words)
        self._choose(run, request)
        run.begin(self._command(request, words, self._variables(run, request)), self._root)
        run.ask(b"", lambda: None, lambda: ended(run))
        return run

    def _new(self) -> Run:
        return Run(Path(tempfile.mkdtemp(dir=self._folder)))

    @staticmethod
    def _command(request: WorkOrder, words: tuple[str, ...], variables: Mapping[str, str]) -> Command:
        return Command((request.python, *words), variables, limit=LOGGED, without=OTHER_RUNS)

    @staticmethod
    def _variables(run: Run, request: WorkOrder) -> dict[str, str]:
        own = {
            "ATOMCI_TEST_LOG": str(run.log),
            CHOSEN_VARIABLE: str(run.chosen),
            FOLDER_VARIABLE: str(run.notes),
        }
        plan = {PLAN_VARIABLE: str(run.plan)} if request.plan else {}
        return {**request.variables, **own, **plan}

    @staticmethod
    def _choose(run: Run, request: WorkOrder) -> None:
        choice = {"first": request.first, "only": request.only, "left_out": request.left_out}
        run.chosen.write_text(json.dumps(choice), encoding="utf-8")
        if request.plan:
            run.plan.write_bytes(request.plan)


def _pipe(path: Path) -> int:
    """A new one with a name; it is never at its end, since this process could write to it."""
    os.mkfifo(path)
    return os.open(path, os.O_RDWR)


def _fits(ahead: WorkOrder, request: WorkOrder) -> bool:
    begun = ahead.python, ahead.variables, ahead.ahead
    return begun == (request.python, request.variables, request.ahead)
