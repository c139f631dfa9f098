"""atom_076: PSScriptAnalyzer and Pester through a pwsh that plays recordings of real runs back."""

from __future__ import annotations

import codecs
import json
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pester_shapes import FIXTURES, PROJECT, place

from atomci.testing import pester

ATOM = "ci_job_pester_windows_optional"
FINDINGS, JUNIT, RUN = (
    "artifacts/findings/pester.json",
    "artifacts/reports/pester.xml",
    "artifacts/tests/pester.json",
)
TESTS, SCRIPT = "tests/unit/Green.Tests.ps1", "scripts/Greeting.ps1"
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
    for path in (TESTS, SCRIPT):
        sample.write(path, (PROJECT / path).read_text(encoding="utf-8"))
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


def recording(shape: str, *, of: str = TESTS) -> Any:
    """What was recorded of a shape, as if it were the project's file of tests."""
    text = (FIXTURES / "6.2.0" / f"{shape}.json").read_text(encoding="utf-8")
    return json.loads(text.replace(place(shape), of))


def green() -> Any:
    """A green run, under settings that don't ask for a BOM."""
    return recording("Green") | {"diagnostics": []}


def writes(content: Any, folder: Path) -> str:
    """A play that leaves these results and ends well."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    (folder / "played.json").write_bytes(raw)
    return WRITE.format(str(folder / "played.json"))


def test_green_tests_pass_and_leave_junit_and_findings(project, play: Play, tmp_path: Path) -> None:
    done = play(writes(green(), tmp_path))

    row = done.atoms[ATOM]
    assert (done.code, row["status"], row["examined"], row["unit"]) == (0, "pass", 5, "tests")
    assert project.read("called.txt").splitlines() == [SCRIPT, TESTS]
    suite = ET.fromstring(project.read(JUNIT)).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("5", "0", "0")
    assert "Get-Greeting.several names.greets Zoë" in [case.get("name") for case in suite]
    assert project.json(FINDINGS)["findings"] == []
    assert project.json(FINDINGS)["version"] == "Pester 6.2.0, PSScriptAnalyzer 1.25.0"
    assert len([event for event in done.events if event["event"] == "test"]) == 5


def test_what_failed_is_named_with_the_line_that_the_stack_trace_gives(
    project, play: Play, tmp_path: Path
) -> None:
    results = recording("Red")
    note = {"path": f"{results['root']}/{SCRIPT}", "line": 0, "column": 0, "severity": "Information"}
    results["diagnostics"] = [note | {"rule": "PSProvideCommentHelp", "message": "There is no help."}]
    results["tests"] += [row for row in recording("Skipped")["tests"] if row["result"] == "Skipped"]
    results["broken"] = recording("BeforeAllThrows")["broken"]

    done = play(writes(results, tmp_path))

    row = done.atoms[ATOM]
    assert (done.code, row["status"]) == (1, "fail")
    found = {(f["tool"], f["path"], f["line"]): f["rule"] for f in project.json(FINDINGS)["findings"]}
    assert found == {
        # Of a whole file it names no line.
        ("PSScriptAnalyzer", SCRIPT, 1): "PSProvideCommentHelp",
        ("Pester", TESTS, 3): f"{TESTS}::outer",
        # The assertion, not the line where its test begins.
        ("Pester", TESTS, 7): f"{TESTS}::Get-Greeting.greets by name",
        ("Pester", TESTS, 12): f"{TESTS}::Get-Greeting.is two things wrong",
        # Where the script threw, which isn't in the test; Pester's own frames are left out.
        ("Pester", SCRIPT, 3): f"{TESTS}::Get-Greeting.fails inside the code under test",
        ("Pester", TESTS, 21): f"{TESTS}::Get-Greeting.calls what does not exist",
        ("Pester", TESTS, 25): f"{TESTS}::Get-Greeting.fails for 1",
        ("Pester", TESTS, 39): f"{TESTS}::Get-Greeting.throws a multi-line message",
    }
    # A note is told, and isn't what makes it red.
    assert "PSProvideCommentHelp" not in {f["rule"] for f in row["findings"]}
    assert {f.get("lane", "lint") for f in project.json(FINDINGS)["findings"]} == {"lint"}
    kinds = [(case.get("name"), *(child.tag for child in case)) for case in cases(project)]
    assert ("Get-Greeting.greets by name", "failure") in kinds
    assert ("outer", "error") in kinds
    assert ("skipping.is skipped", "skipped") in kinds


def cases(project) -> list[ET.Element]:
    return ET.fromstring(project.read(JUNIT)).findall(".//testcase")


def test_a_file_of_tests_that_cannot_be_read_is_a_failure_with_its_line(
    project, play: Play, tmp_path: Path
) -> None:
    results = recording("Syntax")
    results["broken"] += recording("Discovery2", of="tests/unit/Thrown.Tests.ps1")["broken"]
    project.write("tests/unit/Thrown.Tests.ps1", "throw 'at the top'\n")

    done = play(writes(results, tmp_path))

    assert (done.code, done.statuses[ATOM]) == (1, "fail")
    places = [(f["tool"], f["path"], f["line"]) for f in done.atoms[ATOM]["findings"]]
    assert places == [
        ("PSScriptAnalyzer", TESTS, 5),
        ("PSScriptAnalyzer", TESTS, 1),
        ("Pester", TESTS, 5),
        ("Pester", "tests/unit/Thrown.Tests.ps1", 1),
    ]
    assert "Missing closing '}'" in project.read(JUNIT)


def test_a_file_in_which_no_test_was_found_is_a_finding_that_names_it(
    project, play: Play, tmp_path: Path
) -> None:
    project.write("tests/unit/Ends.Tests.ps1", "exit 0\nDescribe 'd' { It 'i' { 1 | Should -Be 2 } }\n")

    done = play(writes(green(), tmp_path))

    (finding,) = done.atoms[ATOM]["findings"]
    assert (done.code, done.statuses[ATOM]) == (1, "fail")
    assert (finding["path"], finding["message"][:17]) == ("tests/unit/Ends.Tests.ps1", "no test was found")


def test_an_analyzer_that_could_not_look_is_an_error_in_its_own_words(
    project, play: Play, tmp_path: Path
) -> None:
    done = play(writes(green() | {"problems": ["severty is not a valid key"]}, tmp_path))

    row = done.atoms[ATOM]
    assert (done.code, row["status"]) == (3, "error")
    assert row["reason"] == "PSScriptAnalyzer could not look: severty is not a valid key"


def test_a_finding_does_not_hide_that_the_analyzer_could_not_look(
    project, play: Play, tmp_path: Path
) -> None:
    done = play(writes(recording("Nested") | {"problems": ["severty is not a valid key"]}, tmp_path))

    row = done.atoms[ATOM]
    assert (done.code, row["status"]) == (1, "fail")
    assert row["reason"] == "1 finding; PSScriptAnalyzer could not look: severty is not a valid key"


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
    text = json.dumps(green(), ensure_ascii=False)

    done = play(writes(bom + text.encode(encoding), tmp_path))

    assert done.statuses[ATOM] == "pass"
    assert "Zoë" in project.read(JUNIT)


GREEN = json.dumps(green()).encode()


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
    assert play(writes(green(), tmp_path)).statuses[ATOM] == "pass"

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
    done = play(writes(green() | change, tmp_path) + f"\nsys.exit({code})")

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
    assert play(flood + writes(green(), tmp_path)).statuses[ATOM] == "pass"
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


@pytest.mark.parametrize(("env", "code", "status"), [({}, 0, "skipped"), ({"CI": "true"}, 3, "error")])
def test_without_pwsh_it_is_skipped_here_and_an_error_in_ci(
    project, env: dict[str, str], code: int, status: str
) -> None:
    done = project.atomci("run", "pester", "--json", PATH=without_pwsh(), **env)

    assert (done.code, done.statuses[ATOM]) == (code, status)
    assert "pwsh isn't on PATH: atomci run install_powershell_if_applicable" in done.atoms[ATOM]["reason"]
    assert project.atomci("check", ATOM).code in (0, 1)


def test_without_powershell_files_it_is_skipped(project, play: Play) -> None:
    project.delete(SCRIPT)
    project.delete(TESTS)

    done = play("sys.exit(9)")

    assert (done.code, done.statuses[ATOM]) == (0, "skipped")
    assert "no *.ps1" in done.atoms[ATOM]["reason"]
    assert not (project.root / "called.txt").exists()


PESTER = "Pester 5 or newer isn't installed: Install-PSResource Pester"
ANALYZER = "PSScriptAnalyzer isn't installed: Install-PSResource PSScriptAnalyzer"
BOTH = "Pester 5 or newer and PSScriptAnalyzer aren't installed: Install-PSResource Pester, PSScriptAnalyzer"


@pytest.mark.parametrize(("env", "code", "status"), [({}, 0, "skipped"), ({"CI": "true"}, 3, "error")])
@pytest.mark.parametrize(
    ("absent", "with_tests", "says"),
    [
        (("pester", "analyzer"), True, BOTH),
        (("pester",), True, PESTER),
        (("analyzer",), True, f"{ANALYZER}; 5 tests passed"),
        (("analyzer",), False, ANALYZER),
    ],
)
def test_half_a_look_is_no_pass_and_in_ci_an_error(
    project,
    play: Play,
    tmp_path: Path,
    absent: tuple[str, ...],
    with_tests: bool,
    says: str,
    env: dict[str, str],
    code: int,
    status: str,
) -> None:
    results = green() | dict.fromkeys(absent)
    if "pester" in absent or not with_tests:
        results |= {"tests": [], "result": ""}
    if not with_tests:
        project.delete(TESTS)

    done = play(writes(results, tmp_path), **env)

    assert (done.code, done.statuses[ATOM], done.atoms[ATOM]["reason"]) == (code, status, says)


def test_without_tests_pester_is_not_asked_for(project, play: Play, tmp_path: Path) -> None:
    project.delete(TESTS)

    done = play(writes(green() | {"pester": None, "tests": [], "result": ""}, tmp_path))

    row = done.atoms[ATOM]
    assert (done.code, row["status"], row["examined"], row["unit"], row["reason"]) == (
        0,
        "pass",
        1,
        "files",
        "",
    )


def test_tests_of_which_every_one_was_skipped_are_vacuous(play: Play, tmp_path: Path) -> None:
    results = recording("Skipped")
    results["tests"] = [row for row in results["tests"] if row["result"] == "Skipped"]

    done = play(writes(results, tmp_path))

    assert (done.code, done.statuses[ATOM]) == (1, "vacuous")
    assert "every test was skipped" in done.atoms[ATOM]["reason"]


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
    play(writes(green(), tmp_path))
    assert verdict(project)[0] == "holds"

    play(writes(recording("Red"), tmp_path))

    status, evidence = verdict(project)
    assert status == "broken"
    assert f"{TESTS}:7" in evidence


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
    play(writes(green(), tmp_path))
    wait = f"    needs: {needs}\n" if needs else ""
    job = f"  pester:\n{wait}    runs-on: {system}\n    steps:\n      - run: atomci run pester\n"
    project.append(".github/workflows/ci.yml", job if system else "")

    status, evidence = verdict(project)

    assert status == "broken"
    assert says in evidence


def verdict(project) -> tuple[str, str]:
    (row,) = json.loads(project.atomci("check", ATOM, "--json").out)["atoms"]
    return row["status"], "\n".join(row["evidence"])


def test_the_driver_writes_what_its_reader_reads() -> None:
    """Every field of the schema is set in the driver's text, which can't be run everywhere."""
    from atomci.artifacts.handed.testing import Diagnostic, PesterRun, PesterTest

    text = pester.DRIVER.read_text(encoding="utf-8")
    for struct in (PesterRun, PesterTest, Diagnostic):
        for field in struct.__struct_fields__:
            assert f"    {field} " in text, field
