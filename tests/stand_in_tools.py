"""An environment whose ruff, black, mypy, pytest and coverage are this file: they take milliseconds.

They know just enough to turn each atom of the gate green and red, in the output formats of the real ones:

    ruff      an `import os` or `import sys` is F401, at its line
    black     a `{  ` would be reformatted
    mypy      a `: int = ""` is an assignment, a `def f(a):` lacks its types
    pytest    a test whose last line is `assert 0` or `assert 1 == 2` fails; others pass
    coverage  a function of src/ that no test and no other function names isn't covered
"""

import json
import os
import re
import sys
import time
from collections.abc import Container, Iterator
from pathlib import Path

PROGRAMS = ("ruff", "black", "mypy", "python")
VERSIONS = {
    "ruff": "1.0",
    "black": "2.0",
    "mypy": "3.0",
    "pytest": "4.0",
    "pytest_xdist": "5.0",
    "pytest_cov": "5.0",
    "atomci": "6.0",
}


def make_environment(folder: Path, without: Container[str] = ()) -> Path:
    """The environment, in a new folder, without some of the distributions or programs."""
    (folder / "bin").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text("stand-ins\n", encoding="utf-8")
    # Isolated, without site-packages: that is half of an interpreter's start.
    text = f"#!{sys.executable} -IS\n{Path(__file__).read_text(encoding='utf-8')}"
    for name in [name for name in PROGRAMS if name not in without]:
        (folder / "bin" / name).write_text(text, encoding="utf-8")
        (folder / "bin" / name).chmod(0o755)
    for name, version in [row for row in VERSIONS.items() if row[0] not in without]:
        (folder / f"lib/python3/site-packages/{name}-{version}.dist-info").mkdir(parents=True)
    return folder


def say(*lines: str) -> None:
    """On standard output."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def sources(*folders: str) -> Iterator[tuple[str, list[str]]]:
    """Python files below the folders, with their lines. What other tools write at the same time isn't read."""
    for folder in folders:
        for path in sorted(_python_files(folder)) if Path(folder).is_dir() else [Path(folder)]:
            if path.is_file():
                yield path.as_posix(), path.read_text(encoding="utf-8").splitlines()


def _python_files(folder: str) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "artifacts" and not name.startswith(".")]
        yield from (Path(parent, name) for name in names if name.endswith(".py"))


def lines_with(pattern: str, *folders: str) -> Iterator[tuple[str, int, int]]:
    """Path, line and column (from 0) of each line that matches."""
    for path, lines in sources(*folders):
        for number, line in enumerate(lines, 1):
            if match := re.search(pattern, line):
                yield path, number, match.start()


def ruff(words: list[str]) -> int:
    """`ruff check --verbose --no-fix --output-format=json .`."""
    rows = [
        {
            "filename": path,
            "code": "F401",
            "message": f"`{name}` imported but unused",
            "location": {"row": line, "column": column + 8},
            "end_location": {"row": line, "column": column + 8 + len(name)},
            "fix": {"applicability": "safe"},
            "url": None,
        }
        for name in ("os", "sys")
        for path, line, column in lines_with(rf"import {name}$", ".")
    ]
    say(json.dumps(rows))
    files = sum(1 for _ in sources("."))
    sys.stderr.write(f"[2026-01-01][00:00:00][ruff::commands::check][DEBUG] Checked {files} files in: 1ms\n")
    return int(bool(rows))


def black(words: list[str]) -> int:
    """`black --check --verbose .` and `black --diff --quiet PATH...`."""
    found = list(lines_with(r"\{  ", "."))
    if "--diff" in words:
        for path, line, _ in found:
            say(
                f"--- {path}\t2000-01-01", f"+++ {path}\t2000-01-01", f"@@ -{line},1 +{line},1 @@", "-a", "+b"
            )
        return 0
    bad = dict.fromkeys(path for path, _, _ in found)
    counts = {"be reformatted": len(bad), "be left unchanged": len(list(sources("."))) - len(bad)}
    said = [f"would reformat {path}\n" for path in bad] if bad else []
    said.append(", ".join(f"{n} file{'s' * (n > 1)} would {what}" for what, n in counts.items() if n) + ".\n")
    sys.stderr.write("".join(said) if any(counts.values()) else "No Python files are present.\n")
    return int(bool(found))


