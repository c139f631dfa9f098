"""What tests drive: their own code, that of their fixtures, and functions of the suite that they call."""

from pathlib import Path

import pytest

from atomci.testing.adapters import FILES, GIT, read_definitions

TEST = "tests/integration/test_a.py"
HELPERS = "def git(*words):\n    return ['git', *words]\n"


def drives(root: Path, files: dict[str, str], fixtures: tuple[str, ...] = ()) -> set[str]:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return read_definitions(root, files).drives(f"{TEST}::test_a[x::y]", fixtures)


@pytest.mark.parametrize(
    "test",
    [
        "from tests.helpers import git\ndef test_a(): git('log')",
        "def test_a():\n    from helpers import git as run\n    run('log')",
        "from ..helpers import git\ndef test_a(): git('log')",
        "import tests.helpers as helpers\ndef test_a(): helpers.git('log')",
        "from helpers import git\ndef call(): git('log')\ndef test_a(): call()",
        "from helpers import git\nclass World:\n    def call(self): git('log')\ndef test_a(): World().call()",
    ],
)
def test_a_function_that_a_test_imports_is_followed(tmp_path: Path, test: str) -> None:
    assert drives(tmp_path, {"tests/helpers.py": HELPERS, TEST: test}) == {GIT}


@pytest.mark.parametrize(
    "test",
    [
        "def test_a():\n    for git in 'ab':\n        print(git)",
        "from others import git\ndef test_a(): git('log')",
        "def git(): ...\ndef test_a(): git()",
        "def git(): ['git', 'log']\ndef call(git): git('log')\ndef test_a(): call(print)",
    ],
)
def test_a_name_that_only_reads_like_one_of_a_helper_is_not(tmp_path: Path, test: str) -> None:
    assert drives(tmp_path, {"tests/helpers.py": HELPERS, TEST: test}) == set()


def test_the_fixtures_that_a_test_got_count_by_their_names_and_by_their_code(tmp_path: Path) -> None:
    conftest = "import pytest, shutil\n@pytest.fixture(name='box')\ndef make_box(): shutil.copy\n"
    files = {"tests/conftest.py": conftest, TEST: "def test_a(): ..."}

    assert drives(tmp_path, files) == set()
    assert drives(tmp_path, files, ("tests/conftest.py::box",)) == {FILES}
    assert drives(tmp_path, files, ("git_repo", "tmp_path")) == {FILES, GIT}
