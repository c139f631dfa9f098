"""Fixtures that are unknown, unused or duplicate: found with real pytest, moved, and put back if that harms."""

import json

import pytest

ATOM = "update_shared_fixtures_as_needed"
RATE = '''\
# The rate of today.
# It is never negative.
@pytest.fixture(scope="module")
def rate() -> Decimal:
    """A rate."""
    return Decimal(3)  # by hand
'''
ONE = f'''\
"""One."""

import json
from decimal import Decimal

import pytest

LIMIT = 3


{RATE}

def test_one(rate: object) -> None:
    # the comment stays
    assert json.dumps(LIMIT) == str(rate)
'''
TWO = f'''\
"""Two."""
from decimal import Decimal

import pytest


def test_two(rate: object) -> None:
    assert rate


{RATE}'''
ASKS = """\
def test_three(rate: object, nearr: object) -> None:
    assert rate
"""
STAYS = """\
import pytest
from pathlib import Path

HERE = 1


@pytest.fixture
def near() -> int:
    return HERE


@pytest.fixture
def nobody() -> Path:
    return Path(__file__)


def test_near(near: int) -> None:
    assert near
"""


@pytest.fixture
def project(real_sample):
    unit = real_sample.root / "tests/unit"
    (unit / "a").mkdir()
    (unit / "a/test_one.py").write_text(ONE)
    (unit / "a/test_two.py").write_bytes(TWO.replace("\n", "\r\n").encode())
    (unit / "test_stays.py").write_text(STAYS)
    real_sample.commit()
    return real_sample


def found(project):
    return json.loads((project.root / "artifacts/fix/fixtures.json").read_text(encoding="utf-8"))