def mypy(words: list[str]) -> int:
    """`mypy --show-column-numbers ...`, as if its settings said `files = ["src"]`."""
    kinds = {"assignment": r': int = ""$', "no-untyped-def": r"^def \w+\(\w+\):$"}
    rows = [
        (path, f"{path}:{line}:{column + 1}: error: {code}  [{code}]")
        for code, pattern in kinds.items()
        for path, line, column in lines_with(pattern, "src")
    ]
    checked = f"{len(list(sources('src')))} source files"
    if checked.startswith("0 "):
        sys.stderr.write("There are no .py[i] files in directory 'src'\n")
        return 2
    bad = len({path for path, _ in rows})
    say(*(text for _, text in rows))
    say(
        f"Found {len(rows)} errors in {bad} files (checked {checked})"
        if rows
        else f"Success: no issues found in {checked}"
    )
    return int(bool(rows))


def tests_of(paths: list[str]) -> Iterator[tuple[str, int, str]]:
    """Node id, line and last line of each test function."""
    for path, lines in sources(*paths):
        starts = [number for number, line in enumerate(lines) if line.startswith("def test_")]
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=False):
            body = [number for number in range(start, end) if lines[number].strip()]
            name = lines[start].removeprefix("def ").partition("(")[0]
            yield f"{path}::{name}", body[-1] + 1, lines[body[-1]].strip()


def observed(*tops: str) -> None:
    """What the observer would have seen: that all sources were read, and their folders listed."""
    if folder := os.environ.get("ATOMCI_OBSERVED"):
        read = [str(Path(path).absolute()) for path, _ in sources(*tops)]
        listed = sorted(
            {str(Path(path).parent) for path in read} | {str(Path(top).absolute()) for top in tops}
        )
        notes = {"started_at": time.time_ns(), "temporary": "/nowhere", "read": read, "listed": listed}
        Path(folder).mkdir(parents=True)
        Path(folder, "notes.json").write_text(json.dumps(notes), encoding="utf-8")


def pytest(words: list[str]) -> int:
    """`python -m pytest PATH... -q -p atomci.testing.recorder ...`: results, and what they are covered by."""
    log, data = Path(os.environ["ATOMCI_TEST_LOG"]), Path(os.environ.get("ATOMCI_COVERAGE_FILE", os.devnull))
    log.parent.mkdir(parents=True, exist_ok=True)
    failed = passed = 0
    tests = list(tests_of([word for word in words if word.startswith("tests/")]))
    with log.open("w", encoding="utf-8") as file:
        for nodeid, line, last in tests:
            obey(path := nodeid.partition("::")[0])
            bad = re.fullmatch(r"assert (0|1 == [02-9])", last) is not None
            row = {"event": "test", "nodeid": nodeid, "outcome": "failed" if bad else "passed", "line": line}
            file.write(json.dumps({**row, "path": path, "message": last if bad else ""}) + "\n")
            file.flush()
            failed, passed = failed + bad, passed + (not bad)
            if bad and "--maxfail=1" in words:
                break
        ran = failed + passed
        mark = {
            "event": "session",
            "phase": "end",
            "collected": len(tests),
            "selected": len(tests),
            "run": ran,
        }
        if missing := [nodeid for nodeid, *_ in tests[ran:]]:
            mark |= {"missing": missing, "stopped": True, "why": "stopping after 1 failures"}
        file.write(json.dumps(mark) + "\n")
    observed("src", "tests")
    text = "".join("\n".join(lines) for _, lines in sources("src", "tests"))
    data.write_text(text, encoding="utf-8")
    say(f"{failed} failed, {passed} passed")
    return 5 if not failed + passed else int(bool(failed))


