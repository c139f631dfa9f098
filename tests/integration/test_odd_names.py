"""Names that aren't UTF-8: they are looked at and hashed like others, and shown as well as they can be."""

import json
import os
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")


@pytest.mark.parametrize("name", [b"z\xff.py", b" a.py", b"\xa0b .py"])
def test_a_change_in_a_file_of_any_name_is_seen(sample: Any, name: bytes) -> None:
    file = os.path.join(os.fsencode(sample.root), name)  # noqa: PTH118
    with open(file, "wb") as out:  # noqa: PTH123
        out.write(b'"""A module."""\n')
    assert sample.atomci("run", "triage").code == 0
    assert "unchanged" in sample.atomci("run", "run_ruff_lint").out
    with open(file, "ab") as out:  # noqa: PTH123
        out.write(b"MORE = 1\n")
    again = sample.atomci("run", "run_ruff_lint")
    assert again.code == 0, again.out + again.err
    assert "unchanged" not in again.out


@pytest.mark.parametrize("name", [b"tests/unit/test_\xff.py", b"scripts/x\xff.sh"])
def test_what_is_said_of_it_is_json(sample: Any, name: bytes) -> None:
    with open(os.path.join(os.fsencode(sample.root), name), "wb") as out:  # noqa: PTH118, PTH123
        out.write(b"")
    answered = sample.atomci("check", "phase_01", "--json")
    assert json.loads(answered.out)["atoms"], answered.err
    run = sample.atomci("run", "select_impacted_unit_tests", "--since", "HEAD", "--json")
    assert run.code == 0, run.out + run.err
    assert all(json.loads(line) for line in run.out.splitlines())


def test_a_bad_table_does_not_hide_what_a_planned_phase_is(sample: Any) -> None:
    sample.append("pyproject.toml", "\n[tool.atomci.atoms.nosuch]\nenabled = false\n")
    assert sample.atomci("explain", "phase_16").code == 0
    assert "is called 'nosuch'" in sample.atomci("explain", "nosuch").err
    assert sample.atomci("explain", "run_ruff_lint").code == 2
