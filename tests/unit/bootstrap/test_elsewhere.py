"""Whether others can install a project is read off the places that its lock names."""

from pathlib import Path

import pytest

from atomci.bootstrap.managers.elsewhere import only_here
from atomci.bootstrap.managers.table import MANAGERS
from atomci.project import Project

UV = '[[package]]\nname = "{}"\nsource = {{ {} = "{}" }}\n'


@pytest.mark.parametrize(
    ("manager", "lock"),
    [
        ("uv", UV.format("atomci", "editable", "/srv/atomci")),
        ("uv", UV.format("atomci", "directory", "../atomci")),
        ("uv", UV.format("atomci", "git", "file:///srv/atomci?rev=abc#abc")),
        ("uv", UV.format("wheel", "path", "../dist/wheel-1-py3-none-any.whl")),
        ("uv", UV.format("wheel", "registry", "/srv/wheels")),
        ("pip-tools", "-e file:///srv/atomci\n    # via -r requirements/dev.in\n"),
        ("pip-tools", "atomci @ git+file:///srv/atomci@abc\n"),
        ("pip-tools", "atomci[template] @ file:///srv/atomci\n"),
        ("pip-tools", "wheel @ file:///srv/dist/wheel-1-py3-none-any.whl ; python_version < '4'\n"),
    ],
)
def test_a_folder_of_this_machine_is_named_with_the_way_out(tmp_path: Path, manager: str, lock: str) -> None:
    written(tmp_path, manager, lock)
    unmet = only_here(Project(tmp_path), MANAGERS[manager])  # type: ignore[index]
    assert unmet is not None
    assert "on another machine that can't be installed" in unmet.why
    own = "wheel" not in lock
    assert ("atomci update --template URL" in unmet.remedy) == own


@pytest.mark.parametrize(
    ("manager", "lock"),
    [
        ("uv", UV.format("p", "editable", ".")),
        ("uv", UV.format("member", "directory", "packages/member")),
        ("uv", UV.format("ruff", "registry", "https://packages.example.com/simple")),
        ("uv", UV.format("atomci", "git", "https://code.example.com/a?rev=abc#abc")),
        ("uv", UV.format("atomci", "git", "ssh://git@code.example.com/a?rev=abc#abc")),
        ("uv", ""),
        ("pip-tools", "ruff==0.12.1\n    # via -r requirements/dev.in\n"),
        ("pip-tools", "-e ./packages/member\n--index-url https://packages.example.com/simple\n"),
        ("pip-tools", "atomci @ git+https://code.example.com/a.git@abc\n"),
        ("pip-tools", None),
    ],
)
def test_an_address_and_a_folder_of_the_project_are_fine(
    tmp_path: Path, manager: str, lock: str | None
) -> None:
    if lock is not None:
        written(tmp_path, manager, lock)
    assert only_here(Project(tmp_path), MANAGERS[manager]) is None  # type: ignore[index]


def test_the_template_is_known_by_its_folder_whatever_that_is_called(tmp_path: Path) -> None:
    written(tmp_path, "pip-tools", "-e file:///srv/fork\n    # via -r requirements/dev.in\n")
    (tmp_path / ".copier-answers.yml").write_text("_src_path: /srv/fork\n", encoding="utf-8")
    unmet = only_here(Project(tmp_path), MANAGERS["pip-tools"])
    assert unmet is not None
    assert ("takes atomci from" in unmet.why, "atomci update --template URL" in unmet.remedy) == (True, True)


def test_another_template_is_no_way_out_where_atomci_comes_from_an_index(tmp_path: Path) -> None:
    written(tmp_path, "uv", UV.format("atomci", "registry", "/srv/wheels"))
    (tmp_path / ".copier-answers.yml").write_text("runtime_source: index\n", encoding="utf-8")
    unmet = only_here(Project(tmp_path), MANAGERS["uv"])
    assert unmet is not None
    assert unmet.remedy == "give an address that others reach in pyproject.toml, then uv lock"


def written(root: Path, manager: str, lock: str) -> None:
    path = root / MANAGERS[manager].LOCK  # type: ignore[index]
    path.parent.mkdir(exist_ok=True)
    path.write_text(lock, encoding="utf-8")
