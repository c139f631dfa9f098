"""What to type where a module is missing: sure where it is known, and said where it isn't."""

from __future__ import annotations

from pathlib import Path

import pytest

from atomci.artifacts.handed.schemas import Finding
from atomci.bootstrap.missing_modules import DISTRIBUTIONS, how_to_add
from atomci.project import Project

RAN = "ModuleNotFoundError: No module named '{}'"
TYPED = 'Cannot find implementation or library stub for module named "{}"'
STUBS = (
    'Library stubs not installed for "yaml" (Hint: "python3 -m pip install types-PyYAML"; '
    '(or run "mypy --install-types" to install all missing stub packages))'
)
UNKNOWN = "module {}: which distribution has it isn't known for sure; look it up, then uv add {}NAME"


def advice(
    root: Path, *messages: str, path: str = "tests/unit/test_a.py", lock: str = "uv.lock"
) -> list[str]:
    (root / lock).parent.mkdir(exist_ok=True)
    (root / lock).touch()
    findings = [Finding(path=path, line=1, tool="t", rule="r", message=message) for message in messages]
    return how_to_add(Project(root), findings)


@pytest.mark.parametrize(
    ("message", "path", "said"),
    [
        (RAN.format("networkx"), "tests/unit/test_a.py", "module networkx: uv add --dev networkx"),
        (TYPED.format("networkx.algorithms"), "src/demo/a.py", "module networkx: uv add networkx"),
        (RAN.format("sklearn"), "src/demo/a.py", "module sklearn: uv add scikit-learn"),
        (RAN.format("fooob"), "src/demo/a.py", UNKNOWN.format("fooob", "")),
        (TYPED.format("fooob"), "tests/conftest.py", UNKNOWN.format("fooob", "--dev ")),
        (STUBS, "src/demo/a.py", "types-PyYAML has types: uv add --dev types-PyYAML"),
    ],
)
def test_a_missing_module_has_the_line_that_adds_it(
    tmp_path: Path, message: str, path: str, said: str
) -> None:
    assert advice(tmp_path, message, path=path) == [said]


@pytest.mark.parametrize(
    "message",
    [
        RAN.format("demo.words"),
        TYPED.format("demo"),
        RAN.format("flat"),
        RAN.format("tests.words"),
        RAN.format("tomllib"),
        RAN.format("pytest"),  # which is installed
        f"AssertionError: assert {RAN.format('networkx')!r} in ''",
        "ImportError: cannot import name 'a' from 'networkx'",
    ],
)
def test_nothing_is_said_of_own_modules_of_what_is_there_and_of_other_failures(
    tmp_path: Path, message: str
) -> None:
    (tmp_path / "src/demo").mkdir(parents=True)
    (tmp_path / "flat.py").touch()
    (tmp_path / "tests").mkdir()
    assert advice(tmp_path, message) == []


def test_each_module_is_named_once(tmp_path: Path) -> None:
    messages = (TYPED.format("networkx"), RAN.format("networkx"), RAN.format("fooob"))
    assert [line.partition(":")[0] for line in advice(tmp_path, *messages)] == [
        "module networkx",
        "module fooob",
    ]


def test_what_is_locked_and_not_installed_is_synced(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text('[[package]]\nname = "networkx"\nversion = "3.0"\n', encoding="utf-8")
    (said,) = advice(tmp_path, RAN.format("networkx"))
    assert said.endswith("it is in the lock, and not installed: atomci run compile_lockfile_and_sync")


def test_pip_tools_is_told_the_file_and_the_lock(tmp_path: Path) -> None:
    (said,) = advice(tmp_path, RAN.format("networkx"), lock="requirements/dev.txt")
    assert said.startswith("module networkx: add networkx to requirements/dev.in, then type pip-compile ")


def test_without_a_lock_nobody_knows_how_the_project_gets_packages(tmp_path: Path) -> None:
    finding = Finding(path="a.py", line=1, tool="t", rule="r", message=RAN.format("networkx"))
    assert how_to_add(Project(tmp_path), [finding]) == []


def test_names_of_distributions_are_as_locks_have_them() -> None:
    assert [name for name in DISTRIBUTIONS.values() if name != name.lower() or "_" in name] == []
