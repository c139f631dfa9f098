import pytest

from atomci.configuration.calls import Call, calls_in, in_locked_environment, program_of


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("uv run --locked atomci run unit", [("unit",)]),
        ("python -m atomci run lint_types unit", [("lint_types", "unit")]),
        (".venv/bin/atomci run --since main unit --all e2e", [("unit", "e2e")]),
        ('exec uv run atomci run local_ci "$@"', [("local_ci",)]),
        ("uv run atomci run local_ci @args", [("local_ci",)]),
        ("atomci run local_ci {{.CLI_ARGS}}", [("local_ci",)]),
        ("atomci run unit > log.txt 2>&1", [("unit",)]),
        ("atomci run unit && atomci run e2e; echo done", [("unit",), ("e2e",)]),
        ("atomci run \\\n  unit", [("unit",)]),
        ("atomci run ${{ matrix.target }}", [()]),
        ("# atomci run unit", []),
        ("echo hi # atomci run unit", []),
        ("my-atomci run unit", []),
        ("atomci runs unit", []),
        ("atomci check unit", []),
    ],
)
def test_calls_are_found_with_their_targets(text: str, targets: list[tuple[str, ...]]) -> None:
    assert [call.targets for call in calls_in(text)] == targets


def test_a_call_knows_its_line_behind_comments_and_joined_lines() -> None:
    text = "#!/bin/sh\n# atomci run no\necho a \\\n  b\natomci run unit\n"

    assert list(calls_in(text)) == [Call(5, ("unit",))]


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("atomci run unit || true", True),
        ("atomci run unit | tee log", True),
        ("atomci run unit --dry-run", True),
        ("atomci run unit || exit 1", False),
        ("atomci run unit && echo fine", False),
    ],
)
def test_a_call_whose_exit_code_goes_nowhere_has_a_defect(text: str, hidden: bool) -> None:
    (call,) = calls_in(text)

    assert bool(call.defect) is hidden


@pytest.mark.parametrize(
    ("command", "program", "locked"),
    [
        ("uv run ruff check", ("ruff", "check"), True),
        ("uv run --frozen --group dev ruff check", ("ruff", "check"), True),
        ("uv run python -m black .", ("black", "."), True),
        ("sh scripts/in_venv.sh black --check", ("black", "--check"), True),
        ("./scripts/in_venv.sh mypy", ("mypy",), True),
        (".venv/bin/mypy src", ("mypy", "src"), True),
        ("./.venv/Scripts/ruff.exe check", ("ruff.exe", "check"), True),
        ("ruff check", ("ruff", "check"), False),
        ("uvx ruff check", ("uvx", "ruff", "check"), False),
        ("uv tool run ruff", ("uv", "tool", "run", "ruff"), False),
        ("uv run --with ruff ruff check", ("ruff", "ruff", "check"), False),
        ("uv run --with=ruff ruff check", ("ruff", "check"), False),
        ("uv run --no-project ruff check", ("ruff", "check"), False),
        ("", (), False),
    ],
)
def test_a_command_is_divided_into_environment_and_program(
    command: str, program: tuple[str, ...], locked: bool
) -> None:
    assert program_of(command) == program
    assert in_locked_environment(command) is locked
