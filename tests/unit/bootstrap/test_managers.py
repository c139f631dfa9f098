"""uv or pip-tools: one choice, and the lines that go against it."""

from pathlib import Path

import pytest

from atomci.bootstrap.managers import choice, contradictions, pip_tools_steps, relock, uv_sync
from atomci.errors import UsageError


@pytest.mark.parametrize(
    ("answers", "files", "tools", "manager", "source"),
    [
        ({"dependency_manager": "uv"}, ["requirements/dev.txt"], {}, "uv", ".copier-answers.yml"),
        ({"dependency_manager": "pip-tools"}, ["uv.lock"], {}, "pip-tools", ".copier-answers.yml"),
        ({}, ["uv.lock", "requirements/dev.in"], {}, "uv", "uv.lock"),
        ({}, ["requirements/dev.txt", "requirements/dev.in"], {}, "pip-tools", "requirements/dev.in"),
        ({}, ["requirements/README.md"], {"uv": {}}, "uv", "[tool.uv] of pyproject.toml"),
        ({}, [], {"pip-tools": {}}, "pip-tools", "[tool.pip-tools] of pyproject.toml"),
        ({}, [], {}, "uv", "the default"),
    ],
)
def test_the_answer_counts_first_then_what_is_there(
    answers: dict[str, str], files: list[str], tools: dict[str, object], manager: str, source: str
) -> None:
    found = choice(answers, files, tools)
    assert (found.manager, found.recorded_in) == (manager, source)


def test_an_answer_that_is_neither_is_an_error() -> None:
    with pytest.raises(UsageError, match="dependency_manager is 'poetry'"):
        choice({"dependency_manager": "poetry"}, ["uv.lock"], {})


@pytest.mark.parametrize(
    ("manager", "line"),
    [
        ("uv", "      - sh scripts/in_venv.sh atomci run local_ci"),
        ("uv", "      - run: pip-compile pyproject.toml"),
        ("uv", "python -m piptools sync"),
        ("uv", "pip install -r requirements/dev.txt"),
        ("pip-tools", "    cmd: uv run atomci run local_ci"),
        ("pip-tools", "uv sync --locked"),
        ("pip-tools", "uv venv .venv"),
        ("pip-tools", "        uses: astral-sh/setup-uv@0123"),
    ],
)
def test_a_line_for_the_other_manager_is_named_with_its_number(
    tmp_path: Path, manager: str, line: str
) -> None:
    (tmp_path / "Taskfile.yml").write_text(f"version: '3'\n{line}\n", encoding="utf-8")
    found = contradictions(tmp_path, ["Taskfile.yml"], manager)  # type: ignore[arg-type]
    assert [str(one) for one in found] == [f"Taskfile.yml:2: {line.strip()}"]


@pytest.mark.parametrize(
    ("manager", "line"),
    [
        ("uv", "uv run atomci run local_ci"),
        ("uv", "uv pip install -r requirements/docs.txt"),
        ("uv", "# formerly: pip-sync"),
        ("uv", "pip install uv"),
        ("pip-tools", "sh scripts/in_venv.sh atomci run local_ci"),
        ("pip-tools", "python -m pip install -r requirements/dev.txt"),
        ("pip-tools", "# uv run would do it too"),
    ],
)
def test_a_line_for_the_chosen_one_and_a_comment_are_no_contradiction(
    tmp_path: Path, manager: str, line: str
) -> None:
    (tmp_path / "local_ci.sh").write_text(f"{line}\n", encoding="utf-8")
    assert contradictions(tmp_path, ["local_ci.sh"], manager) == []  # type: ignore[arg-type]


def test_a_lock_of_the_other_manager_is_a_contradiction_and_its_own_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text('name = "piptools sync"\n', encoding="utf-8")
    assert contradictions(tmp_path, ["uv.lock"], "uv") == []
    (found,) = contradictions(tmp_path, ["uv.lock"], "pip-tools")
    assert found.path == "uv.lock"


def test_what_brings_a_lock_up_to_date(tmp_path: Path) -> None:
    assert relock(tmp_path, "uv") == "uv lock"
    assert relock(tmp_path, "pip-tools").startswith("pip-compile --output-file requirements/dev.txt ")
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/in_venv.sh").touch()
    assert relock(tmp_path, "pip-tools") == "sh scripts/in_venv.sh --lock"


def test_uv_refuses_a_stale_lock_in_ci_alone() -> None:
    assert "--locked" in uv_sync(in_ci=True)
    assert "--locked" not in uv_sync(in_ci=False)


def verbs(**changes: bool) -> list[str]:
    steps = pip_tools_steps("python", **{"lock": True, "has_pip": True, "has_pip_tools": True, **changes})
    return [" ".join(word for word in step[2:4] if not word.startswith("-")) for step in steps]


def test_pip_tools_compiles_installs_and_adds_the_project_itself() -> None:
    assert verbs() == ["piptools compile", "piptools sync", "pip install"]


def test_pip_tools_leaves_the_lock_alone_where_it_is_to_be_proved() -> None:
    assert verbs(lock=False) == ["piptools sync", "pip install"]


def test_pip_tools_comes_first_where_it_or_pip_is_missing() -> None:
    assert verbs(has_pip=False, has_pip_tools=False)[:2] == ["ensurepip", "pip install"]
