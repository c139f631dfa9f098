"""A small green project, made with real git and real tools, and ways to drive `atomci` in it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from command_line import Done, call
from once import made_once
from stand_in_tools import make_environment

pytest_plugins = ("fixture_costs", "once")
LAYERS = ("unit", "integration", "e2e", "contracts")
# What an outer run, shell or CI job would lend to the runs under test.
_FOREIGN = (
    "GIT_",
    "PYTEST_",
    "COV_",
    "COVERAGE_",
    "MYPY",
    "RUFF_",
    "BLACK_",
    "GITHUB_",
    "ATOMCI_TEST",
    "ATOMCI_COVERAGE",
    "ATOMCI_SHARD",
)
_FOREIGN_NAMES = {"CI", "NO_COLOR", "FORCE_COLOR", "PYTHONPATH", "VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"}

PYPROJECT = """\
[project]
name = "demo"
version = "0.1.0"
requires-python = ">=3.11"

[tool.black]
line-length = 100

[tool.ruff]
line-length = 100

[tool.ruff.lint]
select = ["E", "F", "I", "UP"]

[tool.mypy]
strict = true
files = ["src"]

[tool.pytest.ini_options]
pythonpath = ["src"]
addopts = ["--strict-markers"]

[tool.coverage.run]
branch = true
relative_files = true

[tool.coverage.report]
fail_under = 80

[dependency-groups]
dev = ["atomci"]
"""

SOURCES = {
    "pyproject.toml": PYPROJECT,
    ".gitignore": "/artifacts/\n/.venv/\n__pycache__/\n.*_cache/\n",
    "README.md": "# demo\n",
    "src/demo/__init__.py": '"""A demo."""\n',
    "src/demo/prices.py": '''\
"""Prices."""

from demo.rounding import cents


def total(prices: list[float], discount: float = 0.0) -> int:
    """The sum in cents, less a discount."""
    if discount:
        return cents(sum(prices) * (1 - discount))
    return cents(sum(prices))
''',
    "src/demo/rounding.py": '''\
"""Rounding."""


def cents(amount: float) -> int:
    """An amount in cents."""
    return round(amount * 100)
''',
    "src/demo/words.py": '''\
"""Words."""


def shout(text: str) -> str:
    """A text in capitals."""
    return text.upper() + "!"
''',
    "tests/unit/test_prices.py": """\
import pytest

from demo.prices import total


@pytest.mark.parametrize(("discount", "wanted"), [(0.0, 300), (0.5, 150)])
def test_total(discount: float, wanted: int) -> None:
    assert total([1.0, 2.0], discount) == wanted
""",
    "tests/unit/test_rounding.py": """\
from demo.rounding import cents


def test_cents() -> None:
    assert cents(1.5) == 150
""",
    "tests/unit/test_words.py": """\
from demo.words import shout


def test_shout() -> None:
    assert shout("hey") == "HEY!"
""",
    "scripts/local_ci.sh": "#!/bin/sh\nexec atomci run local_ci\n",
    "scripts/local_ci.ps1": "atomci run local_ci\nexit $LASTEXITCODE\n",
    "Taskfile.yml": 'version: "3"\ntasks:\n  ci:\n    cmds:\n      - atomci run local_ci\n',
    ".pre-commit-config.yaml": """\
repos:
  - repo: local
    hooks:
      - id: gate
        name: gate
        entry: atomci run local_ci
        language: system
        stages: [pre-push]
        pass_filenames: false
        always_run: true
""",
    ".github/workflows/ci.yml": """\
on: push
jobs:
  lint:
    runs-on: ubuntu-24.04
    steps:
      - run: atomci run lint_types
  unit:
    runs-on: ubuntu-24.04
    steps:
      - run: atomci run unit
  gate:
    if: always()
    needs: [lint, unit]
    runs-on: ubuntu-24.04
    steps:
      - run: test "$RESULTS" = "success success"
        env:
          RESULTS: ${{ needs.lint.result }} ${{ needs.unit.result }}
