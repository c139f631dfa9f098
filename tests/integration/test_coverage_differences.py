"""Reports with what was read before against coverage's own, whatever a project says and edits meanwhile.

ATOMCI_EXAMPLES is how many projects are made up.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from coverage import Coverage, CoverageData, cmdline, control
from coverage.exceptions import CoverageException
from hypothesis import HealthCheck, Phase, example, given, seed, settings
from hypothesis import strategies as st

from atomci.testing.measurement import coverage_report, sources

EXAMPLES = int(os.environ.get("ATOMCI_EXAMPLES", "12"))
PIECES = (
    "def f(x):\n    if x:\n        return 1\n    return 2\n\n\nf(1)\n",
    "class C:\n    @property\n    def p(self):\n        return 1  # pragma: no cover\n\n    def q(self): ...\n",
    "try:\n    import nowhere\nexcept ImportError:\n    nowhere = None\nelse:\n    print()\n",
    "if 0:\n    X = 1\nX1 = [\n    i for i in range(3)\n    if i > 1\n]\n",
    "if __debug__:\n    Y = 1\nassert (\n    1,\n    2,\n)\n",
    "def g(a):\n    match a:\n        case 1:\n            return 1\n        case _:\n            pass\n\n\ng(2)\n",
    "async def h(c):\n    async with c:\n        async for i in c:\n            yield i\n",
    "while True:  # pragma: no branch\n    break\n",
    "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import zipfile\n",
    "def k(x):  # noexec\n    for i in x:\n        continue\n    else:\n        raise ValueError\n",
    "L = lambda x: (\n    x\n)\n'''doc\ntext'''\n",
    "def n():\n    try:\n        return 1\n    finally:\n        print(end='')\n\n\nn()\n",
    "# \u00e4\nU = '\u00e4'\n\fP = '\\d'\n",
    "raise ImportError\n",
)
"""What sources are made of."""
WRITINGS = ("{}", "\ufeff{}", "# -*- coding: latin-1 -*-\n{}", "{}def bad(:\n", "{}\0")
RUN = (
    "branch = true", "branch = false", "relative_files = true", "source = src", "source_pkgs = demo", "include = src/*",
    "omit = */b.py", "plugins = excluding",
)  # fmt: skip
REPORT = (
    "exclude_also = noexec", "exclude_also = if TYPE_CHECKING:", "exclude_also = class C(\\n|.)*?p\\(self\\)",
    "exclude_lines = if 0:", "partial_branches = if x:", "skip_covered = true", "skip_empty = true", "precision = 2",
    "fail_under = 99.5", "ignore_errors = true", "omit = */c.py",
)  # fmt: skip
FILES = {".coveragerc": "", "setup.cfg": "coverage:", "tox.ini": "coverage:"}
PLUGIN = """\
from coverage import CoveragePlugin


class Excludes(CoveragePlugin):
    def configure(self, config):
        config.set_option("report:exclude_lines", [*config.get_option("report:exclude_lines"), "return 1"])


def coverage_init(registry, options):
    registry.add_configurer(Excludes())
"""
MODULES = ("a", "b", "c")
PAGES = "pages"


@dataclass(frozen=True)
class State:
    """What a project consists of; None is a module that isn't there."""

    modules: tuple[bytes | None, ...]
    file: str
    run: Sequence[str]
    report: Sequence[str]

    def write(self, root: Path) -> None:
        """Put it there, and only it."""
        for name, text in zip(MODULES, self.modules, strict=True):
            path = root / f"src/demo/{name}.py"
            path.unlink(missing_ok=True)
            if text is not None:
                path.write_bytes(text)
        for name in FILES:
            (root / name).unlink(missing_ok=True)
        lines = [f"[{FILES[self.file]}run]", *self.run, f"[{FILES[self.file]}report]", *self.report]
        (root / self.file).write_text("\n".join(lines), encoding="utf-8")


def _text(pieces: Sequence[str], writing: str, ends: str) -> bytes:
    text = writing.format("".join(pieces)).replace("\n", ends)
    return text.encode("latin-1" if "latin" in writing else "utf-8")


