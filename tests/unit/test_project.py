"""What a project's pyproject.toml and environment say."""

from pathlib import Path

import pytest

from atomci.artifacts.redaction import redactor_for
from atomci.errors import UsageError
from atomci.project import Project, oldest_python, requirement_in

PYPROJECT = """\
[project]
dependencies = ["FastAPI[all]>=0.1; python_version > '3'", "typing.extensions", "two words"]
[project.optional-dependencies]
docs = ["My_Theme==1"]
[dependency-groups]
dev = ["pytest-timeout", { include-group = "lint" }]
"""


@pytest.mark.parametrize(
    ("specifier", "oldest"),
    [
        (">=3.11", "3.11"),
        (">=3.11.4,<4", "3.11"),
        (">3.10", "3.10"),
        ("~=3.12", "3.12"),
        ("==3.13.*", "3.13"),
        (">=3.9,!=3.9.*", "3.10"),
        (">=2.7", "3.0"),
        ("<4", None),
        ("", None),
        ("three", None),
        (">=4", None),
    ],
)
def test_the_oldest_python_is_read_off_requires_python(specifier: str, oldest: str | None) -> None:
    assert oldest_python(specifier) == oldest


def test_what_is_declared_goes_by_normalized_names(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    project = Project(tmp_path)

    assert project.dependencies == {"fastapi", "typing-extensions"}
    assert project.declared == project.dependencies | {"my-theme", "pytest-timeout"}


@pytest.mark.parametrize(
    ("line", "required"),
    [
        (" FastAPI == 1 # as it was", "fastapi==1"),
        ("coverage[toml]==7.6.1 \\", "coverage[toml]==7.6.1"),
        ("tomli==2 ; python_version < '3.11' --hash=sha256:0", 'tomli==2; python_version < "3.11"'),
        ("atomci @ git+https://HOST/a#egg=atomci", "atomci @ git+https://HOST/a#egg=atomci"),
        ("# fastapi", None),
        ("-r fastapi.txt", None),
        ("    --hash=sha256:0", None),
        ("two words", None),
        ("", None),
    ],
)
def test_a_line_holds_a_requirement_or_none(line: str, required: str | None) -> None:
    found = requirement_in(line)
    assert (str(found) if found else None) == required


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="it has no devices as files")
def test_settings_and_secrets_are_not_read_from_a_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pyproject.toml", ".env"):
        (tmp_path / name).symlink_to("/dev/null")  # as /dev/zero, which has no end
    monkeypatch.setattr(Path, "read_text", lambda path, *_, **__: pytest.fail(f"{path} was read"))

    with pytest.raises(UsageError, match="isn't a file"):
        _ = Project(tmp_path).pyproject
    assert redactor_for(tmp_path, {}).known == {}


@pytest.mark.parametrize("text", ["a = " + "[" * 30_000, "a = " + "1" * 5_000, "a = 1\na = 2"])
def test_settings_that_cannot_be_parsed_are_a_usage_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")

    with pytest.raises(UsageError, match="pyproject"):
        _ = Project(tmp_path).pyproject


def test_nothing_is_declared_where_the_tables_are_absent_or_no_lists(tmp_path: Path) -> None:
    assert Project(tmp_path).declared == set()
    (tmp_path / "pyproject.toml").write_text("[project]\ndependencies = 'fastapi'\n")
    assert Project(tmp_path).declared == set()


@pytest.mark.parametrize("name", ["typing-extensions", "typing_extensions", "Typing.Extensions"])
def test_an_installed_version_is_found_by_any_spelling_of_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv("UV_PROJECT_ENVIRONMENT", raising=False)
    for site in ("lib/python3.11/site-packages", "Lib/site-packages"):
        (tmp_path / ".venv" / site / "typing_extensions-4.15.0.dist-info").mkdir(parents=True)
    (tmp_path / ".venv/pyvenv.cfg").touch()

    assert Project(tmp_path).version_of(name) == "4.15.0"
    assert Project(tmp_path).version_of("typing") is None


@pytest.mark.parametrize(
    ("line", "joined"),
    [
        ("atomci", True),
        ("  AtomCI[all] >= 1", True),
        ("atomci @ https://code.example.com/a.whl", True),
        ("atomci; python_version > '3.11'", True),
        ("atomci~=1.0", True),
        ("atomci-template>=1", False),
        ("pytest-atomci", False),
        ("requests # not atomci", False),
    ],
)
@pytest.mark.parametrize("where", ["project.dependencies", "dependency-groups.dev"])
def test_a_dependency_on_atomci_joins_a_project(tmp_path: Path, line: str, joined: bool, where: str) -> None:
    table, _, key = where.rpartition(".")
    (tmp_path / "pyproject.toml").write_text(f'[{table}]\n{key} = ["six", "{line}"]\n')
    assert Project(tmp_path).is_joined is joined
