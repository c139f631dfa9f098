"""Whatever is edited between two runs, a run that may take results over says what one says that may not.

ATOMCI_EXAMPLES is how many states of the project are tried; each costs two runs of real tools.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("ATOMCI_EXAMPLES", "6"))
ATOMS = ("run_ruff_lint", "run_black_check", "run_mypy_typecheck", "run_pytest_unit_with_coverage")
CONFTEST = """\
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def wanted() -> str:
    return (ROOT / "data" / "wanted.txt").read_text().strip()
"""
TESTS = """\
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from demo.words import shout

ROOT = Path(__file__).parents[2]


def test_data(wanted: str) -> None:
    assert shout("hi") == wanted


def test_ignored() -> None:
    assert (ROOT / "local.cfg").read_text() == "on"


def test_listing() -> None:
    assert {path.name for path in (ROOT / "data").iterdir()} <= {"wanted.txt"}


def test_variable() -> None:
    assert os.environ.get("DEMO_MODE", "plain") != "broken"


def test_installed() -> None:
    assert pytest.importorskip("extra_pkg").ANSWER == 42


def test_optional_module() -> None:
    with pytest.raises(ImportError):
        importlib.import_module("demo.optional")
"""
STARTS = """

def test_script() -> None:
    assert subprocess.run([sys.executable, "tools/check.py"], check=False).returncode == 0
"""
# Each thing that is edited: its states, of which the first is the good one; None is not there.
FILES: Mapping[str, tuple[str | None, ...]] = {
    "data/wanted.txt": ("HI!", "HO!", None),
    "data/more.txt": (None, "more"),
    "local.cfg": ("on", "off", None),
    "src/demo/extra.py": (None, "import os\n", "X = {  }\n", "def f() -> int:\n    return ''\n", "A = 1\n"),
    "src/demo/_version.py": ("V = '1'\n", "V = 1\n", None),
    "src/demo/uses.py": (None, "from demo._version import V\n\nW: str = V\n"),
    "src/demo/optional.py": (None, ""),
    "tests/unit/test_more.py": (None, "def test_more() -> None:\n    assert 0\n", "import no_such_module\n"),
    "tests/unit/test_truth.py": (TESTS, TESTS + STARTS),
    "tools/check.py": ("", "raise SystemExit(1)\n"),
    "tests/unit/ruff.toml": (None, '[lint]\nselect = ["D100"]\n'),
    "config/base.toml": ("", '[lint]\nselect = ["D100"]\n'),
    "src/demo/ruff.toml": (None, 'extend = "../../config/base.toml"\n'),
    "mypy.ini": (None, "[mypy]\nignore_errors = True\n"),
    "pytest.ini": (None, "[pytest]\npythonpath = src\naddopts = -k data\n"),
    "stubs/six.pyi": (None, "def u(x: int) -> str: ...\n"),
    "README.md": ("# Demo\n", "# Demo\n\nMore.\n"),
}
INSTALLED = (42, 41, None)
MODES = ("plain", "fast", "broken")
STATES = st.fixed_dictionaries(
    {path: st.sampled_from([states[0]] * 4 + list(states)) for path, states in FILES.items()}
)


def put(root: Path, files: Mapping[str, str | None]) -> None:
    """The files as they are wanted; what is so already isn't touched."""
    for name, text in files.items():
        file = root / name
        if text is None:
            file.unlink(missing_ok=True)
        elif not file.is_file() or file.read_text() != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            # The type check waits for the end of a file's own second.
            os.utime(file, (file.stat().st_mtime - 2,) * 2)


def install(site: Path, answer: int | None) -> None:
    """The package whose answer the tests ask for."""
    shutil.rmtree(site / "extra_pkg", ignore_errors=True)
    for info in site.glob("extra_pkg-*.dist-info"):
        shutil.rmtree(info)
    if answer is not None:
        put(
            site,
            {"extra_pkg/__init__.py": f"ANSWER = {answer}\n", f"extra_pkg-{answer}.dist-info/RECORD": ""},
        )


@pytest.fixture
def project(real_sample: Any, clone_environment: Callable[..., Path]) -> Any:
    """A project with an environment of its own, whose ignored files count too."""
    home = clone_environment()
    real_sample.append(".gitignore", "_version.py\nlocal.cfg\n")
    real_sample.write("tests/unit/conftest.py", CONFTEST)
    real_sample.env["UV_PROJECT_ENVIRONMENT"] = str(home)
    return real_sample


def verdicts(project: Any, *options: str, **env: str) -> dict[str, Any]:
    """How each atom ended, and on what grounds."""
    done = project.atomci("run", "-k", "--json", *ATOMS, *options, **env)
    assert done.code in (0, 1, 3), done.out + done.err
    return {
        name: (row["status"], row["examined"], [(f["path"], f["line"], f["rule"]) for f in row["findings"]])
        for name, row in done.atoms.items()
        if name in ATOMS
    }


def test_a_run_with_the_cache_says_what_one_without_says(project: Any) -> None:
    (site,) = Path(project.env["UV_PROJECT_ENVIRONMENT"]).glob("lib/python*/site-packages")
    taken_over = 0

    @seed(11)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(files=STATES, answer=st.sampled_from(INSTALLED), mode=st.sampled_from(MODES))
    def holds(files: Mapping[str, str | None], answer: int | None, mode: str) -> None:
        nonlocal taken_over
        put(project.root, files)
        install(site, answer)
        with_cache = verdicts(project, DEMO_MODE=mode)
        assert with_cache == verdicts(project, "--no-cache", DEMO_MODE=mode)
        again = project.atomci("run", "-k", "--json", *ATOMS, DEMO_MODE=mode)
        passed = {name for name, (status, *_) in with_cache.items() if status == "pass"}
        if left := passed - again.cached:
            # What runs note for selecting tests may have come or gone: they run once more, and then no more.
            assert left == {"run_pytest_unit_with_coverage"}
            assert again.atoms[left.pop()]["because"] == "artifacts/tests/selection.json changed"
            again = project.atomci("run", "-k", "--json", *ATOMS, DEMO_MODE=mode)
        taken_over += len(again.cached)
        assert passed <= again.cached

    holds()
    assert taken_over