def _some(choices: Sequence[str]) -> st.SearchStrategy[list[str]]:
    """No key twice."""
    return st.lists(st.sampled_from(choices), max_size=4, unique_by=lambda line: line.partition(" ")[0])


TEXTS = st.builds(
    _text,
    st.lists(st.sampled_from(PIECES), max_size=5),
    st.sampled_from([*["{}"] * 8, *WRITINGS]),
    st.sampled_from(["\n"] * 4 + ["\r\n", "\r"]),
)
STATES = st.builds(
    State,
    modules=st.tuples(*[st.none() | TEXTS] * len(MODULES)),
    file=st.sampled_from([*FILES]),
    run=_some(RUN),
    report=_some(REPORT),
)
PLAIN = State((b"X = 1\n", b"", b""), ".coveragerc", ["source = src"], [])


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of this process."""
    (tmp_path / "src/demo").mkdir(parents=True)
    (tmp_path / "src/demo/__init__.py").touch()
    (tmp_path / "excluding.py").write_text(PLUGIN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(sources.FOLDER_VARIABLE, str(tmp_path / "kept"))
    monkeypatch.setattr(sources, "_let_others_go_first", lambda: None)
    monkeypatch.setattr(control, "PythonFileReporter", control.PythonFileReporter)
    monkeypatch.syspath_prepend(str(tmp_path))  # where the plugin is
    return tmp_path


def _is_kept(path: Path) -> bool:
    try:
        return sources.KnownSource(str(path), Coverage(data_file=None)).is_kept
    except CoverageException:  # of settings
        return False


def _measure(root: Path, state: State) -> None:
    """What tests may have run: each line but every third."""
    data = CoverageData(".coverage")
    data.erase()
    base = "" if "relative_files = true" in state.run else f"{root}/"
    for name, text in zip(MODULES, state.modules, strict=True):
        lines = [line for line in range(1, len((text or b"").splitlines()) + 1) if line % 3]
        file = f"{base}src/demo/{name}.py"
        if text is not None and "branch = true" in state.run:
            data.add_arcs({file: [*zip([-1, *lines], [*lines, -1], strict=True)]})
        elif text is not None:
            data.add_lines({file: lines})
    data.write()


def _said(words: Sequence[str], start: Callable[[list[str]], object] = cmdline.main) -> tuple[object, str]:
    """A program's exit code and what it prints, without times."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = start([*words])
    return code, re.sub(r'timestamp(": |=)"[^"]*"', "", said.getvalue())


def _reports() -> Mapping[str, object]:
    ways = ("report -m", "json -o -", "xml -o -", "lcov -o -", f"html -q -d {PAGES}")
    found: dict[str, object] = {way: _said(way.split()) for way in ways}
    found["verdict"] = _said(["--data-file=.coverage"], coverage_report.main)
    pages = sorted(Path(PAGES).glob("*.html"))
    found |= {page.name: re.sub(r"created at [-\d]+ [:\d]+", "", page.read_text("utf-8")) for page in pages}
    shutil.rmtree(PAGES, ignore_errors=True)
    return found


def test_reports_are_coverages_own(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = control.PythonFileReporter
    read_before = 0

    @seed(11)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    @given(read=STATES, run=STATES, reported=STATES, same=st.sampled_from([(0, 0), (1, 1), (0, 1), (1, 0)]))
    @example(read=PLAIN, run=PLAIN, reported=replace(PLAIN, modules=(None, b"", b"")), same=(0, 0))
    def holds(read: State, run: State, reported: State, same: tuple[int, int]) -> None:
        nonlocal read_before
        run, reported = (read if same[0] else run), (read if same[1] else reported)
        read.write(root)
        sources.main(["read", "src"])
        run.write(root)
        _measure(root, run)
        reported.write(root)
        control.PythonFileReporter = real
        own = _reports()
        sources.take_up()
        read_before += sum(map(_is_kept, (root / "src/demo").glob("*.py")))
        assert _reports() == own

    holds()
    assert read_before
