"""pytest and `coverage report`, typed in the project's root, against what the atoms say of the same project.

Each project is one way to configure them. Both must agree on red or green, on the tests by outcome, on the
total and on the budget.
"""

import json
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

RUN, BUDGET = "run_pytest_unit_with_coverage", "enforce_coverage_budget"
# 8 statements, of which test_half covers 6: 75 %.
CORE = "def add(a, b):\n    c = a\n    d = b\n    e = c + d\n    return e\n\n\ndef sub(a, b):\n    c = a\n    return c - b\n"
HALF = "from demo.core import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n"
WHOLE = HALF.replace("import add", "import add, sub") + "\n\ndef test_sub():\n    assert sub(2, 1) == 1\n"
PROJECT = '[project]\nname = "demo"\nversion = "1"\noptional-dependencies.dev = ["atomci"]\n'
PYTEST = '[tool.pytest.ini_options]\npythonpath = ["src"]\n'
COVER = "[tool.coverage.report]\nfail_under = {}\n"
_COUNTED = re.compile(r"(\d+) (passed|failed|errors?|skipped|xfailed|xpassed)")


@dataclass(frozen=True)
class Case:
    """A project: its files, and what the atoms have to say beside what the tools say.

    `measured` is what someone types to measure the coverage by hand.
    """

    files: dict[str, str]
    says: tuple[str, ...] = ()
    measured: str = "--cov=src"
    budgeted: bool = True
    """Without a budget the gate is red, where coverage has nothing against it."""
    tests: str = "tests/unit"


def src(pyproject: str = "", tests: str = HALF, **more: str) -> dict[str, str]:
    """A package below src/ with pytest's settings in pyproject.toml; `_` in a name stands for a dot."""
    return {
        "pyproject.toml": PROJECT + pyproject,
        "src/demo/__init__.py": "",
        "src/demo/core.py": CORE,
        "tests/unit/test_core.py": tests,
        **more,
    }


TEN, HUNDRED = COVER.format(10), COVER.format(100)
CASES = {
    "pyproject.toml": Case(src(PYTEST + COVER.format(75)), ("75.00 % covered, budget 75 %",)),
    "pytest.ini over pyproject.toml": Case(
        src(
            PYTEST + 'addopts = "-k nothing"\n' + TEN,
            **{"pytest.ini": "[pytest]\npythonpath = src\naddopts = -k 'not sub'\n"},
            tests=WHOLE,
        ),
        ('1 deselected (-k "not sub")',),
    ),
    "tox.ini, tests that are skipped and expected to fail": Case(
        src(
            TEN,
            HALF + "\n\nimport pytest\n\n\n@pytest.mark.skip\ndef test_b(): ...\n\n\n"
            "@pytest.mark.xfail\ndef test_c():\n    assert 0\n\n\n@pytest.mark.xfail\ndef test_d(): ...\n",
            **{"tox.ini": "[pytest]\npythonpath = src\n"},
        ),
        ("1 skipped; 1 xfailed",),
    ),
    "setup.cfg for both": Case(
        src(
            **{
                "setup.cfg": "[tool:pytest]\npythonpath = src\npython_files = check_*.py\n"
                "[coverage:run]\nbranch = true\n[coverage:report]\nfail_under = 75\n",
                "tests/unit/check_core.py": HALF,
            },
            tests="assert 0\n",
        ),
        ("75.00 % covered, budget 75 % of setup.cfg",),
    ),
    "a settings file in tests/": Case(
        src(TEN, **{"tests/pytest.ini": "[pytest]\npythonpath = ../src\naddopts = -x\n"})
    ),
    ".coveragerc over pyproject.toml": Case(
        src(PYTEST + TEN, **{".coveragerc": "[report]\nfail_under = 100\n"}),
        ("75.00 % covered, budget 100 % of .coveragerc", "10 % in pyproject.toml isn't read"),
    ),
    "an empty .coveragerc over a budget": Case(
        src(PYTEST + HUNDRED, **{".coveragerc": ""}),
        (".coveragerc sets no fail_under", "100 % in pyproject.toml isn't read"),
        budgeted=False,
    ),
    "setup.cfg over pyproject.toml": Case(
        src(PYTEST + TEN, **{"setup.cfg": "[coverage:report]\nfail_under = 76\n"}),
        ("75.00 % covered, budget 76 % of setup.cfg", "10 % in pyproject.toml isn't read"),
    ),
    "rounded up to the budget": Case(
        src(PYTEST + COVER.format(95), **{"src/demo/__init__.py": "X = 1\n" * 30}),
        ("94.74 % covered, budget 95 %, which coverage rounds to",),
    ),
    "precision at the budget's edge": Case(
        src(
            PYTEST + COVER.format(66.67) + "precision = 1\n",
            **{"src/demo/more.py": "X = 1\nif X > 1:\n    Y = 2\n    Z = 3\n"},
        ),
        ("budget 66.67 %",),
    ),
    "exclude_also, omit and branch": Case(
        src(
            PYTEST
            + '[tool.coverage.run]\nbranch = true\nomit = ["*/more.py"]\n'
            + HUNDRED
            + 'exclude_also = ["def sub"]\n',
            **{"src/demo/more.py": "X = 1\n" * 9},
        ),
        ("100.00 % covered, budget 100 %",),
    ),
    "a flat package that the settings name": Case(
        {
            "pyproject.toml": PROJECT + '[tool.pytest.ini_options]\npythonpath = ["."]\n'
            '[tool.coverage.run]\nsource = ["demo"]\n' + COVER.format(75),
            "demo/__init__.py": "",
            "demo/core.py": CORE,
            "tests/unit/test_core.py": HALF,
        },
        ("75.00 % covered, budget 75 %",),
        measured="--cov",
    ),
    "a namespace package, two packages below src/, one of them measured": Case(
        src(
            PYTEST + '[tool.coverage.run]\nsource_pkgs = ["demo.part"]\n' + COVER.format(80),
            "from demo.part.core import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n",
            **{
                "src/demo/part/__init__.py": "",
                "src/demo/part/core.py": CORE,
                "src/other/__init__.py": "X = 1\n" * 90,
            },
        ),
        ("75.00 % covered, budget 80 %",),
        measured="--cov",
    ),
    "pytest-cov in addopts, with a budget of its own": Case(
        src(PYTEST + 'addopts = ["--cov=demo", "--cov-fail-under=90"]\n' + TEN),
        ("75.00 % covered, budget 90 % of addopts in pyproject.toml",),
        measured="",
    ),
    "pytest-cov's own precision": Case(
        src(
            PYTEST + 'addopts = "--cov=demo --cov-fail-under=95 --cov-precision=2"\n' + TEN,
            **{"src/demo/__init__.py": "X = 1\n" * 30},
        ),
        ("94.74 % covered, budget 95 % of addopts in pyproject.toml",),
        measured="",
    ),
    "a file of settings that an option names": Case(
        src(
            PYTEST + 'addopts = "--cov-config=ci/cover.cfg"\n' + HUNDRED,
            **{
                "ci/cover.cfg": "[report]\nfail_under = 70\nomit = */other.py\n",
                "src/demo/other.py": "X = 1\n" * 9,
            },
        ),
        ("75.00 % covered, budget 70 % of ci/cover.cfg",),
    ),
    "pytest-cov turned off": Case(
        src(PYTEST + 'addopts = "-p no:cov -p no:cacheprovider --strict-markers"\n' + TEN),
        ("no coverage was measured: pytest-cov is turned off by -p no:cov (addopts in pyproject.toml)",),
        measured="",
    ),
    "a failing test, and one that can't be set up": Case(
        src(
            PYTEST + TEN,
            HALF + "\n\ndef test_bad(nope): ...\n\n\ndef test_worse():\n    assert 0\n",
        ),
        ("1 failed, 1 error",),
    ),
}


