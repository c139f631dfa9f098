"""What is typed on the branch of an adoption until the gate runs there."""

from collections.abc import Mapping

import pytest

from atomci.adopt.existing import Existing
from atomci.adopt.next_steps import next_steps

RENDERED = """\
[project]
name = "x"
[dependency-groups]
dev = ["atomci", "pytest>=8.4", "ruff>=0.12"]
[tool.uv.sources]
atomci = { git = "https://example.com/atomci.git", tag = "v1" }
"""
PINNED = '"atomci @ git+https://example.com/atomci.git@v1"'
GATE = "uv run atomci run local_ci -k"
IN_VENV = "sh scripts/in_venv.sh atomci run local_ci -k"


def steps(
    mine: Mapping[str, str], rendered: Mapping[str, str] | None = None, added: Mapping[str, str] | None = None
) -> list[str]:
    existing = Existing(frozenset(mine), mine.__getitem__, "", {})
    return list(next_steps(rendered or {"pyproject.toml": RENDERED}, added or {}, existing))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[project]\nname='x'\n", [f'uv add --group dev {PINNED} "pytest>=8.4" "ruff>=0.12"', GATE]),
        (
            "[project]\nname='x'\n[dependency-groups]\ndev = ['pytest', 'Ruff==1']\n",
            [f"uv add --group dev {PINNED}", GATE],
        ),
        (
            "[project]\nrequires-python = '>=3.9'\n[dependency-groups]\ndev = ['pytest', 'ruff']\n",
            [f"""uv add --group dev --marker "python_version >= '3.11'" {PINNED}""", GATE],
        ),
        (
            "[tool.poetry]\nname='x'\n[dependency-groups]\ndev = ['pytest', 'ruff']\n",
            [f"uv add --group dev {PINNED}", "uv pip install --editable .", GATE],
        ),
        (RENDERED.replace('"ruff>=0.12"', '"ruff"'), [GATE]),
    ],
)
def test_a_kept_pyproject_gets_what_it_lacks(text: str, expected: list[str]) -> None:
    assert steps({"pyproject.toml": text}) == expected


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ('{ git = "file:///t", rev = "abc" }', '"atomci @ git+file:///t@abc"'),
        ('{ path = "/t", editable = true }', "--editable /t"),
        (None, "atomci"),
    ],
)
def test_atomci_comes_from_where_the_template_has_it(source: str | None, word: str) -> None:
    head = RENDERED.split("[tool.uv.sources]", maxsplit=1)[0]
    rendered = head + (f"[tool.uv.sources]\natomci = {source}\n" if source else "")
    mine = {"pyproject.toml": "[project]\n[dependency-groups]\ndev = ['pytest', 'ruff']\n"}

    assert steps(mine, {"pyproject.toml": rendered})[0] == f"uv add --group dev {word}"


def test_a_new_pyproject_needs_nothing_but_for_a_package_that_setup_py_describes() -> None:
    assert steps({"notes.txt": ""}, added={"pyproject.toml": RENDERED}) == [GATE]

    behind = steps({"setup.py": "", "thing/__init__.py": ""}, added={"pyproject.toml": RENDERED})
    assert behind[0].startswith("uv add --group dev")
    assert behind[1:] == ["uv pip install --editable .", GATE]


@pytest.mark.parametrize(
    ("mine", "expected"),
    [
        (
            {"pyproject.toml": "[build-system]\nrequires = ['hatchling', 'hatch-vcs']\n"},
            ["printf '%s\\n' hatch-vcs >> requirements/dev.in", IN_VENV],
        ),
        ({"pyproject.toml": "[build-system]\nrequires = ['hatchling']\n"}, [IN_VENV]),
        ({"setup.py": ""}, ["printf '%s\\n' setuptools >> requirements/dev.in", IN_VENV]),
        ({"notes.txt": ""}, [IN_VENV]),
    ],
)
def test_with_pip_tools_what_builds_the_package_is_locked_too(
    mine: dict[str, str], expected: list[str]
) -> None:
    rendered = {"requirements/dev.in": "atomci\nhatchling>=1.27\n", "pyproject.toml": "[project]\n"}

    assert steps(mine, rendered) == expected


def test_a_template_without_atomci_asks_for_nothing() -> None:
    assert steps({"setup.py": ""}, {"pyproject.toml": "[project]\n", "a.txt": ""}) == []
    assert steps({"setup.py": ""}, {"pyproject.toml": "[broken"}) == []
