"""Which versions will do, where interpreters are looked for, and which is taken."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from atomci.bootstrap import interpreters
from atomci.bootstrap.interpreters import Wanted, candidates, choose, installable, wanted
from atomci.errors import UsageError


def program(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def by(text: str, tmp_path: Path, **environ: str) -> Wanted:
    return wanted({"requires-python": text}, tmp_path, environ)


@pytest.mark.parametrize(
    ("pinned", "environ", "yes", "no"),
    [
        (None, {}, "3.14.0", "3.10.9"),
        ("3.12\n", {}, "3.12.4", "3.13.0"),
        ("3.12.1\n3.11.7\n", {}, "3.12.1", "3.12.2"),
        ("cpython-3.12.1-linux-x86_64-gnu", {}, "3.12.1", "3.12.2"),
        ("my-virtualenv\n", {}, "3.13.0", "3.10.9"),
        ("# ours\n\n3.12\n", {}, "3.12.4", "3.13.0"),
        ("3\n", {}, "3.12.4", "3.10.9"),
        (None, {"UV_PYTHON": "python3.12"}, "3.12.4", "3.13.0"),
        ("3.12\n", {"UV_PYTHON": "3.13"}, "3.13.0", "3.12.1"),
        (None, {"UV_PYTHON": "cpython@3.12"}, "3.12.1", "3.13.0"),
        (None, {"UV_PYTHON": ">=3.12,<3.13"}, "3.12.1", "3.13.0"),
        (None, {"UV_PYTHON": "/usr/bin/python3"}, "3.13.0", "3.10.9"),
    ],
)
def test_a_pin_narrows_what_requires_python_allows(
    tmp_path: Path, pinned: str | None, environ: dict[str, str], yes: str, no: str
) -> None:
    if pinned is not None:
        (tmp_path / ".python-version").write_text(pinned, encoding="utf-8")
    versions = by(">=3.11", tmp_path, **environ)
    assert yes in versions
    assert no not in versions


def test_a_pin_names_where_it_comes_from(tmp_path: Path) -> None:
    (tmp_path / ".python-version").write_text("3.12\n", encoding="utf-8")
    assert str(by(">=3.11", tmp_path)) == ">=3.11, by .python-version ==3.12.*"


def test_without_requires_python_the_oldest_that_atomci_runs_on_will_do(tmp_path: Path) -> None:
    versions = wanted({}, tmp_path, {})
    assert "3.11.0" in versions
    assert "3.10.14" not in versions


def test_a_range_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'three' isn't a version range"):
        by("three", tmp_path)


def test_the_first_that_starts_and_satisfies_is_taken_and_the_others_are_named(tmp_path: Path) -> None:
    answers = {
        "/shims/python3.12": None,
        "/usr/bin/python3": "3.9.2",
        "/opt/python": "3.12.1",
        "/late": "3.13.0",
    }
    asked = []

    def ask(path: str) -> str | None:
        asked.append(path)
        return answers[path]

    found = choose([*answers, "/opt/python"], by(">=3.11", tmp_path), ask)

    assert (found.path, found.version) == ("/opt/python", "3.12.1")
    assert found.passed_over == ("/shims/python3.12 can't be started", "/usr/bin/python3 is 3.9.2")
    assert asked == ["/shims/python3.12", "/usr/bin/python3", "/opt/python"]


def test_a_prerelease_is_taken_only_where_no_release_will_do(tmp_path: Path) -> None:
    answers = {"/early": "3.14.0rc1", "/late": "3.13.0"}

    found = choose(answers, by(">=3.11", tmp_path), answers.get)
    assert (found.path, found.passed_over) == ("/late", ("/early is 3.14.0rc1",))

    found = choose(answers, by(">=3.14", tmp_path), answers.get)
    assert (found.path, found.version) == ("/early", "3.14.0rc1")


@pytest.mark.parametrize("answer", ["hello", "", "3.12.1 and more", "Python 3.12.1"])
def test_a_program_that_answers_no_version_is_passed_over(tmp_path: Path, answer: str) -> None:
    found = choose(["/x"], by(">=3.11", tmp_path), lambda path: answer)
    assert found == interpreters.Found(None, None, (f"/x is {answer}",))


def test_an_interpreter_answers_with_its_version_alone() -> None:
    said = subprocess.check_output([sys.executable, "-c", interpreters.QUESTION], text=True)
    assert said.strip() == platform.python_version().rstrip("+")


def test_nothing_is_made_up_where_none_satisfies(tmp_path: Path) -> None:
    found = choose(["/usr/bin/python3"], by(">=3.12", tmp_path), lambda path: "3.11.2")
    assert found == interpreters.Found(None, None, ("/usr/bin/python3 is 3.11.2",))


@pytest.mark.skipif(os.name == "nt", reason="the folders are those of POSIX")
def test_the_order_is_own_asked_running_path_pyenv_uv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = program(tmp_path / "project/.venv/bin/python")
    asked = program(tmp_path / "asked/python")
    running = program(tmp_path / "running/python3")
    on_path = [
        program(tmp_path / "a/python3.13"),
        program(tmp_path / "b/python3.13"),
        program(tmp_path / "b/python3.12"),
        program(tmp_path / "a/python3"),
    ]
    pyenv = [program(tmp_path / f"pyenv/versions/{v}/bin/python") for v in ("3.13.0", "3.12.10", "3.12.9")]
    uv = [program(tmp_path / f"uv/cpython-{v}-linux-x86_64-gnu/bin/python3") for v in ("3.12.4", "3.11.7")]
    monkeypatch.setattr("sys._base_executable", running)
    environ = {
        "PATH": os.pathsep.join([str(tmp_path / "a"), "", str(tmp_path / "b")]),
        "PYENV_ROOT": str(tmp_path / "pyenv"),
        "UV_PYTHON": asked,
        "HOME": str(tmp_path),
    }

    found = list(candidates(tmp_path / "project/.venv", environ, tmp_path / "uv"))

    assert found == [own, asked, running, *on_path, *pyenv, *uv]


def test_pyenv_win_keeps_its_versions_one_folder_deeper(tmp_path: Path) -> None:
    python = program(tmp_path / ".pyenv/pyenv-win/versions/3.12.1/python.exe")
    assert python in list(candidates(tmp_path / ".venv", {"USERPROFILE": str(tmp_path)}, None))


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (">=3.11", "3.14"),
        (">=3.14", "3.14"),
        (">=3.11,<3.13", "3.11"),
        ("==3.12.*", "3.12"),
        ("==3.12.4", "3.12.4"),
    ],
)
def test_what_uv_is_asked_to_install(tmp_path: Path, text: str, version: str) -> None:
    assert installable(by(text, tmp_path)) == version


def test_a_pin_against_requires_python_can_not_be_installed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"satisfies >=3.12, by UV_PYTHON ==3.11") as raised:
        installable(by(">=3.12", tmp_path, UV_PYTHON="3.11"))
    assert "UV_PYTHON" in raised.value.hint