""",
}

WITHOUT_HYPOTHESIS = "-p no:hypothesispytest"
"""For a pytest that a test starts: to load that plugin is half of a second in which nothing is tested."""


def pytest_configure() -> None:
    """A background job may be started deaf to signals that tests send, and its children inherit that."""
    for name, handler in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)
    # Processes that may not keep bytecode compile all that they import, each anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The folder is the layer."""
    here = Path(__file__).parent
    for item in items:
        layer = item.path.relative_to(here).parts[0]
        if layer in LAYERS:
            item.add_marker(layer)
        if layer == "contracts":
            item.add_marker("integration")  # atomci runs both as one
    items[:] = _long_ones_first(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def _long_ones_first(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """Each worker's part begins with files of end-to-end tests, so that no long one is left for the end.

    A worker begins with an equal part of the list, in its order, and takes from others when it is done.
    """
    if workers == 1:
        return items
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("e2e"):
            files.setdefault(item.path, []).append(item)
    short = [item for item in items if item.path not in files]
    order: list[pytest.Item] = []
    for worker in range(workers):
        order += [item for path in sorted(files)[worker::workers] for item in files[path]]
        size = len(items) * (worker + 1) // workers - len(order)
        order, short = order + short[: max(size, 0)], short[max(size, 0) :]
    return order + short


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """One more than there are processors: many tests wait for a network, a disk or a program's end."""
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Workers that are done take from others; xdist's usual way gives all of e2e to one that keeps it.

    Not as `--dist` in addopts, which our own atom_038 would take for a choice of workers.
    """
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log) if config.getoption("dist") == "load" else None


def clean_environment() -> dict[str, str]:
    """This process's environment without what changes how tools behave."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_FOREIGN) and name not in _FOREIGN_NAMES
    }
    kept["GIT_CONFIG_GLOBAL"] = os.devnull
    kept["GIT_CONFIG_NOSYSTEM"] = "1"
    return kept


@dataclass(frozen=True)
class Sample:
    """A project in a folder of its own."""

    root: Path
    env: dict[str, str] = field(default_factory=clean_environment)
    age: float = 0.0
    """So many seconds ago are files written: the type check waits for the end of a file's own second."""

    def write(self, path: str, text: str) -> None:
        """Make or replace a file."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        if self.age:
            then = time.time() - self.age
            os.utime(target, (then, then))

    def append(self, path: str, text: str) -> None:
        """Add to a file's end."""
        self.write(path, self.read(path) + text)

    def line_of(self, path: str, text: str) -> int:
        """The first line that holds a text; the first is 1."""
        lines = self.read(path).splitlines()
        return next(number for number, line in enumerate(lines, 1) if text in line)

    def replace(self, path: str, old: str, new: str) -> None:
        """Change a text that occurs in a file."""
        text = self.read(path)
        assert old in text, f"{old!r} isn't in {path}"
        self.write(path, text.replace(old, new))

    def read(self, path: str) -> str:
        """A file's text."""
        return (self.root / path).read_text(encoding="utf-8")

    def json(self, path: str) -> Any:
        """A file's JSON."""
        return json.loads(self.read(path))

    def delete(self, path: str) -> None:
        """Remove a file or a folder."""
        target = self.root / path
        shutil.rmtree(target) if target.is_dir() else target.unlink()

    def git(self, *words: str) -> str:
        """git's output."""
        identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
        done = subprocess.run(
            ["git", *identity, *words],
            cwd=self.root,
            env=self.env,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, message: str = "change") -> None:
        """Commit all there is."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)

    def atomci(self, *words: str, cwd: Path | None = None, **env: str) -> Done:
        """Run the command line there, to its end."""
        return call(words, cwd or self.root, {**self.env, **env})

    def start(self, *words: str, **env: str) -> subprocess.Popen[str]:
        """Start the command line there, as a terminal would: a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "atomci", *words],
            cwd=self.root,
            env={**self.env, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @property
    def runs(self) -> list[Path]:
        """The folders of its runs, oldest first."""
        return sorted((self.root / "artifacts/runs").iterdir(), key=lambda path: path.stat().st_mtime_ns)

    def log(self, atom: str) -> str:
        """An atom's log of the last run that has one; a run within a run may be the last of all."""
        logs = [log for run in self.runs if (log := run / f"{atom}.log").is_file()]
        return logs[-1].read_text(encoding="utf-8")

    def copy(self, root: Path, **env: str) -> "Sample":
        """The same project elsewhere."""
        shutil.copytree(self.root, root, symlinks=True)
        return replace(self, root=root, env={**self.env, **env})


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of single tests."""
    parser.addoption("--hostile", action="store_true", help="print how each hostile template ended")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What such tests noted, also in workers."""
    if terminalreporter.config.getoption("hostile"):
        reports = [report for name in ("passed", "failed") for report in terminalreporter.stats.get(name, ())]
        rows = [text for report in reports for name, text in report.user_properties if name == "hostile"]
        terminalreporter.section("hostile templates")
        terminalreporter.write_line("\n".join(rows))


@pytest.fixture(scope="session")
def _pristine(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    env = {**clean_environment(), "PYTEST_ADDOPTS": WITHOUT_HYPOTHESIS}
    sample = Sample(tmp_path_factory.mktemp("pristine") / "demo", env)
    for path, text in SOURCES.items():
        sample.write(path, text)
    (sample.root / "scripts/local_ci.sh").chmod(0o755)
    sample.git("init", "--quiet", "--template=", "--initial-branch=main")
    sample.commit("first")
    return sample


@pytest.fixture(scope="session")
def _pristine_light(_pristine: Sample, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    environment = make_environment(tmp_path_factory.mktemp("stand-ins") / "env")
    lent = {**_pristine.env, "UV_PROJECT_ENVIRONMENT": str(environment)}
    return replace(_pristine, env=lent, age=2.0)


@pytest.fixture(scope="session")
def reference(_pristine_light: Sample, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """The project after a green gate with coverage and reports; don't write into it."""
    return after_a_gate(_pristine_light.copy(tmp_path_factory.mktemp("reference") / "demo"))


@pytest.fixture(scope="session")
def real_reference(_pristine: Sample, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """The same with real tools; don't write into it."""
    base = made_once(tmp_path_factory, "real", lambda base: after_a_gate(_pristine.copy(base / "demo")))
    return replace(_pristine, root=base / "demo")


def after_a_gate(sample: Sample) -> Sample:
    """Run its gate, which must be green."""
    done = sample.atomci("run", "local_ci")
    assert done.code == 0, done.out + done.err
    return sample


@pytest.fixture
def sample(_pristine_light: Sample, tmp_path: Path) -> Sample:
    """The project before any run, with tools that take milliseconds (stand_in_tools.py).

    They will do for the rules of the engine, of the gate and of what is shown.
    """
    return _pristine_light.copy(tmp_path / "sample")


@pytest.fixture
def green(reference: Sample, tmp_path: Path) -> Sample:
    """The project after a green gate of those tools."""
    return reference.copy(tmp_path / "green")


@pytest.fixture(scope="session")
def _types_known(_pristine: Sample, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """mypy's own cache of the project; without it mypy reads the types of the standard library each time."""

    def make(base: Path) -> None:
        sample = _pristine.copy(base / "demo")
        subprocess.run(
            [sys.executable, "-m", "mypy"], cwd=sample.root, env=sample.env, check=True, capture_output=True
        )

    return made_once(tmp_path_factory, "types", make) / "demo/.mypy_cache"


@pytest.fixture
def real_sample(_pristine: Sample, _types_known: Path, tmp_path: Path) -> Sample:
    """The project before any run, with real ruff, black, mypy and pytest, of which each takes a second."""
    sample = _pristine.copy(tmp_path / "sample")
    shutil.copytree(_types_known, sample.root / ".mypy_cache")
    return sample


@pytest.fixture
def real_green(real_reference: Sample, tmp_path: Path) -> Sample:
    """The project after a green gate of the real tools."""
    return real_reference.copy(tmp_path / "green")


@pytest.fixture
def clone_environment(tmp_path: Path) -> Callable[..., Path]:
    """Makes a second environment of links to this one's packages, without some programs.

    `clone_environment(without=["mypy"])`; a package's recorded version is another with
    `versions={"ruff": "99.0"}`; those in `lacking` aren't installed in it.
    """

    def make(
        name: str = "env",
        without: Sequence[str] = (),
        versions: dict[str, str] | None = None,
        lacking: Sequence[str] = (),
    ) -> Path:
        real, clone = Path(sys.prefix), tmp_path / name
        python = f"python{sys.version_info.major}.{sys.version_info.minor}"
        site = clone / "lib" / python / "site-packages"
        site.mkdir(parents=True)
        (clone / "bin").mkdir()
        shutil.copyfile(real / "pyvenv.cfg", clone / "pyvenv.cfg")
        for program in (real / "bin").iterdir():
            if program.name not in without:
                (clone / "bin" / program.name).symlink_to(os.path.realpath(program))
        for entry in (real / "lib" / python / "site-packages").iterdir():
            distribution = entry.name.partition("-")[0]
            if distribution.strip("_") in lacking:
                continue
            wanted = (versions or {}).get(distribution)
            changed = (
                f"{distribution}-{wanted}.dist-info" if entry.name.endswith(".dist-info") and wanted else ""
            )
            (site / (changed or entry.name)).symlink_to(entry)
        return clone

    return make
