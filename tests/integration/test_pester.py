"""atom_076: PSScriptAnalyzer and Pester through a pwsh that plays recordings back, and through the real one."""

from __future__ import annotations

import codecs
import json
import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from atomci.testing import pester

RECORDINGS = Path(__file__).parents[1] / "fixtures" / "pester"
ATOM = "ci_job_pester_windows_optional"
FINDINGS, JUNIT, RUN = (
    "artifacts/findings/pester.json",
    "artifacts/reports/pester.xml",
    "artifacts/tests/pester.json",
)
TESTS, SCRIPT = "tests/unit/Greeting.Tests.ps1", "scripts/Greeting.ps1"
# A pwsh that does what PLAY says. It is started as the real one is.
STAND_IN = """\
#!{python}
import os, subprocess, sys, time
from pathlib import Path
words = sys.argv[sys.argv.index("-File") + 1:]
driver, results, files = words[0], Path(words[1]), words[2:]
assert Path(driver).name == "pester.ps1" and Path(driver).is_file()
Path("called.txt").write_text("\\n".join(files))
{play}
"""
WRITE = "results.parent.mkdir(parents=True, exist_ok=True); results.write_bytes(Path({!r}).read_bytes())"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script with a #! line")
Play = Callable[..., Any]


@pytest.fixture
def project(sample):
    """The sample with a script and its tests, and no other PowerShell."""
    sample.delete("scripts/local_ci.ps1")
    sample.write(SCRIPT, 'function Get-Greeting($Name) {\n    "Hello $Name"\n}\n')
    sample.write(TESTS, "Describe 'Get-Greeting' {\n    It 'greets' { 1 | Should -Be 1 }\n}\n")
    return sample


@pytest.fixture
def play(project, tmp_path: Path) -> Play:
    """Runs the atom with a pwsh that executes the given Python; returns what `--json` said of the atom."""

    def run(script: str = "", **env: str) -> Any:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        program = folder / "pwsh"
        program.write_text(STAND_IN.format(python=sys.executable, play=script), encoding="utf-8")
        program.chmod(0o755)
        path = os.pathsep.join([str(folder), without_pwsh()])
        return project.atomci("run", "pester", "--json", PATH=path, **env)

    return run


def without_pwsh() -> str:
    """PATH without the real one."""
    kept = [p for p in os.environ["PATH"].split(os.pathsep) if not (Path(p) / "pwsh").exists()]
    return os.pathsep.join(kept)


def recording(name: str) -> Any:
    return json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))