@dataclass(frozen=True)
class Said:
    """What was said of a project, by hand or by the atoms."""

    green: bool
    """The tests and the coverage."""
    counts: dict[str, int]
    percent: float | None


BY_HAND = """\
import json, sys

import pytest
from coverage.cmdline import main

words, rcfile = json.loads(sys.argv[1])
tests = int(pytest.main(words))
print("== report")
report = main(["report", "--format=total", *rcfile])
print("== json")
main(["json", "-q", "-o", "-", "--fail-under=0", *rcfile])
print("\\n==", tests, report)
"""


def _by_hand(sample: Any, case: Case) -> Said:
    """What is typed one after the other, in one process: each start of one is a third of a second."""
    rcfile = ["--rcfile=ci/cover.cfg"] if (sample.root / "ci/cover.cfg").is_file() else []
    measure = [case.measured, "--cov-fail-under=0", "--cov-report="] if case.measured else []
    words = json.dumps([[case.tests, "-q", *measure], rcfile])
    command = [sys.executable, "-c", BY_HAND, words]
    done = subprocess.run(
        command, cwd=sample.root, env=sample.env, capture_output=True, text=True, check=True
    )
    tests, _, rest = done.stdout.partition("== report\n")
    percent, _, ends = rest.partition("== json\n")[2].rpartition("\n== ")
    code, report = ends.split()
    last = [line for line in tests.splitlines() if " in " in line][-1]
    counts = {
        kind.removesuffix("s") if kind == "errors" else kind: int(n) for n, kind in _COUNTED.findall(last)
    }
    found = json.loads(percent)["totals"]["percent_covered"] if percent.startswith("{") else None
    return Said(code == report == "0", counts, found)


def _by_the_atoms(sample: Any) -> tuple[Said, Any]:
    done = sample.atomci("run", RUN, BUDGET, "--keep-going", "--json")
    budget = sample.root / "artifacts/tests/coverage.json"
    percent = sample.json("artifacts/tests/coverage.json")["percent"] if budget.is_file() else None
    counts = sample.json("artifacts/tests/unit.json")["counts"]
    return Said(done.statuses[RUN] == done.statuses[BUDGET] == "pass", counts, percent), done


@pytest.mark.parametrize("name", CASES)
def test_what_the_atoms_say_is_what_the_tools_say(real_sample: Any, tmp_path: Path, name: str) -> None:
    sample = replace(real_sample, root=tmp_path / "project")
    for path, text in CASES[name].files.items():
        sample.write(path, text)
    hand = _by_hand(sample, CASES[name])
    (sample.root / ".coverage").unlink(missing_ok=True)
    gate, done = _by_the_atoms(sample)
    said = "\n".join(row["reason"] for row in done.atoms.values())
    assert gate == (hand if CASES[name].budgeted else Said(False, hand.counts, None)), said
    assert [text for text in CASES[name].says if text not in said] == [], said
