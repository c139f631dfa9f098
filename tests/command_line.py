"""`atomci` called in this process as if it were one of its own, and what it left.

A process costs from 0.4 s of processor; the call itself a few hundredths. Where the process is what is tested
(signals, a pipe that closes, a terminal), start one.
"""

import importlib
import json
import os
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from atomci.cli.main import main
from atomci.cli.projects.glance import recall
from atomci.engine.policy import RED

ROOT = Path(__file__).parents[1]
# Where a process of its own would look for modules: not in the folders of the tests.
_SEARCHED = tuple(
    place
    for place in sys.path
    if place
    and (
        not Path(place).is_relative_to(ROOT)
        or Path(place).is_relative_to(ROOT / "src")
        or Path(place).is_relative_to(sys.prefix)
    )
)
# They depend on atomci's own text alone, and one of them reads all of it.
_KEPT_CACHES = frozenset({"own_code", "built_in", "_regex"})
_IGNORED = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)


@dataclass(frozen=True)
class Done:
    """What a command left."""

    code: int
    out: str
    err: str

    def __repr__(self) -> str:
        """What a failed test has to say first: pytest cuts the rest."""
        try:
            red = {name: self[name] for name, status in self.statuses.items() if status in RED}
        except (ValueError, KeyError, TypeError):  # what it printed is no run
            red = {}
        return f"Done(code={self.code}, red={red}, err={self.err!r}, out={self.out!r})"

    @property
    def events(self) -> list[dict[str, Any]]:
        """The lines of `--json`."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def atoms(self) -> dict[str, dict[str, Any]]:
        """The last events of the atoms of a `--json` run, by name."""
        return {row["atom"]: row for row in self.events if row["event"] == "atom_finished"}

    @property
    def statuses(self) -> dict[str, str]:
        """How each atom of a `--json` run ended."""
        return {name: row["status"] for name, row in self.atoms.items()}

    @property
    def cached(self) -> set[str]:
        """Atoms of a `--json` run whose results were taken over."""
        return {name for name, row in self.atoms.items() if row["cached"]}

    def __getitem__(self, atom: str) -> tuple[str, str]:
        """An atom's status and reason."""
        return self.atoms[atom]["status"], self.atoms[atom]["reason"]


def call(words: tuple[str, ...], cwd: Path, env: Mapping[str, str]) -> Done:
    """`python -m atomci WORDS` in a folder with this environment and no input. It leaves nothing behind."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with (
            _environment(env),
            _folder(cwd),
            _modules(cwd, env),
            _signal_handlers(),
            _streams(out, err),
            _warnings(),
        ):
            _forget()
            code = _run(words)
        return Done(code, _text(out), _text(err))


def _run(words: tuple[str, ...]) -> int:
    """Its exit code, also where it ends as no program of ours should."""
    try:
        code = recall(list(words))
        return main(list(words)) if code is None else code
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except Exception:
        traceback.print_exc()
        return 1


@contextmanager
def _environment(env: Mapping[str, str]) -> Iterator[None]:
    before, temporary = dict(os.environ), tempfile.tempdir
    try:
        os.environ.clear()
        os.environ.update(env)
        tempfile.tempdir = None  # it is found by TMPDIR once, and kept
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        tempfile.tempdir = temporary


@contextmanager
def _folder(cwd: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(cwd)
    try:
        yield
    finally:
        os.chdir(before)


@contextmanager
def _modules(cwd: Path, env: Mapping[str, str]) -> Iterator[None]:
    """Modules of the folder and of PYTHONPATH are found while it runs, and gone after it."""
    added = [str(cwd), *filter(None, env.get("PYTHONPATH", "").split(os.pathsep))]
    path, known, argv = list(sys.path), set(sys.modules), list(sys.argv)
    bytecode = sys.dont_write_bytecode
    sys.path[:] = [*added, *_SEARCHED]
    # A test may write a module twice within a second, and bytecode goes by seconds.
    sys.dont_write_bytecode = True
    sys.argv[:] = ["atomci"]
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = path
        sys.dont_write_bytecode = bytecode
        sys.argv[:] = argv
        for name in set(sys.modules) - known:
            if _lies_in(sys.modules[name], added):
                del sys.modules[name]
        for place in [place for place in sys.path_importer_cache if _below(place, added)]:
            del sys.path_importer_cache[place]


def _lies_in(module: Any, folders: list[str]) -> bool:
    places = [getattr(module, "__file__", None) or "", *(getattr(module, "__path__", None) or ())]
    return any(_below(place, folders) for place in places)


def _below(place: str, folders: list[str]) -> bool:
    def within(searched: Iterable[str]) -> bool:
        return any(Path(place).is_relative_to(folder) for folder in searched)

    return bool(place) and within(folders) and not within(_SEARCHED)


@contextmanager
def _signal_handlers() -> Iterator[None]:
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {getattr(signal, name): signal.getsignal(getattr(signal, name)) for name in names}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _streams(out: BinaryIO, err: BinaryIO) -> Iterator[None]:
    """Both standard streams, for this process and for those that it starts; there is no input."""
    with ExitStack() as stack:
        silence = stack.enter_context(open(os.devnull, "rb"))  # noqa: PTH123
        for number, file in ((0, silence), (1, out), (2, err)):
            stack.enter_context(_descriptor(number, file.fileno()))
        stdin = stack.enter_context(open(0, encoding="utf-8", closefd=False))
        stdout = stack.enter_context(open(1, "w", encoding="utf-8", closefd=False))
        stderr = stack.enter_context(
            open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
        )
        stack.enter_context(redirect_stdout(stdout))
        stack.enter_context(redirect_stderr(stderr))
        before, sys.stdin = sys.stdin, stdin
        try:
            yield
        finally:
            sys.stdin = before


@contextmanager
def _descriptor(number: int, target: int) -> Iterator[None]:
    before = os.dup(number)
    os.dup2(target, number)
    try:
        yield
    finally:
        os.dup2(before, number)
        os.close(before)


@contextmanager
def _warnings() -> Iterator[None]:
    """As Python shows them to users, and not as pytest collects them."""

    def show(
        message: Any, category: Any, filename: str, lineno: int, file: Any = None, line: Any = None
    ) -> None:
        sys.stderr.write(warnings.formatwarning(message, category, filename, lineno, line))

    with warnings.catch_warnings():
        warnings.resetwarnings()
        for category in _IGNORED:
            warnings.simplefilter("ignore", category)
        warnings.showwarning = show
        yield


def _forget() -> None:
    """Empty the caches that a new process would not have."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "atomci":
            for key, value in list(vars(module).items()):
                if key not in _KEPT_CACHES and hasattr(value, "cache_clear"):
                    value.cache_clear()


def _text(stream: BinaryIO) -> str:
    stream.seek(0)
    text = stream.read().decode("utf-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")