def writes(content: Any, folder: Path) -> str:
    """A play that leaves these results and ends well."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    (folder / "played.json").write_bytes(raw)
    return WRITE.format(str(folder / "played.json"))


def test_green_tests_pass_and_leave_junit_and_findings(project, play: Play, tmp_path: Path) -> None:
    done = play(writes(recording("green"), tmp_path))

    row = done.atoms[ATOM]
    assert (done.code, row["status"], row["examined"], row["unit"]) == (0, "pass", 3, "tests")
    assert project.read("called.txt").splitlines() == [SCRIPT, TESTS]
    suite = ET.fromstring(project.read(JUNIT)).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "0", "1")
    assert [case.get("name") for case in suite][1] == "Get-Greeting.greets an Ümläut"
    assert project.json(FINDINGS)["findings"] == []
    assert project.json(FINDINGS)["version"] == "Pester 5.6.1, PSScriptAnalyzer 1.23.0"
    assert len([event for event in done.events if event["event"] == "test"]) == 3


def test_what_failed_is_named_with_the_line_that_the_stack_trace_gives(
    project, play: Play, tmp_path: Path
) -> None:
    done = play(writes(recording("red"), tmp_path))

    row = done.atoms[ATOM]
    assert (done.code, row["status"]) == (1, "fail")
    found = {(f["tool"], f["path"], f["line"]): f["rule"] for f in project.json(FINDINGS)["findings"]}
    assert found == {
        ("PSScriptAnalyzer", SCRIPT, 3): "PSAvoidUsingWriteHost",
        # Of a whole file it names no line.
        ("PSScriptAnalyzer", SCRIPT, 1): "PSProvideCommentHelp",
        # The assertion, not the line where its test begins.
        ("Pester", TESTS, 8): f"{TESTS}::Get-Greeting.greets by name",
        # Where the script threw, which isn't in the test; Pester's own frames are left out.
        ("Pester", SCRIPT, 5): f"{TESTS}::Get-Greeting.refuses nobody",
        # A set-up that failed, and the test that it took along.
        ("Pester", TESTS, 32): f"{TESTS}::Get-Farewell",
        ("Pester", TESTS, 34): f"{TESTS}::Get-Farewell.says bye",
    }
    # A note is told, and isn't what makes it red.
    assert "PSProvideCommentHelp" not in {f["rule"] for f in row["findings"]}
    assert {f.get("lane", "lint") for f in project.json(FINDINGS)["findings"]} == {"lint"}
    kinds = [(case.get("name"), *(child.tag for child in case)) for case in cases(project)]
    assert ("Get-Greeting.greets by name", "failure") in kinds
    assert ("Get-Farewell", "error") in kinds
    assert ("Get-Greeting.greets on Linux only", "skipped") in kinds
    assert ("Get-Greeting.may greet", "skipped") in kinds


def cases(project) -> list[ET.Element]:
    return ET.fromstring(project.read(JUNIT)).findall(".//testcase")


def test_a_file_of_tests_that_cannot_be_read_is_a_failure_with_its_line(
    project, play: Play, tmp_path: Path
) -> None:
    done = play(writes(recording("discovery"), tmp_path))

    assert (done.code, done.statuses[ATOM]) == (1, "fail")
    places = [(f["tool"], f["path"], f["line"]) for f in done.atoms[ATOM]["findings"]]
    assert places == [
        ("PSScriptAnalyzer", TESTS, 9),
        ("Pester", TESTS, 9),
        ("Pester", "tests/unit/Thrown.Tests.ps1", 2),
    ]
    assert "Missing closing '}'" in project.read(JUNIT)


@pytest.mark.parametrize(
    ("bom", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ],
)
def test_results_are_read_in_every_encoding_that_powershell_writes(
    project, play: Play, tmp_path: Path, bom: bytes, encoding: str
) -> None:
    text = (RECORDINGS / "green.json").read_text(encoding="utf-8")

    done = play(writes(bom + text.encode(encoding), tmp_path))

    assert done.statuses[ATOM] == "pass"
    assert "Ümläut" in project.read(JUNIT)


GREEN = (RECORDINGS / "green.json").read_bytes()


@pytest.mark.parametrize(
    "cut",
    [b"", GREEN[: len(GREEN) // 2], GREEN[:-3], b"null", b'{"schema": "atomci/pester/1"}', b"\xff\xfe{"],
    ids=["empty", "half", "end", "null", "fields", "encoding"],
)
@pytest.mark.parametrize("code", [0, 1])
def test_results_that_are_cut_short_are_an_error_and_never_a_pass(
    project, play: Play, tmp_path: Path, cut: bytes, code: int
) -> None:
    done = play(writes(cut, tmp_path) + f"\nprint('last words')\nsys.exit({code})")

    row = done.atoms[ATOM]
    assert (done.code, row["status"]) == (3, "error")
    assert "is cut short" in row["reason"]
    assert "last words" in row["reason"]


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("print('out'); print('The system is down.', file=sys.stderr); sys.exit(7)", "The system is down."),
        ("print('only out'); sys.exit(7)", "only out"),
        ("sys.stdout.buffer.write('one\\ntwo words\\n'.encode('utf-16')); sys.exit(7)", "two words"),
    ],
)
def test_an_end_without_results_says_what_was_printed_last(play: Play, script: str, says: str) -> None:
    done = play(script)

    row = done.atoms[ATOM]
    assert (done.code, row["status"]) == (3, "error")
    assert "exit 7" in row["reason"]
    assert row["reason"].endswith(says)


def test_an_old_result_is_never_taken_for_a_new_one(project, play: Play, tmp_path: Path) -> None:
    assert play(writes(recording("green"), tmp_path)).statuses[ATOM] == "pass"

    done = play("sys.exit(0)")

    assert done.statuses[ATOM] == "error"
    assert not (project.root / FINDINGS).exists()


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [({}, 3, "ended with exit code 3"), ({"result": "Failed"}, 0, "failed without saying where")],
)
def test_a_red_end_that_no_result_explains_is_an_error(
    play: Play, tmp_path: Path, change: dict[str, str], code: int, says: str
) -> None:
    done = play(writes(recording("green") | change, tmp_path) + f"\nsys.exit({code})")

    assert done.statuses[ATOM] == "error"
    assert says in done.atoms[ATOM]["reason"]


def test_a_run_that_takes_too_long_is_killed_with_all_that_it_started(project, play: Play) -> None:
    project.append("pyproject.toml", f"\n[tool.atomci.atoms.{ATOM}]\ntimeout = 2\n")
    sleeper = "[sys.executable, '-c', 'import time; time.sleep(60)']"
    started = time.monotonic()

    done = play(
        f"child = subprocess.Popen({sleeper})\nPath('pids').write_text(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(60)"
    )

    assert time.monotonic() - started < 30
    assert done.statuses[ATOM] == "error"
    assert "took more than 2 s and was killed" in done.atoms[ATOM]["reason"]
    for pid in map(int, project.read("pids").split()):
        assert gone(pid)


def gone(pid: int) -> bool:
    """Whether a process ended; one that nobody has waited for yet counts."""
    for _ in range(50):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return True
            state = ""
        if state == "Z":
            return True
        time.sleep(0.1)
    return False


MEASURED = """\
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(json.dumps([done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]))
"""


@pytest.mark.parametrize("line", ["b'x' * 99 + b'\\n'", "b'x' * 100"], ids=["lines", "one line"])
def test_a_hundred_megabytes_of_output_fill_neither_memory_nor_the_log(
    project, play: Play, tmp_path: Path, line: str
) -> None:
    flood = f"block = ({line}) * 10000\nfor _ in range(100): sys.stdout.buffer.write(block)\n"
    assert play(flood + writes(recording("green"), tmp_path)).statuses[ATOM] == "pass"
    assert len(project.log(ATOM)) < 2_000_000
    assert "bytes aren't logged: the first and the last" in project.log(ATOM)

    path = os.pathsep.join([str(tmp_path / "bin"), without_pwsh()])
    words = [sys.executable, "-m", "atomci", "run", "pester"]
    shown = subprocess.run(
        [sys.executable, "-c", MEASURED, *words],
        cwd=project.root,
        env=project.env | {"PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    code, peak = json.loads(shown.stdout)
    assert code == 0
    assert peak / (1024 if sys.platform == "linux" else 1024**2) < 120  # MB; atomci alone takes about 60


def test_without_pwsh_it_is_skipped_and_says_so(project) -> None:
    done = project.atomci("run", "pester", "--json", PATH=without_pwsh())

    assert (done.code, done.statuses[ATOM]) == (0, "skipped")
    assert "pwsh isn't on PATH" in done.atoms[ATOM]["reason"]
    assert project.atomci("check", ATOM).code in (0, 1)


def test_without_powershell_files_it_is_skipped(project, play: Play) -> None:
    project.delete(SCRIPT)
    project.delete(TESTS)

    done = play("sys.exit(9)")

    assert (done.code, done.statuses[ATOM]) == (0, "skipped")
    assert "no *.ps1" in done.atoms[ATOM]["reason"]
    assert not (project.root / "called.txt").exists()


@pytest.mark.parametrize(
    ("absent", "with_tests", "status", "says"),
    [
        (
            ("pester", "analyzer"),
            True,
            "skipped",
            "Pester and PSScriptAnalyzer aren't installed: Install-Module Pester, PSScriptAnalyzer",
        ),
        (("pester",), True, "pass", "Pester isn't installed: Install-Module Pester "),
        (("analyzer",), True, "pass", "PSScriptAnalyzer isn't installed: Install-Module PSScriptAnalyzer "),
        (("analyzer",), False, "skipped", "no *.Tests.ps1 for Pester, and PSScriptAnalyzer isn't installed"),
        ((), False, "pass", ""),
    ],
)
def test_a_module_that_is_not_installed_is_named(
    project, play: Play, tmp_path: Path, absent: tuple[str, ...], with_tests: bool, status: str, says: str
) -> None:
    results = recording("green") | dict.fromkeys(absent)
    if "pester" in absent or not with_tests:
        results |= {"tests": [], "result": ""}
    if not with_tests:
        project.delete(TESTS)

    done = play(writes(results, tmp_path))

    row = done.atoms[ATOM]
    assert (done.code, row["status"]) == (0, status)
    assert says in row["reason"]


@pytest.mark.parametrize(
    ("keep", "says"), [(slice(0), "no test was discovered"), (slice(2, 3), "every test was skipped")]
)
def test_no_test_where_there_are_files_of_tests_is_vacuous(
    play: Play, tmp_path: Path, keep: slice, says: str
) -> None:
    results = recording("green")
    results["tests"] = results["tests"][keep]

    done = play(writes(results, tmp_path))

    assert (done.code, done.statuses[ATOM]) == (1, "vacuous")
    assert says in done.atoms[ATOM]["reason"]


def test_a_pwsh_that_cannot_be_started_is_broken_and_not_absent(project, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/pwsh").write_bytes(b"\x00\x01 no program")
    (tmp_path / "bin/pwsh").chmod(0o755)
    path = os.pathsep.join([str(tmp_path / "bin"), without_pwsh()])

    done = project.atomci("run", "pester", "--json", PATH=path)

    assert done.statuses[ATOM] == "error"
    assert "can't be started" in done.atoms[ATOM]["reason"]


def test_the_plan_shows_the_command(project, tmp_path: Path, play: Play) -> None:
    play("")
    path = os.pathsep.join([str(tmp_path / "bin"), without_pwsh()])

    shown = project.atomci("run", "pester", "--dry-run", PATH=path).out

    assert "-File" in shown
    assert TESTS in shown


def test_the_check_holds_after_a_green_run_and_breaks_after_a_red_one(
    project, play: Play, tmp_path: Path
) -> None:
    job = (
        "  pester:\n    needs: lint\n    runs-on: windows-2025\n    steps:\n      - run: atomci run pester\n"
    )
    project.replace(".github/workflows/ci.yml", "  gate:\n", job + "  gate:\n")
    play(writes(recording("green"), tmp_path))
    assert verdict(project)[0] == "holds"

    play(writes(recording("red"), tmp_path))

    status, evidence = verdict(project)
    assert status == "broken"
    assert f"{SCRIPT}:3" in evidence


@pytest.mark.parametrize(
    ("system", "needs", "says"),
    [
        ("ubuntu-24.04", "lint", "not on Windows"),
        ("windows-2025", "", "doesn't wait for lint"),
        ("", "", "no job calls atomci run pester"),
    ],
)
def test_the_check_looks_at_the_job_where_there_are_tests(
    project, play: Play, tmp_path: Path, system: str, needs: str, says: str
) -> None:
    play(writes(recording("green"), tmp_path))
    wait = f"    needs: {needs}\n" if needs else ""
    job = f"  pester:\n{wait}    runs-on: {system}\n    steps:\n      - run: atomci run pester\n"
    project.append(".github/workflows/ci.yml", job if system else "")

    status, evidence = verdict(project)

    assert status == "broken"
    assert says in evidence


def verdict(project) -> tuple[str, str]:
    (row,) = json.loads(project.atomci("check", ATOM, "--json").out)["atoms"]
    return row["status"], "\n".join(row["evidence"])


def test_the_driver_is_shipped_beside_its_reader() -> None:
    assert pester.DRIVER.is_file()
    assert pester.DRIVER.parent == Path(pester.__file__).parent


def test_the_driver_writes_what_its_reader_reads() -> None:
    """Every field of the schema is set in the driver's text, which can't be run everywhere."""
    from atomci.artifacts.testing import Diagnostic, PesterRun, PesterTest

    text = pester.DRIVER.read_text(encoding="utf-8")
    for struct in (PesterRun, PesterTest, Diagnostic):
        for field in struct.__struct_fields__:
            assert f"    {field} " in text, field


REAL_PWSH = shutil.which("pwsh")


@pytest.mark.skipif(REAL_PWSH is None, reason="pwsh isn't on PATH")
def test_with_the_real_pwsh_a_green_and_a_red_test_end_as_they_should(project) -> None:
    done = project.atomci("run", "pester", "--json")
    row = done.atoms[ATOM]
    if row["status"] == "skipped":
        pytest.skip(row["reason"])
    assert row["status"] == "pass", project.log(ATOM)

    project.write(TESTS, "Describe 'd' {\n    It 'i' {\n        1 | Should -Be 2\n    }\n}\n")
    done = project.atomci("run", "pester", "--json")
    if "Pester isn't" in done.atoms[ATOM]["reason"]:
        pytest.skip(done.atoms[ATOM]["reason"])
    places = [(f["path"], f["line"]) for f in done.atoms[ATOM]["findings"] if f["tool"] == "Pester"]
    assert places == [(TESTS, 3)]
