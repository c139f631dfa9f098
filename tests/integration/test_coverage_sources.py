"""What coverage read of sources beforehand, against what it reads itself."""

import contextlib
import io
import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from coverage import Coverage, control
from coverage.parser import PythonParser

from atomci.testing.measurement import sources

ODD = '''\
"""Statements of each kind that coverage treats in its own way."""

import contextlib


def decorated(function):
    return function


@decorated
def first(
    x,
    y=(1, 2,
       3),
):
    """A text
    of two lines."""
    with contextlib.suppress(ValueError), contextlib.nullcontext():
        if x:
            return [
                n for n in y
                if n > 1
            ]
    match x:
        case 0:
            text = """
                many lines
            """
        case _:
            text = f"{x!r:>{10}}"
    while x:  # pragma: no branch
        x -= 1
    return text


class Kind:
    async def later(self):
        async for _ in self:
            yield (lambda: 1)()

    def never(self):
        try:
            raise ValueError
        except ValueError:
            pass
        finally:
            print()

    def left_out(self):  # pragma: no cover
        return "ä"


first(0), first(1)
'''
CALLED = "def sign(x):\n    if x > 0:\n        return 1\n    return 0\n\n\nsign(1)\n"
SETTINGS = "[run]\nbranch = true\nsource = src\nrelative_files = {relative}\n"
DATA = ".coverage"
TIMES = re.compile(r'(?<=timestamp": ")[^"]*|(?<=timestamp=")\d+|(?<=created at )[-\d]+ [:\d]+')
RUN = """\
import sys
from coverage import Coverage
sys.path.insert(0, "src")
measured = Coverage()
with measured.collect():
    import demo.called, demo.odd
measured.save()
"""


@pytest.fixture(scope="module", params=[True, False], ids=["relative", "absolute"])
def measured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that ran with branch coverage."""
    root = tmp_path_factory.mktemp("sources")
    (root / "src/demo").mkdir(parents=True)
    for name, text in {"odd": ODD, "called": CALLED, "empty": "", "unused": CALLED}.items():
        (root / f"src/demo/{name}.py").write_text(text, encoding="utf-8")
    (root / ".coveragerc").write_text(SETTINGS.format(relative=request.param), encoding="utf-8")
    subprocess.run([sys.executable, "-c", RUN], cwd=root, check=True)
    return root


@pytest.fixture
def project(measured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of this process; a folder beside it is for what is kept."""
    monkeypatch.chdir(measured)
    monkeypatch.setenv(sources.FOLDER_VARIABLE, str(tmp_path / "kept"))
    monkeypatch.setattr(
        sources, "_let_others_go_first", lambda: None
    )  # the tests' own process stays as urgent
    monkeypatch.setattr(control, "PythonFileReporter", control.PythonFileReporter)  # put back at the end
    return measured


def _reports(place: Path) -> dict[str, str]:
    """coverage's reports by their files, without the times at which they were made."""
    measured = Coverage(data_file=DATA)
    measured.load()
    measured.html_report(directory=str(place / "html"))
    measured.xml_report(outfile=str(place / "it.xml"))
    measured.json_report(outfile=str(place / "it.json"))
    files = (path for path in place.rglob("*") if path.suffix in {".html", ".xml", ".json"})
    texts = {path.relative_to(place).as_posix(): path.read_text(encoding="utf-8") for path in files}
    del texts["html/status.json"]  # it holds a digest of the settings, and so of where the page is
    return {name: TIMES.sub("", text) for name, text in texts.items()}


def _read_again(*_: object) -> None:
    raise AssertionError("a source was read again")


