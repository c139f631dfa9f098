"""What a rendered file would change in a repository that tests, releases and documents itself already."""

from collections.abc import Mapping

import pytest

from atomci.adopt.disruption import disruption
from atomci.adopt.existing import Existing

PUBLISHER = "on: {push: {tags: [v*]}}\nsteps: [{uses: pypa/gh-action-pypi-publish@v1}]\n"
SETTINGS = {"pyproject.toml": "[tool.pytest.ini_options]\n[tool.ruff]\nline-length = 88\n"}


def existing(files: Mapping[str, str], code: str = "thing/__init__.py") -> Existing:
    texts = {code: "", **files}
    return Existing(frozenset(texts), texts.__getitem__, "", {})


@pytest.mark.parametrize(
    "path",
    [
        "conftest.py",
        "tests/conftest.py",
        "tests/contracts/test_slug_contract.py",
        "checks/x_test.py",
        "test/__init__.py",
    ],
)
def test_nothing_that_pytest_would_load_comes_beside_tests_of_the_users(path: str) -> None:
    assert disruption(path, "", existing({})) == "pytest would load it with your tests"
    assert disruption(path, "", existing({}, code="setup.py")) is None


@pytest.mark.parametrize(
    ("mine", "text"),
    [
        (".github/workflows/deploy.yml", PUBLISHER),
        (".github/workflows/publish.yaml", "run: uv publish"),
        (".gitlab-ci.yml", "script: [twine upload dist/*]"),
        (".circleci/config.yml", "run: poetry publish --build"),
        ("Makefile", "release:\n\ttwine upload dist/*\n"),
        ("noxfile.py", "session.run('twine', 'x'); session.run(*'flit publish'.split())"),
        ("scripts/release.sh", "python setup.py sdist upload"),
    ],
)
def test_one_publisher_is_enough(mine: str, text: str) -> None:
    found = disruption(".github/workflows/release.yml", PUBLISHER, existing({mine: text}))

    assert found == f"{mine} publishes already, and a release would go out twice"


@pytest.mark.parametrize(
    ("pyproject", "text", "comes"),
    [
        ("[project]\ndynamic = ['version']\n", 'run: test "$TAG" = "v$(uv version --short)"', False),
        ("[tool.poetry]\nversion = '1'\n", "load(f)['project']['version']", False),
        ("[project]\nversion = '1'\n", "uv version --short", True),
        ("[project]\ndynamic = ['version']\n", "uv sync", True),
    ],
)
def test_no_workflow_comes_that_looks_for_a_version_where_none_is(
    pyproject: str, text: str, comes: bool
) -> None:
    found = disruption(".github/workflows/release.yml", text, existing({"pyproject.toml": pyproject}))

    assert (found is None) is comes


@pytest.mark.parametrize(
    ("path", "text", "mine"),
    [
        (".github/workflows/release.yml", PUBLISHER, {".github/workflows/test.yml": "run: pytest"}),
        (".github/workflows/ci.yml", "run: atomci run unit", {".github/workflows/deploy.yml": PUBLISHER}),
        (".github/workflows/release.yml", PUBLISHER, {"docs/release.md": "twine upload"}),
        ("docs/playbooks/unit.md", "", {"docs/notes.md": ""}),
        ("docs/conf.py", "", {"mkdocs.yml": ""}),
        ("guide.md", "", {"mkdocs.yml": ""}),
        ("ruff.toml", "", {"pyproject.toml": "[tool.mypy]\n"}),
        (".editorconfig", "max_line_length = 88\n", SETTINGS),
        (".editorconfig", "indent_size = 4\n", SETTINGS),
        ("scripts/test.sh", "", {}),
    ],
)
def test_what_changes_nothing_of_the_repositorys_own_comes(
    path: str, text: str, mine: dict[str, str]
) -> None:
    assert disruption(path, text, existing(mine)) is None


@pytest.mark.parametrize("site", ["mkdocs.yml", "docs/conf.py", "docs/source/conf.py", "docs/index.rst"])
def test_a_site_gets_no_page_that_its_own_build_does_not_know(site: str) -> None:
    found = disruption("docs/playbooks/unit.md", "", existing({site: ""}))

    assert found == f"{site} makes a site of that folder, and it would be a page there"


@pytest.mark.parametrize(
    ("path", "mine", "where"),
    [
        ("pytest.ini", SETTINGS, "pyproject.toml"),
        ("ruff.toml", SETTINGS, "pyproject.toml"),
        ("ruff.toml", {".ruff.toml": ""}, ".ruff.toml"),
        ("mypy.ini", {"setup.cfg": "[mypy]\n"}, "setup.cfg"),
        (".coveragerc", {"tox.ini": "[coverage:run]\n"}, "tox.ini"),
        (".flake8", {"tox.ini": "[flake8]\n"}, "tox.ini"),
        ("tox.ini", {"pyproject.toml": "[tool.tox]\n"}, "pyproject.toml"),
    ],
)
def test_no_file_puts_settings_of_the_same_tool_out_of_force(
    path: str, mine: dict[str, str], where: str
) -> None:
    found = disruption(path, "", existing(mine))

    assert found is not None
    assert found.endswith(f" would no longer read its settings in {where}")


@pytest.mark.parametrize(
    ("mine", "text"),
    [
        ("pyproject.toml", "[tool.black]\nline-length = 88\n"),
        ("setup.cfg", "[flake8]\nmax-line-length = 88\n"),
        (".flake8", "[flake8]\nmax_line_length=88\n"),
        ("ruff.toml", "line-length = 88\n"),
    ],
)
def test_editors_are_told_no_other_line_length_than_the_tools(mine: str, text: str) -> None:
    found = disruption(".editorconfig", "[*.py]\nmax_line_length = 100\n", existing({mine: text}))

    assert found == f"it sets a line length of 100, and {mine} one of 88"
