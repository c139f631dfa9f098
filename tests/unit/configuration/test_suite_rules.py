"""tests/ by its source: layers with tests that run (017) and shared fixtures in use (018)."""

from pathlib import Path

import pytest

from atomci.configuration import fixtures, pyramid
from atomci.configuration.suite import SuiteFile, read_suite

PATTERNS = ("test_*.py", "*_test.py")
CONFTEST = """\
import pytest
@pytest.fixture
def temp_project(tmp_path): ...
@pytest.fixture(scope="session", name="isolated_env")
def make_env(): ...
@pytest.fixture()
def git_repo(temp_project): ...
"""


def sources(root: Path, files: dict[str, str]) -> tuple[SuiteFile, ...]:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    found, unreadable = read_suite(root, files, PATTERNS)
    assert not unreadable
    return found


@pytest.mark.parametrize(
    ("source", "runs"),
    [
        ("def test_a(): ...", True),
        ("async def test_a(): ...", True),
        ("class TestA:\n    def test_a(self): ...", True),
        ("if True:\n    def test_a(): ...", True),
        ("import pytest\n@pytest.mark.skipif(True, reason='')\ndef test_a(): ...", True),
        ("'''Docs.'''\nimport pytest\nlater = pytest.mark.skip\ndef test_a(): ...", True),
        (
            "import pytest\nif False:\n    pytest.skip('', allow_module_level=True)\ndef test_a(): ...",
            True,
        ),
        ("def helper(): ...", False),
        ("class Helper:\n    def test_a(self): ...", False),
        ("import pytest\n@pytest.mark.skip\ndef test_a(): ...", False),
        ("import pytest\n@pytest.mark.skip(reason='later')\ndef test_a(): ...", False),
        ("import pytest\n@pytest.mark.skip\nclass TestA:\n    def test_a(self): ...", False),
        ("import pytest\npytestmark = [pytest.mark.unit, pytest.mark.skip]\ndef test_a(): ...", False),
        ("import pytest\npytest.skip('no', allow_module_level=True)\ndef test_a(): ...", False),
    ],
)
def test_a_layer_needs_a_test_that_runs(tmp_path: Path, source: str, runs: bool) -> None:
    found = sources(tmp_path, {"tests/unit/test_it.py": source})

    (fact,) = [fact for fact in pyramid.facts({"unit": ""}, [], found) if "tests/unit/" in str(fact)]

    assert fact.ok is runs


def test_a_test_in_a_file_that_pytest_does_not_collect_is_no_test(tmp_path: Path) -> None:
    found = sources(tmp_path, {"tests/unit/helpers.py": "def test_a(): ..."})

    (fact,) = [fact for fact in pyramid.facts({"unit": ""}, [], found) if "tests/unit/" in str(fact)]

    assert str(fact) == "tests/unit/: no test: a layer needs one that runs"


@pytest.mark.parametrize(
    ("layer", "first", "ok"),
    [
        ("unit", "", False),
        *((layer, "", True) for layer in ("integration", "e2e", "contracts")),
        ("e2e", "tests/e2e/test_shop.tavern.yaml", True),
        ("e2e", "tests/e2e/check_it.py", False),
        ("fixtures", "", True),
    ],
)
def test_a_layer_but_the_unit_tests_may_be_without_a_test_yet(layer: str, first: str, ok: bool) -> None:
    (fact,) = [fact for fact in pyramid.facts({layer: first}, [], []) if f"tests/{layer}/" in str(fact)]
    assert fact.ok is ok


