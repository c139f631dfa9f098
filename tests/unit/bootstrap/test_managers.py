"""Package managers: one choice, the lines that go against it, and what each one types."""

from pathlib import Path

import pytest

from atomci.bootstrap.managers import pip_tools, uv
from atomci.bootstrap.managers.choice import choice, contradictions, prefix, typed
from atomci.bootstrap.managers.refused import refused
from atomci.bootstrap.managers.table import MANAGERS
from atomci.cli.verbs import _VERBS as VERBS
from atomci.errors import UsageError
from atomci.project import Project
from atomci.tools.process import Command


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
    assert [(one.ok, str(one)) for one in found] == [(False, f"Taskfile.yml:2: {line.strip()}")]


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
    assert (found.ok, found.path, found.line) == (False, "uv.lock", 1)


def test_what_brings_a_lock_up_to_date(tmp_path: Path) -> None:
    assert uv.relock(tmp_path) == "uv lock"
    assert pip_tools.relock(tmp_path).startswith("pip-compile --output-file requirements/dev.txt ")
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/in_venv.sh").touch()
    assert pip_tools.relock(tmp_path) == "sh scripts/in_venv.sh --lock"


@pytest.fixture
def uv_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A path that is taken for uv's."""
    program = tmp_path / "its-uv"
    program.touch()
    monkeypatch.setenv("UV", str(program))
    return str(program)


def test_uv_refuses_a_stale_lock_in_ci_alone(uv_is_there: str, tmp_path: Path) -> None:
    for in_ci in (True, False):
        (command,) = uv.commands(Project(tmp_path), in_ci=in_ci)
        assert command.argv[:2] == (uv_is_there, "sync")
        assert ("--locked" in command.argv) is in_ci


def test_an_environment_is_made_by_its_manager_also_in_place_of_one(uv_is_there: str, tmp_path: Path) -> None:
    there, absent = tmp_path, tmp_path / ".venv"
    assert uv.make_environment("/py", absent) == (
        *(uv_is_there, "venv", "--quiet", "--python", "/py", str(absent)),
    )
    assert pip_tools.make_environment("/py", absent) == ("/py", "-m", "venv", str(absent))
    for manager in MANAGERS.values():
        assert "--clear" in manager.make_environment("/py", there)


def test_what_people_type_before_a_tools_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV_PROJECT_ENVIRONMENT", raising=False)
    project = Project(tmp_path)
    assert prefix(project) == ""
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/pyvenv.cfg").touch()
    assert prefix(project) in (".venv/bin/", ".venv/Scripts/")
    (tmp_path / "uv.lock").touch()
    assert prefix(project) == "uv run "


@pytest.mark.parametrize(
    ("advice", "here"),
    [
        ("atomci run unit", "uv run atomci run unit"),
        ("stale: atomci run unit", "stale: uv run atomci run unit"),
        ("atomci status", "uv run --group template atomci status"),
        ("resolve, or atomci update --abort", "resolve, or uv run --group template atomci update --abort"),
        ("did you mean atomci run unit?", "did you mean uv run atomci run unit?"),
        ("it is open, and atomci would write there", "it is open, and atomci would write there"),
        ("type uv lock, and commit it", "type uv lock, and commit it"),
        ("answer once", "answer once"),
    ],
)
def test_an_advice_is_what_people_here_can_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, advice: str,
                                                here: str) -> None:  # fmt: skip
    monkeypatch.delenv("UV_PROJECT_ENVIRONMENT", raising=False)
    (tmp_path / "uv.lock").touch()
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/pyvenv.cfg").touch()
    assert typed(Project(tmp_path), advice) == advice, "atomci isn't installed there"
    (tmp_path / ".venv/lib/python3.11/site-packages/atomci-1.0.dist-info").mkdir(parents=True)
    (tmp_path / ".venv/Lib/site-packages/atomci-1.0.dist-info").mkdir(parents=True, exist_ok=True)
    group = '[dependency-groups]\ntemplate = ["atomci[template]"]\n'
    (tmp_path / "pyproject.toml").write_text(group, encoding="utf-8")
    assert typed(Project(tmp_path), advice) == here
    (tmp_path / "pyproject.toml").unlink()
    assert typed(Project(tmp_path), advice) == here.replace("--group template ", ""), "there is no such group"


def test_every_verb_is_one_that_people_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV_PROJECT_ENVIRONMENT", raising=False)
    (tmp_path / "uv.lock").touch()
    (tmp_path / "pyproject.toml").write_text('[dependency-groups]\ndev = ["atomci"]\n', encoding="utf-8")

    for verb in VERBS:
        assert typed(Project(tmp_path), f"atomci {verb}") == f"uv run atomci {verb}"


@pytest.mark.parametrize(
    "said",
    [
        "No solution found; cause: Because atomci was not found in the package registry and x:dev depends on atomci,",
        "cause: Because there is no version of atomci==1.2.0 and x:dev depends on atomci==1.2.0, we can conclude",
        "pip._internal.exceptions.DistributionNotFound: No matching distribution found for atomci==1.2.0",
    ],
)
def test_an_index_without_atomci_is_named_as_the_reason_where_the_answers_want_one(
    tmp_path: Path, said: str
) -> None:
    command = Command(("it", "lock"))
    plain = refused(Project(tmp_path), "its.lock", said, command, "UV_INDEX")
    assert (plain.message, plain.hint) == (f"its.lock: {said}", "it lock")
    (tmp_path / ".copier-answers.yml").write_text("runtime_source: index\n", encoding="utf-8")
    told = refused(Project(tmp_path), "its.lock", said, command, "UV_INDEX")
    assert "none here has it" in told.message
    assert (told.hint.startswith("name one that has it: UV_INDEX=URL, or"), told.exit_code) == (True, 3)
    others = refused(Project(tmp_path), "its.lock", said.replace("atomci", "other"), command, "UV_INDEX")
    assert "none here has it" not in others.message


def verbs(**changes: bool) -> list[str]:
    steps = pip_tools.steps_of("python", **{"lock": True, "has_pip": True, "has_pip_tools": True, **changes})
    return [" ".join(word for word in step[2:4] if not word.startswith("-")) for step in steps]


def test_pip_tools_compiles_installs_and_adds_the_project_itself() -> None:
    assert verbs() == ["piptools compile", "piptools sync", "pip install"]


def test_pip_tools_compiles_no_bytecode_of_what_it_installs() -> None:
    steps = pip_tools.steps_of("python", lock=True, has_pip=True, has_pip_tools=False)
    assert [any("--no-compile" in word for word in step) for step in steps] == [True, False, True, True]


def test_pip_tools_leaves_the_lock_alone_where_it_is_to_be_proved() -> None:
    assert verbs(lock=False) == ["piptools sync", "pip install"]


def test_pip_tools_comes_first_where_it_or_pip_is_missing() -> None:
    assert verbs(has_pip=False, has_pip_tools=False)[:2] == ["ensurepip", "pip install"]