def test_reports_of_what_was_read_before_are_coverages_own(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = _reports(tmp_path / "own")
    assert {"html/index.html", "html/function_index.html", "it.xml", "it.json"} <= set(own)
    measured = Coverage(data_file=DATA)
    measured.load()
    total = measured.report(file=io.StringIO())

    assert sources.main(["read", "src"]) == 0
    sources.take_up()
    monkeypatch.setattr(PythonParser, "parse_source", _read_again)
    monkeypatch.setattr("coverage.python.source_token_lines", _read_again)
    monkeypatch.setattr("coverage.python.code_regions", _read_again)
    theirs = _reports(tmp_path / "theirs")
    assert theirs == own
    (shown,) = re.findall(r'pc_cov">(\d+)%', theirs["html/index.html"])
    assert shown == f"{total:.0f}"
    assert json.loads(theirs["it.json"])["totals"]["percent_covered"] == total


def _is_kept(path: str) -> bool:
    return sources.KnownSource(path, Coverage(data_file=None)).is_kept


@contextmanager
def _at_first(file: Path, text: str) -> Iterator[None]:
    """The file holds another text while the sources are read."""
    before = file.read_text(encoding="utf-8")
    file.write_text(text, encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(before, encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("src/demo/called.py", f"\n\n{CALLED}"),
        ("src/demo/called.py", "def sign(x:\n"),
        (".coveragerc", "[run]\nbranch = true\nsource = src\n[report]\nexclude_also = return 1\n"),
    ],
    ids=["text", "no Python", "exclusion"],
)
def test_what_was_read_under_other_conditions_is_read_again(
    project: Path, tmp_path: Path, file: str, text: str
) -> None:
    with _at_first(project / file, text):
        assert sources.main(["read", "src"]) == 0
    assert not _is_kept("src/demo/called.py")
    own = _reports(tmp_path / "own")
    sources.take_up()
    assert _reports(tmp_path / "theirs") == own


def test_what_another_coverage_read_is_read_again(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its code: one that is installed from a branch keeps its version."""
    other = tmp_path / "coverage"
    other.mkdir()
    (other / "parser.py").write_text("", encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr("coverage.__file__", str(other / "__init__.py"))
        sources._coverage.cache_clear()
        sources.main(["read", "src"])
        assert _is_kept("src/demo/odd.py")
    sources._coverage.cache_clear()
    assert not _is_kept("src/demo/odd.py")


def _flipped(content: bytes) -> bytes:
    """Another line number, with the rest as it was."""
    place = content.index(b"statements") + 30
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut off": lambda content: content[:-100],
    "other": lambda content: pickle.dumps(1),
    "one bit": _flipped,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_none(project: Path, tmp_path: Path, damage: str) -> None:
    own = _reports(tmp_path / "own")
    sources.main(["read", "src"])
    for entry in (tmp_path / "kept").iterdir():
        with contextlib.suppress(ValueError):  # one of an empty source has no line
            entry.write_bytes(DAMAGES[damage](entry.read_bytes()))
    sources.take_up()
    assert not _is_kept("src/demo/odd.py")
    assert _reports(tmp_path / "theirs") == own
    sources.main(["read", "src"])
    assert _is_kept("src/demo/odd.py")


class _Hostile:
    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, ("hostile",)


def test_an_entry_runs_nothing_whoever_wrote_it(project: Path, tmp_path: Path) -> None:
    """Its seal is no secret: a repository can bring an entry along that looks like ours."""
    own = _reports(tmp_path / "own")
    source = sources.KnownSource("src/demo/odd.py", Coverage(data_file=None))
    parts = pickle.dumps([pickle.dumps(_Hostile())] * 3)
    source.place.parent.mkdir()
    sources.take_up()
    for entry in (parts, pickle.dumps(_Hostile())):
        source.place.write_bytes(source._seal(entry) + entry)
        assert _reports(tmp_path / "theirs") == own
    assert not Path("hostile").exists()


def test_a_source_that_is_saved_while_it_is_read_is_not_kept(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = project / "src/demo/called.py"
    real = PythonParser.arcs
    monkeypatch.setattr(PythonParser, "arcs", lambda self: (file.write_text(f"\n{CALLED}"), real(self))[1])
    try:
        sources.main(["read", "src/demo"])
        assert not _is_kept("src/demo/called.py")
    finally:
        file.write_text(CALLED, encoding="utf-8")
    assert not _is_kept("src/demo/called.py")


def test_sources_that_are_gone_leave_nothing_and_nothing_else_is_touched(
    project: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    gone = project / "src/demo/gone.py"
    gone.write_text("", encoding="utf-8")
    sources.main(["read", "src"])
    (kept / "mine.txt").touch()
    (kept / f"{0:032}.new").touch()
    there = len([*kept.iterdir()])
    gone.unlink()
    sources.main(["read", "src"])
    assert len([*kept.iterdir()]) == there - 2
    assert (kept / "mine.txt").exists()


def test_only_what_changed_is_read_and_one_bad_source_stops_nothing(project: Path, tmp_path: Path) -> None:
    sources.main(["read", "src"])
    kept = {entry: entry.stat().st_mtime_ns for entry in (tmp_path / "kept").iterdir()}
    with _at_first(project / "src/demo/called.py", "def sign(x:\n"):
        assert sources.main(["read", "nowhere", "src"]) == 0
        assert all(entry.stat().st_mtime_ns == at for entry, at in kept.items())
        assert _is_kept("src/demo/unused.py")


PRIORITIES = """\
import os, pathlib
from atomci.testing.measurement.sources import main
main(["read", "nowhere"])
session = pathlib.Path("/proc/self/autogroup")
print(os.nice(0), session.read_text().split()[-1] if session.is_file() else 19)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="it has no priorities of this kind")
def test_reading_leaves_the_processor_to_the_tests(tmp_path: Path) -> None:
    """Its session too, since Linux shares out among sessions first."""
    words = [sys.executable, "-c", PRIORITIES]
    env = os.environ | {sources.FOLDER_VARIABLE: str(tmp_path)}
    done = subprocess.run(
        words, cwd=tmp_path, env=env, start_new_session=True, check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == ["19", "19"]


@pytest.mark.parametrize(("lines", "cores", "is_read"), [(2_000, 2, True), (2, 2, False), (2_000, 1, False)])
def test_sources_are_read_beside_the_tests_where_that_pays(
    sample, monkeypatch: pytest.MonkeyPatch, lines: int, cores: int, is_read: bool
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    sample.write("src/demo/long.py", f"# {'-' * 60}\n" * lines)
    done = sample.atomci("run", "select_impacted_unit_tests", "run_pytest_unit_with_coverage", "--json")
    assert done.statuses["run_pytest_unit_with_coverage"] == "pass", done.out
    (log,) = sample.root.glob("artifacts/runs/*/run_pytest_unit_with_coverage.log")
    assert ("-m atomci.testing.measurement.sources read src" in log.read_text(encoding="utf-8")) is is_read