@pytest.mark.parametrize(
    ("file", "source", "named"),
    [
        ("guide.md", "PATH = 'guide.md'", True),
        ("guide.md", "PATH = 'tests/fixtures/guide.md'", True),
        ("shop.py", "from tests.fixtures.shop import item", True),
        ("shop.py", "from tests.fixtures import shop", True),
        ("shop.py", "import tests.fixtures.shop", True),
        ("shop.py", "from tests.fixtures.shopping import item", False),
        ("guide.md", "PATH = 'other-guide.md'", False),
    ],
)
def test_an_input_counts_when_a_test_names_it(tmp_path: Path, file: str, source: str, named: bool) -> None:
    found = sources(tmp_path, {"tests/unit/test_it.py": source})
    files = [f"tests/fixtures/{file}"]

    facts = [f for f in pyramid.facts({"fixtures": ""}, files, found) if "tests/fixtures/" in str(f)]

    assert [fact.ok for fact in facts] == [named]


def unused(root: Path, files: dict[str, str]) -> set[str]:
    found = sources(root, {"tests/conftest.py": CONFTEST} | files)
    facts = list(fixtures.facts(found, fixtures.SHARED))
    assert len(facts) == 3
    return {name for name in fixtures.SHARED for fact in facts if not fact.ok and name in str(fact)}


ALL = set(fixtures.SHARED)


@pytest.mark.parametrize(
    ("test", "left"),
    [
        ("def test_a(): ...", ALL),
        ("def test_a(temp_project): ...", ALL - {"temp_project"}),
        ("def test_a(git_repo): ...", {"isolated_env"}),
        ("def test_a(*, isolated_env): ...", ALL - {"isolated_env"}),
        ("def test_a(request):\n    request.getfixturevalue('git_repo')", {"isolated_env"}),
        (
            "import pytest\n@pytest.mark.usefixtures('isolated_env')\ndef test_a(): ...",
            ALL - {"isolated_env"},
        ),
        (
            "import pytest\npytestmark = pytest.mark.usefixtures('git_repo')\ndef test_a(): ...",
            {"isolated_env"},
        ),
        ("class TestA:\n    def test_a(self, git_repo): ...", {"isolated_env"}),
        ("import pytest\n@pytest.fixture\ndef own(git_repo): ...\ndef test_a(own): ...", {"isolated_env"}),
        ("import pytest\n@pytest.fixture\ndef own(git_repo): ...\ndef test_a(): ...", ALL),
        ("def helper(git_repo): ...", ALL),
        ("import pytest\n@pytest.mark.skip\ndef test_a(git_repo): ...", ALL),
    ],
)
def test_a_fixture_is_used_by_a_test_or_through_another_fixture(
    tmp_path: Path, test: str, left: set[str]
) -> None:
    assert unused(tmp_path, {"tests/unit/test_it.py": test}) == left


def test_a_fixture_of_the_same_name_nearer_to_the_test_hides_the_shared_one(tmp_path: Path) -> None:
    hidden = "import pytest\n@pytest.fixture\ndef git_repo(): ...\n"
    test = "def test_a(git_repo): ..."

    assert unused(tmp_path, {"tests/unit/test_it.py": hidden + test}) == ALL
    assert unused(tmp_path, {"tests/e2e/conftest.py": hidden, "tests/e2e/test_it.py": test}) == ALL
    # One that asks for its own name builds on the shared one.
    extended = hidden.replace("git_repo()", "git_repo(git_repo)")
    assert unused(tmp_path, {"tests/unit/test_it.py": extended + test}) == {"isolated_env"}


def test_an_autouse_fixture_is_used_as_soon_as_there_is_a_test(tmp_path: Path) -> None:
    autouse = CONFTEST.replace("fixture()", "fixture(autouse=True)")
    files = {"tests/conftest.py": autouse, "tests/unit/test_it.py": "def test_a(): ..."}

    assert unused(tmp_path, files) == {"isolated_env"}


def test_a_client_is_wanted_of_services_only() -> None:
    assert set(fixtures.wanted({"httpx"})) == ALL
    assert set(fixtures.wanted({"fastapi"})) == ALL | {"client"}


def test_a_file_that_is_not_python_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("x = 1\ndef test_a(:\n")

    found, unreadable = read_suite(tmp_path, ["test_it.py"], PATTERNS)

    assert found == ()
    assert [str(error).startswith("test_it.py:2: not Python") for error in unreadable] == [True]