def obey(path: str) -> None:
    """What comments of a test file ask for: `# waits 5`, `# writes FILE`, each time something else."""
    for word, what in re.findall(
        r"^# (waits|writes) (\S+)$", Path(path).read_text(encoding="utf-8"), re.MULTILINE
    ):
        if word == "waits":
            time.sleep(float(what))
        else:
            Path(what).write_text(str(time.time_ns()), encoding="utf-8")


def standby(words: list[str]) -> int:
    """`python -m atomci.testing.standby LINE NAMES`: pytest, as soon as it is asked."""
    with open(words[0], encoding="utf-8") as line:  # noqa: PTH123
        request = json.loads(line.readline())
    os.environ.update(request["env"])
    code = pytest(request["words"])
    Path(request["modules"]).write_text("[]", encoding="utf-8")
    return code


def coverage(words: list[str]) -> int:
    """coverage's `xml -o PATH --data-file=PATH ...`, and the same with `html ... -d`; `read` leaves nothing."""
    if words[0] == "read":
        return 0
    (data,) = (word.removeprefix("--data-file=") for word in words if word.startswith("--data-file="))
    if words[0] == "html":
        Path(words[words.index("-d") + 1]).mkdir(parents=True)
        Path(words[words.index("-d") + 1], "index.html").write_text("<html></html>", encoding="utf-8")
        return 0
    valid, covered, classes = measured(data)
    head = f'lines-valid="{valid}" lines-covered="{covered}" branches-valid="0" branches-covered="0"'
    xml = f"<coverage {head}><sources/>{''.join(classes)}</coverage>"
    Path(words[words.index("-o") + 1]).write_text(xml, encoding="utf-8")
    return 0


def settled(words: list[str]) -> int:
    """`python -m atomci.testing.measurement.coverage_report --data-file=PATH`, with the budget of pyproject.toml."""
    valid, covered, rows = measured(words[0].removeprefix("--data-file="))
    total = 100.0 * covered / valid if valid else 100.0
    budget = re.search(r"fail_under = (\d+)", Path("pyproject.toml").read_text(encoding="utf-8"))
    number = float(budget[1]) if budget else 0.0
    answer = {"budget": number, "settings": "pyproject.toml", "total": total, "under": total < number}
    files = [file for row in rows if (file := to_cover(row))]
    say("the lines", json.dumps({**answer, "statements": valid, "files": files}))
    return 0


def to_cover(row: str) -> dict[str, object] | None:
    """The answer's entry of a file that has lines to cover."""
    hits = re.findall(r'number="(\d+)" hits="(\d)"', row)
    missing = [int(number) for number, hit in hits if hit == "0"]
    path = re.search(r'filename="([^"]+)"', row)
    if not missing or path is None:
        return None
    percent = round(100.0 * (len(hits) - len(missing)) / len(hits), 2)
    return {"path": path[1], "percent": percent, "missing_lines": missing, "missing_branches": []}


def measured(data: str) -> tuple[int, int, list[str]]:
    """Lines, those that are covered, and Cobertura's rows."""
    text = Path(data).read_text(encoding="utf-8")
    valid = covered = 0
    classes = []
    for path, lines in sources("src"):
        hit, rows = True, []
        for number, line in enumerate(lines, 1):
            if match := re.match(r"def (\w+)", line):
                hit = len(re.findall(rf"\b{match[1]}\b", text)) > 1
            elif line.startswith((" ", ")")) and line.strip():
                rows.append(f'<line number="{number}" hits="{int(hit)}"/>')
                valid, covered = valid + 1, covered + hit
        classes.append(f'<class filename="{path}"><lines>{"".join(rows)}</lines></class>')
    return valid, covered, classes


def python(words: list[str]) -> int:
    """`python -m pytest`, and the programs that make coverage's reports and ask it for its verdict."""
    programs = {
        "pytest": pytest,
        "atomci.testing.standby": standby,
        "atomci.testing.measurement.sources": coverage,
        "atomci.testing.measurement.coverage_report": settled,
    }
    return programs[words[1]](words[2:])


if __name__ == "__main__":
    name = Path(sys.argv[0]).name
    sys.exit({"ruff": ruff, "black": black, "mypy": mypy, "python": python}[name](sys.argv[1:]))
