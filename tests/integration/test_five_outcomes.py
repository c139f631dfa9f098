"""Each static tool in each of five situations: the atom's outcome, the stage's, and the gate's answer.

The tools are scripts that say what the real ones say. A crash here ends with exit code 1, which for most of
them means findings.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from stand_in_tools import make_environment

LINT, FORMAT, TYPES = "run_ruff_lint", "run_black_check", "run_mypy_typecheck"


class Says(NamedTuple):
    """What a program prints, and its exit code."""

    code: int
    out: str = ""
    err: str = ""


def ruff_log(checked: int) -> str:
    return f"[2026-01-01][00:00:00][ruff::commands::check][DEBUG] Checked {checked} files in: 1ms\n"


ROW = {
    "filename": "src/demo/words.py",
    "code": "F401",
    "message": "unused",
    "location": {"row": 1, "column": 8},
    "end_location": {"row": 1, "column": 10},
}
BANDIT = {
    "filename": "src/demo/words.py",
    "line_number": 1,
    "col_offset": 0,
    "end_col_offset": 3,
    "line_range": [1],
    "test_id": "B101",
    "issue_text": "assert",
    "issue_severity": "LOW",
}
PYRIGHT = {
    "file": "src/demo/words.py",
    "severity": "error",
    "message": "bad",
    "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 3}},
}
PLACE = {"artifactLocation": {"uri": "src/demo/words.py"}, "region": {"startLine": 1}}
RESULT = {"ruleId": "R", "message": {"text": "bad"}, "locations": [{"physicalLocation": PLACE}]}


def bandit(*results: Any, files: int = 1) -> str:
    metrics = {f"src/demo/{number}.py": {} for number in range(files)} | {"_totals": {}}
    return json.dumps({"errors": [], "metrics": metrics, "results": results})


def pyright(*rows: Any, files: int = 1) -> str:
    return json.dumps(
        {"generalDiagnostics": rows, "summary": {"filesAnalyzed": files, "errorCount": len(rows)}}
    )


def sarif(*results: Any) -> str:
    return json.dumps({"runs": [{"tool": {"driver": {"name": "scan"}}, "results": results}]})


CRASH = Says(1, "", "Traceback (most recent call last):\nRuntimeError: boom\n")
TOOLS: dict[str, tuple[str, Says, Says]] = {
    # name: (its atom, findings, nothing to examine)
    "ruff": (LINT, Says(1, json.dumps([ROW]), ruff_log(3)), Says(0, "[]", ruff_log(0))),
    "black": (
        FORMAT,
        Says(1, "", "would reformat src/demo/words.py\n1 file would be reformatted.\n"),
        Says(0, "", "No Python files are present to be formatted. Nothing to do\n"),
    ),
    "mypy": (
        TYPES,
        Says(1, "src/demo/words.py:1:1: error: bad  [x]\nFound 1 error in 1 file (checked 2 source files)\n"),
        Says(2, "", "There are no .py[i] files in directory 'src'\n"),
    ),
    "ruff-format": (
        FORMAT,
        Says(
            1,
            "--- src/demo/words.py\n+++ src/demo/words.py\n@@ -1 +1 @@\n-x  = 1\n+x = 1\n",
            "1 file would be reformatted\n",
        ),
        Says(0, "", "warning: No Python files found under the given path(s)\n"),
    ),
    "bandit": (LINT, Says(1, bandit(BANDIT)), Says(0, bandit(files=0))),
    "pyright": (TYPES, Says(1, pyright(PYRIGHT)), Says(0, pyright(files=0))),
    "sarif": (LINT, Says(0, sarif(RESULT)), Says(0, sarif())),
    "lines": (FORMAT, Says(1, "src/demo/words.py:1: bad\n"), Says(0)),
}
OWN = ("ruff", "black", "mypy")
OUTCOMES = {
    # situation: (the outcome, what it says, the exit code)
    "findings": ("fail", "1 finding", 1),
    "nothing to examine": ("vacuous", "to look at", 1),
    "missing": ("error", "", 3),
    "crash": ("error", "boom", 3),
    "time-out": ("error", "0.5", 3),
}


def program(folder: Path, name: str, situation: str) -> None:
    """A script that does what the situation says."""
    _, findings, nothing = TOOLS[name]
    said = {"findings": findings, "nothing to examine": nothing, "crash": CRASH}.get(situation, Says(0))
    if name == "lines" and situation == "crash":  # which has no end that it could lack
        said = Says(1, "", "boom, and no line that names a file\n")
    file = folder / name
    file.with_suffix(".out").write_text(said.out, encoding="utf-8")
    file.with_suffix(".err").write_text(said.err, encoding="utf-8")
    wait = "exec sleep 60\n" if situation == "time-out" else ""
    tail = f'cat "{file}.out"\ncat "{file}.err" >&2\nexit {said.code}\n'
    file.write_text(f"#!/bin/sh\n{wait}{tail}", encoding="utf-8")
    file.chmod(0o755)
    if situation == "missing":
        file.unlink()


def with_tools(sample: Any, folder: Path, names: tuple[str, ...], situation: str) -> dict[str, str]:
    """The project's settings for these tools in that situation, and the environment that has them."""
    environment = make_environment(folder / "env")
    tables = []
    for name in names:
        program(environment / "bin", name, situation)
        table = f"[tool.atomci.atoms.{TOOLS[name][0]}]\n"
        table += "timeout = 0.5\n" if situation == "time-out" else ""
        if name not in OWN:
            table += f'run = "{name}"\nreads = "{name}"\n'
            if situation == "nothing to examine" and name in ("sarif", "lines"):
                table += 'inputs = ["nowhere/*.py"]\n'
        tables.append(table)
    sample.append("pyproject.toml", "\n" + "\n".join(tables))
    return {"UV_PROJECT_ENVIRONMENT": str(environment)}


@pytest.mark.parametrize("names", [OWN, ("bandit", "ruff-format", "pyright"), ("sarif", "lines")], ids=str)
@pytest.mark.parametrize("situation", OUTCOMES)
def test_each_tool_in_each_situation(sample: Any, tmp_path: Path, names: Any, situation: str) -> None:
    env = with_tools(sample, tmp_path, names, situation)
    status, said, code = OUTCOMES[situation]
    # The whole gate once; else its first stage, which is a job of CI.
    target = "local_ci" if names == OWN else "lint_types"
    done = sample.atomci("run", target, "--json", **env)
    for name in names:
        outcome, reason = done[TOOLS[name][0]]
        assert outcome == status, f"{name}: {reason}"
        assert said in reason, f"{name}: {reason}"
    assert done.code == code
    assert done["stage1_lint_types"][0] == status
    if names == OWN:
        assert sample.json("artifacts/gate.json")["verdict"] == ("red" if code == 1 else "broken")


@pytest.mark.parametrize("name", TOOLS)
def test_one_tool_with_a_finding_among_clean_ones_is_red(sample: Any, tmp_path: Path, name: str) -> None:
    env = with_tools(sample, tmp_path, (name,), "findings")
    done = sample.atomci("run", "lint_types", "--json", **env)
    assert done.code == 1
    assert {atom for atom, status in done.statuses.items() if status == "fail"} == {
        TOOLS[name][0],
        "stage1_lint_types",
    }