def files(project):
    tests = project.root / "tests"
    return {
        path.relative_to(tests).as_posix(): path.read_bytes()
        for path in tests.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_equal_fixtures_move_to_the_conftest_of_both(project) -> None:
    (project.root / "tests/unit/a/test_one.py").chmod(0o600)
    before = files(project)

    named = project.atomci("run", ATOM, "--json")

    status, reason = named[ATOM]
    assert (named.code, status) == (1, "fail")
    assert reason == "duplicate: rate; unused: nobody; atomci run atom_045 --write moves what can be moved"
    assert files(project) == before
    rows = {(row["kind"], row["name"]): row for row in found(project)["found"]}
    assert rows["duplicate", "rate"]["belongs"] == "tests/unit/a/conftest.py"
    assert rows["duplicate", "rate"]["places"] == [
        "tests/unit/a/test_one.py:13",
        "tests/unit/a/test_two.py:13",
    ]

    moved = project.atomci("run", ATOM, "--write", "--json")

    status, reason = moved[ATOM]
    assert (moved.code, status) == (0, "pass"), reason
    assert reason.startswith("unused: nobody; moved rate to tests/unit/a/conftest.py; atomci undo ")
    unit = project.root / "tests/unit"
    assert (unit / "a/conftest.py").read_text() == (
        '"""Fixtures that the tests here share."""\n\nfrom decimal import Decimal\n\nimport pytest\n\n\n'
        + RATE
    )
    assert (unit / "a/test_one.py").read_text() == ONE.replace(f"{RATE}\n\n", "").replace(
        "from decimal import Decimal\n\nimport pytest\n", ""
    )
    assert (unit / "a/test_one.py").stat().st_mode & 0o777 == 0o600
    two = '"""Two."""\n\n\ndef test_two(rate: object) -> None:\n    assert rate\n'
    assert (unit / "a/test_two.py").read_bytes() == two.replace("\n", "\r\n").encode()
    assert (unit / "test_stays.py").read_text() == STAYS
    assert project.atomci("run", "run_pytest_unit_with_coverage", "--json").code == 0
    undone = project.atomci("undo", reason.split("atomci undo ")[1].split()[0])
    assert (undone.code, files(project)) == (0, before)


def test_a_fixture_that_others_ask_for_in_vain_moves_up(project) -> None:
    unit = project.root / "tests/unit"
    (unit / "a/test_two.py").unlink()
    (unit / "test_asks.py").write_text(ASKS)
    (unit / "conftest.py").write_text('"""Shared."""\nimport json\n\nA = json\n')
    project.atomci("run", ATOM, "--json")
    rows = {row["name"]: row for row in found(project)["found"] if row["kind"] == "unknown"}
    assert rows["rate"]["belongs"] == "tests/unit/conftest.py"
    assert (rows["nearr"]["like"], rows["nearr"]["belongs"]) == ("near", "")

    moved = project.atomci("run", ATOM, "--write", "--json")

    assert "unknown: nearr; unused: nobody; moved rate to tests/unit/conftest.py" in moved[ATOM][1]
    assert (unit / "conftest.py").read_text() == (
        f'"""Shared."""\nimport json\nfrom decimal import Decimal\n\nimport pytest\n\nA = json\n\n\n{RATE}'
    )
    assert (moved.code, moved[ATOM][0]) == (1, "fail")


def test_what_others_import_is_put_back(project) -> None:
    (project.root / "tests/unit/a/test_imports.py").write_text(
        "from importlib import import_module\n\n"
        "one = import_module('tests.unit.a.test_one')\nname = 'ra' + 'te'\n"
        "FIXTURE = getattr(one, name)\n\n\ndef test_it() -> None:\n    assert FIXTURE\n"
    )
    (project.root / "pyproject.toml").write_text(
        (project.root / "pyproject.toml")
        .read_text()
        .replace('pythonpath = ["src"]', 'pythonpath = ["src", "."]')
    )
    before = files(project)
    done = project.atomci("run", ATOM, "--write", "--json")
    assert (done.code, done[ATOM][0]) == (1, "fail")
    assert "put back, since tests/unit/a/test_imports.py couldn't be collected" in done[ATOM][1]
    assert files(project) == before


def test_a_file_outside_of_the_project_is_not_written_through_a_link(project, tmp_path) -> None:
    outside = tmp_path / "one.py"
    link = project.root / "tests/unit/a/test_one.py"
    link.replace(outside)
    link.symlink_to(outside)
    before = files(project)

    done = project.atomci("run", ATOM, "--write", "--json")

    assert "put back, since tests/unit/a/test_one.py leads out of this project" in done[ATOM][1]
    assert (outside.read_text(encoding="utf-8"), files(project)) == (ONE, before)


def test_what_is_of_its_file_stays_with_the_reason(project) -> None:
    unit = project.root / "tests/unit"
    near = "import pytest\nfrom pathlib import Path\n\nHERE = 1\n\n\n@pytest.fixture\ndef near() -> int:\n    return HERE\n"
    (unit / "test_more.py").write_text(f"{near}\n\ndef test_more(near: int) -> None:\n    assert near\n")
    before = (unit / "test_more.py").read_bytes()
    done = project.atomci("run", ATOM, "--write", "--json")
    rows = {row["name"]: row for row in found(project)["found"]}
    assert rows["near"]["why"] == "tests/unit/test_more.py: it uses HERE of this file"
    assert (unit / "test_more.py").read_bytes() == before
    assert done[ATOM][0] == "fail"


def test_in_ci_nothing_is_written_and_a_broken_file_is_no_pass(project) -> None:
    before = files(project)
    project.env["CI"] = "true"
    assert project.atomci("run", ATOM, "--write", "--json")[ATOM][0] == "fail"
    assert files(project) == before
    (project.root / "tests/unit/test_broken.py").write_text("import nothing_of_that_name\n")
    status, reason = project.atomci("run", ATOM, "--json")[ATOM]
    assert status == "error"
    assert reason.startswith("tests/unit/test_broken.py can't be collected, so nobody knows what is unused")


def test_no_test_runs_and_the_check_follows(project) -> None:
    (project.root / "tests/unit/a/test_two.py").write_text(
        "from pathlib import Path\n\n\ndef test_two() -> None:\n    Path(__file__).with_name('ran').write_text('')\n"
    )
    (row,) = json.loads(project.atomci("check", ATOM, "--json").out)["atoms"]
    assert row["status"] == "not run here yet"
    assert project.atomci("run", ATOM, "--json").code == 0
    assert not (project.root / "tests/unit/a/ran").exists()
    (row,) = json.loads(project.atomci("check", ATOM, "--json").out)["atoms"]
    assert row["status"] == "holds"
    assert any(text.startswith("unused: nobody, tests/unit/test_stays.py:") for text in row["evidence"])
