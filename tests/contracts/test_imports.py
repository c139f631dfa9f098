"""What src/ imports is declared, and by whom it is brought where a file runs elsewhere."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "atomci"
NEED_AN_EXTRA = {
    "template": ("template/", "update/", "adopt/", "export/", "fleet/", "cli/view/questions.py"),
    "watch": ("tools/notices.py",),
}
# These are loaded by pytest in a project's own environment, and rendered for cookiecutter's.
BROUGHT = {
    "testing/measurement/measuring.py": {"coverage", "pytest"},
    "testing/observation/functions.py": {"pytest"},
    "testing/observation/observer.py": {"pytest"},
    "testing/recorder.py": {"pytest"},
    "testing/session.py": {"pytest"},
    "testing/chosen.py": {"pytest"},
    "testing/standby.py": {"pytest"},
    "testing/measurement/coverage_report.py": {"coverage"},
    "testing/measurement/sources.py": {"coverage"},
    "testing/measurement/reused.py": {"coverage"},
    "testing/selection/plugin.py": {"pytest"},
    "testing/sharding/plugin.py": {"pytest"},
    "testing/flaky/kinds.py": {"pytest"},
    "testing/flaky/plugin.py": {"pytest"},
    "testing/fixtures/census.py": {"pytest"},
    "export/exported/": {"jinja2", "pyyaml"},
}


@cache
def _brought_by() -> Mapping[str, list[str]]:
    return packages_distributions()


def _declared(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in requirements}


def _allowed(path: str) -> set[str]:
    for place, brought in BROUGHT.items():
        if path.startswith(place):
            return brought
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    needed = [
        row for name, places in NEED_AN_EXTRA.items() if path.startswith(places) for row in extras[name]
    ]
    return _declared(project["dependencies"] + needed)


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _undeclared(file: Path, path: str) -> Iterator[str]:
    for module in sorted({*_imported(file)} - {*sys.stdlib_module_names, "atomci"}):
        ways = {canonicalize_name(name) for name in _brought_by().get(module, [module])}
        if not ways & _allowed(path):
            yield f"{path}: {module}"


def test_every_import_is_declared_where_it_is_needed() -> None:
    files = {file.relative_to(PACKAGE).as_posix(): file for file in sorted(PACKAGE.rglob("*.py"))}
    assert [line for path, file in files.items() for line in _undeclared(file, path)] == []


@pytest.mark.parametrize(
    "plugin",
    [
        "chosen",
        "observation.functions",
        "observation.observer",
        "recorder",
        "selection.plugin",
        "sharding.plugin",
        "flaky.plugin",
        "fixtures.census",
    ],
)
def test_a_plugin_of_pytest_brings_none_of_our_dependencies_along(plugin: str) -> None:
    ask = f"import sys, atomci.testing.{plugin}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert "pytest" in done.stdout.split()
    assert {"click", "msgspec", "rich", "yaml", "validate_pyproject"} & {*done.stdout.split()} == set()
